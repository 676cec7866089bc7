"""The gradebook: one SQLite file that survives being killed at any moment.

Every call that writes is one transaction, on disk before the call returns; whatever kills the
process loses only a call that had not returned. The writer holds SQLite's exclusive lock for as
long as the gradebook is open, and the kernel takes it from a process that dies.

Results belong to a fingerprint: a digest of the tests and settings that made them. When tests
change, earlier results are stale. They count only for students who have no newer ones, because
points by different tests do not compare.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from ..common.records import Refused, Result, Submission
from ..common.text import DECIMALS, encodable, number
from .database import GradebookError, clear_errors, connect, copy_in_memory
from .everyone import attempts_of_everyone, in_order, manual_of
from .marks import ADJUSTMENT, Author, Mark, Marks
from .people import People
from .policy import (
    DEFAULT_POLICY,
    Attempt,
    Grade,
    Policy,
    decimal,
    grade,
    most_points,
    rounded,
    worth_of,
)
from .reported import Reported

_UPSERT = """
INSERT INTO submission (assignment, id, student, platform_id, filename, attempt, submitted, late,
                        upload, fingerprint, result, seen)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        (SELECT runs FROM assignment WHERE name = ?1))
ON CONFLICT (assignment, id) DO UPDATE SET
    platform_id = excluded.platform_id, filename = excluded.filename,
    submitted = coalesce(excluded.submitted, submitted), late = excluded.late,
    fingerprint = excluded.fingerprint, result = excluded.result, seen = excluded.seen
"""

# What an earlier version graded, before hand-ins were known by the course system's number.
_ADOPT = """
UPDATE OR IGNORE submission SET id = ?3, result = json_set(result, '$.id', ?3)
WHERE assignment = ?1 AND id = ?2
"""

_SEE = """
UPDATE submission SET
    platform_id = ?3, filename = ?4, submitted = coalesce(?5, submitted), late = ?6, upload = ?7,
    seen = (SELECT runs FROM assignment WHERE name = ?1)
WHERE assignment = ?1 AND id = ?2
"""

_KNOW_PERSON = """
INSERT OR IGNORE INTO person (assignment, student, name, number, system) VALUES (?, ?, ?, ?, ?)
"""


MOST_UNKNOWN = Decimal(1000)  # points by hand, while nobody's work was graded


class Gradebook:
    """Results, manual marks and secrets of any number of assignments."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        """Use `Gradebook.open`."""
        self.path = path
        self._database = database
        self.people = People(self._rows, self._transaction)
        self.marks = Marks(self._rows, self._transaction)
        self.reported = Reported(self._rows, self._transaction)

    @classmethod
    def open(cls, path: Path, *, write: bool = True) -> Self:
        """Open a gradebook; for writing, make it if it is missing and lock it.

        Raises:
            GradebookError: the file is corrupt, of another program or of a newer version of this
                one, or somebody else is writing. It was left as it is.
        """
        path = Path(path)
        if not write and not path.is_file():
            raise GradebookError(f"there is no gradebook {path}")
        return cls(path, connect(path, write))

    @classmethod
    def rehearse(cls, path: Path) -> Self:
        """A copy of a gradebook in memory, or a new one: nothing is written to the file.

        Raises:
            GradebookError: the file cannot be used.
        """
        return cls(path, copy_in_memory(path))

    def close(self) -> None:
        """Release the lock."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with clear_errors(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                if self._database.in_transaction:  # some errors of SQLite end it themselves
                    self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _rows(self, query: str, *arguments: object) -> list[tuple]:
        with clear_errors(self.path):
            return self._database.execute(query, arguments).fetchall()

    # Grading

    def secret(self, assignment: str) -> bytes:
        """32 random bytes, drawn once for an assignment: inputs are drawn from them."""
        with self._transaction() as database:
            _know(database, assignment)
            fresh = secrets.token_bytes(32)
            database.execute(
                "UPDATE assignment SET secret = coalesce(secret, ?) WHERE name = ?",
                (fresh, assignment),
            )
        ((secret,),) = self._rows("SELECT secret FROM assignment WHERE name = ?", assignment)
        return secret

    def graded_ids(self, assignment: str, fingerprint: str) -> set[str]:
        """The submissions that these very tests have graded: a resumed run leaves them out.

        One that could not be graded, or on which a test failed by itself, is not among them: each
        run tries and reports it again.
        """
        query = """
            SELECT id FROM submission
            WHERE assignment = ? AND fingerprint = ? AND result ->> 'status' = 'graded'
            AND NOT EXISTS (SELECT * FROM json_each(result, '$.tests') AS test
                            WHERE test.value ->> 'outcome' = 'error')
        """
        return {id for (id,) in self._rows(query, assignment, fingerprint)}

    def see(self, assignment: str, submissions: Iterable[Submission]) -> None:
        """Begin a run: times and marks of lateness are from now on what this run tells.

        A time that was known stays known where this run tells none.
        """
        submissions = list(submissions)
        adopted = [
            (assignment, replace(one, upload=0).id, one.id) for one in submissions if one.upload
        ]
        with self._transaction() as database:
            _know(database, assignment)
            database.execute("UPDATE assignment SET runs = runs + 1 WHERE name = ?", (assignment,))
            database.executemany(_ADOPT, adopted)
            database.executemany(_SEE, [(assignment, *_facts(one)) for one in submissions])

    def record(
        self, assignment: str, fingerprint: str, pairs: Iterable[tuple[Submission, Result]]
    ) -> None:
        """Write results, all of them or none; a submission's newer result replaces its older.

        Raises:
            ValueError: a result is of another submission, or its points are no finite numbers.
        """
        pairs = list(pairs)
        rows = [_row(assignment, fingerprint, *pair) for pair in pairs]
        with self._transaction() as database:
            _know(database, assignment)
            database.execute(
                "UPDATE assignment SET fingerprint = ? WHERE name = ?", (fingerprint, assignment)
            )
            database.executemany(_UPSERT, rows)
            database.executemany(_KNOW_PERSON, [_person(assignment, one) for one, _ in pairs])

    def record_refused(self, assignment: str, refused: Iterable[Refused]) -> None:
        """Write what the last run could not take, instead of what an earlier one could not."""
        rows = [(assignment, encodable(one.name), encodable(one.reason)) for one in refused]
        with self._transaction() as database:
            _know(database, assignment)
            database.execute("DELETE FROM refused WHERE assignment = ?", (assignment,))
            database.executemany("INSERT INTO refused VALUES (?, ?, ?)", rows)

    # Marks by hand

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
        return worth_of(_todays(self._attempts(assignment)))

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

    # Reading

    def assignments(self) -> list[str]:
        """All that were ever recorded."""
        return [name for (name,) in self._rows("SELECT name FROM assignment ORDER BY name")]

    def students(self, assignment: str) -> list[str]:
        """All who handed in something that could be taken."""
        query = "SELECT DISTINCT student FROM submission WHERE assignment = ? ORDER BY student"
        return [student for (student,) in self._rows(query, assignment)]

    def refused(self, assignment: str) -> list[Refused]:
        """What the last run could not take."""
        query = "SELECT name, reason FROM refused WHERE assignment = ? ORDER BY rowid"
        return [Refused(*row) for row in self._rows(query, assignment)]

    def grades(self, assignment: str, policy: Policy = DEFAULT_POLICY) -> list[Grade]:
        """One grade for each student, who handed in or is on the class list, ordered by name."""
        people, members = self.people.all(assignment), self.people.members(assignment)
        everyone = attempts_of_everyone(people, members, self._attempts(assignment))
        results = _todays(one for _, attempts in everyone for one in attempts)
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
        return [one for one in self._attempts(assignment) if one.student in keys]

    def _attempts(self, assignment: str) -> list[Attempt]:
        query = """
            SELECT student, platform_id, filename, attempt, submitted, late, upload, seen, result,
                   submission.fingerprint IS NOT assignment.fingerprint
            FROM submission JOIN assignment ON submission.assignment = assignment.name
            WHERE submission.assignment = ? ORDER BY student, seen, attempt, number
        """
        return [_attempt(*row) for row in self._rows(query, assignment)]


def _attempt(
    student: str,
    platform_id: str,
    filename: str,
    attempt: int,
    submitted: str | None,
    late: int,
    upload: int,
    seen: int,
    result: str,
    stale: int,
) -> Attempt:
    return Attempt(
        student=student,
        platform_id=platform_id,
        filename=filename,
        attempt=attempt,
        submitted=datetime.fromisoformat(submitted) if submitted else None,
        late=bool(late),
        upload=upload,
        seen=seen,
        result=Result.from_json(json.loads(result)),
        stale=bool(stale),
    )


def _todays(attempts: Iterable[Attempt]) -> list[Result]:
    """What ran: by today's tests, or if these graded nothing yet, by those of before.

    Points of changed tests must not count into those of today's.
    """
    ran = [one for one in attempts if one.result.tests]
    return [one.result for one in ran if not one.stale] or [one.result for one in ran]


def _row(assignment: str, fingerprint: str, submission: Submission, result: Result) -> tuple:
    if result.id != submission.id:
        raise ValueError(f"a result of {result.id!r} was given for {submission.id!r}")
    for test in result.tests:
        decimal(test.points), decimal(test.earned)
    return (
        assignment,
        submission.id,
        submission.student,
        submission.platform_id,
        submission.filename,
        submission.attempt,
        submission.submitted.isoformat() if submission.submitted else None,
        submission.late,
        submission.upload,
        fingerprint,
        json.dumps(asdict(result), allow_nan=False),  # ASCII: lone surrogates in messages survive
    )


def _facts(one: Submission) -> tuple:
    submitted = one.submitted.isoformat() if one.submitted else None
    return one.id, one.platform_id, one.filename, submitted, one.late, one.upload


def _person(assignment: str, one: Submission) -> tuple:
    return assignment, one.student, one.name or one.student, one.platform_id, one.system


def _know(database: sqlite3.Connection, assignment: str) -> None:
    database.execute("INSERT OR IGNORE INTO assignment (name) VALUES (?)", (assignment,))


def _number(value: float | str) -> Decimal:
    try:
        return decimal(value)
    except ArithmeticError as error:  # decimal's InvalidOperation
        raise ValueError(f"{value!r} is no number of points") from error


def _check_known(name: str, known: list[str], kind: str) -> None:
    if name not in known:
        near = ", ".join(get_close_matches(name, known)) or "none that is similar"
        raise ValueError(f"the gradebook has no {kind} {name!r}; it has {near}")
