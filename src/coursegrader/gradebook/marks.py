"""Marks by hand: what was given, by whom and when, and how to take it back.

Every change is a line of its own, which says what holds from then on: the points, and the comment.
None is ever overwritten. A line that is undone holds no longer, and the one before it does again.
"""

import getpass
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self

from ..common.text import encodable
from .file import Part
from .grades import Manual, Override, decimal

ADJUSTMENT = ""  # in the place of a test's name: what is added to the total
_COLUMNS = "number, student, test, points, comment, by, at, undone_by, undone_at"


@dataclass(frozen=True)
class Author:
    """Who makes a change, and when."""

    by: str
    at: datetime

    @classmethod
    def now(cls, by: str = "") -> Self:
        """Somebody now; without a name whoever is logged in."""
        try:
            by = by or getpass.getuser()
        except (OSError, KeyError, ImportError):  # an account without a name
            by = "somebody"
        return cls(by, datetime.now(UTC).replace(microsecond=0))


@dataclass(frozen=True)
class Mark:
    """One change: what holds from then on."""

    number: int
    student: str
    test: str  # or ADJUSTMENT
    points: Decimal | None  # None: the test says again what it earns
    comment: str
    by: str  # "" where an earlier version of the gradebook did not write it down
    at: datetime | None
    undone_by: str = ""
    undone_at: datetime | None = None


class Marks(Part):
    """The marks by hand of a gradebook's assignments."""

    def history(self, assignment: str, student: str | None = None) -> list[Mark]:
        """Every change, of one student or of all, the oldest first."""
        query = f"SELECT {_COLUMNS} FROM mark WHERE assignment = ? AND student = ifnull(?, student)"
        return [_mark(row) for row in self._rows(f"{query} ORDER BY number", assignment, student)]

    def standing(self, assignment: str, student: str | None = None) -> dict[tuple, Mark]:
        """What holds now, by student and test."""
        everything = self.history(assignment, student)
        return {(one.student, one.test): one for one in everything if not one.undone_at}

    def change(
        self,
        assignment: str,
        student: str,
        test: str,
        points: Decimal | None,
        comment: str,
        author: Author,
    ) -> None:
        """Write down what holds from now on."""
        stored = None if points is None else str(points)
        values = (assignment, student, test, stored, encodable(comment), encodable(author.by))
        query = "INSERT INTO mark (assignment, student, test, points, comment, by, at) VALUES "
        with self._transaction() as database:
            database.execute(f"{query} (?, ?, ?, ?, ?, ?, ?)", (*values, author.at.isoformat()))

    def undo(
        self, assignment: str, student: str, author: Author, *, number: int | None = None
    ) -> Mark:
        """Take back a change of this number, or the last one of a student that is not undone yet.

        Raises:
            ValueError: there is none.
        """
        open_ones = [one for one in self.history(assignment, student) if not one.undone_at]
        wanted = [one for one in open_ones if number in (None, one.number)]
        if not wanted:
            which = "nothing" if number is None else f"no change {number}"
            raise ValueError(f"there is {which} to undo; coursegrader history shows what there is")
        with self._transaction() as database:
            database.execute(
                "UPDATE mark SET undone_by = ?, undone_at = ? WHERE number = ?",
                (encodable(author.by), author.at.isoformat(), wanted[-1].number),
            )
        return wanted[-1]

    def manual(self, assignment: str) -> dict[str, Manual]:
        """What holds now, by student."""
        found: dict[str, dict[str, Mark]] = defaultdict(dict)
        for (student, test), one in self.standing(assignment).items():
            found[student][test] = one
        return {student: _manual(marks) for student, marks in found.items()}


def _manual(marks: dict[str, Mark]) -> Manual:
    added = marks.pop(ADJUSTMENT, None)
    overrides = {
        test: Override(one.points, one.comment)
        for test, one in marks.items()
        if one.points is not None
    }
    if added is None:
        return Manual(overrides=overrides)
    return Manual(added.points or Decimal(0), added.comment, overrides)


def _mark(row: tuple) -> Mark:
    number, student, test, points, comment, by, at, undone_by, undone_at = row
    points = None if points is None else decimal(points)
    return Mark(number, student, test, points, comment, by, _time(at), undone_by, _time(undone_at))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
