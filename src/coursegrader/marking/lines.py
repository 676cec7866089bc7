"""The two lines to a student's code: in this very process, or in a child of the sandbox."""

import time
from collections.abc import Callable
from typing import Any, Protocol

from ..common.notebook import Cell
from ..inside.runner import Runner
from ..inside.wire import LENGTHS, WireError, pack, unpack
from ..inside.wire import Handle as WireHandle
from ..sandbox.box import Sandbox
from ..sandbox.child import Child, ChildDied, ChildTimeout
from ..sandbox.errors import SandboxLostError
from .errors import Died, StudentError, TimedOut, UsedUp

LOAD_PATIENCE = 5  # times a call's deadline, for running all cells


class Line(Protocol):
    """Carries a frame to the student's side and the answer's two parts back."""

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]: ...

    def close(self) -> None: ...


class LocalLine:
    """The student's code in this very process: for `check`, on the student's own machine."""

    def __init__(self, runner: Runner, cells: list[Cell]) -> None:
        self._runner = runner
        self.problems: list[str] = runner.do_load([list(cell) for cell in cells])

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]:
        header, arrays = _parts(frame)
        request = unpack(header, arrays, self._runner.open, _as_tensor)
        try:
            reply = pack(self._runner.answer(request), self._runner.keep)
        except WireError as error:
            reply = pack(["raised", "WireError", ["WireError"], str(error), 0, ""], refuse)
        return _parts(reply)

    def close(self) -> None:
        """Nothing to end."""


class SandboxLine:
    """The student's code in a child of the sandbox; a child that hung or died is replaced."""

    def __init__(self, sandbox: Sandbox, cells: list[Cell]) -> None:
        self._sandbox, self._cells = sandbox, cells
        self._limits = sandbox.limits
        self._left = self._limits.submission_seconds
        self._timeouts: dict[str, int] = {}
        self._child: Child | None = None
        self.problems: list[str] = []
        self._failed_load = self._load()
        if self._failed_load is not None:
            self.problems.append(f"the cells could not be run: {self._failed_load}")

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]:
        if self._failed_load is not None:
            raise self._failed_load
        if self._timeouts.get(what, 0) > 1:
            raise TimedOut(f"it ran out of time twice before and was not called again ({what})")
        if self._child is None or not self._child.alive:
            self._start()
        return self._ask(frame, what, self._limits.call_seconds)

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()

    def _load(self) -> StudentError | None:
        """Start a child; return what went wrong twice, for once may be an accident."""
        try:
            self._start()
        except TimedOut as error:
            return error
        except Died:
            try:
                self._start()
            except StudentError as error:
                return error
        return None

    def _start(self) -> None:
        try:
            frame = pack(["load", [list(cell) for cell in self._cells]], refuse)
        except WireError as error:
            raise Died(f"there is too much code: {error}") from None
        self.close()
        self._child = self._sandbox.spawn()
        seconds = LOAD_PATIENCE * self._limits.call_seconds
        match read_answer(self._ask(frame, "the cells", seconds), lambda handle: None):
            case ["ok", list(problems), str()]:
                self.problems = [str(problem)[:500] for problem in problems[:50]]

    def _ask(self, frame: bytes, what: str, seconds: float) -> tuple[bytes, bytes]:
        if self._left <= 0:
            raise UsedUp(
                f"all {self._limits.submission_seconds:g} seconds of this submission were used up "
                "before this call"
            )
        start = time.monotonic()
        try:
            return self._child.ask(frame, min(seconds, self._left))
        except ChildTimeout:
            self._timeouts[what] = self._timeouts.get(what, 0) + 1
            raise TimedOut(
                f"it had not finished after {min(seconds, self._left):.3g} seconds and was "
                "stopped: is there a loop that never ends?"
            ) from None
        except ChildDied as error:
            if self._sandbox.lost():
                raise SandboxLostError from None
            raise Died(
                f"the Python process that ran it ended ({error}): out of memory, or a call such as "
                "exit()?"
            ) from None
        finally:
            self._left -= time.monotonic() - start


def refuse(value: Any) -> WireHandle:
    raise TypeError(f"a {type(value).__name__} cannot be handed to the student's code")


def read_answer(parts: tuple[bytes, bytes], open_handle: Callable[[WireHandle], Any]) -> Any:
    try:
        return unpack(*parts, open_handle)
    except WireError as error:
        raise Died(f"what came back is no answer: {error}") from None


def _as_tensor(array: Any) -> Any:
    import torch

    return torch.from_numpy(array)


def _parts(frame: bytes) -> tuple[bytes, bytes]:
    header, _ = LENGTHS.unpack(frame[: LENGTHS.size])
    start = LENGTHS.size
    return frame[start : start + header], frame[start + header :]
