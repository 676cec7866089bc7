"""What is said of a test that did not pass: of an answer to the student, else to the instructor."""

import traceback
from collections.abc import Callable

import pytest

from ..common.text import plain
from .asserts import assertion_text
from .errors import Missing, StudentError
from .expectations import Mismatch
from .showing import show
from .student import Student

MAX_MESSAGE = 4000


def error_text(item: pytest.Item, error: BaseException) -> str:
    """An error of a test's own, with its file and the line of it that was at work."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == str(item.path)]
    file = item.nodeid.partition("::")[0]
    place = f"{file}, line {lines[-1]}" if lines else file
    return f"{place}: {error!r}"


def readable(make: Callable[[], str]) -> str:
    """A message of limited length, whatever the values do that it shows."""
    try:
        return plain(make())[:MAX_MESSAGE]
    except Exception as error:  # Python refuses to write an integer of 4,300 digits or more
        return f"The values of this test cannot be shown ({type(error).__name__})."


def answer_text(student: Student, error: BaseException) -> str:
    call = student._last
    called = f"called:    {call.text}\n" if call is not None else ""
    if isinstance(error, Mismatch):
        return str(error)
    if isinstance(error, StudentError):
        text = str(error)
        # A name keeps its small letter.
        return called + (text if isinstance(error, Missing) else text[0].upper() + text[1:])
    returned = f"came back: {show(call.result)}\n" if call is not None else ""
    if isinstance(error, AssertionError):
        return f"{called}{returned}{assertion_text(error)}"
    return (
        f"{called}{returned}The test could not use what came back: {type(error).__name__}: {error}"
    )
