"""The sandbox as the tests' side sees it: one zygote, and a child for each submission."""

import contextlib
import json
import os
import select
import socket
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from ..common.limits import Limits
from . import bubblewrap
from .child import Child, PidfdProcess, Process, is_ready
from .errors import SandboxError
from .memory import MemoryGroup, make_group
from .seccomp import compiled_filter

START_SECONDS = 60.0  # Torch may come from a slow disk
HANDSHAKE_SECONDS = 10.0
LOST_SECONDS = 0.1
_sandboxes = count()


class Sandbox:
    """A zygote in bubblewrap; started when first needed, started again when it died.

    Args:
        packages: distributions that a student's code may import.
        preload: modules to import once, before any submission.
    """

    def __init__(
        self,
        packages: tuple[str, ...] = (),
        preload: tuple[str, ...] = (),
        limits: Limits | None = None,
    ) -> None:
        self.packages, self.preload, self.limits = packages, preload, limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._group = MemoryGroup(None)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def zygote_pid(self) -> int | None:
        """The process that bubblewrap runs in, or None."""
        return self._process.pid if self._process else None

    def spawn(self) -> Child:
        """A new child, locked down, that has run nothing yet.

        Raises:
            SandboxError: there is no sandbox to be had.
        """
        for attempt in (1, 2, 3):
            if self._process is None or self._process.poll() is not None:
                self.close()
                self._start()
            with contextlib.suppress(_ZygoteDied):
                return self._spawn()
            if attempt < 3:
                self.close()
        raise SandboxError("the sandbox died three times in a row")

    def lost(self) -> bool:
        """Whether the zygote has ended; a moment is granted, since all ends at the same time."""
        if self._process is None or self._process.poll() is not None:
            return True
        # It never speaks first: what can be read is the end of the line.
        return is_ready(self._control.fileno(), select.POLLIN, LOST_SECONDS)

    def close(self) -> None:
        """End the zygote and all its children."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            # bubblewrap's own process 1 dies with it, and everything in its namespace.
            below = []
            for pid in descendants(self._process.pid)[1:]:
                with contextlib.suppress(ProcessLookupError):
                    below.append(PidfdProcess(os.pidfd_open(pid)))
            self._process.kill()
            self._process.wait()
            for process in below:
                process.end()
        self._group.remove()
        self._process = self._control = None

    def _start(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(START_SECONDS)
        with theirs, tempfile.TemporaryFile() as stderr:
            try:
                self._process = subprocess.Popen(
                    bubblewrap.command(theirs.fileno(), self.packages),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    pass_fds=[theirs.fileno()],
                )
                theirs.close()
                reply = self._set_up()
            except SandboxError:
                self.close()
                raise
            except (OSError, ValueError):
                self.close()
                stderr.seek(0)
                reason = bubblewrap.explanation(stderr.read(4000).decode(errors="replace"))
                raise SandboxError(f"bubblewrap did not start: {reason}") from None
        if reply["problem"]:
            self.close()
            raise SandboxError(reply["problem"])
        self._limit_memory()
        limits = self.limits.resource_limits(reply["address_space"])
        self._control.send(json.dumps(limits).encode())

    def _set_up(self) -> dict[str, Any]:
        """Tell the zygote what to do; return what it says when it is ready."""
        settings = {
            "uid": bubblewrap.uid_to_drop_to(),
            "preload": list(self.preload),
            "filter": compiled_filter().hex(),
            "disk_bytes": int(self.limits.disk_mb) << 20,
            "devices": bubblewrap.DEVICES,
            "workspace": bubblewrap.workspace(self.packages),
        }
        self._control.send(json.dumps(settings).encode())
        return json.loads(self._control.recv(1 << 16))

    def _limit_memory(self) -> None:
        """For the zygote and the one child that it has at a time."""
        limit = (int(self.limits.memory_mb) + 1024) << 20
        self._group = make_group(limit, next(_sandboxes))
        with contextlib.suppress(OSError):
            for pid in descendants(self._process.pid):
                self._group.add(pid)

    def _spawn(self) -> Child:
        ours, theirs = socket.socketpair()
        ours.settimeout(HANDSHAKE_SECONDS)
        try:
            with theirs:
                socket.send_fds(self._control, [b"s"], [theirs.fileno()])
            message, fds, _, _ = socket.recv_fds(ours, 1001, 1)
            if not message:
                raise _ZygoteDied
            if message[:1] != b"p" or len(fds) != 1:
                raise SandboxError(f"a child could not be made: {message[1:].decode()}")
            process = PidfdProcess(fds[0])
        except OSError:
            ours.close()
            raise _ZygoteDied from None
        except (SandboxError, _ZygoteDied):
            ours.close()
            raise
        return self._handshake(ours, process)

    def _handshake(self, line: socket.socket, process: Process) -> Child:
        """Let a child lock itself down; no student's code runs before it says that it did."""
        try:
            line.sendall(b"g")
            reply = line.recv(1001)
        except OSError:
            reply = b""
        child = Child(line, process)
        if reply == b"r":
            return child
        child.kill()
        if not reply:
            raise _ZygoteDied
        raise SandboxError(f"a child could not be locked down: {reply[1:].decode()}")


class _ZygoteDied(Exception):
    pass


def descendants(pid: int) -> list[int]:
    """A process and all below it, whichever thread started them; itself alone where it ended."""
    pids = [pid]
    for parent in pids:
        # Any of them, and any of their threads, may end while we look.
        with contextlib.suppress(OSError):
            for path in [*Path(f"/proc/{parent}/task").glob("*/children")]:
                with contextlib.suppress(OSError):
                    pids += map(int, path.read_text().split())
    return pids
