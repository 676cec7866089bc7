"""The gradebook: who is in a class, what ran, what was given by hand, and the grades of it all."""

import sqlite3
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path

from ..common.text import DECIMALS, number
from .counting import grade, most_points, worth_of
from .everyone import attempts_of_everyone, in_order, manual_of
from .grades import Attempt, Grade, decimal, rounded
from .marks import ADJUSTMENT, Author, Mark, Marks
from .people import People
from .policy import DEFAULT_POLICY, Policy
from .reported import Reported
from .results import Results, todays_results

MOST_UNKNOWN = Decimal(1000)  # points by hand, while nobody's work was graded


class Gradebook(Results):
    """Results, people and marks by hand of any number of assignments, and the grades they make."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        """Use `Gradebook.open`."""
        super().__init__(path, database)
        self.people = People(self._rows, self._transaction)
        self.marks = Marks(self._rows, self._transaction)
        self.reported = Reported(self._rows, self._transaction)

    def set_manual(
        self,
        assignment: str,
        student: str,
        *,
        adjustment: float | str | None = None,
        comment: str | None = None,
        author: Author | None = None,
    ) -> None:
        """Add points to a student's grade (or take some, below zero); grading again keeps it.

        What is None stays as it is. The one who gives it is by default whoever is logged in.

        Raises:
            ValueError: nobody of this name is in the class, or the adjustment is no number or more
                than the assignment is worth.
        """
        student = self._find(assignment, student)
        old = self.marks.standing(assignment, student).get((student, ADJUSTMENT))
        points = old.points if old else Decimal(0)
        if adjustment is not None:
            points = _number(adjustment)
            most = sum(self.tests(assignment).values(), Decimal(0)) or MOST_UNKNOWN
            if not -most <= points <= most:
                raise ValueError(
                    f"an adjustment of {adjustment} is more than the assignment is worth: it has "
                    f"{number(most)} points"
                )
            points = rounded(points, DECIMALS)
        comment = comment if comment is not None else old.comment if old else ""
        self.marks.change(assignment, student, ADJUSTMENT, points, comment, author or Author.now())

    def set_override(
        self,
        assignment: str,
        student: str,
        test: str,
        *,
        earned: float | str | None,
        comment: str | None = None,
        author: Author | None = None,
    ) -> None:
        """Give a student these points for a test, whatever it says; None takes that back.

        Raises:
            ValueError: no such student or test, or the points are no number or not between zero
                and what the test is worth.
        """
        student, worth = self._find(assignment, student), self.tests(assignment)
        _check_known(test, list(worth), "test")
        old = self.marks.standing(assignment, student).get((student, test))
        points = None if earned is None else _number(earned)
        if points is not None and not 0 <= points <= worth[test]:
            raise ValueError(
                f"{earned} is not between 0 and the {number(worth[test])} that {test} is worth"
            )
        points = points if points is None else rounded(points, DECIMALS)
        comment = comment if comment is not None else old.comment if old else ""
        self.marks.change(assignment, student, test, points, comment, author or Author.now())

    def tests(self, assignment: str) -> dict[str, Decimal]:
        """What each of today's tests is worth; of those of before, if today's graded nothing."""
        return worth_of(todays_results(self.all_attempts(assignment)))

    def marks_of_no_test(self, assignment: str) -> list[Mark]:
        """Marks for tests that are no longer there, or are called otherwise: they do not count."""
        known = self.tests(assignment)
        return [
            one
            for one in self.marks.standing(assignment).values()
            if one.test != ADJUSTMENT and one.points is not None and one.test not in known
        ]

    def _find(self, assignment: str, student: str) -> str:
        _check_known(assignment, self.assignments(), "assignment")
        return self.people.find(assignment, student).student

    def grades(self, assignment: str, policy: Policy = DEFAULT_POLICY) -> list[Grade]:
        """One grade for each student, who handed in or is on the class list, ordered by name."""
        people, members = self.people.all(assignment), self.people.members(assignment)
        everyone = attempts_of_everyone(people, members, self.all_attempts(assignment))
        results = todays_results(one for _, attempts in everyone for one in attempts)
        points, tests = most_points(results), worth_of(results)
        manual = self.marks.manual(assignment)
        return [
            grade(
                in_order(attempts),
                policy,
                points,
                manual_of(person.student, members, manual),
                tests,
            )
            for person, attempts in everyone
        ]

    def attempts(self, assignment: str, student: str) -> list[Attempt]:
        """What one student handed in, alone or with a group, or what one group did."""
        members = self.people.members(assignment).items()
        keys = {student, *(team for team, theirs in members if student in theirs)}
        return [one for one in self.all_attempts(assignment) if one.student in keys]


def _number(value: float | str) -> Decimal:
    try:
        return decimal(value)
    except ArithmeticError as error:  # decimal's InvalidOperation
        raise ValueError(f"{value!r} is no number of points") from error


def _check_known(name: str, known: list[str], kind: str) -> None:
    if name not in known:
        near = ", ".join(get_close_matches(name, known)) or "none that is similar"
        raise ValueError(f"the gradebook has no {kind} {name!r}; it has {near}")
