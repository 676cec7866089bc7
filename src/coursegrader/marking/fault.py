"""Whose fault it is that a test failed: the answer's, or the test's own.

A failed comparison and a call without a value are wrong answers. Any other error, as also the end
of the submission's time, is the test's own where no answer had come yet. After an answer it may
have been provoked: the answer was of no use to the test. So the test runs once more, with the same
draws, on the instructor's own solution, and if that too is of no use, the test is at fault. A
student has no part in that second run, and so no wrong answer passes for a broken test.

An error that no value brings about, such as a misspelt name, is the test's in any case. Yet it may
stand where only wrong answers lead. If the solution does not meet it, or there is none, it earns
nothing, and the instructor is told.
"""

from typing import Literal

import pytest

from .deadline import EndlessError
from .errors import StudentError, UsedUp

Fault = Literal["answer", "test", "unsure"]


def is_wrong_answer(error: BaseException) -> bool:
    """Whether a test says by this error that an answer is wrong, or there is none."""
    meant = isinstance(error, StudentError | AssertionError | pytest.fail.Exception)
    return meant and not isinstance(error, EndlessError | UsedUp)


def comes_from_no_value(error: BaseException) -> bool:
    """Whether only the test's own text can bring this error about."""
    return isinstance(error, NameError | ImportError | SyntaxError)


def fault_of(error: BaseException, asked: bool) -> Fault | None:
    """Whose fault an error is; None where the solution has to tell.

    Args:
        asked: whether the test had asked the student's code or files for anything.
    """
    if not asked:
        return "test"
    return "answer" if is_wrong_answer(error) else None


def fault_by_solution(error: BaseException, on_solution: BaseException | None) -> Fault:
    """Whose fault an error is.

    Args:
        error: what the test raised on a student's answer.
        on_solution: what it raised on the solution; None if nothing, or without a solution.
    """
    if on_solution is not None and not is_wrong_answer(on_solution):
        return "test"
    return "unsure" if comes_from_no_value(error) else "answer"
