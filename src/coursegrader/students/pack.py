"""`pack`: one file to hand in, or a friendly word on what would not grade."""

import ast
from pathlib import Path

from ..authoring.assignment import Assignment
from ..common.files import write_atomically
from ..common.limits import MAX_FILE_BYTES
from ..common.notebook import (
    NOT_GRADED,
    Cell,
    UnreadableError,
    notebook_file,
    read_cells,
    read_notebook,
)
from ..handin.data_files import HandedIn, attach, attached, beside
from ..inside.magics import python_of
from ..sandbox.errors import SandboxError
from .imports import absent_modules
from .trial import trial_line

UNTOUCHED = "your code here"


class PackError(ValueError):
    """Why the file would not grade, and how to mend it: one line for each problem."""


def pack(path: Path, assignment: Assignment, target: Path) -> list[str]:
    """Write the file to hand in; return what is worth knowing but no reason to refuse.

    The notebook is packed without its outputs, which no grader reads and which can be large, and
    with the data files that the assignment declares, which lie beside it.

    Raises:
        PackError: it would not grade.
    """
    if not path.is_file():
        raise PackError(f"{path} is not there: give the notebook that you worked in")
    declared = assignment.settings.data
    try:
        packed = path.read_bytes()
        cells = read_cells(path.name, packed)
        files = attached(path.name, packed, declared) | beside(path.parent, declared)
        if path.suffix.lower() == ".ipynb":
            packed = attach(packed, files) if files else notebook_file(read_notebook(packed))
    except UnreadableError as error:
        raise PackError(f"{path.name}: {error}") from None
    trees, problems = _parse(cells)
    defined = {name for tree in trees for name in _defined(tree)}
    missing = [name for name in assignment.settings.required if name not in defined]
    problems += [
        f"{name} is not defined in a graded cell: bring its cell back from the original notebook, "
        "keep its name, and remove the tag not-graded if you added it"
        for name in missing
    ]
    problems += HandedIn(declared, files).problems
    if files and path.suffix.lower() != ".ipynb":
        problems.append(f"{', '.join(files)} can be packed into a notebook only")
    if len(packed) > MAX_FILE_BYTES:
        problems.append(
            f"the file is larger than {MAX_FILE_BYTES // 1_000_000} MB: remove pictures and data "
            "pasted into it"
        )
    if problems:
        raise PackError("\n".join(problems))
    write_atomically(target, packed)
    notes = [
        f"{name} is not written yet; you can hand in without it, it gets no points"
        for name in assignment.settings.required
        if name in _unwritten(trees)
    ]
    notes += [
        f"{file.name} is not there; you can hand in without it, what needs it gets no points"
        for file in declared
        if file.name not in files
    ]
    notes += [
        f"{name} is imported, which is not there while grading: use it in cells with the tag "
        f"{NOT_GRADED} only"
        for name in absent_modules(cells, assignment.settings.packages)
    ]
    return notes + _run(cells, assignment)


def _run(cells: list[Cell], assignment: Assignment) -> list[str]:
    """What goes wrong when the cells are run as the grader runs them."""
    try:
        line = trial_line(assignment.settings, cells)
    except SandboxError:  # a package is not installed here: `check` says so
        return []
    line.close()
    # What is not there to be imported has been said.
    return [problem for problem in line.problems if "ModuleNotFoundError: " not in problem]


def _parse(cells: list[Cell]) -> tuple[list[ast.Module], list[str]]:
    trees, problems = [], []
    for cell in cells:
        try:
            trees.append(ast.parse(python_of(cell.source)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            text = error.msg if isinstance(error, SyntaxError) else type(error).__name__
            problems.append(
                f"{cell.name}{where} is not Python ({text}): run the cell in JupyterLab, it shows "
                "the place"
            )
    return trees, problems


def _defined(tree: ast.Module) -> set[str]:
    """Names that the top level of a cell defines."""
    names: set[str] = set()
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)  # what its body defines is its own
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        waiting += ast.iter_child_nodes(node)
    return names


def _unwritten(trees: list[ast.Module]) -> set[str]:
    """Functions and classes that still hold the placeholder."""
    return {
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and any(isinstance(n, ast.Constant) and n.value == UNTOUCHED for n in ast.walk(node))
    }
