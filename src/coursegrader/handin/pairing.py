"""Puts the data files that students handed in beside their notebooks into these notebooks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..common.notebook import UnreadableError
from ..common.records import Refused
from ..common.text import escaped
from .data_files import DataFile, attach, attached


@dataclass(frozen=True)
class Piece:
    """A file of a hand-in: whose it is, where it lay, and what it is called without that."""

    path: str
    student: str  # of a data file, "" where its place does not tell
    filename: str
    again: int = 0  # how often the course system saw this file name before
    order: tuple = ()

    @property
    def folder(self) -> PurePosixPath:
        return PurePosixPath(self.path).parent


def put_together(
    notebooks: Iterable[Piece],
    data: Iterable[Piece],
    contents: Mapping[str, bytes],
    declared: Sequence[DataFile],
) -> tuple[dict[str, bytes], list[Refused]]:
    """The contents of the notebooks with the data that belong to them, and data without notebook.

    Data belong to the notebooks of the same student in the same folder. Where there are several of
    one name, a notebook gets the one that was handed in as often as itself, or else the last. What
    `pack` put into a notebook stays there.
    """
    if not declared:
        return dict(contents), []
    # What could not be read has no content.
    notebooks, data = ([p for p in pieces if p.path in contents] for pieces in (notebooks, data))
    made, used = dict(contents), set()
    for notebook in notebooks:
        theirs = [one for one in data if _belong_together(notebook, one, notebooks)]
        used |= {one.path for one in theirs}
        # Of one name the last counts, so the best comes last.
        theirs.sort(key=lambda one: (one.again == notebook.again, one.order))
        made[notebook.path] = _with(
            {one.filename: contents[one.path] for one in theirs},
            notebook.filename,
            contents[notebook.path],
            declared,
        )
    reason = "lies beside no notebook of one student: hand both in together, or in one folder"
    lonely = [Refused(escaped(one.path), reason) for one in data if one.path not in used]
    return made, lonely


def _with(
    files: dict[str, bytes], filename: str, content: bytes, declared: Sequence[DataFile]
) -> bytes:
    try:
        inside = attached(filename, content, declared)
        missing = {name: data for name, data in files.items() if name not in inside}
        return attach(content, missing) if missing else content
    except UnreadableError:  # which grading it will say
        return content


def _belong_together(notebook: Piece, data: Piece, notebooks: list[Piece]) -> bool:
    if notebook.folder != data.folder or not notebook.filename.lower().endswith(".ipynb"):
        return False
    students = {one.student for one in notebooks if one.folder == data.folder}
    return data.student == notebook.student or (not data.student and len(students) == 1)
