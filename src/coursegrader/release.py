"""The student version of an assignment, written from its one source."""

import re
import shutil
import textwrap
from pathlib import Path

import nbformat

from .assignment import SETTINGS, Assignment, AssignmentError
from .notebook import read_notebook, tags

SOLUTION = "solution"
_REGION = re.compile(
    r"^(?P<indent>[ \t]*)# BEGIN SOLUTION[ \t]*\n(?P<body>.*?)^[ \t]*# END SOLUTION[ \t]*(\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_MARKER = re.compile(r"#\s*(BEGIN|END) SOLUTION")


def release(assignment: Assignment, target: Path) -> list[Path]:
    """Write notebook, visible tests and settings into `target`; return the files written.

    Files that an earlier release left there and this one does not write are removed.

    Raises:
        AssignmentError: a solution is not closed, or a file of `target` is not a release's.
    """
    files = student_files(assignment)
    if target.exists():
        if any(target.iterdir()) and not (target / SETTINGS).is_file():
            raise AssignmentError(f"{target} is not empty and holds no assignment: not overwritten")
        shutil.rmtree(target)
    written = []
    for name, data in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(path)
    return written


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
        assignment.settings.notebook: (nbformat.writes(notebook) + "\n").encode(),
    }
    return files | {f"tests/{name}": data for name, data in assignment.visible_files.items()}


def student_notebook(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without solutions, outputs and counts.

    Raises:
        AssignmentError: a solution is not closed.
    """
    cells = [cell for cell in notebook["cells"] if SOLUTION not in tags(cell)]
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] != "code":
            continue
        cell["source"] = without_solutions(cell["source"], f"cell {number}")
        cell["outputs"], cell["execution_count"] = [], None
    return nbformat.from_dict({**notebook, "cells": cells})


def without_solutions(source: str, where: str) -> str:
    """Source with each solution replaced by a line that says it is missing.

    Raises:
        AssignmentError: a solution is not closed, or closed without being opened.
    """
    text = _REGION.sub(_placeholder, source if source.endswith("\n") else source + "\n")
    if _MARKER.search(text):
        raise AssignmentError(
            f"{where}: a `# BEGIN SOLUTION` without its `# END SOLUTION`, or reverse"
        )
    return text.rstrip("\n")


def solution_lines(notebook: nbformat.NotebookNode) -> list[str]:
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
