"""The sandbox as the tests' side sees it: one zygote, and a child for each submission."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from ..inside.serve import NONCE
from ..inside.wire import LENGTHS, MAX_ARRAYS, MAX_HEADER, WireError, lengths
from ..limits import Limits
from . import bubblewrap
from .errors import SandboxError
from .memory import MemoryGroup, make_group
from .seccomp import compiled_filter

START_SECONDS = 60.0  # Torch may come from a slow disk
HANDSHAKE_SECONDS = 10.0
LOST_SECONDS = 0.1
STARVED = 0.5  # a child that wants the processor and had less than this share may take longer
PATIENCE = 4  # times the deadline, for a child that the machine starved
_sandboxes = count()


class ChildError(Exception):
    """The student's process gave no answer."""


class ChildTimeout(ChildError):
    """It took too long, and was killed."""


class ChildDied(ChildError):
    """It ended, or wrote something that is no answer."""


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

    def spawn(self) -> "Child":
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
        return bool(select.select([self._control], [], [], LOST_SECONDS)[0])

    def close(self) -> None:
        """End the zygote and all its children."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            # bubblewrap's own process 1 dies with it, and everything in its namespace.
            below = []
            for pid in descendants(self._process.pid)[1:]:
                with contextlib.suppress(ProcessLookupError):
                    below.append(_PidfdProcess(os.pidfd_open(pid)))
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

    def _spawn(self) -> "Child":
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
            process = _PidfdProcess(fds[0])
        except OSError:
            ours.close()
            raise _ZygoteDied from None
        except (SandboxError, _ZygoteDied):
            ours.close()
            raise
        return self._handshake(ours, process)

    def _handshake(self, line: socket.socket, process: "Process") -> "Child":
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


class Process(Protocol):
    """What a child runs in."""

    pid: int

    def end(self) -> None: ...


class _PidfdProcess:
    """A process, and its namespace, held by a file descriptor: its number cannot be reused."""

    def __init__(self, pidfd: int) -> None:
        self._pidfd = pidfd
        with open(f"/proc/self/fdinfo/{pidfd}") as info:
            lines = [line.split() for line in info if line.startswith("Pid:")]
        self.pid = int(lines[0][1]) if lines else -1

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        select.select([self._pidfd], [], [], HANDSHAKE_SECONDS)
        os.close(self._pidfd)


class Child:
    """One student's process. Nothing that comes from it is believed."""

    def __init__(self, line: socket.socket, process: Process) -> None:
        self._line, self._process = line, process
        line.setblocking(False)
        self._received = bytearray()
        self.alive = True

    def ask(self, frame: bytes, seconds: float) -> tuple[bytes, bytes]:
        """Send a request and return the two parts of the answer's frame.

        A child that used the processor has `seconds`; one that the machine starved has more.

        Raises:
            ChildTimeout, ChildDied: no answer; the child has been killed.
        """
        # Random, so that an answer written before the question is not taken for one.
        nonce = os.urandom(NONCE.size)
        clock = _Clock(self._process.pid, seconds)
        try:
            self._send(nonce + frame, clock)
            prefix = self._receive(NONCE.size + LENGTHS.size, clock)
            if prefix[: NONCE.size] != nonce:
                raise ChildDied("it wrote something that is no answer")
            header, arrays = lengths(prefix[NONCE.size :])
            body = self._receive(header + arrays, clock)
            if self._received:
                raise ChildDied("it wrote more than an answer")
            return body[:header], body[header:]
        except WireError as error:
            self.kill()
            raise ChildDied(str(error)) from None
        except ChildError:
            self.kill()
            raise
        except OSError:
            self.kill()
            raise ChildDied("it ended") from None

    def kill(self) -> None:
        """End the child, and with it everything in its namespace; wait until it is gone."""
        if self.alive:
            self.alive = False
            self._process.end()
            self._line.close()

    def _send(self, data: bytes, clock: "_Clock") -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._line.send(view, socket.MSG_NOSIGNAL) :]
            except BlockingIOError:
                self._wait([], [self._line], clock)

    def _receive(self, length: int, clock: "_Clock") -> bytes:
        """The next `length` bytes; what came behind them is kept."""
        while len(self._received) < length:
            try:
                # Plain recv: file descriptors that come along are dropped by the kernel.
                part = self._line.recv(1 << 20)
            except BlockingIOError:
                self._wait([self._line], [], clock)
                continue
            if not part:
                raise ChildDied("it ended")
            self._received += part
            if len(self._received) > MAX_HEADER + MAX_ARRAYS + (1 << 21):
                raise ChildDied("it wrote far more than an answer")
        data, self._received = bytes(self._received[:length]), self._received[length:]
        return data

    def _wait(
        self, readers: list[socket.socket], writers: list[socket.socket], clock: "_Clock"
    ) -> None:
        while not any(select.select(readers, writers, [], clock.remaining())):
            if clock.expired():
                raise ChildTimeout


class _Clock:
    """A deadline in wall time that waits a while for a process that gets no processor."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid, self._seconds = pid, seconds
        self._cpu, _ = _cpu_seconds(pid)
        self._deadline = time.monotonic() + seconds
        self._last = time.monotonic() + PATIENCE * seconds

    def remaining(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def expired(self) -> bool:
        if self.remaining() > 0:
            return False
        used, wants_more = _cpu_seconds(self._pid)
        had_enough = not wants_more or used - self._cpu >= STARVED * self._seconds
        if had_enough or time.monotonic() >= self._last:
            return True
        self._deadline = min(self._last, time.monotonic() + self._seconds / 2)
        return False


def _cpu_seconds(pid: int) -> tuple[float, bool]:
    """What a process has used of the processor, and whether it would use more now."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0, False  # it has ended
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), fields[0] in (b"R", b"D")


def descendants(pid: int) -> list[int]:
    """A process and all below it, whichever thread started them; itself alone where it ended."""
    pids = [pid]
    for parent in pids:
        for path in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                pids += map(int, path.read_text().split())
    return pids
