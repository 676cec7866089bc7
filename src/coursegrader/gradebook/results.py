"""What running the hand-ins gave: results, each belonging to a fingerprint.

A fingerprint is a digest of the tests and settings that made a result. When tests change, earlier
results are stale. They count only for students who have no newer ones, because points by different
tests do not compare.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime

from ..common.records import Refused, Result, Submission
from ..common.text import encodable
from .file import GradebookFile
from .grades import Attempt, decimal

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


class Results(GradebookFile):
    """Results, refusals and secrets of any number of assignments."""

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

    def all_attempts(self, assignment: str) -> list[Attempt]:
        """What everybody handed in, with the results."""
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


def todays_results(attempts: Iterable[Attempt]) -> list[Result]:
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
