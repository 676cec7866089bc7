"""`await` at the top of a cell, which Jupyter allows."""

import asyncio
import atexit
from collections.abc import Coroutine
from typing import Any


def finished(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run it to its end; what it starts besides goes on when the next one is run."""
    if not _loops:
        _loops.append(_Loop())
        atexit.register(_loops[0].close)
    _loops[0].run_until_complete(coroutine)


class _Loop(asyncio.SelectorEventLoop):
    """Without the pair of sockets through which threads wake a loop: the sandbox makes none."""

    def _make_self_pipe(self) -> None:
        self._ssock = self._csock = None

    def _close_self_pipe(self) -> None:
        """There is none."""


_loops: list[_Loop] = []
