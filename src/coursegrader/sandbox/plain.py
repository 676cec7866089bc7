"""No sandbox: a process of its own for each submission, with all rights of whoever starts it.

For `check` and `pack` on a student's own machine, and for trying out an assignment.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile

from ..common.limits import Limits
from .child import Child
from .errors import SandboxError

START = (
    "import json, sys; settings = json.loads(sys.argv[1]); sys.path[:] = settings['path']; "
    "from coursegrader.sandbox.plain_end import main; main(settings)"
)


class PlainSandbox:
    """Looks like a :py:class:`~coursegrader.sandbox.box.Sandbox` and protects from nothing.

    Args:
        packages: that a grader would have, for messages.
        absent: modules that a grader would not have, and that are refused here, too.
    """

    def __init__(
        self,
        preload: tuple[str, ...],
        limits: Limits,
        *,
        packages: tuple[str, ...] = (),
        absent: tuple[str, ...] = (),
    ) -> None:
        self.preload, self.limits = preload, limits
        self.packages, self.absent = packages, absent

    def spawn(self) -> Child:
        """A new process that has run nothing yet, in an empty folder.

        Raises:
            SandboxError: a module to be loaded first is not there.
        """
        ours, theirs = socket.socketpair()
        folder = tempfile.TemporaryDirectory(prefix="graded-alone-", ignore_cleanup_errors=True)
        settings = {
            "line": theirs.fileno(),
            "path": [os.path.abspath(path) for path in sys.path],
            "preload": self.preload,
            "absent": self.absent,
            "memory_bytes": int(self.limits.memory_mb) << 20,
        }
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", START, json.dumps(settings)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd=folder.name,
                start_new_session=True,
            )
        child = Child(ours, _Process(process, folder))
        ours.setblocking(True)
        ready = ours.recv(1)  # it has imported what takes long
        ours.setblocking(False)
        if not ready:
            child.kill()
            raise SandboxError(f"Python did not start: is {', '.join(self.preload)} installed?")
        return child

    def lost(self) -> bool:
        """There is nothing that could be."""
        return False

    def close(self) -> None:
        """Nothing is kept."""


class _Process:
    def __init__(
        self, process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory
    ) -> None:
        self._process, self._folder = process, folder
        self.pid = process.pid

    def end(self) -> None:
        if self._process.poll() is None:
            os.killpg(self.pid, 9)
        self._process.wait()
        self._folder.cleanup()
