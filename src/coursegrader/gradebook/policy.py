"""A policy: due date, what lateness costs, extensions, and which attempt counts."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from ..common.text import composed, number
from .grades import Grade, decimal

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

    def unused_extensions(self, grades: Iterable[Grade]) -> list[str]:
        """Those of nobody who handed in: not yet, or the name is misspelt."""
        names = {name for one in grades for name in one.chosen.aliases}
        return sorted(self.extensions.keys() - names)


DEFAULT_POLICY = Policy()


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
