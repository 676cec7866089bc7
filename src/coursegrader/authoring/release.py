"""The student version of an assignment, written from its one source."""

import re
import shutil
import textwrap
from pathlib import Path

from ..common.notebook import Notebook, notebook_file, read_notebook, tags
from .assignment import SETTINGS, Assignment, AssignmentError, files_of_tests, is_hidden

SOLUTION = "solution"
_REGION = re.compile(
    r"^(?P<indent>[ \t]*)# BEGIN SOLUTION[ \t]*\n(?P<body>.*?)"
    r"^(?P=indent)# END SOLUTION[ \t]*(\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_MARKER = re.compile(r"#\s*(BEGIN|END)\s+SOLUTION", re.IGNORECASE)


def release(assignment: Assignment, target: Path) -> list[Path]:
    """Write notebook, visible tests and settings into `target`; return the files written.

    Files that an earlier release left there and this one does not write are removed, but for those
    whose name starts with a dot: `target` may be a repository.

    Raises:
        AssignmentError: a solution is not closed, or what lies in `target` is not a release.
    """
    files = student_files(assignment)
    for path in _earlier_release(assignment, target):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    written = []
    for name, data in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(path)
    return written


def _earlier_release(assignment: Assignment, target: Path) -> list[Path]:
    """What there is to remove; a source is never removed."""
    if not target.exists():
        return []
    present = [path for path in target.iterdir() if not path.name.startswith(".")]
    if present and not (target / SETTINGS).is_file():
        raise AssignmentError(f"{target} is not empty and holds no assignment: not overwritten")
    hidden = any(map(is_hidden, files_of_tests(target / "tests")))
    if hidden or assignment.folder.is_relative_to(target.resolve()):
        raise AssignmentError(f"{target} holds the source of an assignment: not overwritten")
    return present


def student_files(assignment: Assignment) -> dict[str, bytes]:
    """What students get, by path.

    Raises:
        AssignmentError: a solution is not closed.
    """
    if assignment.folder is None:
        raise AssignmentError(f"{assignment.name} was not read from a folder")
    source = assignment.folder / assignment.settings.notebook
    if not source.is_file():
        raise AssignmentError(f"{source} is not there")
    notebook = student_notebook(read_notebook(source.read_bytes()))
    files = {
        SETTINGS: (assignment.folder / SETTINGS).read_bytes(),
        assignment.settings.notebook: notebook_file(notebook),
    }
    return files | {f"tests/{name}": data for name, data in assignment.visible_files.items()}


def student_notebook(notebook: Notebook) -> Notebook:
    """The notebook without solutions.

    Raises:
        AssignmentError: a solution is not closed, or not in a code cell.
    """
    cells = []
    for number, cell in enumerate(notebook["cells"], start=1):
        if SOLUTION in tags(cell):
            continue
        if cell["cell_type"] == "code":
            cell = {**cell, "source": without_solutions(cell["source"], f"cell {number}")}
        elif _MARKER.search(cell["source"]):
            raise AssignmentError(f"cell {number}: tag a cell of text `{SOLUTION}` as a whole")
        cells.append(cell)
    return {**notebook, "cells": cells}


def without_solutions(source: str, where: str) -> str:
    """Source with each solution replaced by a line that says it is missing.

    Raises:
        AssignmentError: a solution is not closed, or closed without being opened.
    """
    source += "\n"
    bodies = [region["body"] for region in _REGION.finditer(source)]
    text = _REGION.sub(_placeholder, source)
    if any(map(_MARKER.search, [text, *bodies])):
        raise AssignmentError(
            f"{where}: a `# BEGIN SOLUTION` without its `# END SOLUTION` at the same indentation, "
            "or reverse"
        )
    return text.rstrip("\n")


def solution_lines(notebook: Notebook) -> list[str]:
    """Every line of code that a release takes out: none may be found in what students get."""
    lines: list[str] = []
    for cell in notebook["cells"]:
        if SOLUTION in tags(cell):
            lines += cell["source"].splitlines()
        elif cell["cell_type"] == "code":
            for region in _REGION.finditer(cell["source"] + "\n"):
                lines += textwrap.dedent(region["body"]).splitlines()
    return [line.strip() for line in lines if line.strip()]


def _placeholder(region: re.Match[str]) -> str:
    indent = region["indent"]
    inside = f'{indent}raise NotImplementedError("your code here")\n'
    return inside if indent else "...  # your code here\n"
