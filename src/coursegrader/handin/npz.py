"""Reads an `.npz` that a stranger wrote: plain arrays of numbers or a clear refusal.

Nothing is unpickled, nothing is written to disk, and no size that the file states is believed
before it is compared with a limit.
"""

import io
import math
import re
import zipfile
from typing import TYPE_CHECKING

from ..common.text import escaped

if TYPE_CHECKING:  # the command line starts without NumPy
    import numpy as np

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}")
_SUFFIX = ".npy"
_NUMBERS = "biuf"  # truth values, integers, floats: by NumPy's letters
_MAX_AXES = 16


class NpzError(ValueError):
    """Why a file is no `.npz` of plain arrays within its limits; the message is for the student."""


def read_npz(content: bytes, *, most_bytes: int, most_arrays: int) -> dict[str, "np.ndarray"]:
    """The arrays of an `.npz` by their names, read-only.

    Args:
        most_bytes: of the file, and of all that it unpacks to.
        most_arrays: in the file.

    Raises:
        NpzError: it is no `.npz`, breaks a limit, or holds something other than arrays of numbers.
    """
    if len(content) > most_bytes:
        raise NpzError(f"it is larger than {_kilobytes(most_bytes)}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(archive, most_bytes, most_arrays)
            return {name: _array(_read(archive, info), name) for name, info in members.items()}
    except NpzError:
        raise
    except Exception as error:  # whatever hostile bytes make of the readers of zip and NumPy
        raise NpzError(
            f"it is no .npz that can be read ({type(error).__name__}): write it with np.savez"
        ) from None


def _members(
    archive: zipfile.ZipFile, most_bytes: int, most_arrays: int
) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > most_arrays:
        raise NpzError(f"it holds {len(infos)} arrays, at most {most_arrays}")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.orig_filename.removesuffix(_SUFFIX)
        shown = escaped(info.orig_filename[:100])
        if not info.orig_filename.endswith(_SUFFIX) or not _NAME.fullmatch(name):
            raise NpzError(
                f"{shown!r} in it is not the name of an array: letters, digits, dots and "
                "underscores, as np.savez writes them"
            )
        if name in members:
            raise NpzError(f"it holds {shown!r} twice")
        members[name] = info
    unpacked = sum(info.file_size for info in infos)
    if unpacked > most_bytes:
        raise NpzError(f"it unpacks to {_kilobytes(unpacked)}, at most {_kilobytes(most_bytes)}")
    return members


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # `zipfile` stops at the size that was announced and counted, and then checks the sum.
    with archive.open(info) as file:
        return file.read(info.file_size + 1)


def _array(data: bytes, name: str) -> "np.ndarray":
    import numpy as np
    from numpy.lib import format as npy

    stream = io.BytesIO(data)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, is_fortran, dtype = readers[npy.read_magic(stream)](stream)
    if dtype.hasobject:
        raise NpzError(
            f"{name} holds Python objects, which are never unpickled: store arrays of numbers"
        )
    if dtype.kind not in _NUMBERS or dtype.itemsize > 8:
        raise NpzError(f"{name} holds {dtype}, no plain numbers: use float32")
    values = data[stream.tell() :]
    # Of an array without elements, too, the sides are bounded: a sum along the empty one has them.
    extent = math.prod(side or 1 for side in shape) * dtype.itemsize
    if len(shape) > _MAX_AXES or min(shape, default=0) < 0 or extent > max(len(data), 1 << 16):
        raise NpzError(f"{name} states the shape {shape}, for which it has too few numbers")
    if math.prod(shape) * dtype.itemsize != len(values):
        raise NpzError(f"{name} states the shape {shape}, which is not what it holds")
    array = np.frombuffer(values, dtype).reshape(shape, order="F" if is_fortran else "C")
    return np.ascontiguousarray(array).reshape(shape)


def _kilobytes(size: int) -> str:
    return f"{math.ceil(size / 1024):,} kB"
