"""What a program finds missing while it is graded, said in words."""

import builtins
import sys
import types
from typing import NoReturn

NO_KEYBOARD = (
    "there is no keyboard while grading: take what you need as an argument, or tag the cell "
    "not-graded"
)


def settle() -> None:
    """Answer for the keyboard in this process, which runs one student's code and nothing else."""
    builtins.input = _no_keyboard
    sys.breakpointhook = lambda *_, **__: None  # a `breakpoint()` that was forgotten stops nobody
    # A line `coursegrader.check()` that slipped into a graded cell does nothing.
    silent = types.ModuleType("coursegrader")
    silent.check = lambda *_, **__: None  # type: ignore[attr-defined]
    sys.modules["coursegrader"] = silent


def _no_keyboard(*_: object) -> NoReturn:
    raise EOFError(NO_KEYBOARD)
