"""The command `coursegrader`.

Exit codes: 0 all well; 1 something needs a look; 2 wrong use, or nothing could be graded.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .authoring.assignment import Assignment, AssignmentError
from .commands.autograder import add_autograder
from .commands.common import DONE, MISUSE, PROBLEMS, say
from .commands.grading import add_grading
from .commands.marks import add_marks
from .commands.people import add_people
from .common.text import plain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal cannot show is spelled out
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads our output, such as `head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEMS
    except (OSError, RuntimeError, ValueError) as error:
        return say(str(error), MISUSE)
    except KeyboardInterrupt:
        return say("stopped; what was finished is kept, the same command goes on", MISUSE)


def _check(options: argparse.Namespace) -> int:
    from .students.checking import check_file
    from .students.report_text import report_text

    assignment = Assignment.load(options.assignment)
    path = options.file or Path(options.assignment) / assignment.settings.notebook
    if not path.is_file():
        raise AssignmentError(f"{path} is not there: name the file to check")
    result = check_file(path, assignment, options.tests)
    if not result.tests:
        raise AssignmentError(f"no test has {options.tests!r} in its name")
    print(report_text(result, sys.stdout.encoding))
    is_right = result.earned == result.points and not result.problems and not result.broken
    return DONE if is_right else PROBLEMS


def _pack(options: argparse.Namespace) -> int:
    from .students.pack import PackError, pack

    assignment = Assignment.load(options.assignment)
    path = options.file or Path(options.assignment) / assignment.settings.notebook
    target = options.output or Path(
        f"{Path(assignment.settings.notebook).stem}-submission{path.suffix}"
    )
    try:
        notes = pack(path, assignment, target)
    except PackError as error:
        return say(f"not packed, this would not grade:\n{error}", PROBLEMS)
    for note in notes:
        print(f"Note: {plain(note)}.")
    print(f"{target} is ready: upload this one file.")
    return DONE


def _release(options: argparse.Namespace) -> int:
    from .authoring.release import release

    assignment = Assignment.load(options.assignment)
    target = options.to or assignment.folder / "student"
    for path in release(assignment, target):
        print(path)
    return DONE


def _similar(options: argparse.Namespace) -> int:
    from .authoring.release import student_files
    from .handin.intake import collect
    from .reports.similar import code_of, listing, similar_pairs, write_similar

    assignment = Assignment.load(options.assignment)
    notebook = assignment.settings.notebook
    found, _ = collect(options.submissions, notebook=notebook)
    submissions = [one for one in found if not one.reason]
    baseline = code_of(notebook, student_files(assignment)[notebook])
    pairs = similar_pairs(submissions, baseline, threshold=options.threshold)
    print(listing(pairs))
    if options.output:
        write_similar(options.output, assignment.settings.title, pairs)
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
    pack.add_argument("-o", "--output", type=Path, help="default: NOTEBOOK-submission.ipynb")
    pack.set_defaults(run=_pack)

    release = commands.add_parser("release", help="write the student version of an assignment")
    release.add_argument("--to", type=Path, help="default: student/ in the assignment's folder")
    release.set_defaults(run=_release)

    add_grading(commands)
    add_marks(commands)
    add_people(commands)
    add_autograder(commands)

    similar = commands.add_parser("similar", help="list suspiciously similar pairs")
    similar.add_argument("submissions", type=Path, help="folder, zip, or one file")
    similar.add_argument("--threshold", type=float, default=0.5, help="from 0 to 1; default 0.5")
    similar.add_argument("-o", "--output", type=Path, help="an HTML page with the common parts")
    similar.set_defaults(run=_similar)
    similar.add_argument("--assignment", required=True, help="the folder of its source")
    for command in (check, pack):
        command.add_argument("--assignment", default=".", help="its folder; default: this one")
    release.add_argument("assignment", help="the folder of the assignment's source")
    return parser
