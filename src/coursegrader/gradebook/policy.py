"""From the attempts of a student to one grade: which attempt counts, and what lateness costs.

In this order, for each attempt:

1. The points of its tests are added up, where an instructor's override of a test counts instead.
2. A late attempt loses a percentage of *these* points for every started day (or hour), counted
   from the student's own due date: nothing within the grace minutes, everything after the cut-off.
3. The instructor's adjustment is added. Lateness does not shrink it: a person decided on it.
4. The total is rounded half up to two decimals, once, at the end; it is never below zero, and
   above the maximum only by an adjustment.

Then the best total counts, or the latest attempt. Numbers are decimal from the first sum on:
three times 0.1 is 0.3, and nobody gets 89.999999.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Literal, Self

from ..common.records import Result, labelled
from ..common.text import composed, number

AFTER_CUTOFF = "handed in after the cut-off: it earns no points"
PERIODS = {"day": timedelta(days=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True)
class Policy:
    """How attempts become a grade; the default: the best attempt, no due date."""

    due: datetime | None = None  # with a time zone
    grace_minutes: float = 0  # later than that, all the time since the due date counts
    percent: float = 0  # for each started period
    per: Literal["day", "hour"] = "day"
    maximum: float = 100  # percent that lateness can cost before the cut-off
    cutoff_hours: float | None = None  # after the due date; later attempts earn nothing
    attempts: Literal["best", "latest"] = "best"
    # A student's own due date, by the name in the gradebook or the course system's number.
    extensions: Mapping[str, datetime] = field(default_factory=dict)
    decimals: int = 2

    def __post_init__(self) -> None:
        """Refuse what makes no sense, by name."""
        names = {composed(name): due for name, due in self.extensions.items()}
        object.__setattr__(self, "extensions", names)
        for name in ("percent", "maximum"):
            if not 0 <= getattr(self, name) <= 100:
                raise ValueError(f"{name} is {getattr(self, name)}; it is a percentage, 0 to 100")
        for name in ("grace_minutes", "cutoff_hours", "decimals"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it cannot be negative")
        for name, choices in (("per", tuple(PERIODS)), ("attempts", ("best", "latest"))):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is {getattr(self, name)!r}, not {' or '.join(choices)}")
        for who, when in {"due": self.due, **self.extensions}.items():
            if when is not None and (not isinstance(when, datetime) or when.tzinfo is None):
                raise ValueError(
                    f"{who} is {when}; write a time with its zone, 2026-03-01T23:59:00+01:00"
                )
        if self.due is None and (self.cutoff_hours is not None or self.extensions):
            raise ValueError("a cut-off or an extension needs a due date")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a TOML file with these names; `[extensions]` has a line `student = time` for each.

        Raises:
            ValueError: the file does not say a policy.
        """
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
        unknown = values.keys() - {one.name for one in fields(cls)}
        if unknown:
            raise ValueError(f"{path}: there is no setting {', '.join(sorted(unknown))}")
        try:
            return cls(**values)
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{path}: {error}") from error

    def unused_extensions(self, grades: Iterable["Grade"]) -> list[str]:
        """Those of nobody who handed in: not yet, or the name is misspelt."""
        names = {name for one in grades for name in one.chosen.aliases}
        return sorted(self.extensions.keys() - names)


DEFAULT_POLICY = Policy()


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
        names = self.student, self.label, self.platform_id, self.team
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


def lateness(
    policy: Policy, student: str, submitted: datetime | None, marked: bool = False
) -> tuple[Decimal, str]:
    """The percentage that an attempt loses, and why, in words for the student.

    Without a time, the course system's mark counts as one started period; an extension that the
    course system cannot know of lifts it.
    """
    due = policy.extensions.get(student, policy.due)
    if submitted is None or due is None:
        if not marked or student in policy.extensions:
            return Decimal(0), ""
        percent = _capped(policy, 1)
        return percent, f"marked late by the course system: {_percent(percent)} off"
    late = submitted.astimezone(UTC) - due.astimezone(UTC)  # one zone would subtract its clocks
    if late <= timedelta(minutes=policy.grace_minutes):
        return Decimal(0), ""
    if policy.cutoff_hours is not None and late > timedelta(hours=policy.cutoff_hours):
        return Decimal(100), AFTER_CUTOFF
    # Whole microseconds: no float decides whether a day has started.
    period = PERIODS[policy.per] // timedelta(microseconds=1)
    count = -(-(late // timedelta(microseconds=1)) // period)
    percent = _capped(policy, count)
    unit = policy.per if count == 1 else f"{policy.per}s"
    return percent, f"{count} started {unit} late: {_percent(percent)} off"


def _capped(policy: Policy, periods: int) -> Decimal:
    return min(periods * decimal(policy.percent), decimal(policy.maximum))


def _percent(percent: Decimal) -> str:
    return f"{number(percent)} %"


def grade(
    attempts: Sequence[Attempt],
    policy: Policy,
    points: Decimal,
    manual: Manual = NOT_TOUCHED,
    tests: Mapping[str, Decimal] | None = None,
) -> Grade:
    """The grade of one student, from at least one attempt in the order of handing in.

    Args:
        points: that could be earned.
        tests: what each of today's tests is worth; without it every mark for a test counts.
    """
    count = sum(one.attempt > 0 for one in attempts)
    graded = [
        _grade_one(one, policy, points, _possible(manual, one.result, tests), count)
        for one in attempts
    ]
    if policy.attempts == "latest":
        # What came after the cut-off was not accepted, if there is anything else.
        accepted = [one for one in graded if one.late != AFTER_CUTOFF] or graded
        return accepted[-1]
    # Of equals the later one: its feedback is about the student's newest work.
    return max(
        enumerate(graded),
        key=lambda one: (one[1].total, one[1].chosen.result.status == "graded", one[0]),
    )[1]


def _possible(manual: Manual, result: Result, tests: Mapping[str, Decimal] | None) -> Manual:
    """The marks for tests that there are, and no more for each than it is worth now."""
    if tests is None:
        return manual
    worth = worth_of([result]) or tests
    overrides = {
        test: replace(one, earned=min(one.earned, worth[test]))
        for test, one in manual.overrides.items()
        if test in worth
    }
    return replace(manual, overrides=overrides)


def _grade_one(
    attempt: Attempt, policy: Policy, points: Decimal, manual: Manual, count: int
) -> Grade:
    earned = earned_points(attempt.result, manual.overrides)
    extended = [name for name in attempt.aliases if name in policy.extensions]
    who = extended[0] if extended else attempt.student
    percent, late = lateness(policy, who, attempt.submitted, attempt.late)
    deduction = earned * percent / 100
    total = max(Decimal(0), earned - deduction + manual.adjustment)
    return Grade(
        chosen=attempt,
        points=points,
        earned=rounded(earned, policy.decimals),
        deduction=rounded(deduction, policy.decimals),
        total=rounded(total, policy.decimals),
        late=late,
        manual=manual,
        attempts=count,
    )


def earned_points(result: Result, overrides: Mapping[str, Override]) -> Decimal:
    """The exact sum over the tests, overrides instead of what they override.

    An override also counts where its test did not run: the work could not be read, say.
    """
    earned = {test.name: decimal(test.earned) for test in result.tests}
    earned |= {name: override.earned for name, override in overrides.items()}
    return sum(earned.values(), Decimal(0))


def worth_of(results: Iterable[Result]) -> dict[str, Decimal]:
    """What each test is worth, by its name."""
    return {test.name: decimal(test.points) for one in results for test in one.tests}


def most_points(results: Iterable[Result]) -> Decimal:
    """What could be earned: a result without tests (work that could not be read) tells nothing."""
    sums = (sum((decimal(test.points) for test in one.tests), Decimal(0)) for one in results)
    return rounded(max(sums, default=Decimal(0)))
