"""No sandbox: a process of its own for each submission, with all rights of whoever grades.

For trying things out, and for machines without bubblewrap when one trusts every student.
"""

import os
import socket
import subprocess
import sys

from ..common.limits import Limits
from .child import Child

START = (
    "import sys; from coursegrader.sandbox.plain_end import main; "
    "main(int(sys.argv[1]), sys.argv[2:])"
)


class PlainSandbox:
    """Looks like a :py:class:`~coursegrader.sandbox.box.Sandbox` and protects from nothing."""

    def __init__(self, preload: tuple[str, ...], limits: Limits) -> None:
        self.preload, self.limits = preload, limits

    def spawn(self) -> Child:
        """A new process that has run nothing yet."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", START, str(theirs.fileno()), *self.preload],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        ours.recv(1)  # it has imported what takes long
        return Child(ours, _Process(process))

    def lost(self) -> bool:
        """There is nothing that could be."""
        return False

    def close(self) -> None:
        """Nothing is kept."""


class _Process:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def end(self) -> None:
        if self._process.poll() is None:
            os.killpg(self.pid, 9)
        self._process.wait()
