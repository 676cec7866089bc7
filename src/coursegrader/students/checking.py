"""`check`: the visible tests on the student's own machine, in the student's own session."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..authoring.assignment import Assignment, AssignmentError
from ..common.notebook import read_cells
from ..common.records import Result
from ..handin.data_files import HandedIn, attached, beside
from ..inside.runner import Runner
from ..marking.lines import Line, LocalLine
from ..marking.plugin import Entry, GraderPlugin
from ..marking.session import run_session
from .trial import trial_line

_running = False


def check_file(path: Path, assignment: Assignment, keyword: str = "") -> Result:
    """Run the cells of a file and then the visible tests, by the grader's limits.

    Raises:
        UnreadableError: the file is no notebook and no Python file.
        SandboxError: a module that the assignment needs is not installed.
    """
    content, declared = path.read_bytes(), assignment.settings.data
    cells = read_cells(path.name, content)
    files = attached(path.name, content, declared) | beside(path.parent, declared)
    return _check(assignment, lambda: trial_line(assignment.settings, cells), files, keyword)


def check_names(names: dict[str, Any], assignment: Assignment, keyword: str = "") -> Result:
    """Run the visible tests on what a live notebook has defined."""
    folder = assignment.folder
    files = beside(folder, assignment.settings.data) if folder is not None else {}
    return _check(
        assignment, lambda: LocalLine(Runner(names), [], assignment.settings.limits), files, keyword
    )


def check(keyword: str = "", assignment: str = ".") -> None:
    """Run the visible tests on this notebook's functions and print points and messages.

    Args:
        keyword: run only the tests whose name contains it.
        assignment: the assignment's folder; by default that of the notebook.

    Raises:
        AssignmentError: there is no assignment in the folder.
    """
    if _running:  # the notebook is being checked from outside: its own check says nothing
        return
    caller = sys._getframe(1).f_globals
    from .report_text import report_text

    result = check_names(caller, Assignment.load(assignment), keyword)
    print(report_text(result, sys.stdout.encoding))


def _check(
    assignment: Assignment,
    open_line: Callable[[], Line],
    files: Mapping[str, bytes],
    keyword: str,
) -> Result:
    global _running
    if assignment.folder is None:
        raise AssignmentError(f"{assignment.name} was not read from a folder")
    entry = Entry("check", open_line, HandedIn(assignment.settings.data, files))
    plugin = GraderPlugin(assignment.settings, [entry], secret=b"", keyword=keyword)
    _running = True
    try:
        run_session(plugin, assignment.folder / "tests", hidden=False)
    finally:
        _running = False
    result = plugin.results["check"]
    if not result.tests:
        named = f" with {keyword!r} in its name" if keyword else ""
        raise AssignmentError(f"{assignment.name} has no visible test{named}")
    return result
