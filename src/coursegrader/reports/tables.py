"""Grades as a table of our own, and what the tables of course systems have in common.

Every file is written whole or not at all. In a table, text that a spreadsheet would run as a
formula gets a `'` in front; numbers stay numbers. `grades.csv` begins with a byte-order mark,
without which Excel reads UTF-8 as gibberish.

Course systems know students by number, which the names of handed-in files tell.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from ..common.files import write_atomically
from ..common.records import UNTOLD
from ..common.tables import Cell, table_text, write_workbook
from ..common.text import number, parsed
from ..gradebook.grades import Grade, decimal, rounded


def write_grades_csv(path: Path, grades: Sequence[Grade]) -> None:
    """One row for each student; after the columns of the whole, one for each test."""
    write_atomically(path, table_text(_rows(grades)))


def write_grades_xlsx(path: Path, grades: Sequence[Grade]) -> None:
    """The same table as a workbook.

    Raises:
        ValueError: openpyxl is not installed.
    """
    write_workbook(path, _rows(grades))


def _rows(grades: Sequence[Grade]) -> list[list[Cell]]:
    tests = list(dict.fromkeys(test.name for one in grades for test in one.chosen.result.tests))
    rows = ([_FACTS[name](one) for name in _FACTS] + _by_test(one, tests) for one in grades)
    return [[*_FACTS, *tests], *rows]


_FACTS: dict[str, Callable[[Grade], Cell]] = {
    "student": lambda one: one.label,
    "name": lambda one: one.name,
    "id": lambda one: one.platform_id,
    "group": lambda one: one.chosen.team,
    "total": lambda one: one.total,
    "points": lambda one: one.points,
    "earned": lambda one: one.earned,
    "deduction": lambda one: one.deduction,
    "adjustment": lambda one: _plain(one.adjustment),
    "late": lambda one: one.late,
    "comment": lambda one: one.comment,
    "status": lambda one: one.chosen.result.status,
    "problem": lambda one: one.chosen.result.reason,
    "on the list": lambda one: "no" if one.chosen.unknown else "yes",
    "attempt": lambda one: one.chosen.attempt,
    "attempts": lambda one: one.attempts,
    "submitted": lambda one: one.chosen.submitted.isoformat() if one.chosen.submitted else "",
    "file": lambda one: one.chosen.filename,
    "stale": lambda one: "yes" if one.stale else "no",
}


def _plain(points: Decimal) -> Decimal:
    """Without the zeros that the gradebook keeps at the end."""
    return decimal(number(points))


def _by_test(one: Grade, tests: Sequence[str]) -> list[Cell]:
    earned = {test.name: decimal(test.earned) for test in one.chosen.result.tests}
    earned |= {name: _plain(override.earned) for name, override in one.manual.overrides.items()}
    return [earned.get(test, "") for test in tests]


class Unplaced:
    """The grades that have no row yet, found by the course system's number or by a login name."""

    def __init__(self, grades: Sequence[Grade], system: str) -> None:
        self._left = {one.student: one for one in grades}
        self._numbers = {number_of(one, system): one.student for one in grades}
        self._numbers.pop("", None)
        # A number of another system is no login, however alike they look.
        self._logins = {one.student for one in grades if not one.platform_id}

    def take(self, number: str, *logins: str) -> Grade | None:
        """The grade of this row, once."""
        called = [login.strip() for login in logins if login.strip() in self._logins]
        for student in (self._numbers.get(number.strip()), *called):
            if student in self._left:
                return self._left.pop(student)
        return None

    @property
    def students(self) -> list[str]:
        return [one.label for one in self._left.values()]


def number_of(one: Grade, system: str) -> str:
    """The number in this course system; a number that no system claimed may be any's."""
    is_of_system = one.chosen.system in (system, UNTOLD, "")
    return one.platform_id if is_of_system and one.platform_id.isdecimal() else ""


def maximum_of(text: str, source: Path) -> Decimal | None:
    try:
        return parsed(text) if text.strip() else None
    except ValueError:
        raise ValueError(f"{source}: the maximum {text!r} is no number") from None


def scaled(one: Grade, maximum: Decimal | None, scale: bool, source: Path) -> Decimal:
    """The total in the course system's points."""
    if maximum is None or maximum == one.points or not one.points:
        return one.total
    if not scale:
        raise ValueError(
            f"{source}: the maximum there is {number(maximum)}, the tests have "
            f"{number(one.points)} points; "
            "make them equal, or convert with --scale"
        )
    return rounded(one.total * maximum / one.points)
