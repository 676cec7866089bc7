"""Hand-ins: of one person at one time, a set of files, and among them one notebook that counts."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath

from ..common.records import Submission
from ..common.text import escaped
from .archive import Entry
from .choice import Wanted
from .reading import Reader
from .whose import Owner

NOTEBOOKS = (".ipynb", ".py")
ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz")
DOCUMENTS = (".pdf", ".html", ".htm", ".doc", ".docx", ".odt")


@dataclass(frozen=True)
class Part:
    """A file of a hand-in: whose it is, and when it came."""

    entry: Entry
    owner: Owner
    submitted: datetime | None = None
    is_told: bool = False  # the time comes from the course system or the instructor

    @property
    def filename(self) -> str:
        return self.owner.plain_filename

    @property
    def order(self) -> tuple:
        """Of two that could both count, the later one; where nothing tells, by the names."""
        when = self.submitted.timestamp() if self.submitted else 0.0
        digits = [(int(n or 0), text) for n, text in re.findall(r"(\d*)(\D*)", self.entry.path)]
        return when, self.owner.upload, self.owner.again, digits


@dataclass
class HandIn:
    """What one person handed in at one time."""

    parts: list[Part]

    @property
    def submitted(self) -> datetime | None:
        """When, as the course system or the instructor tells it."""
        return max((one.submitted for one in self.parts if one.is_told), default=None)

    @property
    def notebooks(self) -> list[Part]:
        return [one for one in self.parts if suffix(one.entry) in NOTEBOOKS]

    def pool(self, wanted: Wanted) -> list[Part]:
        """The files that may be the notebook, by their names."""
        called = wanted.called([one.filename for one in self.notebooks])
        return [one for one in self.notebooks if one.filename in called]

    def size(self, wanted: Wanted) -> int:
        """What has to be read."""
        return sum(one.entry.size for one in self.pool(wanted))

    def choose(self, wanted: Wanted, reader: Reader) -> "Chosen":
        """The one file that counts, or why none does."""
        pool = self.pool(wanted)
        if not pool:
            return Chosen(self, max(self.parts, key=lambda one: one.order))
        if len(pool) == 1:
            return Chosen(self, pool[0], reader.content(pool[0].entry), reader.why(pool[0].entry))
        contents = {one.entry.path: reader.content(one.entry) for one in pool}
        likeness = {
            one.entry.path: wanted.likeness(one.filename, contents[one.entry.path] or b"")
            for one in pool
        }
        best = max(pool, key=lambda one: (likeness[one.entry.path], one.order))
        return Chosen(self, best, contents[best.entry.path], reader.why(best.entry))


@dataclass
class Chosen:
    """A hand-in with its file that counts, or with the reason why it cannot be graded."""

    hand_in: HandIn
    part: Part
    content: bytes | None = None
    unreadable: str = ""

    @property
    def order(self) -> tuple:
        return self.part.order

    @cached_property
    def reason(self) -> str:
        """Why it cannot be graded, or nothing."""
        if self.content is not None:
            return ""
        name = escaped(self.part.owner.filename)
        return f"{name} {self.unreadable or self.part.entry.problem or _kind(self.part.entry)}"

    def submission(self, attempt: int, content: bytes | None) -> Submission:
        """What is graded: the file, with the data that belong to it."""
        owner = self.part.owner
        return Submission(
            student=owner.key,
            filename=owner.filename,
            content=content or b"",
            attempt=attempt,
            submitted=self.hand_in.submitted or self.part.submitted,
            late=owner.late,
            platform_id=owner.number,
            name=owner.name,
            system=owner.system,
            members=owner.members,
            upload=owner.upload,
            reason=self.reason,
        )


def suffix(entry: Entry) -> str:
    return PurePosixPath(entry.parts[-1]).suffix.lower()


def _kind(entry: Entry) -> str:
    if suffix(entry) in ARCHIVES:
        return "is an archive in the hand-in; hand in the notebook itself"
    return "is neither .ipynb nor .py; hand in the notebook"


def hand_ins_of(parts: Iterable[Part]) -> list[HandIn]:
    """What each person handed in, apart where the system's times or its marks LATE differ.

    Times that only files bear are those of saving, and part nothing. A file without a time belongs
    to the last hand-in of its person.
    """
    people: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        people[part.owner.key].append(part)
    return [hand_in for theirs in people.values() for hand_in in _by_time(theirs)]


def _by_time(parts: list[Part]) -> list[HandIn]:
    last = max((_moment(one) for one in parts if one.is_told), default=None)
    groups: dict[tuple, list[Part]] = defaultdict(list)
    for part in parts:
        groups[_moment(part) if part.is_told else last, part.owner.late].append(part)
    return [HandIn(group) for group in groups.values()]


def _moment(part: Part) -> datetime | None:
    return part.submitted.astimezone(UTC) if part.submitted else None


def in_order(chosen: Iterable[Chosen]) -> dict[str, list[Chosen]]:
    """The hand-ins of each person, in the order of handing in."""
    people: Mapping[str, list[Chosen]] = defaultdict(list)
    for one in sorted(chosen, key=lambda one: one.order):
        people[one.part.owner.key].append(one)
    return dict(sorted(people.items()))
