"""`coursegrader grade` from files to gradebook and pages, on good and bad input."""

import csv
import json
import os
import sqlite3
import zipfile
from pathlib import Path

import nbformat
import pytest
from inline import InlineExecutor, inline
from sample_assignment import POINTS, SOLUTION, write_assignment

from coursegrader import cli
from coursegrader.authoring.assignment import Assignment
from coursegrader.gradebook import Gradebook
from coursegrader.running.grading import Outcome, grade

pytestmark = pytest.mark.sandbox

BIG = 200 << 20


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instructor's folder with the assignment; commands run in it, without processes."""
    write_assignment(tmp_path / "sample")
    (tmp_path / "class").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("coursegrader.running.scheduling.local_executor", lambda workers: inline())
    return tmp_path


def run(*words: str) -> int:
    return cli.main([*words, "--assignment", "sample"])


def marks() -> dict[str, float]:
    with open("graded/grades.csv", encoding="utf-8-sig", newline="") as file:
        return {row["student"]: float(row["total"]) for row in csv.DictReader(file)}


def hand_in(name: str, content: str | bytes = SOLUTION) -> Path:
    path = Path("class", name)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def notebook(*cells: str) -> str:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    return nbformat.writes(made)


def test_a_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand_in("anna.py")
    hand_in("bert.ipynb", notebook("%matplotlib inline", SOLUTION, "1 / 0"))
    hand_in("carl.py", "def word(): return 'pixel'")
    hand_in("dora.py", "")
    assert run("grade", "class") == cli.DONE
    assert marks() == {"anna": POINTS, "bert": POINTS, "carl": 1.0, "dora": 0.0}
    assert "4 graded now, 0 before" in capsys.readouterr().out
    for name in ("canvas.csv", "report.html"):
        assert (folder / "graded" / name).stat().st_size
    pages = [path.read_text() for path in sorted((folder / "graded" / "feedback").glob("*.html"))]
    assert len(pages) == 4
    assert "ZeroDivisionError" in pages[1]
    results = sorted((folder / "graded" / "gradescope").rglob("*.json"))
    assert [json.loads(path.read_text())["score"] for path in results] == [POINTS, POINTS, 1, 0]


def test_the_second_run_grades_only_what_is_new(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in("anna.py")
    run("grade", "class")
    hand_in("bert.py", "")
    capsys.readouterr()
    assert run("grade", "class") == cli.DONE
    assert "1 graded now, 1 before" in capsys.readouterr().out
    assert run("grade", "class", "--regrade") == cli.DONE
    assert "2 graded now, 0 before" in capsys.readouterr().out
    assert marks() == {"anna": POINTS, "bert": 0.0}


def test_what_cannot_be_graded_is_tried_and_reported_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in("anna.py")
    hand_in("bert.ipynb", "no notebook")
    assert run("grade", "class") == cli.PROBLEMS
    capsys.readouterr()
    assert run("grade", "class") == cli.PROBLEMS
    said = capsys.readouterr()
    assert "1 graded now, 1 before" in said.out
    assert "not graded bert" in said.err
    hand_in("bert.ipynb", notebook(SOLUTION))
    assert run("grade", "class") == cli.DONE
    assert marks() == {"anna": POINTS, "bert": POINTS}


def test_workers_and_batches_are_counted_from_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("--workers", "--batch"):
        for value in ("0", "-1", "two"):
            with pytest.raises(SystemExit) as caught:
                run("grade", "class", option, value)
            assert caught.value.code == cli.MISUSE
            assert "whole number from 1" in capsys.readouterr().err


def test_a_regrade_keeps_marks_by_hand(folder: Path) -> None:
    hand_in("anna.py", "")
    run("grade", "class")
    assert run("mark", "anna", "--adjust", "2.5", "--comment", "explained it well") == cli.DONE
    assert run("mark", "anna", "--test", "test_sample.py::test_word", "--earned", "1") == cli.DONE
    assert run("grade", "class", "--regrade") == cli.DONE
    assert marks() == {"anna": 3.5}
    (page,) = (folder / "graded" / "feedback").glob("*.html")
    assert "explained it well" in page.read_text()


def test_a_changed_test_makes_grades_stale(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in("anna.py")
    run("grade", "class")
    tests = folder / "sample" / "tests" / "test_sample.py"
    tests.write_text(tests.read_text().replace("points(2)", "points(5)"))
    capsys.readouterr()
    assert run("grade", "class") == cli.DONE
    assert "1 graded now, 0 before" in capsys.readouterr().out
    assert marks() == {"anna": POINTS + 3}


def test_drawn_inputs_stay_the_same_in_a_regrade(folder: Path) -> None:
    executor = InlineExecutor()
    hand_in("anna.py")
    assignment = Assignment.load("sample")
    with Gradebook.open(Path("gradebook.sqlite")) as book:
        for regrade in (False, True):
            grade(Path("class"), assignment, book, inline(executor), regrade=regrade)
    first, second = (json.loads(batch)["secret"] for batch in executor.batches)
    assert first == second
    assert len(bytes.fromhex(first)) == 32


def test_a_mixed_bag_of_bad_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand_in("anna.py")
    hand_in("bert.ipynb", nbformat.writes(nbformat.v4.new_notebook()))
    hand_in("carl.ipynb", "no notebook")
    hand_in("dora.py", b"\xff\xfe\x00")
    hand_in("emil.pdf", "%PDF")
    with open("class/finn.py", "wb") as file:
        file.truncate(BIG)  # sparse: it takes no room on the disk
    os.symlink("/etc/passwd", "class/gina.py")
    assert run("grade", "class") == cli.PROBLEMS
    grades = marks()
    assert grades.pop("anna") == POINTS
    assert {*grades} == {"bert", "carl", "dora", "emil", "finn", "gina"}
    assert {*grades.values()} == {0.0}
    said = capsys.readouterr().err
    for name, reason in {
        "bert": "no code cell",
        "carl": "not a notebook that can be read",
        "dora": "not UTF-8",
        "emil.pdf": "",
        "finn.py": "20",
        "gina.py": "link",
    }.items():
        assert any(name in line and reason in line for line in said.splitlines()), (name, said)


def bulk_zip(entries: dict[str, str]) -> Path:
    path = Path("bulk.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_a_zip_from_canvas(folder: Path) -> None:
    bulk_zip(
        {
            "millerann_1001_501_answers.py": SOLUTION,
            "millerann_1002_502_answers.py": "",  # another student of the same name
            "weissbo_LATE_1003_503_answers-1.py": SOLUTION,
        }
    )
    assert run("grade", "bulk.zip") == cli.DONE
    assert marks() == {"millerann_1001": POINTS, "millerann_1002": 0.0, "weissbo_1003": POINTS}


def test_a_zip_that_leads_outside(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bulk_zip(
        {
            "millerann_1001_501_answers.py": SOLUTION,
            "../outside_1002_502_answers.py": SOLUTION,
            "/absolute_1003_503_answers.py": SOLUTION,
        }
    )
    before = {path for path in folder.parent.rglob("*outside*")}
    assert run("grade", "bulk.zip") == cli.PROBLEMS
    assert marks() == {"millerann_1001": POINTS}
    assert {path for path in folder.parent.rglob("*outside*")} == before
    assert capsys.readouterr().err.count("refused") == 2


def test_a_corrupt_zip(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = bulk_zip({"millerann_1001_501_answers.py": SOLUTION})
    path.write_bytes(path.read_bytes()[:40])
    assert run("grade", "bulk.zip") == cli.PROBLEMS
    assert "bulk.zip" in capsys.readouterr().err


def test_an_empty_class_needs_a_look(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("grade", "class") == cli.PROBLEMS
    assert "nothing to grade in class: is it the right folder?" in capsys.readouterr().err
    assert marks() == {}


def test_an_extension_that_fits_nobody_needs_a_look(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in("anna.py")
    Path("policy.toml").write_text(
        "due = 2026-03-01T12:00:00Z\n[extensions]\nana = 2026-03-02T12:00:00Z\n"
    )
    for command in (["grade", "class"], ["export"]):
        assert run(*command, "--policy", "policy.toml") == cli.PROBLEMS
        assert "the policy's extension fits no student: ana" in capsys.readouterr().err


def test_the_points_of_a_single_file_are_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in("anna.py")
    run("grade", "class")
    bert = hand_in("bert.py", "def word(): return 'pixel'")
    capsys.readouterr()
    assert run("grade", str(bert)) == cli.DONE
    assert capsys.readouterr().out.splitlines() == [
        "1 graded now, 0 before; see graded/report.html",
        "since the last run: 1 new, 0 changed, 0 refused",
        f"bert: 1 of {POINTS} points",
    ]
    assert run("grade", str(hand_in("carl.pdf", "%PDF"))) == cli.PROBLEMS
    said = capsys.readouterr()
    assert f"carl: 0 of {POINTS} points" in said.out
    assert "not graded carl: carl.pdf is neither .ipynb nor .py" in said.err


def test_a_dry_run_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand_in("anna.py")
    assert run("grade", "class", "--dry-run") == cli.DONE
    assert sorted(path.name for path in folder.iterdir()) == ["class", "sample"]
    run("grade", "class")
    hand_in("bert.py")
    hand_in("carl.pdf", "%PDF")
    Path("class/submissions.csv").write_text("file,submitted\nanna.py,2026-03-02T13:00:00Z\n")
    Path("policy.toml").write_text("due = 2026-03-01T12:00:00Z\npercent = 10\n")
    before = Path("gradebook.sqlite").read_bytes(), Path("graded/grades.csv").read_bytes()
    capsys.readouterr()
    assert run("grade", "class", "--dry-run", "--policy", "policy.toml") == cli.PROBLEMS
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "would grade bert: bert.py",
        "1 to grade, 1 graded before; nothing was changed",
        "changed anna: 10 → 8",
        "before any grading: 1 changed, 1 refused",
    ]
    assert "not graded carl" in said.err
    assert (Path("gradebook.sqlite").read_bytes(), Path("graded/grades.csv").read_bytes()) == before


def test_what_changed_since_the_last_run_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in("anna.py")
    hand_in("bert.py", "")
    run("grade", "class")
    assert "since the last run: 2 new, 0 changed, 0 refused" in capsys.readouterr().out
    run("mark", "bert", "--adjust", "1.5")
    hand_in("carl.py", "")
    hand_in("dora.zip", "PK")
    capsys.readouterr()
    assert run("grade", "class") == cli.PROBLEMS
    assert capsys.readouterr().out.splitlines()[1:] == [
        "changed bert: 0 → 1.5",
        "since the last run: 2 new, 1 changed, 1 refused",
    ]
    run("grade", "class")
    assert "since the last run: 0 new, 0 changed, 1 refused" in capsys.readouterr().out


def test_an_export_that_forgets_the_policy_shows_what_it_changes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in("anna.py")
    Path("class/submissions.csv").write_text("file,submitted\nanna.py,2026-03-02T13:00:00Z\n")
    Path("policy.toml").write_text("due = 2026-03-01T12:00:00Z\npercent = 10\n")
    run("grade", "class", "--policy", "policy.toml")
    capsys.readouterr()
    assert run("export", "--policy", "policy.toml") == cli.DONE
    assert capsys.readouterr().out == "written to graded\n"
    assert run("export") == cli.DONE
    assert capsys.readouterr().out.splitlines() == [
        "written to graded",
        "changed anna: 8 → 10",
        "without --policy lateness costs nothing, and the best attempt counts",
    ]


def test_an_empty_folder_shows_no_progress(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("class").mkdir(exist_ok=True)
    assert run("grade", "class") == cli.PROBLEMS
    assert capsys.readouterr().err == (
        "coursegrader: nothing to grade in class: is it the right folder?\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["grade", "class", "--assignment", "sampel"], "there are: sample"),
        (["grade", "nowhere", "--assignment", "sample"], "nowhere"),
        (["grade", "class", "--assignment", "sample", "--policy", "no.toml"], "no.toml"),
        (["grade", "class", "--assignment", "sample", "--scheduler", "tcp://192.0.2.1:1"], "tls"),
        (["export", "--assignment", "sample"], "there is no gradebook"),
        (["mark", "nobody", "--adjust", "1", "--assignment", "sample"], "there is no gradebook"),
    ],
)
def test_wrong_use(
    folder: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == cli.MISUSE
    assert message in capsys.readouterr().err


def test_a_student_who_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand_in("anna.py")
    run("grade", "class")
    assert run("mark", "ana", "--adjust", "1") == cli.MISUSE
    assert "anna" in capsys.readouterr().err


def test_a_gradebook_of_another_program_is_left_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect("gradebook.sqlite") as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    before = Path("gradebook.sqlite").read_bytes()
    assert run("grade", "class") == cli.MISUSE
    assert "another program" in capsys.readouterr().err
    assert Path("gradebook.sqlite").read_bytes() == before


def test_a_broken_test_file_stops_the_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand_in("anna.py")
    (folder / "sample" / "tests" / "test_more.py").write_text("import no_such_module")
    assert run("grade", "class") == cli.MISUSE
    assert "no_such_module" in capsys.readouterr().err


def test_a_test_that_fails_by_itself_is_the_instructors(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in("anna.py")
    (folder / "sample" / "tests" / "test_more.py").write_text(
        "import pytest\n\n@pytest.fixture\ndef data(): raise OSError('no data file')\n\n"
        "@pytest.mark.points(1)\ndef test_more(student, data): pass\n"
    )
    assert run("grade", "class") == cli.PROBLEMS
    assert "no data file" in capsys.readouterr().err
    (page,) = (folder / "graded" / "feedback").glob("*.html")
    assert "no data file" not in page.read_text()


BROKEN = """
import pytest

@pytest.mark.points(2)
def test_more(student): assert student.word() == wanted  # which is written nowhere

@pytest.mark.points(3)
def test_first_letter(student): assert student.word()[0] == "p"

@pytest.mark.points(1)
def test_for_ever(student):
    student.word()
    while True: pass
"""


def test_a_test_that_fails_by_itself_costs_nobody_a_point_and_is_named_once(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coursegrader.running.sandboxed.TEST_SECONDS", 0.5)
    (folder / "sample" / "sample.ipynb").write_text(notebook(SOLUTION))
    (folder / "sample" / "tests" / "test_more.py").write_text(BROKEN)
    hand_in("anna.py")
    hand_in("bert.py", "def word(): return 7")  # whose first letter no test can use
    assert run("grade", "class") == cli.PROBLEMS
    assert marks() == {"anna": POINTS + 6, "bert": 3}
    said = capsys.readouterr().err
    assert [line.partition(" (")[0] for line in said.splitlines() if "by itself" in line] == [
        "coursegrader: a test failed by itself: test_more.py::test_for_ever",
        "coursegrader: a test failed by itself: test_more.py::test_more",
    ]
    assert "NameError" in said
    # It is tried again in every run until it is mended.
    assert run("grade", "class") == cli.PROBLEMS
    mended = BROKEN.replace("wanted", "'pixel'").replace("while", "if")
    (folder / "sample" / "tests" / "test_more.py").write_text(mended)
    assert run("grade", "class") == cli.DONE
    assert marks() == {"anna": POINTS + 6, "bert": 1}


def test_hostile_names_and_messages_reach_no_file_unescaped(folder: Path) -> None:
    hand_in("=cmd()<script>alert(1)<script>.py", "def word(): raise ValueError('<script>x')")
    run("grade", "class")
    everything = [path for path in (folder / "graded").rglob("*") if path.is_file()]
    for path in everything:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".html":
            assert "<script" not in text
        if path.suffix == ".csv":
            cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]


def test_what_a_run_did() -> None:
    assert Outcome().clean
    assert not Outcome(broken_tests={"x": "why"}).clean


def test_similar_pairs_of_a_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = notebook("# BEGIN SOLUTION\n" + SOLUTION + "\n# END SOLUTION")
    (folder / "sample" / "sample.ipynb").write_text(source)
    own = "\n".join(f"def own{n}(x):\n    return x * {n} + (x - {n}) ** 2" for n in range(30))
    hand_in("anna.py", SOLUTION + own)
    hand_in("bert.py", SOLUTION + own.replace("own", "mine").replace("x", "value"))
    hand_in("carl.py", "import math\n\ndef area(r):\n    return math.pi * r * r\n" * 9)
    assert run("similar", "class", "-o", "similar.html") == cli.DONE
    said = capsys.readouterr().out
    assert "anna" in said
    assert "bert" in said
    assert "carl" not in said
    assert "anna" in Path("similar.html").read_text()
