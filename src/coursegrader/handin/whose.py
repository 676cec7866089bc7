"""Whose a file is: read from what the course system wrote, never from what a student can choose.

A student chooses the names of files, often that of a group, sometimes his own. So the number that
the system puts between them is read from the side that the system controls, and which system it
was is decided by all names of a download together. A name that can be read in two ways is refused.

Canvas writes `NAME_[LATE_]NUMBER_UPLOAD_FILE`, the name in small letters, digits and underscores;
for anonymous marking `[LATE_]anon_CODE_UPLOAD_FILE` with a code of five letters and digits.
Moodle writes `NAME_NUMBER_assignsubmission_file/FILE` (before version 4.1 with one more `_`) or,
without folders, `NAME_NUMBER_assignsubmission_file_FILE`; it turns each `_` in a name to a blank.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from ..common.records import CANVAS, Person
from ..common.text import canvas_name, is_word

LONGEST = 1_000  # characters of a name; each may hide as many numbers as it has underscores
MOODLE, GRADESCOPE = "moodle", "gradescope"

_MOODLE = re.compile(r"(?P<name>[^_]*)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?")
_MOODLE_NOBODY = re.compile(r"[^_]*_assignsubmission_[a-z]+(?:_.*)?")
_CANVAS = re.compile(r"(?=_([1-9]\d*)_([1-9]\d*)_(.+))")  # each place where the numbers may stand
_ANONYMOUS = re.compile(
    r"(?:(?P<late>LATE)_)?anon_(?P<code>[1-9A-HJ-NP-Za-km-z]{5})_(?P<upload>\d+)_(?P<file>.+)"
)
_AGAIN = re.compile(r"-(\d{1,2})(?=\.[^.]+$)")  # Canvas: a file of this name was handed in before


class NobodyError(ValueError):
    """Why it cannot be told whose a file is, and what to do; the message is for the instructor."""


@dataclass(frozen=True)
class Owner:
    """What the name or the place of a file tells about who handed it in."""

    name: str
    filename: str
    number: str = ""  # the course system's, of the student or the group
    system: str = ""  # "" where files or folders are called as the instructor called them
    late: bool = False  # the course system's own mark
    upload: int = 0  # Canvas counts all files ever uploaded
    submitted: datetime | None = None
    members: tuple[Person, ...] = ()  # of a group, where the system tells them

    @property
    def key(self) -> str:
        """Who it is, however the name is written: the system's number, or else the name."""
        return self.number or self.name

    @property
    def again(self) -> int:
        """How often Canvas saw this file name before."""
        found = _AGAIN.search(self.filename) if self.system == CANVAS else None
        return int(found[1]) if found else 0

    @property
    def plain_filename(self) -> str:
        """The name of the file without what Canvas adds when it is handed in again."""
        return _AGAIN.sub("", self.filename) if self.again else self.filename


class Download:
    """All that a course system let download at once, and how its names are to be read."""

    def __init__(
        self, names: Iterable[str], known: Mapping[str, str] | None = None, system: str = ""
    ) -> None:
        """Read no name yet, but see which system wrote them.

        Args:
            names: of the files, or of the folders in which they lie, at the top of the download.
            known: the numbers of the class, and the names that belong to them.
            system: the course system, where all names fit two of them.
        """
        names = set(names)
        self._known = dict(known or {})
        moodle = {name for name in names if is_moodle(name)}
        readings = {name: _canvas_readings(name) for name in names}
        ordinary = {name for name in names if readings[name]}
        anonymous = {name for name in names if _ANONYMOUS.fullmatch(name)}
        canvas = ordinary | anonymous
        # What students choose can make one name fit both, but never make another one fit less.
        self._systems = {CANVAS, MOODLE}
        if system:
            self._systems = {system}
        elif bool(moodle - canvas) != bool(canvas - moodle):
            self._systems = {MOODLE} if moodle - canvas else {CANVAS}
        # One student may be called Anon, but not everybody.
        self._is_anonymous = ordinary <= anonymous
        uploads = [found[0].upload for found in readings.values() if len(found) == 1]
        self._uploads = range(min(uploads) // 10, max(uploads) * 10) if uploads else None

    def owner(self, first: str, rest: tuple[str, ...] = ()) -> Owner | None:
        """Who handed in the file `first`, or the file at `rest` in the folder `first`.

        None if no course system wrote this name.

        Raises:
            NobodyError: it can be read in several ways.
        """
        if len(first) > LONGEST:
            raise NobodyError(
                f"has a name of {len(first)} characters, which no course system gives"
            )
        moodle = MOODLE in self._systems and is_moodle(first)
        canvas = None
        if CANVAS in self._systems and not rest:
            canvas = self._canvas(first)
        if moodle and canvas:
            raise NobodyError(
                "may be named by Moodle or by Canvas: say which, with --from moodle or "
                "--from canvas"
            )
        return _moodle(first, rest) if moodle else canvas

    def _canvas(self, name: str) -> Owner | None:
        readings = _canvas_readings(name)
        anonymous = _ANONYMOUS.fullmatch(name)
        if anonymous and (self._is_anonymous or not readings):
            return Owner(
                f"anon_{anonymous['code']}",
                anonymous["file"],
                number=anonymous["code"],
                system=CANVAS,
                late=anonymous["late"] is not None,
                upload=int(anonymous["upload"]),
            )
        for narrower in (self._is_known, self._is_of_this_name, self._is_plausible):
            if len(readings) > 1:
                readings = [one for one in readings if narrower(one)] or readings
        if len(readings) > 1:
            numbers = " or ".join(one.number for one in readings)
            raise NobodyError(
                f"can be read as a hand-in of number {numbers}: give the class's table with "
                "--roster, or ask for a file name without numbers between underscores"
            )
        return readings[0] if readings else None

    def _is_known(self, one: Owner) -> bool:
        return one.number in self._known

    def _is_of_this_name(self, one: Owner) -> bool:
        return canvas_name(self._known.get(one.number, "")) == one.name

    def _is_plausible(self, one: Owner) -> bool:
        """Whether Canvas may have counted so far; the reference is what no name can change."""
        return self._uploads is None or one.upload in self._uploads


def is_moodle(name: str) -> bool:
    """Whether Moodle may have written this name of a folder or file."""
    return bool(_MOODLE.fullmatch(name) or _MOODLE_NOBODY.fullmatch(name))


def plain_owner(first: str, rest: tuple[str, ...] = ()) -> Owner:
    """The student whose name the folder bears, or the file without its suffix."""
    name = first if rest else PurePosixPath(first).stem
    return Owner(unicodedata.normalize("NFC", name), rest[-1] if rest else first)


def _moodle(first: str, rest: tuple[str, ...]) -> Owner:
    match = _MOODLE.fullmatch(first)
    if match is None:
        raise NobodyError(
            "was handed in by people who are in no group, and Moodle does not tell who: put them "
            "into groups there, or grade it by hand"
        )
    name = unicodedata.normalize("NFC", match["name"])
    filename = rest[-1] if rest else match["file"] or first
    return Owner(name, filename, number=match["number"], system=MOODLE)


def _canvas_readings(name: str) -> list[Owner]:
    """Every way in which Canvas may have put this name together, the leftmost number first."""
    readings = []
    if len(name) > LONGEST:
        return readings
    for place in _CANVAS.finditer(name):
        before = name[: place.start()]
        who = before.removesuffix("_LATE")
        # Canvas writes names in small letters and without punctuation, and only `LATE` in capitals.
        if who and all(map(is_word, who)) and who == who.lower():
            readings.append(
                Owner(
                    unicodedata.normalize("NFC", who),
                    place[3],
                    number=place[1],
                    system=CANVAS,
                    late=who != before,
                    upload=int(place[2]),
                )
            )
    return readings
