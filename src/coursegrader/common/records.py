"""What the parts of the grader hand to each other."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from .text import canvas_name

CANVAS = "canvas"
UNTOLD = "?"  # the system of a number, where nothing tells it: any may claim it


@dataclass(frozen=True)
class Person:
    """A student, or a group whose members have the grade."""

    student: str  # the key
    name: str = ""
    number: str = ""
    system: str = ""
    logins: tuple[str, ...] = ()  # other names in a course system: login, e-mail
    on_roster: bool = False

    @property
    def label(self) -> str:
        """Name and number, readable and nobody else's."""
        return labelled(self.student, self.name, self.number)


def labelled(student: str, name: str, number: str) -> str:
    """`doejane_101`, or the name alone where there is no number."""
    return f"{name}_{number}" if name and number and name != number else student


def labels_of(student: str, name: str, number: str, system: str) -> tuple[str, ...]:
    """What a table has called somebody: also `doejane_101`, as Canvas names the files of Jane Doe.

    A table that was written before there was a class list knows nothing else.
    """
    label = labelled(student, name, number)
    return (label, f"{canvas_name(name)}_{number}") if number and system == CANVAS else (label,)


@dataclass(frozen=True)
class Submission:
    """One hand-in of one student: the notebook of the assignment, with what belongs to it."""

    student: str  # who: the course system's number or else a name, unique in a class
    filename: str  # as handed in, without folders: `.ipynb` or `.py`
    content: bytes
    attempt: int = 1  # 1, 2, ... in the order of handing in, as far as one download tells
    submitted: datetime | None = None  # with a time zone; None where nothing tells
    late: bool = False  # the course system's own mark
    platform_id: str = ""  # the course system's number of the student, for exports
    name: str = ""  # how the student is called there, which may change
    system: str = ""  # the course system: a number means nothing without it
    members: tuple[Person, ...] = ()  # of the group that handed in
    upload: int = 0  # the course system's number of the file, which grows; 0 where it gives none
    reason: str = ""  # why it cannot be graded, and has no content

    @property
    def label(self) -> str:
        """Name and number, for people."""
        return labelled(self.student, self.name, self.platform_id)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def id(self) -> str:
        """The same for the same hand-in, in every download: what a resumed run looks up."""
        return f"{self.student}/{self.upload}/{self.sha256[:16]}"


@dataclass(frozen=True)
class Refused:
    """A file that is no submission, and why; it never stops the others."""

    name: str
    reason: str


@dataclass
class TestResult:
    """What one test said of one submission."""

    name: str
    title: str
    hidden: bool
    points: float
    earned: float
    outcome: Literal["passed", "failed", "error"]
    message: str = ""
    see: dict[str, str] | None = None


@dataclass
class Result:
    """What all tests said of one submission."""

    id: str
    status: Literal["graded", "not_graded"]
    reason: str = ""
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0
    tests: list[TestResult] = field(default_factory=list)

    @property
    def earned(self) -> float:
        return sum(test.earned for test in self.tests)

    @property
    def points(self) -> float:
        return sum(test.points for test in self.tests)

    @property
    def broken(self) -> list[TestResult]:
        """The tests that failed by themselves."""
        return [test for test in self.tests if test.outcome == "error"]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Result":
        return cls(**{**data, "tests": [TestResult(**test) for test in data["tests"]]})
