"""Values as bytes and back: what may cross between the tests and a student's code.

A frame is two lengths, a msgpack header and the raw bytes of its arrays. Only exact builtins, base
NumPy arrays and Torch tensors (as arrays) are rebuilt. Everything else stays where it is, and an
opaque handle crosses for it: no class of one side ever comes to life on the other, so a subclass
cannot lie and nothing is unpickled.

Each value but the plain scalars is a list that begins with a tag:

    ["l", ...] list   ["t", ...] tuple   ["s", ...] set   ["d", key, value, ...] dict
    ["i", bytes] big integer   ["c", real, imaginary] complex number
    ["a", dtype, shape, is_tensor] array; its bytes are the next in the second part of the frame
    ["h", number, type_name] handle
"""

import math
import re
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgpack

LENGTHS = struct.Struct("<II")  # of the header and of the array bytes
MAX_HEADER = 1 << 20
MAX_ARRAYS = 64 << 20
MAX_DEPTH = 32
MAX_INTEGER_BYTES = 512
# Of all sets and dicts of a frame: keys that were chosen to collide take quadratic time.
MAX_KEYS = 5000
TAGS = {list: "l", tuple: "t", set: "s", frozenset: "s", dict: "d"}
WIDEST = {"b": 1, "i": 8, "u": 8, "f": 8, "c": 16}  # bytes of a number, by NumPy's kinds
_DTYPE = re.compile(r"[<>|=]?[biufc]\d{1,2}")


class WireError(ValueError):
    """A value that may not cross, or bytes that are no frame."""


class Handle(NamedTuple):
    """An object that stayed on the student's side."""

    number: int
    type_name: str


class Tensor(NamedTuple):
    """An array that is to arrive as a Torch tensor."""

    array: Any


def pack(value: Any, keep: Callable[[Any], Handle]) -> bytes:
    """Return the frame of a value; `keep` makes the handle of an object that cannot cross.

    Raises:
        WireError: it nests deeper than MAX_DEPTH, refers to itself, or is too large.
    """
    encoder = _Encoder(keep)
    tree = encoder.value(value)
    try:
        header = msgpack.packb(tree, unicode_errors="replace")
    except (ValueError, OverflowError, MemoryError) as error:
        raise WireError(f"the value cannot be sent: {error}") from None
    arrays = b"".join(encoder.blobs)
    if len(header) > MAX_HEADER or len(arrays) > MAX_ARRAYS:
        raise WireError(
            f"the value is too large: {len(header) + len(arrays):,} bytes; at most "
            f"{MAX_ARRAYS >> 20} MiB of arrays and {MAX_HEADER >> 20} MiB of anything else"
        )
    return LENGTHS.pack(len(header), len(arrays)) + header + arrays


def lengths(prefix: bytes) -> tuple[int, int]:
    """The lengths of header and arrays that the first 8 bytes of a frame announce.

    Raises:
        WireError: one is above its limit.
    """
    header, arrays = LENGTHS.unpack(prefix)
    if header > MAX_HEADER or arrays > MAX_ARRAYS:
        raise WireError(f"a frame of {header + arrays:,} bytes is too large")
    return header, arrays


def unpack(
    header: bytes,
    arrays: bytes,
    open_handle: Callable[[Handle], Any],
    make_tensor: Callable[[Any], Any] = lambda array: array,
) -> Any:
    """Rebuild the value of a frame from its two parts.

    Args:
        open_handle: what stands for an opaque object on this side.
        make_tensor: what becomes of an array that was sent as a tensor; by default it stays one.

    Raises:
        WireError: anything that :py:func:`pack` does not write.
    """
    try:
        tree = msgpack.unpackb(header, use_list=True, raw=False, strict_map_key=True)
        decoder = _Decoder(arrays, open_handle, make_tensor)
        value = decoder.value(tree)
    except WireError:
        raise
    # msgpack's own errors are ValueErrors; a tag without its items is an IndexError or TypeError.
    except (ValueError, IndexError, TypeError, OverflowError, MemoryError) as error:
        raise WireError(f"not a frame: {type(error).__name__}") from None
    if decoder.position != len(arrays):
        raise WireError("not a frame: bytes that belong to no array")
    return value


@dataclass
class _Encoder:
    keep: Callable[[Any], Handle]
    blobs: list[bytes] = field(default_factory=list)
    keys: int = 0

    def value(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)  # exact: a subclass could answer anything
        if value is None or kind in (bool, float, str, bytes):
            return value
        if kind is int:
            return value if -(1 << 63) <= value < 1 << 63 else ["i", _integer_bytes(value)]
        if kind is complex:
            return ["c", value.real, value.imag]
        if kind in TAGS:
            return self.items(value, TAGS[kind], depth)
        if kind is Handle:
            return ["h", *value]
        # A program without NumPy or Torch has no array of theirs.
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        if kind is Tensor:
            return self.array(numpy.asarray(value.array), is_tensor=True)
        if numpy is not None:
            if isinstance(value, numpy.generic) and kind.__module__ == "numpy":
                # The item of a long double is a long double.
                wide = {numpy.longdouble: float, numpy.clongdouble: complex}.get(kind)
                return self.value(wide(value) if wide else value.item(), depth)
            if kind is numpy.ndarray and value.dtype.kind in "biufc":
                return self.array(value, is_tensor=False)
        if torch is not None and kind in (torch.Tensor, torch.nn.Parameter):
            array = _tensor_array(torch, value)
            if array is not None:
                return self.array(array, is_tensor=True)
        return ["h", *self.keep(value)]

    def items(self, value: Any, tag: str, depth: int) -> list[Any]:
        if depth >= MAX_DEPTH:
            raise WireError(f"the value nests deeper than {MAX_DEPTH} levels, or contains itself")
        if tag in "sd":
            self.keys = _counted(self.keys + len(value))
        parts = [part for pair in value.items() for part in pair] if tag == "d" else value
        return [tag, *(self.value(part, depth + 1) for part in parts)]

    def array(self, array: Any, *, is_tensor: bool) -> list[Any]:
        if array.dtype.kind not in "biufc":
            raise WireError(f"an array of {array.dtype} holds no numbers")
        if (
            array.dtype.itemsize > WIDEST[array.dtype.kind]
        ):  # long doubles have numbers that are none
            array = array.astype(complex if array.dtype.kind == "c" else float)
        if array.nbytes > MAX_ARRAYS:
            raise WireError(f"an array of {array.nbytes:,} bytes is too large")
        self.blobs.append(array.tobytes())
        return ["a", array.dtype.str, list(array.shape), is_tensor]


def _integer_bytes(value: int) -> bytes:
    length = value.bit_length() // 8 + 1
    if length > MAX_INTEGER_BYTES:
        raise WireError(f"an integer of {length:,} bytes is too large")
    return value.to_bytes(length, "little", signed=True)


def _counted(keys: int) -> int:
    if keys > MAX_KEYS:
        raise WireError(f"sets and dicts of more than {MAX_KEYS:,} keys are too large")
    return keys


def _tensor_array(torch: Any, tensor: Any) -> Any:
    """The numbers of a tensor, or None: some layouts and types are no array of NumPy's."""
    try:
        tensor = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        return tensor.numpy(force=True)
    except (TypeError, RuntimeError):
        return None


@dataclass
class _Decoder:
    arrays: bytes
    open_handle: Callable[[Handle], Any]
    make_tensor: Callable[[Any], Any]
    position: int = 0  # of the next array's bytes
    keys: int = 0

    def value(self, tree: Any, depth: int = 0) -> Any:
        if type(tree) is not list:
            if tree is None or type(tree) in (bool, int, float, str, bytes):
                return tree
            raise WireError(f"not a value: {type(tree).__name__}")
        if depth > MAX_DEPTH:
            raise WireError(f"a value nests deeper than {MAX_DEPTH} levels")
        tag, *parts = tree
        if tag == "a":
            return self.array(*parts)
        if tag == "i":
            (data,) = parts
            if len(_typed(data, bytes)) > MAX_INTEGER_BYTES:
                raise WireError(f"an integer of {len(data):,} bytes is too large")
            return int.from_bytes(data, "little", signed=True)
        if tag == "c":
            real, imaginary = parts
            return complex(_typed(real, float), _typed(imaginary, float))
        if tag == "h":
            number, type_name = parts
            return self.open_handle(Handle(_typed(number, int), _typed(type_name, str)[:100]))
        if tag == "s" or tag == "d":
            self.keys = _counted(self.keys + (len(parts) if tag == "s" else len(parts) // 2))
        items = [self.value(part, depth + 1) for part in parts]
        if tag == "l":
            return items
        if tag == "t":
            return tuple(items)
        if tag == "s":
            return set(items)
        if tag == "d":
            return dict(zip(items[::2], items[1::2], strict=True))
        raise WireError("not a value: an unknown tag")

    def array(self, dtype: str, shape: list[int], tensor: bool) -> Any:
        import numpy as np

        if not _DTYPE.fullmatch(_typed(dtype, str)) or len(_typed(shape, list)) > 32:
            raise WireError("not an array: its type or its shape")
        element, size = np.dtype(dtype), math.prod(_typed(side, int) for side in shape)
        if element.itemsize > WIDEST[element.kind]:
            raise WireError(f"not an array: numbers of {element.itemsize} bytes")
        # Without a single byte an array could claim axes of any length; its sum along the empty
        # one would have them.
        extent = math.prod(side for side in shape if side)
        if min(shape, default=0) < 0 or extent * element.itemsize > MAX_ARRAYS:
            raise WireError("not an array: its shape")
        start, self.position = self.position, self.position + size * element.itemsize
        if self.position > len(self.arrays):
            raise WireError("not an array: its bytes do not fill its shape")
        is_bool = element.kind == "b"  # a truth value is 0 or 1, whatever the byte
        element = np.dtype(np.uint8) if is_bool else element
        array = np.zeros(shape, element)  # a copy: the receiver may write into it
        if size:
            array[...] = np.frombuffer(self.arrays, element, size, start).reshape(shape)
        array = array.astype(bool) if is_bool else array
        return self.make_tensor(array) if _typed(tensor, bool) else array


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise WireError(f"not a value: {type(value).__name__} in place of {kind.__name__}")
    return value
