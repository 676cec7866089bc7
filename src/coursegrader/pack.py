"""`pack`: one file to hand in, or a friendly word on what would not grade."""

import ast
import os
from pathlib import Path

from .assignment import Assignment
from .checking import transform
from .notebook import Cell, UnreadableError, notebook_file, read_cells, read_notebook

MAX_BYTES = 20 << 20
UNTOUCHED = "your code here"


class PackError(ValueError):
    """Why the file would not grade, and how to mend it: one line for each problem."""


def pack(path: Path, assignment: Assignment, target: Path) -> list[str]:
    """Write the file to hand in; return what is worth knowing but no reason to refuse.

    The notebook is packed without its outputs, which no grader reads and which can be large.

    Raises:
        PackError: it would not grade.
    """
    if not path.is_file():
        raise PackError(f"{path} is not there: give the notebook that you worked in")
    try:
        packed = path.read_bytes()
        cells = read_cells(path.name, packed)
        if path.suffix.lower() == ".ipynb":
            packed = notebook_file(read_notebook(packed))
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
    if len(packed) > MAX_BYTES:
        problems.append(
            f"the file is larger than {MAX_BYTES >> 20} MiB: remove pictures and data pasted "
            "into it"
        )
    if problems:
        raise PackError("\n".join(problems))
    _write(target, packed)
    return [
        f"{name} is not written yet; you can hand in without it, it gets no points"
        for name in assignment.settings.required
        if name in _unwritten(trees)
    ]


def _parse(cells: list[Cell]) -> tuple[list[ast.Module], list[str]]:
    trees, problems = [], []
    for cell in cells:
        try:
            trees.append(ast.parse(transform(cell.source)))
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


def _write(target: Path, content: bytes) -> None:
    """All of it or nothing."""
    temporary = target.with_name(f".{target.name}.part")
    temporary.write_bytes(content)
    os.replace(temporary, target)
