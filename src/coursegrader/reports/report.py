"""The class report: how each question went, what went wrong most often, and what needs a look.

A question is all tests that point to one place of the book; a test that points nowhere is its own.
Failures are told without names: the report is for a lecture as much as for an office.
"""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from ..common.files import write_atomically
from ..common.records import Refused, TestResult
from ..common.text import clean, number
from ..gradebook.grades import Grade, decimal
from .pages import template, web_address

MESSAGES = 3  # of the most common, for each question
BARS = 10

# Inputs are drawn: the same mistake comes with other numbers for everybody.
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|\b(nan|inf)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: so many students with so many points."""

    label: str
    count: int


@dataclass(frozen=True)
class TestReport:
    """How one test went."""

    title: str
    hidden: bool
    passed: int
    ran: int

    @property
    def percent(self) -> int:
        return round(100 * self.passed / self.ran) if self.ran else 0


@dataclass(frozen=True)
class Question:
    """How the tests of one place of the book went."""

    title: str
    url: str
    points: str
    mean: str
    bars: list[Bar]
    tests: list[TestReport]
    messages: list[tuple[str, int]]  # what students read, and how many of them


def write_report(
    path: Path, title: str, grades: Sequence[Grade], *, refused: Iterable[Refused] = ()
) -> None:
    """Write the report as one HTML page.

    Args:
        path: of the page.
        title: of the assignment.
        grades: of the class.
        refused: files that were no submissions.
    """
    graded = [one for one in grades if one.chosen.result.status == "graded"]
    totals = [one.total for one in graded]
    page = template("report.html").render(
        title=clean(title),
        students=len(grades),
        graded=len(graded),
        late=sum(bool(one.deduction) for one in grades),
        stale=sum(one.stale for one in grades),
        points=number(max((one.points for one in grades), default=Decimal(0))),
        mean=number(statistics.mean(totals), 2) if totals else "",
        median=number(statistics.median(totals), 2) if totals else "",
        bars=histogram(totals, max((one.points for one in grades), default=Decimal(0))),
        questions=questions([one.chosen.result.tests for one in graded]),
        broken=_broken(graded),
        not_graded=[
            (clean(f"{one.label}: {one.chosen.filename}"), clean(one.chosen.result.reason))
            for one in grades
            if one.chosen.result.status != "graded" and one.chosen.attempt
        ],
        missing=[clean(one.label) for one in grades if not one.chosen.attempt],
        unknown=[clean(one.label) for one in grades if one.chosen.unknown],
        refused=[(clean(one.name), clean(one.reason)) for one in refused],
    )
    write_atomically(path, page)


def histogram(values: Sequence[Decimal], most: Decimal) -> list[Bar]:
    """How many have how many points: each value where they are few, else equal intervals.

    An interval holds its upper end, and the first one also zero; the last also what a bonus adds.
    """
    if len(set(values)) <= BARS:
        counts = Counter(values)
        return [Bar(number(value), counts[value]) for value in sorted(counts)]
    # Points are rounded to cents: the exact quotients of decimals decide, not floats.
    exact = ((value * BARS / most).to_integral_value(ROUND_CEILING) for value in values)
    places = Counter(min(BARS, max(1, int(place))) for place in exact)
    ends = [most * k / BARS for k in range(BARS + 1)]
    return [Bar(f"{number(ends[k - 1])}–{number(ends[k])}", places[k]) for k in range(1, BARS + 1)]


def questions(results: Iterable[Sequence[TestResult]]) -> list[Question]:
    """The tests of all students, gathered by the place of the book they point to."""
    students: dict[str, list[list[TestResult]]] = defaultdict(list)
    for tests in results:
        mine: dict[str, list[TestResult]] = defaultdict(list)
        for test in tests:
            mine[(test.see or {}).get("url") or test.name].append(test)
        for place, group in mine.items():
            students[place].append(group)
    return [_question(groups) for groups in students.values()]


def _question(groups: list[list[TestResult]]) -> Question:
    first = groups[0][0]
    see = first.see or {}
    by_name: dict[str, list[TestResult]] = defaultdict(list)
    for group in groups:
        for test in group:
            by_name[test.name].append(test)
    earned = [sum((decimal(test.earned) for test in group), Decimal(0)) for group in groups]
    points = max(sum((decimal(test.points) for test in group), Decimal(0)) for group in groups)
    return Question(
        title=clean(see.get("text") or first.title or first.name),
        url=web_address(see.get("url", "")),
        points=number(points),
        mean=number(statistics.mean(earned), 2),
        bars=histogram(earned, points),
        tests=[_test(tests) for tests in by_name.values()],
        messages=_common_messages(test for group in groups for test in group),
    )


def _test(tests: list[TestResult]) -> TestReport:
    outcomes = Counter(test.outcome for test in tests)
    return TestReport(
        title=clean(tests[0].title or tests[0].name),
        hidden=tests[0].hidden,
        passed=outcomes["passed"],
        ran=outcomes["passed"] + outcomes["failed"],
    )


def _common_messages(tests: Iterable[TestResult]) -> list[tuple[str, int]]:
    """The most common failures, numbers aside; of each, one message as a student read it."""
    examples: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for test in tests:
        if test.outcome == "failed" and test.message and not test.hidden:
            kind = _NUMBER.sub("#", test.message)
            examples.setdefault(kind, test.message)
            counts[kind] += 1
    return [(clean(examples[kind]), count) for kind, count in counts.most_common(MESSAGES)]


def _broken(grades: Iterable[Grade]) -> list[tuple[str, str, int]]:
    """Tests that could not run, an example of why, and for how many students."""
    examples: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for one in grades:
        for test in one.chosen.result.tests:
            if test.outcome == "error":
                examples.setdefault(test.name, test.message)
                counts[test.name] += 1
    return [(clean(name), clean(examples[name]), count) for name, count in counts.items()]
