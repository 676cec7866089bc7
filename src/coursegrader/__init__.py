"""Grades submitted notebooks with pytest: fast, fair, and in a sandbox.

In a notebook: `import coursegrader; coursegrader.check()`.
In a test: the fixtures `student`, `expect` and `rng`, and `Tensor` around an array that is to
arrive as a Torch tensor.
"""

from importlib import import_module
from typing import Any

# Imported when they are asked for: most of the command line needs neither pytest nor NumPy.
_MODULES = {
    "Assignment": "assignment",
    "AssignmentError": "assignment",
    "BadFile": "student",
    "Died": "student",
    "Handle": "student",
    "Mismatch": "expectations",
    "Missing": "student",
    "Raised": "student",
    "StudentError": "student",
    "Tensor": "inside.wire",
    "TimedOut": "student",
    "check": "checking",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
