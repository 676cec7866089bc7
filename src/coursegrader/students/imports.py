"""What the cells of a notebook import, and what of it is not there while grading."""

import ast
import sys

from ..common.notebook import Cell
from ..inside.magics import python_of
from ..sandbox.errors import SandboxError
from ..sandbox.packages import package_paths


def absent_modules(cells: list[Cell], packages: tuple[str, ...]) -> list[str]:
    """What cells import beside the standard library and the packages with what they need."""
    try:
        installed = {path.name.split(".")[0] for path in package_paths(packages)}
    except SandboxError:  # who has no metadata of a package here cannot tell what belongs to it
        return []
    # `coursegrader` is there as a module that does nothing: see `inside/alone.py`.
    known = installed | {*sys.stdlib_module_names, "coursegrader"}
    return sorted({name for cell in cells for name in _imported(cell)} - known)


def _imported(cell: Cell) -> set[str]:
    """Modules, by their first names."""
    names: set[str] = set()
    try:
        tree = ast.parse(python_of(cell.source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return names
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names
