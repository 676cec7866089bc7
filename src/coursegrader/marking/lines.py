"""The two lines to a student's code: in this very process, or in a child of the sandbox."""

import time
from typing import Any, Protocol

from ..common.limits import Limits
from ..common.notebook import Cell
from ..inside.runner import Runner
from ..inside.wire import LENGTHS, WireError, pack, unpack
from ..sandbox.box import Sandbox
from ..sandbox.child import Child, ChildDied, ChildTimeout
from ..sandbox.errors import SandboxLostError
from .answers import refuse
from .errors import Died, StudentError, TimedOut, UsedUp
from .loading import Loader


class Line(Protocol):
    """Carries a frame to the student's side and the answer's two parts back."""

    @property
    def problems(self) -> list[str]: ...

    @property
    def packages(self) -> tuple[str, ...]: ...

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]: ...

    def close(self) -> None: ...


class LocalLine:
    """The student's code in this very process: for `check`, on the student's own machine."""

    packages: tuple[str, ...] = ()  # all that is installed here

    def __init__(self, runner: Runner, cells: list[Cell], limits: Limits | None = None) -> None:
        self._runner, self._limits = runner, limits or Limits()
        self.problems: list[str] = runner.do_load([list(cell) for cell in cells])

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]:
        header, arrays = _parts(frame)
        request = unpack(header, arrays, self._runner.open, _as_tensor)
        start = time.monotonic()
        try:
            answer = self._runner.answer(request)
            self._warn(what, time.monotonic() - start)
            reply = pack(answer, self._runner.keep)
        except WireError as error:
            reply = pack(["raised", "WireError", ["WireError"], str(error), 0, ""], refuse)
        return _parts(reply)

    def close(self) -> None:
        """Nothing to end."""

    def _warn(self, what: str, seconds: float) -> None:
        limit = self._limits.call_seconds
        if seconds > limit:  # here nothing can stop it
            self.problems.append(
                f"{what} took {seconds:.3g} seconds here: the grader stops a call after {limit:g}"
            )


class SandboxLine:
    """The student's code in a child of the sandbox; a child that hung or died is replaced."""

    def __init__(self, sandbox: Sandbox, cells: list[Cell]) -> None:
        self._sandbox, self._limits = sandbox, sandbox.limits
        self._loader = Loader(sandbox, cells)
        self._left = self._limits.submission_seconds
        self._timeouts: dict[str, int] = {}
        self._child: Child | None = None
        self._failed_load: StudentError | None = None
        try:
            self._start()
        except StudentError as error:
            self._failed_load = error

    @property
    def problems(self) -> list[str]:
        failed = [f"the cells could not be run: {self._failed_load}"] if self._failed_load else []
        return self._loader.problems + failed

    @property
    def packages(self) -> tuple[str, ...]:
        return self._sandbox.packages

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

    def _start(self) -> None:
        self.close()
        self._require_time()
        self._child, seconds = self._loader.child(self._left)
        self._left -= seconds

    def _require_time(self) -> None:
        if self._left <= 0:
            raise UsedUp(
                f"all {self._limits.submission_seconds:g} seconds of this submission were used up "
                "before this call"
            )

    def _ask(self, frame: bytes, what: str, seconds: float) -> tuple[bytes, bytes]:
        self._require_time()
        seconds, start = min(seconds, self._left), time.monotonic()
        try:
            return self._child.ask(frame, seconds)
        except ChildTimeout:
            self._timeouts[what] = self._timeouts.get(what, 0) + 1
            raise TimedOut(
                f"it had not finished after {seconds:.3g} seconds and was stopped: is there a loop "
                "that never ends?"
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


def _as_tensor(array: Any) -> Any:
    import torch

    return torch.from_numpy(array)


def _parts(frame: bytes) -> tuple[bytes, bytes]:
    header, _ = LENGTHS.unpack(frame[: LENGTHS.size])
    start = LENGTHS.size
    return frame[start : start + header], frame[start + header :]
