"""Exports, read back by the csv and json modules as the other programs read them."""

import csv
import io
import json
import os
from decimal import Decimal
from pathlib import Path

import pytest
from bookkeeping_examples import at, checked, graded
from hypothesis import given
from hypothesis import strategies as st

from coursegrader.common.files import write_atomically
from coursegrader.common.tables import safe
from coursegrader.common.text import safe_name
from coursegrader.gradebook.grades import Manual, Override
from coursegrader.gradebook.policy import Policy
from coursegrader.reports.canvas import write_canvas_csv
from coursegrader.reports.gradescope import gradescope_results, write_gradescope
from coursegrader.reports.moodle import write_moodle_csv
from coursegrader.reports.tables import write_grades_csv

LATE = {
    "submitted": at("2026-03-01 13:00"),
    "policy": Policy(at("2026-03-01 12:00"), percent=10),
}


def read(path: Path, delimiter: str = ",") -> list[list[str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


# Cells and names


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])
def test_no_text_is_a_formula(start):
    assert safe(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


def test_numbers_stay_numbers():
    assert safe(Decimal("-0.50")) == "-0.50"
    assert safe(Decimal("1E+2")) == "100"
    assert safe(3) == "3"
    assert safe("a=1") == "a=1"
    assert safe("-") == "-"


@given(st.lists(st.text(max_size=30), min_size=2, max_size=20, unique=True))
def test_safe_names(students):
    """No folder, no hidden file, short enough for any file system, and as many as students."""
    names = [safe_name(student) for student in students]
    assert len({name.casefold() for name in names}) == len(students)
    for name in names:
        assert Path(name).name == name
        assert not name.startswith((".", "-"))
        assert not set(name) & set('/\\:*?"<>|') and name.isprintable()


@pytest.mark.parametrize(
    "student", ["../../etc/passwd", "x" * 5000, "日" * 300, "", "con", "\ud800"]
)
def test_hostile_names_make_files(tmp_path, student):
    path = tmp_path / f"{safe_name(student)}.html"
    path.write_text("x")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert safe_name("Ana María_12") == "Ana_María_12-" + safe_name("Ana María_12")[-10:]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "grades.csv"
    write_atomically(path, "old")

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]


# grades.csv


def test_grades_csv(tmp_path):
    by_hand = Override(Decimal("1.5000"))  # as the gradebook keeps it
    manual = Manual(Decimal("-0.2500"), "=cmd|'/c calc'!A0", {"t.py::b": by_hand})
    grades = [
        graded("@ana_1", checked("t.py::a", 1.0), platform_id="1", manual=manual, **LATE),
        graded('Bo, "B"\nLi', checked("t.py::b", 2.0), checked("t.py::c", 0.1, points=0.1)),
        graded("cy", status="not_graded", reason="it is no notebook"),
    ]
    write_grades_csv(tmp_path / "grades.csv", grades)
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbfstudent,")
    header, *rows = read(tmp_path / "grades.csv")
    ana, bo, cy = (dict(zip(header, row, strict=True)) for row in rows)
    # 1 + 1.5 earned, 10 % off is 0.25, and 0.25 taken by hand
    assert {name: ana[name] for name in [*header[:3], *header[4:10]]} == {
        "student": "'@ana_1",
        "name": "'@ana",
        "id": "1",
        "total": "2.00",
        "points": "2.00",
        "earned": "2.50",
        "deduction": "0.25",
        "adjustment": "-0.25",
        "late": "1 started day late: 10 % off",
    }
    assert ana["comment"] == "'=cmd|'/c calc'!A0"
    assert (ana["t.py::a"], ana["t.py::b"], ana["t.py::c"]) == ("1.0", "1.5", "")
    assert ana["submitted"] == "2026-03-01T13:00:00+00:00"
    assert (bo["student"], bo["total"], bo["t.py::c"]) == ('Bo, "B"\nLi', "2.10", "0.1")
    assert (cy["status"], cy["problem"], cy["total"]) == (
        "not_graded",
        "it is no notebook",
        "0.00",
    )


def test_nobody_handed_in(tmp_path):
    write_grades_csv(tmp_path / "grades.csv", [])
    assert len(read(tmp_path / "grades.csv")) == 1
    assert write_canvas_csv(tmp_path / "canvas.csv", "Lab", []) == []
    assert len(read(tmp_path / "canvas.csv")) == 2
    assert write_moodle_csv(tmp_path / "moodle.csv", []) == []
    assert len(read(tmp_path / "moodle.csv")) == 1
    assert write_gradescope(tmp_path / "gradescope", []) == {}


# Canvas

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (4711),Lab 2 (4712),Current Score\n"
    ",,,,,Manual Posting,,(read only)\n"
    '"    Points Possible",,,,,2.0,10,(read only)\n'
    '"Doe, John",12345,S1,jdoe,Lab 1,,7,70\n'
    '"Doe, John",777,S2,john2,Lab 1,1,8,80\n'
    '"=Evil, Eve",42,S3,eve,Lab 1,,9,90\n'
    '"Li, Bo",99,S4,boli,Lab 1,EX,9,90\n'
    '"Student, Test",100,,abc,Lab 1,,,\n'
)


def of_canvas() -> list:
    return [
        graded("doejohn_12345", checked(earned=2.0), platform_id="12345"),
        graded("doejohn_777", checked(earned=0.5), platform_id="777"),
        graded("evileve_42", checked(earned=1.0), platform_id="42", **LATE),
        graded("gone_5", checked(earned=1.0), platform_id="5"),
    ]


def test_canvas_export_is_filled_in(tmp_path):
    export = write(tmp_path / "export.csv", CANVAS)
    path = tmp_path / "canvas.csv"
    assert write_canvas_csv(path, "lab 1", of_canvas(), export=export) == ["gone_5"]
    assert read(path) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lab 1 (4711)"],
        ["", "", "", "", "", "Manual Posting"],
        ["    Points Possible", "", "", "", "", "2.0"],
        ["Doe, John", "12345", "S1", "jdoe", "Lab 1", "2.00"],
        ["Doe, John", "777", "S2", "john2", "Lab 1", "0.50"],
        ["'=Evil, Eve", "42", "S3", "eve", "Lab 1", "0.90"],
        ["Li, Bo", "99", "S4", "boli", "Lab 1", "EX"],
        ["Student, Test", "100", "", "abc", "Lab 1", ""],
    ]
    assert path.read_bytes().startswith(b"Student")  # no mark, because the export has none


def test_canvas_by_login_names_semicolons_and_a_mark(tmp_path):
    export = write(tmp_path / "export.csv", "\ufeff" + CANVAS.replace(",", ";"))
    grades = [graded("boli", checked(earned=1.5)), graded("S1", checked(earned=1.0))]
    path = tmp_path / "canvas.csv"
    assert write_canvas_csv(path, "Lab 1 (4711)", grades, export=export) == []
    rows = {row[1]: row[-1] for row in read(path, ";")}
    assert (rows["99"], rows["12345"], rows["777"]) == ("1.50", "1.00", "1")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_canvas_without_an_export(tmp_path):
    path = tmp_path / "canvas.csv"
    grades = [*of_canvas()[:1], graded("boli", checked(earned=1.5))]
    assert write_canvas_csv(path, "Lab 1", grades) == []
    assert read(path) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lab 1"],
        ["    Points Possible", "", "", "", "", "2.00"],
        ["doejohn", "12345", "", "", "", "2.00"],
        ["boli", "", "", "boli", "", "1.50"],
    ]


def test_another_maximum_is_an_error_or_scaled(tmp_path):
    export = write(tmp_path / "export.csv", CANVAS)
    path = tmp_path / "canvas.csv"
    with pytest.raises(ValueError, match=r"the maximum there is 10, the tests have 2 points"):
        write_canvas_csv(path, "Lab 2", of_canvas(), export=export)
    assert not path.exists()
    write_canvas_csv(path, "Lab 2", of_canvas(), export=export, scale=True)
    assert [row[-1] for row in read(path)[3:6]] == ["10.00", "2.50", "4.50"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (CANVAS, "no assignment 'Lab 3'; it has Lab 1"),
        (CANVAS.replace("Lab 2 (4712)", "Lab 3 (5)").replace("Lab 1", "Lab 3"), "several"),
        ("Name,Points\nana,3\n", "no column ID, Section"),
        ("", "no column ID"),
        ("ID,Section,Lab 3\n", "no column Student"),
        ('Student,ID,Section\n"open', "is no table"),
        ("Student\0,ID,Section\n", "no column ID|no column Student|is no table"),
    ],
)
def test_a_canvas_export_that_is_none(tmp_path, text, says):
    export = write(tmp_path / "export.csv", text)
    with pytest.raises(ValueError, match=says):
        write_canvas_csv(tmp_path / "canvas.csv", "Lab 3", of_canvas(), export=export)


def test_an_export_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        write_canvas_csv(tmp_path / "c.csv", "Lab", [], export=tmp_path / "none.csv")
    (tmp_path / "other.csv").write_bytes(b"Jos\x81")  # no text in UTF-8 nor Excel's
    with pytest.raises(ValueError, match="cannot be read: save it as"):
        write_moodle_csv(tmp_path / "m.csv", [], worksheet=tmp_path / "other.csv")


# Moodle

MOODLE = (
    "\ufeffIdentifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,"
    "Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments\r\n"
    'Participant 12345,Ana Gil,S1,ana@x.edu,Submitted for grading - ,,2.00,Yes,"Sunday, '
    '1 March 2026, 2:14 PM",-,\r\n'
    "Participant 777,=Eve,S2,eve@x.edu,Submitted for grading - ,,2.00,Yes,-,-,old\r\n"
    'Participant 99,Bo Li,S3,bo@x.edu,No submission - ,1.00,2.00,Yes,-,-,"- well\ndone"\r\n'
)


def test_moodle_worksheet_is_filled_in(tmp_path):
    worksheet = write(tmp_path / "worksheet.csv", MOODLE)
    grades = [
        graded("Ana Gil_12345", checked(earned=1.5), platform_id="12345", **LATE),
        graded("=Eve_777", checked(earned=2.0), platform_id="777", manual=Manual(Decimal(1), "+1")),
        graded("gone_5", checked(earned=1.0), platform_id="5"),
    ]
    path = tmp_path / "moodle.csv"
    assert write_moodle_csv(path, grades, worksheet=worksheet) == ["gone_5"]
    before, after = read(worksheet), read(path)
    assert after[0] == before[0]
    assert after[3] == before[3]
    # 1.5 less 10 % is 1.35
    assert (after[1][5], after[1][10]) == (
        "1.35",
        "1.35 of 2 points. 1 started day late: 10 % off (0.15 points).",
    )
    # Moodle takes no grade above its maximum
    assert (after[2][1], after[2][5], after[2][10]) == ("'=Eve", "2.00", "3 of 2 points. +1")
    assert after[1][:5] + after[1][6:10] == before[1][:5] + before[1][6:10]
    assert path.read_bytes().startswith(b"\xef\xbb\xbfIdentifier")
    assert b"\r\nParticipant 777" in path.read_bytes()


def test_moodle_in_another_language_and_by_email(tmp_path):
    text = MOODLE.replace("Participant ", "Teilnehmer/in")
    worksheet = write(tmp_path / "worksheet.csv", text)
    grades = [
        graded("Ana_12345", checked(earned=2.0), platform_id="12345"),
        graded("bo@x.edu", checked(earned=1.5)),
    ]
    path = tmp_path / "moodle.csv"
    assert write_moodle_csv(path, grades, worksheet=worksheet) == []
    assert [row[5] for row in read(path)[1:]] == ["2.00", "", "1.50"]


def test_moodle_without_a_worksheet(tmp_path):
    path = tmp_path / "moodle.csv"
    grades = [graded("Ana_12345", checked(earned=1.0), platform_id="12345"), graded("bo")]
    assert write_moodle_csv(path, grades) == ["bo"]
    header, row = read(path)
    told = dict(zip(header, row, strict=True))
    assert (told["Identifier"], told["Grade"], told["Maximum Grade"]) == (
        "Participant 12345",
        "1.00",
        "2.00",
    )
    assert told["Last modified (grade)"] == "-"


@pytest.mark.parametrize("maximum", ["100.00", "100,00"])
def test_moodle_with_another_maximum(tmp_path, maximum):
    worksheet = write(tmp_path / "w.csv", MOODLE.replace("2.00", f'"{maximum}"'))
    grades = [graded("Ana_12345", checked(earned=1.0), platform_id="12345")]
    with pytest.raises(ValueError, match="make them equal"):
        write_moodle_csv(tmp_path / "m.csv", grades, worksheet=worksheet)
    write_moodle_csv(tmp_path / "m.csv", grades, worksheet=worksheet, scale=True)
    assert read(tmp_path / "m.csv")[1][5] == maximum.replace("100", "50")


def test_a_maximum_that_is_no_number(tmp_path):
    worksheet = write(tmp_path / "w.csv", MOODLE.replace("2.00", "Satisfactory"))
    grades = [graded("Ana_12345", checked(), platform_id="12345")]
    with pytest.raises(ValueError, match="no grade beside a maximum"):
        write_moodle_csv(tmp_path / "m.csv", grades, worksheet=worksheet)


# Gradescope


def test_gradescope(tmp_path):
    one = graded(
        "../ana",
        checked("t.py::a", 1.0, message="sigmoid(0) returned <b>1</b>"),
        checked("test_hidden_t.py::b", 2.0, hidden=True),
        checked("t.py::c", 0.0, outcome="error", message="fixture broke"),
        checked("t.py::d", 0.0),
        problems=["cell 4: SyntaxError"],
        manual=Manual(Decimal("0.3"), "a fine plot", {"t.py::d": Override(Decimal(2), "right")}),
        **LATE,
    )
    paths = write_gradescope(tmp_path / "gradescope", [one])
    assert paths["../ana"].parent == tmp_path / "gradescope"
    told = json.loads(paths["../ana"].read_text())
    # 1 + 2 + 0 + 2 earned, less 10 %, and 0.3
    assert told["score"] == 4.8
    assert told["output"].splitlines() == [
        "1 started day late: 10 % off, 0.5 points",
        "cell 4: SyntaxError",
        "a fine plot",
    ]
    assert (told["visibility"], told["stdout_visibility"]) == ("visible", "hidden")
    assert "execution_time" not in told  # a code could tell of hidden inputs by it
    seen = [(t["score"], t["max_score"], t["status"], t["visibility"]) for t in told["tests"]]
    assert seen == [
        (1.0, 2.0, "failed", "visible"),
        (2.0, 2.0, "passed", "hidden"),
        (0.0, 2.0, "failed", "hidden"),
        (2.0, 2.0, "passed", "visible"),
    ]
    assert told["tests"][0]["output"] == "sigmoid(0) returned <b>1</b>"
    assert told["tests"][3]["output"] == "right"


def test_gradescope_tells_why_nothing_was_graded():
    told = gradescope_results(graded("ana", status="not_graded", reason="it is no notebook"))
    assert (told["score"], told["output"], told["tests"]) == (0.0, "it is no notebook", [])


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_name_and_comment_survives_or_is_made_safe(tmp_path_factory, student, comment):
    path = tmp_path_factory.mktemp("csv") / "grades.csv"
    write_grades_csv(path, [graded(student, checked(), manual=Manual(comment=comment))])
    header, row = read(path)
    told = dict(zip(header, row, strict=True))
    for written, wanted in ((told["student"], student), (told["comment"], comment)):
        assert written.removeprefix("'") == wanted.replace("\0", "\ufffd").removeprefix("'")
        assert not written.strip(" ").startswith(("=", "+", "@", "\t", "\r", "\n"))
