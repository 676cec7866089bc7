"""Small submissions, results and grades for the tests of the book-keeping."""

import json
from datetime import datetime

from coursegrader.common.records import Result, Submission, TestResult
from coursegrader.gradebook.counting import grade, most_points
from coursegrader.gradebook.grades import Attempt, Grade, Manual
from coursegrader.gradebook.policy import Policy


def notebook(*cells: str) -> bytes:
    """A notebook with these code cells."""
    code = [
        {"cell_type": "code", "source": cell, "metadata": {}, "outputs": [], "execution_count": 1}
        for cell in cells
    ]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def submission(student: str = "ana", content: bytes = b"x = 1\n", **facts) -> Submission:
    return Submission(student=student, filename="lab.py", content=content, **facts)


def checked(name: str = "test_a.py::test_a", earned: float = 2.0, **facts) -> TestResult:
    points = facts.pop("points", 2.0)
    outcome = facts.pop("outcome", "passed" if earned == points else "failed")
    defaults = {"title": f"Title of {name}.", "hidden": False}
    return TestResult(
        name=name, points=points, earned=earned, outcome=outcome, **{**defaults, **facts}
    )


def result(of: Submission, *tests: TestResult, **facts) -> Result:
    return Result(id=of.id, status=facts.pop("status", "graded"), tests=list(tests), **facts)


def at(text: str) -> datetime:
    """A time in UTC, as `2026-03-01 12:00`."""
    return datetime.fromisoformat(f"{text}+00:00")


def graded(student: str = "ana", *tests: TestResult, **facts) -> Grade:
    """A grade by the policy and manual marks given, as the gradebook would make it.

    The student is called as in `grades.csv`, with the number that `platform_id` repeats.
    """
    policy, manual = facts.pop("policy", Policy()), facts.pop("manual", Manual())
    outcome = {name: facts.pop(name) for name in ("status", "reason", "problems") if name in facts}
    who = {name: facts.pop(name, "") for name in ("system", "team")}
    number = facts.get("platform_id", "")
    one = Submission(number or student, facts.pop("filename", "lab.py"), b"x = 1\n", **facts)
    told = result(one, *tests, **outcome)
    attempt = Attempt(
        student=one.student,
        platform_id=number,
        filename=one.filename,
        attempt=one.attempt,
        submitted=one.submitted,
        late=one.late,
        result=told,
        name=student.removesuffix(f"_{number}"),
        **who,
    )
    return grade([attempt], policy, most_points([told]), manual)
