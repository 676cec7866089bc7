"""One person is one row: renamed, on the list, in a group; and gradebooks of before."""

import json
import sqlite3
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from bookkeeping_examples import checked, result, submission

from coursegrader.common.records import Person
from coursegrader.gradebook import Gradebook
from coursegrader.gradebook.policy import Policy

SCHEMA_1 = Path(__file__).parent / "data" / "schema_1.sql"


@pytest.fixture
def book(tmp_path):
    with Gradebook.open(tmp_path / "gradebook.sqlite") as book:
        yield book


def hand_in(book: Gradebook, earned: float, name: str, number: str, system="canvas", **facts):
    """Take a hand-in and record its result, as `grade` does; the reasons of what is refused."""
    one = submission(
        number or name,
        f"x = {earned}".encode(),
        name=name,
        platform_id=number,
        system=system,
        **facts,
    )
    admitted, refused = book.people.admit("lab", [one])
    book.record("lab", "f", [(one, result(one, checked(earned=earned))) for one in admitted])
    return refused


def rows(book: Gradebook) -> list[tuple[str, str]]:
    return [(one.label, str(one.total)) for one in book.grades("lab")]


def test_a_renamed_student_is_one_row(book):
    assert hand_in(book, 2.0, "doejane", "101") == []
    assert hand_in(book, 0.5, "adamsjane", "101") == []
    assert rows(book) == [("adamsjane_101", "2.00")]


def test_the_same_number_of_another_system_is_somebody_else(book):
    hand_in(book, 2.0, "doejane", "17")
    (refused,) = hand_in(book, 1.0, "Gruppe 3", "17", system="moodle")
    assert refused.name == "Gruppe 3_17: lab.py"
    assert "doejane_17 (canvas)" in refused.reason
    (refused,) = hand_in(book, 1.0, "17", "", system="")  # a folder that somebody called 17
    assert "doejane_17 (canvas)" in refused.reason
    assert rows(book) == [("doejane_17", "2.00")]


CLASS = [
    Person("101", "Doe, Jane", "101", "canvas", ("jdoe",), on_roster=True),
    Person("102", "Li, Bo", "102", "canvas", ("boli", "bo@x.edu"), on_roster=True),
]


def test_everybody_on_the_list_has_a_row(book):
    book.people.enrol("lab", CLASS)
    hand_in(book, 2.0, "doejane", "101")
    hand_in(book, 1.0, "stranger", "999")
    grades = book.grades("lab")
    assert [(one.student, one.total, one.chosen.unknown) for one in grades] == [
        ("101", Decimal(2), False),
        ("102", Decimal(0), False),
        ("999", Decimal(1), True),
    ]
    assert grades[1].chosen.result.reason == "nothing was handed in"
    assert (grades[1].chosen.attempt, grades[1].attempts, grades[1].points) == (0, 0, 2)
    assert grades[0].name == "Doe, Jane"  # of both names that of the list
    book.people.enrol("lab", CLASS[:1])
    assert [one.student for one in book.grades("lab")] == ["101", "999"]


def test_who_handed_in_nothing_can_be_marked(book):
    book.people.enrol("lab", CLASS)
    hand_in(book, 2.0, "doejane", "101")
    book.set_manual("lab", "boli", adjustment="1.5")
    assert rows(book)[1] == ("Li, Bo_102", "1.50")


def test_a_list_of_another_system_is_refused(book):
    hand_in(book, 2.0, "17", "", system="")
    with pytest.raises(ValueError, match="is it the list of this class"):
        book.people.enrol("lab", [Person("17", "Ana", "17", "moodle", on_roster=True)])
    assert book.people.all("lab")[0].on_roster is False


def test_a_student_is_found_by_number_label_name_and_login(book):
    book.people.enrol("lab", [*CLASS, Person("103", "Li, Bo", "103", "canvas", on_roster=True)])
    for name in ("101", "Doe, Jane_101", "doe, jane", "JDOE"):
        assert book.people.find("lab", name).student == "101"
    with pytest.raises(ValueError, match=r"may be Li, Bo_102, Li, Bo_103: give the number"):
        book.people.find("lab", "Li, Bo")
    assert book.people.find("lab", "doejane_101").student == "101"  # Canvas's name of the files
    with pytest.raises(ValueError, match=r"no student 'doejane_102'"):
        book.people.find("lab", "doejane_102")
    with pytest.raises(ValueError, match=r"no student 'Doe Jane_101'; it has Doe, Jane_101"):
        book.people.find("lab", "Doe Jane_101")
    with pytest.raises(ValueError, match=r"no student 'jane'; it has Doe, Jane_101"):
        book.people.find("lab", "jane")


def test_an_extension_by_the_name_of_the_files_stays_when_a_class_list_comes(book):
    """A policy that was written before the list names students as the first `grades.csv` did."""
    due, handed_in = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    policy = Policy(due, percent=10, extensions={"doejane_101": handed_in})
    for name, key in (("doejane", "101"), ("libo", "102")):
        hand_in(book, 2.0, name, key, submitted=handed_in)
    for _ in range(2):
        grades = book.grades("lab", policy)
        assert [str(one.total) for one in grades] == ["2.00", "1.80"]
        assert policy.unused_extensions(grades) == []
        book.people.enrol("lab", CLASS)


def test_remove(book):
    hand_in(book, 2.0, "own", "", system="")
    hand_in(book, 1.0, "doejane", "101")
    book.set_manual("lab", "own", adjustment=1)
    book.people.remove("lab", "own")
    assert rows(book) == [("doejane_101", "1.00")]
    hand_in(book, 2.0, "own", "", system="")
    assert rows(book)[1] == ("own", "2.00")  # without the old adjustment


def test_every_member_has_the_grade_of_the_group(book):
    book.people.enrol("lab", CLASS)
    hand_in(book, 1.5, "Team 3", "", system="group")
    book.people.group("lab", "Team 3", ["101", "102"])
    book.set_manual("lab", "Team 3", adjustment="0.25", comment="Well done.")
    book.set_manual("lab", "102", adjustment="-0.5", comment="You only watched.")
    jane, bo = book.grades("lab")
    assert (jane.label, jane.total, jane.comment) == (
        "Doe, Jane_101",
        Decimal("1.75"),
        "Well done.",
    )
    assert (bo.total, bo.comment) == (Decimal("1.25"), "Well done. You only watched.")
    assert {jane.chosen.team, bo.chosen.team} == {"Team 3"}
    book.people.group("lab", "Team 3", ["101"])
    assert rows(book)[1] == ("Li, Bo_102", "0.00")


# Gradebooks of the first version


def of_version_1(path: Path) -> Path:
    database = sqlite3.connect(path)
    for statement in SCHEMA_1.read_text().split(";"):
        database.execute(statement)
    database.execute("INSERT INTO assignment VALUES ('lab', 'f', NULL)")
    for student, number, earned in (
        ("doejane_101", "101", 1.0),
        ("adamsjane_101", "101", 1.5),
        ("ana", "", 2.0),
        ("x_7", "", 0.5),
    ):
        one = submission(student, f"x = {earned}".encode(), platform_id=number)
        told = json.dumps(asdict(result(one, checked(earned=earned))))
        database.execute(
            "INSERT INTO submission VALUES (NULL, 'lab', ?, ?, ?, 'lab.py', 1, NULL, 0, 'f', ?)",
            (one.id, student, number, told),
        )
    for student, points in (("doejane_101", "0.25"), ("ana", "-1")):
        database.execute("INSERT INTO manual VALUES ('lab', ?, ?, '')", (student, points))
    database.execute("INSERT INTO override VALUES ('lab', 'x_7', 'test_a.py::test_a', '2', '')")
    database.execute(f"PRAGMA application_id = {0x50545447}")
    database.execute("PRAGMA user_version = 1")
    database.commit()
    database.close()
    return path


@pytest.mark.parametrize("write", [False, True])
def test_a_gradebook_of_version_1_opens(tmp_path, write):
    path = of_version_1(tmp_path / "old.sqlite")
    for _ in range(2):
        with Gradebook.open(path, write=write) as book:
            assert rows(book) == [
                ("adamsjane_101", "1.75"),
                ("ana", "1.00"),
                ("x_7", "2.00"),
            ]
            # What was graded stays graded: by the same identity of the hand-in.
            again = submission("101", b"x = 1.5", platform_id="101")
            assert again.id in book.graded_ids("lab", "f")


def test_an_old_gradebook_goes_on_with_any_system(tmp_path):
    with Gradebook.open(of_version_1(tmp_path / "old.sqlite")) as book:
        assert hand_in(book, 2.0, "adamsjane", "101", system="moodle") == []
        assert rows(book)[0] == ("adamsjane_101", "2.25")
