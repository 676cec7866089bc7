"""`mark`, `history`, `undo`: points by hand, who gave them, and how to take them back."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..authoring.assignment import Assignment
from ..common.text import number, plain
from .common import CALLED, DONE, add_gradebook, change_gradebook, open_gradebook

if TYPE_CHECKING:  # each command imports what it needs: `check` must start fast
    from datetime import datetime

    from ..gradebook.marks import Mark


def add_marks(commands: argparse._SubParsersAction) -> None:
    """The commands and their options."""
    mark = commands.add_parser("mark", help="change a student's points by hand, with a comment")
    mark.add_argument("student", help=CALLED)
    mark.add_argument("--adjust", metavar="POINTS", help="added to the total")
    mark.add_argument("--test", help="override this test instead")
    mark.add_argument(
        "--earned", metavar="POINTS", help="its points; with --test alone the test counts again"
    )
    mark.add_argument("--comment", help="shown to the student")
    mark.set_defaults(run=_mark)

    history = commands.add_parser("history", help="list the marks by hand: who, when, what")
    history.add_argument("student", nargs="?", help="default: everybody")
    history.set_defaults(run=_history)

    undo = commands.add_parser("undo", help="take back a mark by hand")
    undo.add_argument("student", help=CALLED)
    undo.add_argument("--number", type=int, help="as history lists it; default: the last")
    undo.set_defaults(run=_undo)

    for command in (mark, undo):
        command.add_argument("--by", default="", metavar="NAME", help="default: your login name")
    add_gradebook(mark, history, undo)


def _mark(options: argparse.Namespace) -> int:
    from ..gradebook.marks import Author

    adjust, earned, comment = options.adjust, options.earned, options.comment
    if options.test is None and earned is not None:
        raise ValueError("--earned needs --test: which test?")
    if options.test is not None and adjust is not None:
        raise ValueError("--adjust changes the total, --test one test: give them one by one")
    if options.test is None and adjust is None and comment is None:
        raise ValueError("say what to change: --adjust, --test or --comment")
    if options.test is not None and earned is None and comment is not None:
        raise ValueError("a comment on a test needs --earned, too")
    assignment, author = Assignment.load(options.assignment), Author.now(options.by)
    with change_gradebook(options) as gradebook:
        person = gradebook.people.find(assignment.name, options.student)
        if options.test is not None:
            gradebook.set_override(
                assignment.name,
                person.student,
                options.test,
                earned=earned,
                comment=comment,
                author=author,
            )
        else:
            gradebook.set_manual(
                assignment.name, person.student, adjustment=adjust, comment=comment, author=author
            )
    print(f"noted for {plain(person.label)}; write the files again with: coursegrader export")
    return DONE


def _history(options: argparse.Namespace) -> int:
    assignment = Assignment.load(options.assignment).name
    with open_gradebook(options, write=False) as gradebook:
        labels = {one.student: one.label for one in gradebook.people.all(assignment)}
        student = options.student
        if student is not None:
            student = gradebook.people.find(assignment, student).student
        for one in gradebook.marks.history(assignment, student):
            print(plain(_told(one, labels.get(one.student, one.student))))
    return DONE


def _undo(options: argparse.Namespace) -> int:
    from ..gradebook.marks import Author

    assignment = Assignment.load(options.assignment).name
    with change_gradebook(options) as gradebook:
        person = gradebook.people.find(assignment, options.student)
        author = Author.now(options.by)
        undone = gradebook.marks.undo(assignment, person.student, author, number=options.number)
    print(f"undone: {plain(_told(undone, person.label))}")
    print("write the files again with: coursegrader export")
    return DONE


def _told(one: Mark, label: str) -> str:
    """A change on one line: `3  2026-03-01 12:00 UTC  doe  ana: +1.5 to the total, "..."`."""
    if one.test and one.points is None:
        what = f"{one.test} counts again"
    elif one.test:
        what = f"{number(one.points)} for {one.test}"
    else:
        sign = "" if one.points < 0 else "+"
        what = f"{sign}{number(one.points)} to the total"
    comment = f", {' '.join(one.comment.split())!r}" if one.comment else ""
    undone = f" (undone by {one.undone_by}, {_when(one.undone_at)})" if one.undone_at else ""
    made = f"{_when(one.at)}  {one.by}" if one.by else "before there was a history"
    return f"{one.number}  {made}  {label}: {what}{comment}{undone}"


def _when(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M %Z") if moment else ""
