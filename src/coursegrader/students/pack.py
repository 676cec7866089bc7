"""`pack`: one file to hand in, or a friendly word on what would not grade."""

import ast
import sys
from pathlib import Path

from ..authoring.assignment import Assignment
from ..common.files import write_atomically
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
from ..sandbox.packages import package_paths

MAX_BYTES = 20 << 20
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
    if len(packed) > MAX_BYTES:
        problems.append(
            f"the file is larger than {MAX_BYTES >> 20} MiB: remove pictures and data pasted "
            "into it"
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
    return notes + [
        f"{name} is imported, which is not there while grading: use it in cells with the tag "
        f"{NOT_GRADED} only"
        for name in _unavailable(trees, assignment.settings.packages)
    ]


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


def _imported(trees: list[ast.Module]) -> set[str]:
    """Modules, by their first names, that the cells import."""
    names: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names


def _unavailable(trees: list[ast.Module], packages: tuple[str, ...]) -> list[str]:
    """What the cells import beside the standard library and the packages with what they need."""
    try:
        installed = {path.name.split(".")[0] for path in package_paths(packages)}
    except SandboxError:  # who has no metadata of a package here cannot tell what belongs to it
        return []
    # `coursegrader` is there as a module that does nothing: see `inside/zygote.py`.
    return sorted(_imported(trees) - installed - {*sys.stdlib_module_names, "coursegrader"})


def _unwritten(trees: list[ast.Module]) -> set[str]:
    """Functions and classes that still hold the placeholder."""
    return {
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and any(isinstance(n, ast.Constant) and n.value == UNTOUCHED for n in ast.walk(node))
    }
