"""Data that an assignment lets students hand in beside the notebook: arrays, as `.npz` files.

A hand-in stays one file. `pack` puts what lies beside the notebook into the notebook's metadata,
and so does the intake with what a course system hands out as two files. The arrays are read by the
trusted side; a test hands them to the student's functions as arguments, like any other value.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.notebook import notebook_file, read_notebook
from .npz import NpzError, read_npz

if TYPE_CHECKING:
    import numpy as np

METADATA = "coursegrader"  # the key in a notebook's metadata
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.npz")


class DataFileError(ValueError):
    """A declared file that is missing or cannot be taken; the message is for the student."""


@dataclass(frozen=True)
class DataFile:
    """A file that an assignment's `assignment.toml` declares under `[data]`.

    Attributes:
        name: beside the notebook; ends in `.npz`.
        kilobytes: of the file, and of all arrays together when they are unpacked.
        arrays: at most so many.

    Raises:
        ValueError: the name is no plain name of an `.npz`, or a limit is no whole number from 1.
    """

    name: str
    kilobytes: int = 1024
    arrays: int = 64

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"data: a file must have a plain name with .npz, got {self.name!r}")
        for key in ("kilobytes", "arrays"):
            value = getattr(self, key)
            if type(value) is not int or value < 1:
                raise ValueError(
                    f"data.{self.name}: {key} must be a whole number from 1, got {value!r}"
                )

    @property
    def most_bytes(self) -> int:
        """Of the file, and of all that it unpacks to."""
        return self.kilobytes << 10

    def read(self, content: bytes | None) -> dict[str, "np.ndarray"]:
        """The arrays by their names.

        Raises:
            DataFileError: there is no content, it breaks a limit, or is no file of plain arrays.
        """
        if content is None:
            raise DataFileError(
                f"The file {self.name} was not handed in: run the cell that writes it, keep it "
                "beside the notebook, and pack both with `coursegrader pack`."
            )
        try:
            return read_npz(content, most_bytes=self.most_bytes, most_arrays=self.arrays)
        except NpzError as error:
            raise DataFileError(f"The file {self.name} cannot be taken: {error}.") from None


class HandedIn:
    """The declared files of one hand-in, each read once, and not before it is asked for."""

    def __init__(
        self, declared: Iterable[DataFile] = (), contents: Mapping[str, bytes] | None = None
    ) -> None:
        self._declared = {file.name: file for file in declared}
        self._contents = contents or {}
        self._read: dict[str, dict[str, np.ndarray] | DataFileError] = {}

    def arrays(self, name: str) -> dict[str, "np.ndarray"]:
        """The arrays of a file by their names.

        Raises:
            DataFileError: it was not handed in, or cannot be taken.
            KeyError: the assignment declares no such file.
        """
        found = self._once(name)
        if isinstance(found, DataFileError):
            raise found
        return dict(found)

    @property
    def problems(self) -> list[str]:
        """What is wrong with files that were handed in; one that is missing may not be needed."""
        tried = [self._once(name) for name in self._contents]
        return [str(one) for one in tried if isinstance(one, DataFileError)]

    def _once(self, name: str) -> "dict[str, np.ndarray] | DataFileError":
        if name not in self._read:
            try:
                self._read[name] = self._declared[name].read(self._contents.get(name))
            except DataFileError as error:
                self._read[name] = error
        return self._read[name]


def beside(folder: Path, declared: Iterable[DataFile]) -> dict[str, bytes]:
    """The contents of the declared files that lie in a folder."""
    found = {}
    for file in declared:
        if (folder / file.name).is_file():
            with (folder / file.name).open("rb") as opened:
                found[file.name] = opened.read(file.most_bytes + 1)  # enough to be too much
    return found


def attached(filename: str, content: bytes, declared: Iterable[DataFile]) -> dict[str, bytes]:
    """The contents of the declared files that travel inside a notebook.

    Raises:
        UnreadableError: it is no notebook.
    """
    if not filename.lower().endswith(".ipynb"):
        return {}
    files = _dict(_dict(_dict(read_notebook(content).get("metadata")).get(METADATA)).get("files"))
    found = {file.name: files[file.name] for file in declared if file.name in files}
    return {name: _decoded(text) for name, text in found.items()}


def attach(content: bytes, files: Mapping[str, bytes]) -> bytes:
    """A notebook's file with files inside, in place of those of their names.

    Raises:
        UnreadableError: it is no notebook.
    """
    notebook = read_notebook(content)
    inside = {name: base64.b64encode(data).decode() for name, data in files.items()}
    metadata = _dict(notebook.get("metadata"))
    ours = _dict(metadata.get(METADATA))
    ours = ours | {"files": _dict(ours.get("files")) | inside}
    return notebook_file(notebook | {"metadata": metadata | {METADATA: ours}})


def _decoded(text: object) -> bytes:
    """The bytes; none where somebody wrote something else there, which is then no `.npz`."""
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        return b""


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}
