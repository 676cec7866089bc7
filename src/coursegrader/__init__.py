"""Grades submitted notebooks with pytest: fast, fair, and in a sandbox.

In a notebook: `import coursegrader; coursegrader.check()`.
In a test: the fixtures `student`, `expect` and `rng`, and `Tensor` around an array that is to
arrive as a Torch tensor.
"""

from importlib import import_module
from typing import Any

from . import first_names

# Imported when they are asked for: most of the command line needs neither pytest nor NumPy.
_MODULES = {
    "Assignment": "authoring.assignment",
    "AssignmentError": "authoring.assignment",
    "BadFile": "marking.errors",
    "DataFile": "handin.data_files",
    "Died": "marking.errors",
    "Expect": "marking.expectations",
    "Gradebook": "gradebook",
    "GradebookError": "gradebook",
    "Handle": "marking.student",
    "Limits": "common.limits",
    "Mismatch": "marking.expectations",
    "Missing": "marking.errors",
    "Outcome": "running.grading",
    "Policy": "gradebook.policy",
    "Raised": "marking.errors",
    "Refused": "common.records",
    "Result": "common.records",
    "SandboxError": "sandbox.errors",
    "Settings": "authoring.assignment",
    "Student": "marking.student",
    "StudentError": "marking.errors",
    "Submission": "common.records",
    "Tensor": "inside.wire",
    "TestResult": "common.records",
    "TimedOut": "marking.errors",
    "check": "students.checking",
    "collect": "handin.intake",
    "grade": "running.grading",
    "write_outputs": "running.grading",
}
__all__ = list(_MODULES)

first_names.install()


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
