"""Marks by hand: what is possible, what stays, who gave it and when, and how it is taken back."""

import json
import sqlite3
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import pytest
from bookkeeping_examples import at, checked, result, submission

from coursegrader.gradebook import Gradebook
from coursegrader.gradebook.marks import Author
from coursegrader.gradebook.policy import Policy

SCHEMA_2 = Path(__file__).parent / "data" / "schema_2.sql"
DOE = Author("doe", at("2026-03-01 12:00"))
ROE = Author("roe", at("2026-03-02 12:00"))
A, B = "test_a.py::test_a", "test_a.py::test_b"


@pytest.fixture
def book(tmp_path):
    """Ana has 1 of 2 points for A and 0 of 1 for B."""
    with Gradebook.open(tmp_path / "gradebook.sqlite") as book:
        record(book, checked(A, 1.0), checked(B, 0.0, points=1.0))
        yield book


def record(book: Gradebook, *tests, fingerprint: str = "f1", student: str = "ana", **facts) -> None:
    one = submission(student, **facts)
    book.see("lab", [one])
    book.record("lab", fingerprint, [(one, result(one, *tests))])


def total(book: Gradebook, student: str = "ana") -> str:
    return {one.student: str(one.total) for one in book.grades("lab")}[student]


def test_a_change_of_one_thing_keeps_the_others(book):
    book.set_manual("lab", "ana", adjustment=-0.5, author=DOE)
    book.set_manual("lab", "ana", comment="A fine plot.", author=DOE)
    book.set_override("lab", "ana", A, earned=2, comment="Right on paper.", author=DOE)
    book.set_override("lab", "ana", A, earned="1.5", author=DOE)
    (grade,) = book.grades("lab")
    assert (grade.adjustment, grade.comment) == (Decimal("-0.5"), "A fine plot.")
    override = grade.manual.overrides[A]
    assert (override.earned, override.comment) == (Decimal("1.5"), "Right on paper.")
    assert grade.total == 1
    book.set_manual("lab", "ana", comment="", author=DOE)
    assert book.grades("lab")[0].comment == ""
    assert total(book) == "1.00"


@pytest.mark.parametrize("points", [500, -5, "2.0001", -1e-4, 3, "nan", "-inf", float("inf")])
def test_no_test_gives_more_than_it_is_worth(book, points):
    with pytest.raises(ValueError, match=r"not between 0 and the 2 that|no number of points"):
        book.set_override("lab", "ana", A, earned=points)
    assert book.marks.history("lab") == []
    assert total(book) == "1.00"


@pytest.mark.parametrize(
    "points", ["1e500", "-1e500", 3.1, -3.1, "NaN", "sNaN", "inf", "1e99999999"]
)
def test_no_adjustment_is_more_than_the_assignment(book, points):
    with pytest.raises(ValueError, match=r"more than the assignment is worth|no number of points"):
        book.set_manual("lab", "ana", adjustment=points)
    assert book.marks.history("lab") == []
    assert total(book) == "1.00"


def test_what_is_just_possible_is_taken(book):
    book.set_manual("lab", "ana", adjustment=3)
    book.set_override("lab", "ana", A, earned=0)
    assert total(book) == "3.00"
    book.set_override("lab", "ana", A, earned=2)
    book.set_manual("lab", "ana", adjustment=-3)
    assert total(book) == "0.00"


def test_each_change_tells_who_and_when(book):
    book.set_manual("lab", "ana", adjustment=1, author=DOE)
    book.set_override("lab", "ana", B, earned=1, comment="Nearly.", author=ROE)
    record(book, checked(A), student="bo", content=b"y")
    book.set_manual("lab", "bo", comment="Hello.", author=ROE)
    told = [(m.student, m.test, m.points, m.comment, m.by, m.at) for m in book.marks.history("lab")]
    assert told == [
        ("ana", "", 1, "", "doe", DOE.at),
        ("ana", B, 1, "Nearly.", "roe", ROE.at),
        ("bo", "", 0, "Hello.", "roe", ROE.at),
    ]
    assert [m.student for m in book.marks.history("lab", "bo")] == ["bo"]


def test_undo_gives_back_what_was_before(book):
    book.set_manual("lab", "ana", adjustment=1, comment="one", author=DOE)
    book.set_manual("lab", "ana", adjustment=2, comment="two", author=DOE)
    book.set_override("lab", "ana", B, earned=1, author=DOE)
    assert total(book) == "4.00"
    assert book.marks.undo("lab", "ana", ROE).test == B
    assert total(book) == "3.00"
    assert book.marks.undo("lab", "ana", ROE).points == 2
    (grade,) = book.grades("lab")
    assert (grade.total, grade.comment) == (2, "one")
    book.marks.undo("lab", "ana", ROE)
    assert total(book) == "1.00"
    with pytest.raises(ValueError, match="there is nothing to undo"):
        book.marks.undo("lab", "ana", ROE)
    assert {(m.undone_by, m.undone_at) for m in book.marks.history("lab")} == {("roe", ROE.at)}


def test_undo_of_one_change_by_its_number(book):
    for points in (1, 2):
        book.set_manual("lab", "ana", adjustment=points)
    first, second = book.marks.history("lab")
    book.marks.undo("lab", "ana", ROE, number=first.number)
    assert total(book) == "3.00"
    with pytest.raises(ValueError, match=f"no change {first.number} to undo"):
        book.marks.undo("lab", "ana", ROE, number=first.number)
    record(book, checked(A), student="bo", content=b"y")
    with pytest.raises(ValueError, match=f"no change {second.number} to undo"):
        book.marks.undo("lab", "bo", ROE, number=second.number)


def test_an_override_that_is_taken_back_can_be_undone_too(book):
    book.set_override("lab", "ana", A, earned=2)
    book.set_override("lab", "ana", A, earned=None)
    assert total(book) == "1.00"
    book.marks.undo("lab", "ana", ROE)
    assert total(book) == "2.00"


def test_somebody_has_a_name():
    assert Author.now("roe").by == "roe"
    assert Author.now().by
    assert Author.now().at.tzinfo is not None


# Tests that change after a mark


def test_a_mark_for_a_test_that_is_gone_counts_no_more_and_is_named(book):
    book.set_override("lab", "ana", A, earned=2)
    record(book, checked("test_a.py::renamed", 1.0), checked(B, 0.0, points=1.0), fingerprint="f2")
    assert total(book) == "1.00"  # not 3: the renamed test is counted once
    assert [(m.student, m.test) for m in book.marks_of_no_test("lab")] == [("ana", A)]
    with pytest.raises(ValueError, match=r"no test .test_a\.py::test_a"):
        book.set_override("lab", "ana", A, earned=1)
    record(book, checked(A, 0.0), fingerprint="f3")  # it is back
    assert total(book) == "2.00"
    assert book.marks_of_no_test("lab") == []


def test_a_mark_is_worth_no_more_than_its_test_now(book):
    book.set_override("lab", "ana", A, earned=2)
    record(book, checked(A, 0.0, points=0.5), fingerprint="f2")
    (grade,) = book.grades("lab")
    assert (grade.total, grade.points) == (Decimal("0.5"), Decimal("0.5"))


def test_work_that_could_not_be_read_is_marked_by_todays_tests(book):
    one = submission("bo", b"")
    book.record("lab", "f1", [(one, result(one, status="not_graded", reason="a PDF"))])
    book.set_override("lab", "bo", A, earned=2)
    assert total(book, "bo") == "2.00"
    record(book, checked("test_a.py::renamed"), fingerprint="f2")
    one = submission("bo", b"")
    book.record("lab", "f2", [(one, result(one, status="not_graded", reason="a PDF"))])
    assert total(book, "bo") == "0.00"


def test_marks_of_one_assignment_are_not_those_of_another(book):
    one = submission("ana")
    book.record("lab-2", "f1", [(one, result(one, checked(A, 1.0)))])
    book.set_manual("lab", "ana", adjustment=1)
    book.set_override("lab", "ana", A, earned=2)
    (other,) = book.grades("lab-2")
    assert (other.total, book.marks.history("lab-2")) == (1, [])
    with pytest.raises(ValueError, match="nothing to undo"):
        book.marks.undo("lab-2", "ana", ROE)


# Gradebooks of the second version


@pytest.mark.parametrize("write", [False, True])
def test_a_gradebook_of_version_2_opens(tmp_path, write):
    path = tmp_path / "old.sqlite"
    database = sqlite3.connect(path)
    for statement in SCHEMA_2.read_text().split(";"):
        database.execute(statement)
    database.execute("INSERT INTO assignment VALUES ('lab', 'f', x'00')")
    for student, attempt, earned in (("ana", 1, 1.0), ("ana", 3, 0.5), ("101", 2, 2.0)):
        one = submission(student, f"x = {earned}".encode())
        old = f"{student}/{attempt}/{one.sha256[:16]}"
        told = json.dumps({**asdict(result(one, checked(earned=earned))), "id": old})
        database.execute(
            "INSERT INTO submission VALUES (NULL, 'lab', ?, ?, '', 'lab.py', ?, NULL, 0, 'f', ?)",
            (old, student, attempt, told),
        )
        database.execute(
            "INSERT OR IGNORE INTO person VALUES ('lab', ?, ?, '', '', '[]', 0)", (student, student)
        )
    database.execute("INSERT INTO manual VALUES ('lab', 'ana', '0.25', 'fine')")
    database.execute("INSERT INTO override VALUES ('lab', '101', 'test_a.py::test_a', '1', 'no')")
    # What made every export fail, and what nobody could have earned.
    database.execute("INSERT INTO manual VALUES ('lab', '101', '1E+500', '')")
    database.execute("INSERT INTO override VALUES ('lab', 'ana', 'test_a.py::test_a', '-5', '')")
    database.commit()
    database.close()
    for _ in range(2):
        with Gradebook.open(path, write=write) as book:
            totals = {one.student: one.total for one in book.grades("lab", Policy(attempts="best"))}
            assert totals == {"ana": Decimal("1.25"), "101": 1}
            latest = {
                one.student: one.total for one in book.grades("lab", Policy(attempts="latest"))
            }
            assert latest == {"ana": Decimal("0.75"), "101": 1}
            assert [(m.by, m.at, m.comment) for m in book.marks.history("lab")] == [
                ("", None, "fine"),
                ("", None, "no"),
            ]
            assert submission("ana", b"x = 1.0").id in book.graded_ids("lab", "f")
    with Gradebook.open(path) as book:  # a download with the system's numbers goes on from there
        numbered = submission("101", b"x = 2.0", upload=77)
        book.see("lab", [numbered])
        assert numbered.id in book.graded_ids("lab", "f")
        assert book.grades("lab")[0].attempts == 1
