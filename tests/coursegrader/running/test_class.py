"""A class with a list and groups, from a download to what goes back; and Gradescope's machine."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from bookkeeping_examples import checked, graded
from inline import inline
from sample_assignment import POINTS, SOLUTION, write_assignment

from coursegrader import cli
from coursegrader.handin.intake import collect
from coursegrader.reports.autograder import write_autograder

ROOT = Path(__file__).parents[3]
WORKSHEET = (
    "ID,Vollständiger Name,Status,Gruppe,Bewertung,Bestwertung,Bewertung kann geändert werden,"
    "Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar\n"
    'Teilnehmer/in16,Ana Gil,Abgegeben,Gruppe 3,,"{0}",Ja,-,-,\n'
    'Teilnehmer/in17,Bo Li,Abgegeben,Gruppe 4,,"{0}",Ja,-,-,\n'
    'Teilnehmer/in18,Eve,Abgegeben,Gruppe 3,,"{0}",Ja,-,-,\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instructor's folder with the assignment; commands run in it, without processes."""
    write_assignment(tmp_path / "sample")
    cell = nbformat.v4.new_code_cell(SOLUTION)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "sample" / "sample.ipynb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("coursegrader.running.scheduling.local_executor", lambda workers: inline())
    return tmp_path


def run(*words: str) -> int:
    return cli.main([*words, "--assignment", "sample"])


def put(path: str, content: str = SOLUTION) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content)


def rows(path: str = "graded/grades.csv") -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.sandbox
def test_teams_of_moodle_from_the_zip_to_the_worksheet(folder, capsys) -> None:
    """Team 3 has the number 17, which is Bo's, who handed in nothing."""
    put("class/Gruppe 3_17_assignsubmission_file/x.py")
    put("worksheet.csv", WORKSHEET.format(f"{POINTS},00"))
    # Without the members: whoever has the number in the class list gets nothing.
    assert run("grade", "class", "--roster", "worksheet.csv") == cli.PROBLEMS
    assert "for a group's hand-in, give its members with --groups" in capsys.readouterr().err
    assert {row["total"] for row in rows()} == {"0.00"}
    report = " ".join(re.sub("<[^>]*>", "", Path("graded/report.html").read_text()).split())
    assert "Nothing handed in Ana Gil_16, Bo Li_17, Eve_18" in report
    tables = ("--roster", "worksheet.csv", "--groups", "worksheet.csv")
    assert run("grade", "class", *tables) == cli.DONE
    seen = {row["name"]: (float(row["total"]), row["group"], row["problem"]) for row in rows()}
    assert seen == {
        "Ana Gil": (POINTS, "Gruppe 3", ""),
        "Eve": (POINTS, "Gruppe 3", ""),
        "Bo Li": (0, "", "nothing was handed in"),
    }
    pages = sorted(path.name for path in Path("graded/feedback").glob("group*"))
    assert len(pages) == 1
    page = Path("graded/feedback", pages[0]).read_text()
    assert "<bdi>Ana Gil, Eve</bdi> of the group <bdi>Gruppe 3</bdi>" in page
    assert run("export", "--moodle", "worksheet.csv") == cli.DONE
    filled = [list(row.values()) for row in rows("graded/moodle.csv")]
    assert [row[4] for row in filled] == [f"{POINTS},00", "", f"{POINTS},00"]
    with zipfile.ZipFile("graded/moodle-feedback.zip") as archive:
        assert sorted(archive.namelist())[0] == "Ana Gil_16_assignsubmission_file_/feedback.html"
        assert len(archive.namelist()) == 2
    # One member is marked alone, and has a page of her own.
    assert run("mark", "Eve", "--adjust", "-1", "--comment", "Watched only.") == cli.DONE
    assert run("mark", "Gruppe 3", "--adjust", "0.5") == cli.DONE
    assert run("export") == cli.DONE
    totals = {row["name"]: float(row["total"]) for row in rows()}
    assert totals == {"Ana Gil": POINTS + 0.5, "Eve": POINTS - 0.5, "Bo Li": 0}
    assert len(list(Path("graded/feedback").glob("Eve*"))) == 1


@pytest.mark.sandbox
def test_a_renamed_student_stays_one_and_anybody_can_be_taken_out(folder, capsys) -> None:
    put("one/doejane_101_9001_lab.py")
    put("two/adamsjane_101_9002_lab.py", "def word(): return 1")
    put("own.py")
    assert run("grade", "one") == cli.DONE
    assert len(list(Path("graded/feedback").glob("doejane_101-*"))) == 1
    assert run("grade", "two") == run("grade", "own.py") == cli.DONE
    assert len(list(Path("graded/feedback").glob("*_101-*"))) == 1  # under the new name alone
    assert [(row["student"], row["id"], row["attempts"]) for row in rows()] == [
        ("adamsjane_101", "101", "2"),
        ("own", "", "1"),
    ]
    capsys.readouterr()
    assert run("show", "101") == cli.DONE
    shown = capsys.readouterr().out
    assert shown.startswith("adamsjane_101\nthrough canvas\nattempt 1: lab.py, ")
    assert shown.count("(counts)") == 1
    assert run("remove", "own") == cli.DONE
    assert capsys.readouterr().out == "removed own, with 1 graded hand-in and all marks by hand\n"
    assert run("remove", "own") == cli.MISUSE
    put("class.csv", "name,id\nJane,101\nBo,102\n")
    put("three/zed_103_9003_lab.py")
    assert run("grade", "three", "--roster", "class.csv") == cli.PROBLEMS  # Zed is not on the list
    assert "not on the class list: zed_103" in capsys.readouterr().err
    assert run("list") == cli.DONE
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in listed] == [
        ["student", "points", "attempts"],
        ["Bo_102", "0", "0"],
        ["Jane_101", str(POINTS), "2"],
        ["zed_103", str(POINTS), "1"],
    ]
    assert listed[1].endswith("nothing was handed in")
    assert listed[3].endswith("not on the class list")


def test_a_gradebook_that_is_not_there_is_not_made(folder) -> None:
    for command in (["list"], ["show", "ana"], ["remove", "ana"]):
        assert run(*command) == cli.MISUSE
    assert not Path("gradebook.sqlite").exists()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_script_of_the_page_takes_times_and_follows_no_link(folder) -> None:
    page = (ROOT / "book" / "coursework" / "instructors.md").read_text("utf-8")
    (script,) = re.findall(r':caption: "`times.sh`"\n(.*?)```', page, re.DOTALL)
    assert "cp " not in script
    for name in ("ana", "ben", "cyn"):
        put(f"clones/{name}/assignment.toml", "")
        put(f"clones/{name}/tests/test_lab.py", "")
    put("clones/ana/logistic_regression.ipynb", "{}")
    Path("clones/ben/logistic_regression.ipynb").symlink_to("../ana/logistic_regression.ipynb")
    when = "2026-03-01T23:59:00+01:00"
    dated = os.environ | {"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when}
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    put("clones/cyn/mine.ipynb", "{}")
    for name in ("ana", "ben", "cyn"):
        for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "x"]):
            subprocess.run(["git", "-C", f"clones/{name}", *words], check=True, env=dated)
    subprocess.run(["bash", "-e", "-c", script], check=True)
    submissions, refused = collect(Path("clones"), notebook="logistic_regression.ipynb")
    ana, ben, cyn = submissions
    assert "cyn has no logistic_regression.ipynb; was it renamed?" in cyn.reason  # said once
    assert (ana.student, ana.submitted.isoformat(), ben.student) == ("ana", when, "ben")
    assert (ben.content, refused) == (b"", [])
    assert "is a link" in ben.reason


# Gradescope


class Machine:
    """A machine as Gradescope's documentation has it: `source`, `submission`, `results`."""

    def __init__(self, folder: Path, archive: Path) -> None:
        self.home = folder / "autograder"
        for name in ("source", "submission", "results"):
            (self.home / name).mkdir(parents=True)
        subprocess.run(["unzip", "-q", archive, "-d", self.home / "source"], check=True)
        shutil.copy(self.home / "source" / "run_autograder", self.home)

    def grade(self, content: str, name: str = "sample.ipynb", **user: str) -> dict:
        for path in (self.home / "submission").iterdir():
            path.unlink()
        (self.home / "submission" / name).write_text(content)
        metadata = {"id": 1, "created_at": "2026-03-01T14:22:32-07:00", "users": [user]}
        (self.home / "submission_metadata.json").write_text(json.dumps(metadata))
        python = Path(sys.executable).parent
        environment = os.environ | {"PATH": f"{python}:{os.environ['PATH']}"}
        subprocess.run([self.home / "run_autograder"], cwd=self.home, env=environment, check=False)
        return json.loads((self.home / "results" / "results.json").read_text())


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip keeps the rights of programs")
@pytest.mark.sandbox
def test_an_autograder_for_gradescope(folder, capsys) -> None:
    assert run("autograder") == cli.DONE
    names = zipfile.ZipFile("autograder.zip").namelist()
    assert {"setup.sh", "run_autograder", "assignment/assignment.toml"} <= set(names)
    assert not [name for name in names if "hidden" in name]
    machine = Machine(folder / "live", Path("autograder.zip"))
    told = machine.grade(SOLUTION, "x.py", email="ana@x.edu")
    assert told["score"] > 0 and {test["visibility"] for test in told["tests"]} == {"visible"}
    assert told["output"].startswith("These are the visible tests.")
    assert machine.grade("1 +", "x.ipynb")["output"].startswith("this is not a notebook")
    assert machine.grade("x", "x.pdf")["output"] == (
        "there is no notebook in it: hand in sample.ipynb alone"
    )
    ended = machine.grade("import os\nos._exit(0)", "x.py")
    assert ended["score"] == 0

    put("class.csv", "name,id,email\nAna Gil,0123,ana@x.edu\nBo Li,0124,bo@x.edu\n")
    put("class/ana@x.edu.py")
    assert run("grade", "class", "--roster", "class.csv") == cli.DONE
    assert run("mark", "0123", "--adjust", "0.25") == cli.DONE
    assert run("autograder", "--graded", "-o", "graded.zip") == cli.DONE
    machine = Machine(folder / "after", Path("graded.zip"))
    for user in ({"sid": "0123"}, {"email": "Ana@x.edu", "sid": ""}):
        assert machine.grade("", "x.py", **user)["score"] == POINTS + 0.25
    assert machine.grade(SOLUTION, "x.py", email="bo@x.edu")["output"].startswith("These are")


def test_a_login_of_two_students_finds_neither(tmp_path) -> None:
    grades = [graded(f"{name}_{k}", checked(), platform_id=str(k)) for k, name in enumerate("ab")]
    logins = {"0": ("team@x.edu", "a@x.edu"), "1": ("team@x.edu",)}
    write_autograder(tmp_path / "x.zip", {}, ["numpy"], grades, logins)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        index = json.loads(archive.read("graded/index.json"))
    assert index == {"0": "0.json", "a_0": "0.json", "a@x.edu": "0.json"} | {
        "1": "1.json",
        "b_1": "1.json",
    }


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip keeps the rights of programs")
def test_the_machine_of_gradescope_is_set_up_by_a_script_that_runs(folder, tmp_path) -> None:
    assert run("autograder") == cli.DONE
    machine = Machine(tmp_path / "machine", Path("autograder.zip"))
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("apt-get", "python3"):
        (tools / name).write_text(f'#!/bin/sh\necho {name} "$@" >> "$LOG"\n')
        (tools / name).chmod(0o755)
    script = (machine.home / "source" / "setup.sh").read_text()
    script = script.replace("/autograder/venv/bin/python", "python3")
    environment = os.environ | {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "LOG": str(tmp_path / "log"),
    }
    subprocess.run(["bash", "-c", script], check=True, env=environment)
    calls = (tmp_path / "log").read_text().splitlines()
    assert calls[1] == "apt-get install -y git python3 python3-venv"
    assert calls[3].startswith("python3 -m pip install pixels-to-tracks[check] @ git+https://")
    assert calls[3].endswith(" numpy")
