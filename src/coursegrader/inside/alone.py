"""What a program finds missing while it is graded, said in words."""

import builtins
import sys
from typing import NoReturn

NO_KEYBOARD = (
    "there is no keyboard while grading: take what you need as an argument, or tag the cell "
    "not-graded"
)


def settle() -> None:
    """Answer for the keyboard in this process, which runs one student's code and nothing else."""
    builtins.input = _no_keyboard
    sys.breakpointhook = lambda *_, **__: None  # a `breakpoint()` that was forgotten stops nobody


def _no_keyboard(*_: object) -> NoReturn:
    raise EOFError(NO_KEYBOARD)
