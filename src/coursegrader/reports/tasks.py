"""A student's points task by task: a task is all tests that point to one place of the book."""

from dataclasses import dataclass, field
from decimal import Decimal

from ..common.records import TestResult
from ..common.text import clean
from ..gradebook.grades import Grade
from .pages import web_address

HIDDEN = "Hidden tests"


@dataclass
class Task:
    """What one task brought.

    Attributes:
        title: the place in the book by its name, or the title of a test that points nowhere.
        url: of the place, or nothing.
    """

    title: str
    url: str = ""
    earned: Decimal = field(default_factory=Decimal)
    points: Decimal = field(default_factory=Decimal)


def tasks(grade: Grade) -> list[Task]:
    """The tasks in the order of their tests.

    A hidden test counts to the task of visible ones that point to the same place. Where a hidden
    test alone points to, the student is not told.
    """
    results = grade.chosen.result.tests
    shown = {_place(test) for test in results if not test.hidden} - {""}
    found: dict[str, Task] = {}
    for test in results:
        place = _place(test)
        if test.hidden and place not in shown:
            task = found.setdefault(HIDDEN, Task(HIDDEN))
        elif place:
            named = Task(clean((test.see or {}).get("text") or place), web_address(place))
            task = found.setdefault(place, named)
        else:
            task = found.setdefault(test.name, Task(clean(test.title or test.name)))
        override = grade.manual.overrides.get(test.name)
        task.earned += override.earned if override else Decimal(str(test.earned))
        task.points += Decimal(str(test.points))
    return list(found.values())


def _place(test: TestResult) -> str:
    return (test.see or {}).get("url", "")
