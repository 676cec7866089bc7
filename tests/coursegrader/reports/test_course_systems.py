"""Tables go back to course systems as they came: language, separator, decimal sign, encoding."""

import csv
import io
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from bookkeeping_examples import checked, graded

from coursegrader.common.tables import read_table, safe
from coursegrader.common.text import parsed, same_letters
from coursegrader.gradebook.grades import Manual
from coursegrader.reports.canvas import write_canvas_csv
from coursegrader.reports.feedback import write_feedback
from coursegrader.reports.moodle import write_moodle_csv, write_moodle_feedback
from coursegrader.reports.tables import write_grades_csv, write_grades_xlsx

GERMAN = (
    "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,"
    "Bewertung kann geändert werden,Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),"
    "Feedback als Kommentar\r\n"
    'Teilnehmer/in12345,Änne Öz,a@x.de,Zur Bewertung abgegeben - ,,"2,00",Ja,'
    '"Sonntag, 1. März 2026, 14:14",-,\r\n'
    'Teilnehmer/in777,Bo Li,b@x.de,Keine Abgabe - ,"1,00","2,00",Ja,-,-,\r\n'
)
JAPANESE = (
    "ID,フルネーム,ステータス,グループ,評定,最大評点,評点の変更可,最終更新日時 (提出),"
    "最終更新日時 (評定),フィードバックコメント\r\n"
    "参加者12345,鈴木,提出済み,A,,2.00,Yes,-,-,\r\n"
    "参加者777,佐藤,提出済み,B,,2.00,Yes,-,-,前\r\n"
)
BLIND = (
    "Identifiant,Statut,Note,Note maximale,La note peut être modifiée,"
    "Dernière modification (travail remis),Dernière modification (note),Commentaires\r\n"
    "Participant 12345,Remis pour évaluation,-,200,Oui,-,-,\r\n"
    "Participant 777,Remis pour évaluation,-,200,Oui,-,-,\r\n"
)


def of_moodle(*names: str) -> list:
    people = zip(("12345", "777"), names, strict=True)
    return [
        graded(f"{name}_{number}", checked(earned=1.5), platform_id=number, system="moodle")
        for number, name in people
    ]


def filled(tmp_path: Path, content: bytes, *names: str, **options) -> tuple[list[str], bytes]:
    (tmp_path / "in.csv").write_bytes(content)
    unplaced = write_moodle_csv(
        tmp_path / "out.csv", of_moodle(*names), worksheet=tmp_path / "in.csv", **options
    )
    return unplaced, (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_german_worksheet_goes_back_in_german(tmp_path, encoding):
    unplaced, out = filled(tmp_path, GERMAN.encode(encoding), "Änne Öz", "Bo Li")
    assert unplaced == []
    assert out.startswith(b"\xef\xbb\xbf") == (encoding != "utf-8")
    text = out.decode("utf-8-sig")
    assert text.partition("\r\n")[0] == GERMAN.partition("\r\n")[0]
    first, second = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert first[:6] == [
        "Teilnehmer/in12345",
        "Änne Öz",
        "a@x.de",
        "Zur Bewertung abgegeben - ",
        "1,50",
        "2,00",
    ]
    assert (first[9], second[4]) == ("1.5 of 2 points.", "1,50")


def test_a_worksheet_that_excel_saved_with_semicolons(tmp_path):
    rows = list(csv.reader(io.StringIO(GERMAN, newline="")))
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(rows)
    unplaced, out = filled(tmp_path, text.getvalue().encode("cp1252"), "Änne Öz", "Bo Li")
    assert unplaced == []
    assert ";1,50;2,00;" in out.decode("utf-8-sig").splitlines()[1]


@pytest.mark.parametrize(
    ("text", "grade", "comment", "value"), [(JAPANESE, 4, 9, "1.50"), (BLIND, 2, 7, "150.00")]
)
def test_any_language_and_any_set_of_columns(tmp_path, text, grade, comment, value):
    names = ("鈴木", "佐藤") if text is JAPANESE else ("Participant", "Participant")
    unplaced, out = filled(tmp_path, text.encode(), *names, scale=True)
    rows = list(csv.reader(io.StringIO(out.decode(), newline="")))
    assert unplaced == []
    assert [(row[grade], row[comment]) for row in rows[1:]] == [(value, "1.5 of 2 points.")] * 2
    assert rows[0] == text.partition("\r\n")[0].split(",")


def test_columns_may_be_named(tmp_path):
    text = "Who,Name,Mark,Words\r\nP 12345,Ana,,\r\nP 777,Bo,,\r\n"
    with pytest.raises(ValueError, match="--grade-column, one of Who, Name, Mark, Words"):
        filled(tmp_path, text.encode(), "Ana", "Bo")
    _, out = filled(
        tmp_path, text.encode(), "Ana", "Bo", grade_column="Mark", comment_column="Words"
    )
    assert out.decode().splitlines()[1] == "P 12345,Ana,1.50,1.5 of 2 points."
    with pytest.raises(ValueError, match="no column 'Grade'; it has Who"):
        filled(tmp_path, text.encode(), "Ana", "Bo", grade_column="Grade")


def test_a_team_takes_no_row_of_somebody_else(tmp_path):
    unplaced, out = filled(tmp_path, GERMAN.encode(), "Gruppe 3", "Bo Li")
    (note,) = unplaced
    assert note.startswith("Gruppe 3_12345 (the number is that of 'Änne Öz' there")
    assert "--groups" in note
    assert "1,50" not in out.decode().splitlines()[1]


def test_a_number_of_canvas_is_none_of_moodle(tmp_path):
    one = graded("doe_777", checked(earned=2.0), platform_id="777", system="canvas")
    (tmp_path / "in.csv").write_text(GERMAN)
    assert write_moodle_csv(tmp_path / "m.csv", [one], worksheet=tmp_path / "in.csv") == ["doe_777"]
    write_moodle_csv(tmp_path / "m.csv", [one])
    assert len((tmp_path / "m.csv").read_text().splitlines()) == 1
    write_canvas_csv(tmp_path / "c.csv", "Lab", of_moodle("Ana", "Bo"))
    assert len((tmp_path / "c.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("maximum", "value"),
    [('"1,006.00"', "503.00"), ('"1.006,00"', "503,00"), ("1006", "503.00"), ('"1,006"', "503.00")],
)
def test_a_maximum_with_separators_of_thousands(tmp_path, maximum, value):
    export = tmp_path / "export.csv"
    export.write_text(
        "LastName,FirstName,ID,SIS Login ID,Section,Lab 1 (4711)\n"
        f"    Points Possible,,,,,{maximum}\n"
        "Doe,=Jane,5,jdoe,A,\n"
    )
    grades = [graded("doejane_5", checked(earned=1.0), platform_id="5", system="canvas")]
    path = tmp_path / "canvas.csv"
    assert write_canvas_csv(path, "Lab 1", grades, export=export, scale=True) == []
    assert read_table(path).rows[1] == ["Doe", "'=Jane", "5", "jdoe", "A", value]


NUMBERS = {
    "1,006.00": "1006",
    "1.006,00": "1006",
    "1 006,00": "1006",
    "1\u202f006,5": "1006.5",
    "1'006.00": "1006",
    "1,234,567": "1234567",
    "1.234.567": "1234567",
    "1,006": "1006",
    "100,5": "100.5",
    "100.5": "100.5",
    " 7 ": "7",
    "-1,5": "-1.5",
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_numbers_of_people_and_programs(text, value):
    assert parsed(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "-", "EX", "1e5", "nan", "1,2,3", "1.2.3", "x", "1/2"])
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="is no number"):
        parsed(text)


def test_names_that_differ_in_signs_alone():
    assert same_letters("Doe, John", "doe john") and same_letters("José", "Jose\u0301")
    assert not same_letters("Ana", "Anna")


# Formulas


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "text", ["x{}=1+1", "x{} +1", 'x{}"=1', "x\n{}@SUM(1)", "=1{}-1", "x{}＝1"]
)
def test_no_separator_makes_a_formula(separator, text):
    """Whatever separator a spreadsheet takes, no cell that it sees is a formula."""
    cell = safe(text.format(separator))
    line = io.StringIO(newline="")
    csv.writer(line).writerow(["ana", cell, "1.0"])
    for other in (",", ";", "\t", "|"):
        for row in csv.reader(io.StringIO(line.getvalue(), newline=""), delimiter=other):
            for seen in row:
                assert not seen.strip(' "').startswith(tuple("=+-@＝＋－＠")), (other, row)


# Workbooks


def test_a_workbook_has_numbers_and_no_formulas(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    grades = [
        graded("=1+1_5", checked(earned=1.5), platform_id="5", manual=Manual(comment="a\x0b=2"))
    ]
    write_grades_xlsx(tmp_path / "grades.xlsx", grades)
    write_grades_csv(tmp_path / "grades.csv", grades)
    sheet = openpyxl.load_workbook(tmp_path / "grades.xlsx").active
    header, row = sheet.iter_rows()
    told = {name.value: cell for name, cell in zip(header, row, strict=True)}
    assert list(told) == read_table(tmp_path / "grades.csv").header
    assert (told["total"].value, told["total"].data_type) == (1.5, "n")
    assert (told["name"].value, told["name"].data_type) == ("=1+1", "s")
    assert told["comment"].value == "a\ufffd=2"
    assert read_table(tmp_path / "grades.xlsx").header == list(told)


def test_without_openpyxl_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ValueError, match="pip install openpyxl"):
        write_grades_xlsx(tmp_path / "grades.xlsx", [])
    with pytest.raises(ValueError, match="pip install openpyxl"):
        read_table(tmp_path / "class.xlsx")


# Feedback


def moodle_takes(name: str) -> tuple[int, str]:
    """The student and the file, as `importziplib.php` reads a path in the zip."""
    folder, *rest = name.split("/")
    info = folder.split("_", 4)
    assert len(info) >= 4 and info[2:4] == ["assignsubmission", "file"]
    return int(info[1]), "/".join([*info[4:], *rest]).strip("/")


def test_feedback_as_the_zip_that_moodle_takes_back(tmp_path):
    grades = [
        *of_moodle("../x_999_y", "Bo"),
        graded("doe_5", checked(), platform_id="5", system="canvas"),
    ]
    pages = write_feedback(tmp_path / "feedback", "Lab", grades)
    write_moodle_feedback(tmp_path / "m.zip", grades, pages)
    first = (tmp_path / "m.zip").read_bytes()
    write_moodle_feedback(tmp_path / "m.zip", grades, pages)
    assert (tmp_path / "m.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        taken = {moodle_takes(name): archive.read(name) for name in archive.namelist()}
    assert taken == {
        (12345, "feedback.html"): pages["12345"].read_bytes(),
        (777, "feedback.html"): pages["777"].read_bytes(),
    }
