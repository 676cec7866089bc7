"""Who is in the class and in which group, from tables made as the course systems make them."""

from pathlib import Path

import pytest
from bookkeeping_examples import submission

from coursegrader.common.records import Person
from coursegrader.handin.class_list import read_groups, read_people
from coursegrader.handin.teams import in_groups

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (4711)\n"
    ",,,,,Manual Posting\n"
    '"    Points Possible",,,,,14.0\n'
    '"Doe, Jane",101,S1,jdoe,A,\n'
    '"Li, Bo",102,S2,boli,A,\n'
    '"Student, Test",999,,x,A,\n'
)
CANVAS_GROUPS = (
    "name,canvas_user_id,user_id,login_id,sections,group_name,canvas_group_id,group_id\n"
    '"Doe, Jane",101,S1,jdoe,A,Team 3,55,\n'
    '"Li, Bo",102,S2,boli,A,Team 3,55,\n'
    '"Eve",103,S3,eve,A,,,\n'
)
MOODLE = (
    "\ufeffID,Vollständiger Name,E-Mail-Adresse,Status,Gruppe,Bewertung,Bestwertung,"
    "Bewertung kann geändert werden,Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung)\r\n"
    'Teilnehmer/in17,Ana Gil,ana@x.de,Abgegeben,Gruppe_3,,"14,00",Ja,-,-\r\n'
    'Teilnehmer/in18,Bo Li,bo@x.de,Abgegeben,Gruppe_3,,"14,00",Ja,-,-\r\n'
    'Teilnehmer/in19,Eve,eve@x.de,Abgegeben,Abgegeben,,"14,00",Ja,-,-\r\n'
)
GRADESCOPE = (
    "First Name,Last Name,SID,Email,Role,Section\n"
    "Ana,Gil,0123,ana@x.edu,Student,\n"
    "Bo,Li,,bo@x.edu,Student,\n"
    "Prof,Essor,9,prof@x.edu,Instructor,\n"
)


def write(tmp_path: Path, text: str) -> Path:
    (tmp_path / "class.csv").write_text(text, encoding="utf-8")
    return tmp_path / "class.csv"


def seen(path: Path) -> list[tuple]:
    people = read_people(path)
    assert all(one.on_roster for one in people)
    return [(one.student, one.name, one.number, one.system, one.logins) for one in people]


def test_the_gradebook_of_canvas(tmp_path):
    assert seen(write(tmp_path, CANVAS)) == [
        ("101", "Doe, Jane", "101", "canvas", ("jdoe", "S1")),
        ("102", "Li, Bo", "102", "canvas", ("boli", "S2")),
    ]
    two_names = CANVAS.replace("Student,ID", "LastName,FirstName,ID")
    two_names = two_names.replace('"Doe, Jane"', "Doe,Jane")
    two_names = two_names.replace('"Li, Bo"', "Li,Bo").replace('"Student, Test"', "Student,Test")
    two_names = two_names.replace(",,,,,Man", ",,,,,,Man").replace('Possible",', 'Possible",,')
    assert seen(write(tmp_path, two_names))[0][1] == "Doe, Jane"


def test_the_groups_of_canvas_are_a_class_list_too(tmp_path):
    assert [one[0] for one in seen(write(tmp_path, CANVAS_GROUPS))] == ["101", "102", "103"]


def test_a_worksheet_of_moodle(tmp_path):
    people = seen(write(tmp_path, MOODLE))
    assert people[0] == ("17", "Ana Gil", "17", "moodle", ("ana@x.de",))
    assert len(people) == 3


def test_a_roster_of_gradescope(tmp_path):
    assert seen(write(tmp_path, GRADESCOPE)) == [
        ("0123", "Ana Gil", "0123", "gradescope", ("ana@x.edu",)),
        ("bo@x.edu", "Bo Li", "bo@x.edu", "gradescope", ("bo@x.edu",)),
    ]


def test_a_table_of_ones_own(tmp_path):
    assert seen(write(tmp_path, "name;id;login\nGil, Ana;7;ana\nBo;;bo\n")) == [
        ("7", "Gil, Ana", "7", "?", ("ana",)),
        ("Bo", "Bo", "", "", ("bo",)),
    ]
    assert [one[0] for one in seen(write(tmp_path, "student\nana\nben\nana\n"))] == ["ana", "ben"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,id\nAna,7\nBo,7\n", "Ana and Bo both have the number 7"),
        (CANVAS.replace("102", "101"), "Doe, Jane and Li, Bo both have the number 101"),
        ("name,id\n", "holds nobody"),
        ("a,b\n1,2\n", "no column student or name"),
    ],
)
def test_a_class_list_that_is_refused(tmp_path, text, says):
    with pytest.raises(ValueError, match=says):
        read_people(write(tmp_path, text))


# Groups


def taken(one, groups, people=()) -> tuple[str, list[str]]:
    (made,), refused = in_groups([one], groups, people)
    assert refused == []
    return made.student, [other.student for other in made.members]


def by(name: str, number: str = "", system: str = ""):
    return submission(number or name, name=name, platform_id=number, system=system)


def test_a_group_of_canvas_is_found_by_the_number_of_a_member(tmp_path):
    groups = read_groups(write(tmp_path, CANVAS_GROUPS))
    assert taken(by("team3", "102", "canvas"), groups) == ("group Team 3", ["101", "102"])
    assert taken(by("team3", "103", "canvas"), groups) == ("103", [])  # Eve, in no group


def test_a_team_of_moodle_by_the_worksheet(tmp_path):
    """A team that calls itself like a status takes nobody else's row."""
    path = write(tmp_path, MOODLE)
    team, trick = by("Gruppe 3", "17", "moodle"), by("Abgegeben", "4", "moodle")
    groups = read_groups(path, [team.name, trick.name])
    people = read_people(path)
    assert taken(team, groups, people) == ("group Gruppe_3", ["17", "18"])
    assert taken(trick, groups, people) == ("group Abgegeben", ["19"])
    with pytest.raises(ValueError, match="does not tell the teams"):
        read_groups(path, [trick.name])


def test_a_plain_table_names_groups_by_name_or_number(tmp_path):
    path = write(tmp_path, "group,number,member\nA,17,ana\nA,17,Bo Li\nB,18,eve@x.de\n")
    groups = read_groups(path)
    people = [Person("7", "Ana", "7", "?", ("ana",)), Person("8", "Bo Li", "8", "?")]
    assert taken(by("renamed", "17", "moodle"), groups, people) == ("group A", ["7", "8"])
    assert taken(by("b", "99", "moodle"), groups, people) == ("group B", ["eve@x.de"])
    assert taken(by("A"), groups, people)[0] == "group A"


def test_a_team_that_is_in_no_table_is_refused(tmp_path):
    groups = read_groups(write(tmp_path, "group,member\nA,ana\n"))
    made, (refused,) = in_groups([by("Gruppe 9", "17", "moodle")], groups, [])
    assert made == [] and "is of no group" in refused.reason
    double = [Person("7", "Ana", "7", "?"), Person("8", "ana", "8", "?")]
    made, (refused,) = in_groups([by("A", "17", "moodle")], groups, double)
    assert made == [] and "may be one of several" in refused.reason
    with pytest.raises(ValueError, match="columns group and member"):
        read_groups(write(tmp_path, "a,b\n1,2\n"))
