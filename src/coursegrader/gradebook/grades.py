"""What a grade is made of: attempts, marks by hand, and points as decimals.

Numbers are decimal from the first sum on: three times 0.1 is 0.3, and nobody gets 89.999999.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..common.records import Result, labelled, labels_of
from ..common.text import composed


@dataclass(frozen=True)
class Attempt:
    """A submission as the gradebook keeps it, with its result."""

    student: str
    platform_id: str
    filename: str
    attempt: int
    submitted: datetime | None
    late: bool  # the course system's own mark
    result: Result
    stale: bool = False  # graded by tests that have changed since
    upload: int = 0  # the course system's number of the file
    seen: int = 0  # the last run that found it among the hand-ins
    name: str = ""  # how the student is called now
    system: str = ""  # the course system of the number
    team: str = ""  # the group that handed it in
    unknown: bool = False  # to the class list, where there is one

    @property
    def label(self) -> str:
        """Name and number, for people."""
        return labelled(self.student, self.name, self.platform_id)

    @property
    def aliases(self) -> tuple[str, ...]:
        """What a policy may call the student or the group."""
        labels = labels_of(self.student, self.name, self.platform_id, self.system)
        names = self.student, *labels, self.platform_id, self.team
        return tuple(composed(one) for one in names if one)


@dataclass(frozen=True)
class Override:
    """What an instructor gave for one test of one student."""

    earned: Decimal
    comment: str = ""


@dataclass(frozen=True)
class Manual:
    """What an instructor added to one student's grade."""

    adjustment: Decimal = Decimal(0)
    comment: str = ""
    overrides: Mapping[str, Override] = field(default_factory=dict)  # by the test's name


NOT_TOUCHED = Manual()


@dataclass(frozen=True)
class Grade:
    """One student's grade, and everything that explains it."""

    chosen: Attempt
    points: Decimal  # that could be earned
    earned: Decimal  # by tests and overrides
    deduction: Decimal  # for lateness
    total: Decimal
    late: str = ""  # the deduction explained, for the student
    manual: Manual = NOT_TOUCHED
    attempts: int = 1

    @property
    def student(self) -> str:
        return self.chosen.student

    @property
    def platform_id(self) -> str:
        return self.chosen.platform_id

    @property
    def adjustment(self) -> Decimal:
        return self.manual.adjustment

    @property
    def comment(self) -> str:
        return self.manual.comment

    @property
    def stale(self) -> bool:
        return self.chosen.stale

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing to report: neither a hand-in nor a mark by hand."""
        by_hand = self.manual.adjustment or self.manual.comment or self.manual.overrides
        return not self.chosen.attempt and not by_hand

    @property
    def name(self) -> str:
        """The student without the course system's number, for people."""
        return self.chosen.name or self.chosen.student

    @property
    def label(self) -> str:
        """The student with the course system's number, for people."""
        return self.chosen.label


def decimal(number: Any) -> Decimal:
    """The decimal that a person reads: 0.1 is a tenth, not 0.1000000000000000055."""
    value = Decimal(str(number))
    if not value.is_finite():
        raise ValueError(f"{number} is no number of points")
    return value


def rounded(number: Decimal, decimals: int = 2) -> Decimal:
    """Half up, as by hand; never a negative zero."""
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0
