"""One student's process, and how long it may take to answer."""

import contextlib
import os
import select
import signal
import socket
import time
from typing import Protocol

from ..inside.serve import NONCE
from ..inside.wire import LENGTHS, MAX_ARRAYS, MAX_HEADER, WireError, lengths

NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)  # macOS has none, and Python ignores it anyway
END_SECONDS = 10.0
STARVED = 0.5  # a child that wants the processor and had less than this share may take longer
PATIENCE = 4  # times the deadline, for a child that the machine starved


class ChildError(Exception):
    """The student's process gave no answer."""


class ChildTimeout(ChildError):
    """It took too long, and was killed."""


class ChildDied(ChildError):
    """It ended, or wrote something that is no answer."""


class Process(Protocol):
    """What a child runs in."""

    pid: int

    def end(self) -> None: ...


class PidfdProcess:
    """A process, and its namespace, held by a file descriptor: its number cannot be reused."""

    def __init__(self, pidfd: int) -> None:
        self._pidfd = pidfd
        with open(f"/proc/self/fdinfo/{pidfd}") as info:
            lines = [line.split() for line in info if line.startswith("Pid:")]
        self.pid = int(lines[0][1]) if lines else -1

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        is_ready(self._pidfd, select.POLLIN, END_SECONDS)
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
                view = view[self._line.send(view, NO_SIGNAL) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, clock)

    def _receive(self, length: int, clock: "_Clock") -> bytes:
        """The next `length` bytes; what came behind them is kept."""
        while len(self._received) < length:
            try:
                # Plain recv: file descriptors that come along are dropped by the kernel.
                part = self._line.recv(1 << 20)
            except BlockingIOError:
                self._wait(select.POLLIN, clock)
                continue
            if clock.expired():  # one that never stops writing
                raise ChildTimeout
            if not part:
                raise ChildDied("it ended")
            self._received += part
            if len(self._received) > MAX_HEADER + MAX_ARRAYS + (1 << 21):
                raise ChildDied("it wrote far more than an answer")
        data, self._received = bytes(self._received[:length]), self._received[length:]
        return data

    def _wait(self, event: int, clock: "_Clock") -> None:
        while not is_ready(self._line.fileno(), event, clock.remaining()):
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


def is_ready(fd: int, event: int, seconds: float) -> bool:
    """Whether a file descriptor becomes ready in time; unlike `select`, for any number."""
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(seconds * 1000))
