"""`check`: the visible tests on the student's own machine, in the student's own session."""

import sys
from pathlib import Path
from typing import Any

from .assignment import Assignment, AssignmentError
from .inside.runner import Runner, fresh_namespace
from .notebook import Cell, read_cells
from .plugin import Entry, GraderPlugin
from .records import Result
from .session import run_session
from .student import LocalLine

_running = False


def check_file(path: Path, assignment: Assignment, keyword: str = "") -> Result:
    """Run the cells of a file and then the visible tests.

    Raises:
        UnreadableError: the file is no notebook and no Python file.
    """
    cells = read_cells(path.name, path.read_bytes())
    runner = Runner(fresh_namespace())
    return _check(assignment, runner, cells, keyword)


def check_names(names: dict[str, Any], assignment: Assignment, keyword: str = "") -> Result:
    """Run the visible tests on what a live notebook has defined."""
    return _check(assignment, Runner(names), [], keyword)


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
    from .printing import report_text

    print(report_text(check_names(caller, Assignment.load(assignment), keyword)))


def _check(assignment: Assignment, runner: Runner, cells: list[Cell], keyword: str) -> Result:
    global _running
    if assignment.folder is None:
        raise AssignmentError(f"{assignment.name} was not read from a folder")
    entry = Entry("check", lambda: LocalLine(runner, cells))
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
