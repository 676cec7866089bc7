"""Frames over a file descriptor: the student's end of the line."""

import os
import struct
import sys
from typing import Any

from .runner import Runner
from .wire import LENGTHS, WireError, lengths, pack, unpack

NONCE = struct.Struct("<Q")  # which request an answer belongs to


def serve(fd: int, runner: Runner) -> None:
    """Answer requests from `fd`, one after the other, until it closes."""
    while True:
        prefix = _read(fd, NONCE.size + LENGTHS.size)
        if not prefix:
            return
        nonce, (header_length, array_length) = prefix[: NONCE.size], lengths(prefix[NONCE.size :])
        header, arrays = _read(fd, header_length), _read(fd, array_length)
        request = unpack(header, arrays, runner.open, _make_tensor)
        reply = runner.answer(request)
        try:
            frame = pack(reply, runner.keep)
        except (WireError, RecursionError) as error:
            frame = pack(
                ["raised", type(error).__name__, ["WireError"], str(error), 0, ""], _no_handle
            )
        _write(fd, nonce + frame)


def _make_tensor(array: Any) -> Any:
    return sys.modules["torch"].from_numpy(array) if "torch" in sys.modules else array


def _no_handle(value: Any) -> Any:
    raise WireError(f"{type(value).__name__} cannot be sent")


def _read(fd: int, length: int) -> bytes:
    parts = []
    while length:
        part = os.read(fd, min(length, 1 << 20))
        if not part:
            return b""
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
