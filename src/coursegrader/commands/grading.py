"""`grade` and `export`: from files to a gradebook, and from it to tables and pages."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..authoring.assignment import Assignment
from ..common.text import number, plain
from .common import DONE, PROBLEMS, add_gradebook, add_policy, open_gradebook, policy_of, say

if TYPE_CHECKING:  # each command imports what it needs: `check` must start fast
    from ..gradebook import Gradebook
    from ..gradebook.grades import Grade
    from ..gradebook.reported import Changes
    from ..running.grading import Outcome
    from ..running.scheduling import ExecutorMaker

LISTED = 20  # changed totals; more would hide what needs a look


def add_grading(commands: argparse._SubParsersAction) -> None:
    """The commands and their options."""
    grade = commands.add_parser("grade", help="grade a folder or the zip of a course system")
    grade.add_argument("submissions", type=Path, help="folder, zip, or one file")
    grade.add_argument("--dry-run", action="store_true", help="only say what would be done")
    grade.add_argument("--workers", type=_count, default=os.cpu_count() or 1, help="processes here")
    grade.add_argument("--batch", type=_count, default=25, help="submissions at a time; default 25")
    grade.add_argument("--scheduler", help="grade on this Dask cluster, such as tls://host:8786")
    for name in ("--tls-ca", "--tls-cert", "--tls-key"):
        grade.add_argument(name, help="PEM file for the connection to the cluster")
    grade.add_argument("--regrade", action="store_true", help="also what was graded before")
    grade.add_argument("--file-times", action="store_true", help="files tell when they came in")
    grade.add_argument("--roster", type=Path, help="a table of the class, CSV or .xlsx; kept")
    grade.add_argument("--groups", type=Path, help="a table of the members of groups")
    grade.add_argument(
        "--from",
        dest="system",
        choices=("canvas", "moodle", "folder"),
        default="",
        help="where names fit several course systems",
    )
    grade.add_argument("--unsafe", action="store_true", help="no sandbox: only for code you trust")
    grade.set_defaults(run=_grade)

    export = commands.add_parser("export", help="write the files of a gradebook again")
    export.add_argument("--canvas", type=Path, help="the class's CSV from Canvas, to be filled in")
    export.add_argument("--moodle", type=Path, help="the grading worksheet from Moodle")
    export.add_argument("--scale", action="store_true", help="to the maximum that those files have")
    export.add_argument("--grade-column", default="", help="of the worksheet, by its header")
    export.add_argument("--comment-column", default="", help="of the worksheet, by its header")
    export.add_argument("--xlsx", action="store_true", help="also grades.xlsx; needs openpyxl")
    export.set_defaults(run=_export)

    for command in (grade, export):
        command.add_argument("--out", type=Path, default=Path("graded"), help="default: graded/")
    add_policy(grade, export)
    add_gradebook(grade, export)


def _grade(options: argparse.Namespace) -> int:
    from ..running.grading import grade, write_outputs

    assignment = Assignment.load(options.assignment)
    policy, executor = policy_of(options), _executor(options)
    if options.unsafe:
        say("--unsafe: students' code runs with all your rights", DONE)
    with _gradebook(options) as gradebook:
        outcome = grade(
            options.submissions,
            assignment,
            gradebook,
            executor,
            batch=options.batch,
            regrade=options.regrade,
            unsafe=options.unsafe,
            file_times=options.file_times,
            system=options.system,
            roster=options.roster,
            groups=options.groups,
            dry_run=options.dry_run,
        )
        grades = gradebook.grades(assignment.name, policy)
        changes = gradebook.reported.changes(assignment.name, grades)
        notes = []
        if not options.dry_run:
            notes = write_outputs(options.out, assignment, gradebook, policy)
            gradebook.reported.report(assignment.name, grades)
    if options.dry_run:
        _tell_plan(outcome)
    else:
        now, before = outcome.graded, outcome.before
        print(f"{now} graded now, {before} before; see {options.out}/report.html")
    _tell_changes(changes)
    _tell_counts(changes, outcome, options.dry_run)
    if options.submissions.is_file() and options.submissions.suffix.lower() != ".zip":
        _tell_points(outcome, grades)
    return _tell_problems(options, outcome, notes)


def _gradebook(options: argparse.Namespace) -> Gradebook:
    from ..gradebook import Gradebook

    return Gradebook.rehearse(options.gradebook) if options.dry_run else open_gradebook(options)


def _executor(options: argparse.Namespace) -> ExecutorMaker:
    from ..running import scheduling

    if not options.scheduler:
        return scheduling.local_executor(options.workers)
    return scheduling.cluster_executor(
        options.scheduler, ca=options.tls_ca, cert=options.tls_cert, key=options.tls_key
    )


def _tell_plan(outcome: Outcome) -> None:
    for name in outcome.waiting:
        print(f"would grade {plain(outcome.called(name))}")
    print(f"{len(outcome.waiting)} to grade, {outcome.before} graded before; nothing was changed")


def _tell_changes(changes: Changes) -> None:
    for one, before in changes.changed[:LISTED]:
        print(plain(f"changed {one.label}: {number(before)} → {number(one.total)}"))
    if len(changes.changed) > LISTED:
        print(f"changed: {len(changes.changed) - LISTED} more")


def _tell_counts(changes: Changes, outcome: Outcome, dry_run: bool) -> None:
    counts = f"{len(changes.changed)} changed, "
    counts += f"{len(outcome.refused) + len(outcome.not_graded)} refused"
    # Who is new, only a real run can tell: it is whoever was graded.
    print(
        f"before any grading: {counts}"
        if dry_run
        else f"since the last run: {len(changes.new)} new, {counts}"
    )


def _tell_points(outcome: Outcome, grades: list[Grade]) -> None:
    here = {one.student for one in outcome.submissions.values()}
    for one in grades:
        if one.student in here:
            late = f" ({one.late})" if one.late else ""
            points = f"{number(one.total)} of {number(one.points)} points"
            print(plain(f"{one.label}: {points}{late}"))


def _tell_problems(options: argparse.Namespace, outcome: Outcome, notes: list[str]) -> int:
    notes = [*notes]
    notes += [f"refused {one.name}: {one.reason}" for one in outcome.refused]
    notes += [f"not graded {outcome.called(one.id)}: {one.reason}" for one in outcome.not_graded]
    notes += [
        f"a test failed by itself: {test} ({message})"
        for test, message in sorted(outcome.broken_tests.items())
    ]
    if not (outcome.submissions or outcome.refused):
        notes.append(f"nothing to grade in {options.submissions}: is it the right folder?")
    for note in notes:
        say(note, PROBLEMS)
    return PROBLEMS if notes else DONE


def _export(options: argparse.Namespace) -> int:
    from ..running.grading import write_outputs

    assignment = Assignment.load(options.assignment)
    policy = policy_of(options)
    with open_gradebook(options, write=False) as gradebook:
        grades = gradebook.grades(assignment.name, policy)
        changes = gradebook.reported.changes(assignment.name, grades)
        notes = write_outputs(
            options.out,
            assignment,
            gradebook,
            policy,
            canvas=options.canvas,
            moodle=options.moodle,
            scale=options.scale,
            grade_column=options.grade_column,
            comment_column=options.comment_column,
            xlsx=options.xlsx,
        )
    for note in notes:
        say(note, PROBLEMS)
    print(f"written to {options.out}")
    _tell_changes(changes)
    if changes.changed and not options.policy:
        print("without --policy lateness costs nothing, and the best attempt counts")
    return PROBLEMS if notes else DONE


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, got {text!r}")
    return number
