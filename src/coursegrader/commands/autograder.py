"""`autograder`: the zip with which Gradescope runs the visible tests, or hands out your results."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..authoring.assignment import Assignment
from .common import DONE, add_gradebook, add_policy, open_gradebook, policy_of


def add_autograder(commands: argparse._SubParsersAction) -> None:
    """The command and its options."""
    autograder = commands.add_parser("autograder", help="write an autograder for Gradescope")
    autograder.add_argument("-o", "--output", type=Path, default=Path("autograder.zip"))
    autograder.add_argument(
        "--graded", action="store_true", help="hand out the results of the gradebook"
    )
    autograder.set_defaults(run=_autograder)
    add_policy(autograder)
    add_gradebook(autograder)


def _autograder(options: argparse.Namespace) -> int:
    from ..authoring.release import student_files
    from ..reports.autograder import write_autograder

    assignment = Assignment.load(options.assignment)
    grades, logins = [], {}
    if options.graded:
        with open_gradebook(options, write=False) as gradebook:
            grades = gradebook.grades(assignment.name, policy_of(options))
            people = gradebook.people.all(assignment.name)
            logins = {one.student: one.logins for one in people}
    files, packages = student_files(assignment), assignment.settings.packages
    write_autograder(options.output, files, packages, grades, logins)
    print(f"{options.output} is ready: upload it in Gradescope under Configure Autograder")
    return DONE
