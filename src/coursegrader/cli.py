"""The command `coursegrader`. Exit codes: 0 all well, 1 something to mend, 2 wrong use."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .assignment import Assignment, AssignmentError
from .notebook import UnreadableError

DONE, PROBLEMS, MISUSE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (AssignmentError, UnreadableError) as error:
        return _say(f"{error}", MISUSE)
    except (OSError, ValueError, RuntimeError) as error:
        return _say(f"{error}", PROBLEMS)


def _say(text: str, code: int) -> int:
    print(f"coursegrader: {text}", file=sys.stderr)
    return code


def _check(options: argparse.Namespace) -> int:
    from .checking import check_file
    from .printing import report_text

    assignment = Assignment.load(options.assignment)
    path = options.file or Path(options.assignment) / assignment.settings.notebook
    if not path.is_file():
        raise AssignmentError(f"{path} is not there: name the file to check")
    result = check_file(path, assignment, options.tests)
    print(report_text(result))
    return DONE if result.earned == result.points and not result.problems else PROBLEMS


def _pack(options: argparse.Namespace) -> int:
    from .pack import PackError, pack

    assignment = Assignment.load(options.assignment)
    path = options.file or Path(options.assignment) / assignment.settings.notebook
    target = options.output or Path(f"{assignment.name}-submission{path.suffix}")
    try:
        notes = pack(path, assignment, target)
    except PackError as error:
        return _say(f"not packed, this would not grade:\n{error}", PROBLEMS)
    for note in notes:
        print(f"Note: {note}.")
    print(f"{target} is ready: upload this one file.")
    return DONE


def _release(options: argparse.Namespace) -> int:
    from .release import release

    assignment = Assignment.load(options.assignment)
    target = options.to or assignment.folder / "student"
    for path in release(assignment, target):
        print(path)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="coursegrader", description="Check, pack, release and grade assignments."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="run the visible tests on your notebook")
    check.add_argument(
        "file", type=Path, nargs="?", help="notebook or .py; default: the assignment's"
    )
    check.add_argument("-k", dest="tests", default="", help="only tests with this in their name")
    check.set_defaults(run=_check)

    pack = commands.add_parser("pack", help="write the one file to hand in")
    pack.add_argument(
        "file", type=Path, nargs="?", help="notebook or .py; default: the assignment's"
    )
    pack.add_argument("-o", "--output", type=Path, help="default: ASSIGNMENT-submission.ipynb")
    pack.set_defaults(run=_pack)

    release = commands.add_parser("release", help="write the student version of an assignment")
    release.add_argument("--to", type=Path, help="default: student/ in the assignment's folder")
    release.set_defaults(run=_release)

    for command in (check, pack):
        command.add_argument("--assignment", default=".", help="its folder; default: this one")
    release.add_argument("assignment", help="the folder of the assignment's source")
    return parser
