"""Whose a hand-in is: what students choose never decides, and what is not sure is refused.

The names are made as the systems make them: Canvas in `lib/content_zipper.rb`, Moodle in
`mod/assign/classes/downloader.php`, Gradescope in the `submission_metadata.yml` of its export.
"""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursegrader.handin.intake import collect
from coursegrader.handin.whose import Download, NobodyError, canvas_name

Told = dict[str, tuple[str, str]]


def lay(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder


def told(path: Path, **options) -> tuple[Told, dict[str, str]]:
    """Whose each file is, by its path: number and name; and the reasons of what was refused."""
    submissions, refused = collect(path, **options)
    who = {one.content.decode(): (one.student, one.name) for one in submissions}
    return who, {one.name: one.reason for one in refused}


def as_canvas(name: str, number: int, upload: int, file: str, late: bool = False) -> str:
    """How Canvas calls a file: `get_user_name`, `get_filename`, `sanitize_*`."""
    name = re.sub(r"_(\d+)_", r"\1", name).lower()
    who = "_".join([name, *(["LATE"] if late else []), str(number)])
    who = re.sub(r"[^\w]", "", who)
    file = re.sub(r'[\x00/\\:*?"<>|]+', "_", file)
    return f"{who}_{upload}_{file}"


def as_moodle(name: str, number: int, file: str, folders: bool = True) -> str:
    """How Moodle calls a file: `get_student_prefix`, `load_submissionplugin_filelist`."""
    prefix = f"{name.replace('_', ' ')}_{number}_assignsubmission_file"
    return f"{prefix}/{file}" if folders else f"{prefix}_{file}"


# Moodle


def test_in_moodle_the_first_number_counts(tmp_path):
    eve = as_moodle("Eve", 1, "203_assignsubmission_file_x.ipynb", folders=False)
    bob = as_moodle("Bob", 202, "my_201_assignsubmission_file_x.ipynb", folders=False)
    assert told(lay(tmp_path, eve, bob)) == ({eve: ("1", "Eve"), bob: ("202", "Bob")}, {})


def test_a_name_with_underscores_and_numbers_in_moodle(tmp_path):
    file = as_moodle("a_7_assignsubmission_file_b", 9, "x.py")
    assert told(lay(tmp_path, file)) == ({file: ("9", "a 7 assignsubmission file b")}, {})


def test_people_without_a_group_in_moodle_are_refused(tmp_path):
    good = as_moodle("Team 3", 17, "x.py")
    path = lay(tmp_path, "Default group_assignsubmission_file/x.py", good)
    who, refused = told(path)
    assert who == {good: ("17", "Team 3")}
    assert "in no group" in refused["Default group_assignsubmission_file/x.py"]


def test_a_number_of_somebody_else_in_the_class_is_refused(tmp_path):
    team, ana = as_moodle("Gruppe 3", 17, "x.py"), as_moodle("Ana Gil", 18, "x.py")
    who, refused = told(lay(tmp_path, team, ana), known={"17": "Bo Li", "18": "Gil  Ana"})
    assert who == {}  # "Gil Ana" is not how Moodle would call Ana Gil
    assert "'Bo Li'" in refused[team] and "--groups" in refused[team]
    who, refused = told(tmp_path, known={"17": "Bo Li", "18": "Ana_Gil"})
    assert who == {ana: ("18", "Ana Gil")}


# Canvas


def test_a_group_that_hides_numbers_in_its_name_is_refused(tmp_path):
    trick = as_canvas("x_-999_-8_", 101, 9001, "lab.ipynb")
    assert trick == "x_999_8__101_9001_lab.ipynb"
    _, refused = told(lay(tmp_path / "alone", trick))
    assert "number 999 or 101" in refused[trick] and "--roster" in refused[trick]
    # Other files tell how far Canvas has counted, and a table who is in the class.
    other = as_canvas("Doe, John", 102, 9002, "lab.ipynb")
    who, refused = told(lay(tmp_path / "class", trick, other))
    assert (who[trick][0], refused) == ("101", {})
    assert told(tmp_path / "alone", known={"101": "Gil, Ana"})[0][trick][0] == "101"


def test_a_trick_with_likely_numbers_is_refused_unless_the_class_is_known(tmp_path):
    trick = as_canvas("x_-103_-9003_", 101, 9001, "lab.ipynb")
    other = as_canvas("Doe, John", 102, 9002, "lab.ipynb")
    who, refused = told(lay(tmp_path, trick, other))
    assert list(who) == [other] and "103 or 101" in refused[trick]
    everybody = {"101": "Gil, Ana", "102": "Doe, John", "103": "Li, Bo"}
    assert "103 or 101" in told(tmp_path, known=everybody)[1][trick]
    everybody["103"] = "X"  # whom Canvas would call just so
    assert told(tmp_path, known=everybody)[0][trick] == ("103", "x")


@pytest.mark.parametrize(
    "file", ["01_lab.ipynb", "lab_2026_11_x.py", "1_lab.ipynb", "a_5_6_7_b.py"]
)
def test_numbers_in_file_names_do_not_confuse(tmp_path, file):
    ana = as_canvas("Gil, Ana", 101, 900100, file)
    doe = as_canvas("Doe, John", 102, 900102, "lab.ipynb")
    assert told(lay(tmp_path, ana, doe)) == (
        {ana: ("101", "gilana"), doe: ("102", "doejohn")},
        {},
    )


def test_canvas_writes_names_in_small_letters_without_signs(tmp_path):
    files = ["doe_101_9001_Lab_7_9003_x.py", "li_102_9002_my-lab_8_9004_y.py"]
    who, refused = told(lay(tmp_path, *files))
    assert ({one[0] for one in who.values()}, refused) == ({"101", "102"}, {})


def test_a_name_of_many_numbers_takes_no_time():
    name = "a" + "_1" * 30_000 + "_x.py"
    with pytest.raises(NobodyError, match="60006 characters"):
        Download([name]).owner(name)


def test_a_file_name_cannot_make_somebody_else(tmp_path):
    ana = as_canvas("Gil, Ana", 101, 9001, "_102_9003_lab.ipynb")
    doe = as_canvas("Doe, John", 102, 9002, "lab.ipynb")
    who, refused = told(lay(tmp_path, ana, doe))
    assert list(who) == [doe] and "101 or 102" in refused[ana]
    assert told(tmp_path, known={"101": "Gil, Ana", "102": "Doe, John"})[0][ana][0] == "101"


def test_a_student_called_anon_is_not_anonymous(tmp_path):
    late = as_canvas("Anon", 101, 9001, "x.py", late=True)
    assert late == "anon_LATE_101_9001_x.py"
    five = as_canvas("Anon", 12345, 9002, "x.py")
    doe = as_canvas("Doe, John", 102, 9003, "x.py")
    submissions, refused = collect(lay(tmp_path, late, five, doe))
    seen = [(one.student, one.name, one.late) for one in submissions]
    assert seen == [("101", "anon", True), ("102", "doejohn", False), ("12345", "anon", False)]
    assert refused == []


def test_anonymous_files_with_numbers_in_their_names(tmp_path):
    files = ["anon_abcde_9001_my_1_9001_x.py", "LATE_anon_x7Gk2_9002_lab_2_9_y.py"]
    who, refused = told(lay(tmp_path, *files))
    assert {one[0] for one in who.values()} == {"abcde", "x7Gk2"} and refused == {}


def test_small_letters_make_nobody_late(tmp_path):
    file = as_canvas("too_late", 7, 9001, "x.py")
    (one,), _ = collect(lay(tmp_path, file))
    assert (one.student, one.name, one.late) == ("7", "too_late", False)


def test_names_of_canvas_in_any_script():
    assert canvas_name("Doe, John") == "doejohn"
    assert canvas_name("García-López, Ana") == "garcíalópezana"
    assert canvas_name("शर्मा, अनु") == "शर्माअनु"
    assert canvas_name("x_12_y") == "x12y"


def test_a_name_of_vowel_signs(tmp_path):
    file = "शर्माअनु_101_9001_x.py"
    assert told(lay(tmp_path, file))[0] == {file: ("101", "शर्माअनु")}


# Which system


def test_a_name_of_moodle_in_a_download_of_canvas(tmp_path):
    trick = as_canvas("x_-1_assignsubmission_file", 101, 9001, "lab.ipynb")
    assert trick.startswith("x_1_assignsubmission_file_101_")
    doe = as_canvas("Doe, John", 102, 9002, "lab.ipynb")
    assert told(lay(tmp_path, trick, doe))[0][trick][0] == "101"


def test_a_name_of_canvas_in_a_download_of_moodle(tmp_path):
    eve = as_moodle("eve", 1, "203_9_x.ipynb", folders=False)
    bob = as_moodle("Bob", 2, "x.ipynb", folders=False)
    assert told(lay(tmp_path, eve, bob))[0] == {eve: ("1", "eve"), bob: ("2", "Bob")}


def test_where_all_names_fit_two_systems_the_instructor_says(tmp_path):
    file = "eve_1_assignsubmission_file_203_9_x.ipynb"
    _, refused = told(lay(tmp_path, file))
    assert "--from moodle" in refused[file]
    assert told(tmp_path, system="moodle")[0][file] == ("1", "eve")
    assert told(tmp_path, system="canvas")[0][file] == ("203", "eve_1_assignsubmission_file")
    assert told(tmp_path, system="folder")[0][file] == (file.removesuffix(".ipynb"),) * 2


def test_one_number_with_two_names_in_one_download(tmp_path):
    files = ["doejane_101_9001_x.py", "adamsjane_101_9002_x.py"]
    who, refused = told(lay(tmp_path, *files))
    assert who == {} and set(refused) == set(files)
    assert "'adamsjane' and 'doejane'" in refused[files[0]]
    who, refused = told(tmp_path, known={"101": "Adams, Jane"})
    assert {one[0] for one in who.values()} == {"101"} and refused == {}


def test_names_composed_in_two_ways_are_one_student(tmp_path):
    assert told(lay(tmp_path, "Jose\u0301/a.py"))[0] == {"Jose\u0301/a.py": ("José", "José")}


LETTERS = st.text(st.sampled_from("ab_-,. 0129éX"), min_size=1, max_size=12)


@given(LETTERS, LETTERS, st.integers(1, 999), st.integers(1, 9999), st.booleans())
def test_canvas_is_read_right_or_refused_whatever_students_choose(name, file, number, upload, late):
    """Of the name and the file name together, never another number, unless it is refused."""
    file = as_canvas(name, number, upload, f"{file}.py", late)
    try:
        owner = Download([file]).owner(file)
    except NobodyError:
        return
    if owner is not None:
        assert (owner.number, owner.upload, owner.late) == (str(number), upload, late)


@given(LETTERS, LETTERS, st.integers(1, 999), st.booleans())
def test_moodle_is_read_right_whatever_students_choose(name, file, number, folders):
    first, *rest = as_moodle(name, number, f"{file}.py", folders).split("/")
    owner = Download([first], system="moodle").owner(first, tuple(rest))
    assert (owner.number, owner.filename) == (str(number), f"{file}.py")
