"""`list`, `show`, `remove`: who is in the gradebook, and who should not be."""

from __future__ import annotations

import argparse

from ..authoring.assignment import Assignment
from ..common.text import plain
from .common import (
    CALLED,
    DONE,
    add_gradebook,
    add_policy,
    change_gradebook,
    open_gradebook,
    policy_of,
)


def add_people(commands: argparse._SubParsersAction) -> None:
    """The commands and their options."""
    listing = commands.add_parser("list", help="list the class: points, who is missing, unknown")
    listing.set_defaults(run=_list)
    show = commands.add_parser("show", help="show all that the gradebook has of one student")
    show.set_defaults(run=_show)
    remove = commands.add_parser("remove", help="take a student out, with results and marks")
    remove.set_defaults(run=_remove)
    for command in (show, remove):
        command.add_argument("student", help=CALLED)
    add_policy(listing, show)
    add_gradebook(listing, show, remove)


def _list(options: argparse.Namespace) -> int:
    from ..reports.listing import class_listing

    assignment = Assignment.load(options.assignment).name
    with open_gradebook(options, write=False) as gradebook:
        grades = gradebook.grades(assignment, policy_of(options))
        print(plain(class_listing(grades, gradebook.refused(assignment))))
    return DONE


def _show(options: argparse.Namespace) -> int:
    from ..reports.listing import student_listing

    assignment = Assignment.load(options.assignment).name
    with open_gradebook(options, write=False) as gradebook:
        person = gradebook.people.find(assignment, options.student)
        grades = gradebook.grades(assignment, policy_of(options))
        grade = next((one for one in grades if one.student == person.student), None)
        attempts = gradebook.attempts(assignment, person.student)
    print(plain(student_listing(person, grade, attempts)))
    return DONE


def _remove(options: argparse.Namespace) -> int:
    assignment = Assignment.load(options.assignment).name
    with change_gradebook(options) as gradebook:
        person = gradebook.people.find(assignment, options.student)
        attempts = gradebook.attempts(assignment, person.student)
        gradebook.people.remove(assignment, person.student)
    count = f"{len(attempts)} graded hand-in{'' if len(attempts) == 1 else 's'}"
    print(f"removed {plain(person.label)}, with {count} and all marks by hand")
    return DONE
