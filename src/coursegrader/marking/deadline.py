"""A deadline for what a test does itself; while a student's code is at work its clock stands still.

An answer's own time has limits elsewhere. This one ends a test that computes for ever, be it by a
mistake of its author's or because an answer keeps it busy.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .lines import Line

TEST_SECONDS = 20.0
_AGAIN = 1.0  # a test may catch everything, but not for ever
_running = False


class EndlessError(pytest.fail.Exception):
    """Raised in a test whose time is up; `except Exception` does not catch it."""


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raise `EndlessError` in the main thread when the time is up; None is for ever."""
    global _running
    if seconds is None:
        yield
        return
    _running = True
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        _running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(*_: object) -> None:
    if _running:
        raise EndlessError("the test did not end by itself", pytrace=False)


class PatientLine:
    """A line to a student's code on which waiting takes no time of the test's."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @property
    def problems(self) -> list[str]:
        return self._line.problems

    @property
    def packages(self) -> tuple[str, ...]:
        return self._line.packages

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]:
        with clock_stopped():
            return self._line.ask(frame, what)

    def close(self) -> None:
        self._line.close()


@contextmanager
def clock_stopped() -> Iterator[None]:
    """Let no time of the test's pass."""
    if not _running:
        yield
        return
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left or _AGAIN, _AGAIN)
