"""A whole term: what each thing that happens does to the points, as the page for instructors says.

The sandbox is not needed for that: here the points of a hand-in stand in it.
"""

import base64
import json
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import pytest
from bookkeeping_examples import checked, notebook
from inline import InlineExecutor
from sample_assignment import assignment

from coursegrader.authoring.assignment import Assignment
from coursegrader.common.records import Result
from coursegrader.gradebook import Gradebook
from coursegrader.gradebook.policy import Policy
from coursegrader.running.grading import grade

DUE = "2026-03-01T12:00:00+00:00"
LATEST = Policy(attempts="latest")


class Course:
    """An instructor's gradebook, and folders of hand-ins."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.tests = {"t.py::a": 10.0}
        self.assignment = assignment()
        self.runs = 0
        self.asked: list[str] = []
        self.book = Gradebook.open(folder / "gradebook.sqlite")
        monkeypatch.setattr("coursegrader.running.scheduling.grade_batch", self._graded)

    def _graded(self, batch: str) -> str:
        """Results of a batch: each test gives what the hand-in says, at most what it is worth."""
        results = []
        for one in json.loads(batch)["submissions"]:
            self.asked.append(one["id"])
            said = float(_said(one))
            tests = [
                checked(name, min(said, worth), points=worth) for name, worth in self.tests.items()
            ]
            results.append(Result(one["id"], "graded", tests=tests))
        return json.dumps([asdict(one) for one in results])

    def run(self, times: str = "", **files: float | str) -> None:
        """Grade these hand-ins: points by the name of the file, `__` for `/`."""
        self.runs += 1
        folder = self.folder / f"run {self.runs}"
        folder.mkdir()
        for name, points in files.items():
            path = folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(notebook(str(points)))
        if times:
            (folder / "submissions.csv").write_text(f"file,submitted\n{times}\n")

        @contextmanager
        def executor():
            yield InlineExecutor()

        grade(folder, self.assignment, self.book, executor, progress=False)

    def total(self, policy: Policy | None = None, student: str = "1") -> float:
        grades = self.book.grades(self.assignment.name, policy or Policy())
        return {one.student: float(one.total) for one in grades}[student]

    def change_tests(self, **worth: float) -> None:
        """Other tests from now on."""
        self.tests = {f"t.py::{name}": points for name, points in worth.items()}
        files = {"test_t.py": str(self.tests).encode()}
        self.assignment = Assignment(self.assignment.name, self.assignment.settings, files)


def _said(one: dict) -> str:
    (cell,) = json.loads(base64.b64decode(one["content"]))["cells"]
    return cell["source"]


@pytest.fixture
def course(tmp_path, monkeypatch):
    course = Course(tmp_path, monkeypatch)
    with course.book:
        yield course


FIRST = {"anna_1_111_lab.ipynb": 10}


def due(**facts) -> Policy:
    return Policy(datetime.fromisoformat(DUE), percent=10, **facts)


def test_a_worse_second_hand_in(course):
    course.run(**FIRST)
    course.run(**{"anna_1_222_lab-1.ipynb": 4})
    assert (course.total(), course.total(LATEST)) == (10, 4)


def test_the_number_in_a_file_name_is_no_order(course):
    """Canvas writes `-2` for the third file of a name, in whichever attempt it came."""
    course.run(**{"anna_1_111_lab-2.ipynb": 10})
    course.run(**{"anna_1_222_final.ipynb": 4})
    assert course.total(LATEST) == 4
    course.run(**{"anna_1_111_lab-2.ipynb": 10})  # an old download once more
    assert course.total(LATEST) == 4


def test_a_scratch_file_beside_the_notebook(course):
    course.run(**{"anna_1_111_sample.ipynb": 10, "anna_1_112_scratch.ipynb": 0})
    assert (course.total(), course.total(LATEST)) == (10, 10)


def test_twenty_files_are_one_guess(course):
    course.run(**{f"anna_1_{100 + n}_lab{n}.ipynb": n / 2 for n in range(20)})
    assert (course.total(), len(course.asked)) == (9.5, 1)
    course.run(
        **{"anna_1_200_sample.ipynb": 2, **{f"anna_1_{n}_x{n}.ipynb": 10 for n in range(300, 320)}}
    )
    assert course.total(LATEST) == 2


def test_the_same_file_again_and_late(course):
    course.run(**FIRST)
    course.run(**{"anna_LATE_1_222_lab-1.ipynb": 10})
    assert (course.total(due()), course.total(due(attempts="latest"))) == (10, 9)


def test_the_same_file_where_hand_ins_have_no_number(course):
    course.run("anna.ipynb,2026-03-01T11:00:00Z", **{"anna.ipynb": 10})
    course.run("anna.ipynb,2026-03-01T13:00:00Z", **{"anna.ipynb": 10})
    assert course.total(due(), "anna") == 9
    assert len(course.asked) == 1


def test_a_notebook_that_becomes_a_pdf_and_a_notebook_again(course):
    course.run(**{"anna.ipynb": 10})
    course.run(**{"anna.pdf": 0})
    assert (course.total(student="anna"), course.total(LATEST, "anna")) == (10, 0)
    (one,) = course.book.grades("sample", LATEST)
    assert one.chosen.result.reason == "anna.pdf is neither .ipynb nor .py; hand in the notebook"
    course.book.set_manual("sample", "anna", adjustment=3)
    assert course.total(LATEST, "anna") == 3
    course.run(**{"anna.ipynb": 10})  # the very first again
    assert course.total(LATEST, "anna") == 13
    assert len(course.asked) == 1


def test_a_hand_in_that_is_no_longer_there_stays(course):
    course.run(**FIRST)
    course.run(**{"bert_2_112_lab.ipynb": 5})
    assert (course.total(), course.total(student="2")) == (10, 5)


def test_times_that_are_told_or_corrected_later(course):
    files = {"anna.ipynb": 10}
    course.run(**files)
    assert course.total(due(), "anna") == 10
    for told, total in (
        ("anna.ipynb,2026-03-02T13:00:00Z", 8),
        ("anna.ipynb,2026-03-01T13:00:00Z", 9),
        ("", 9),  # what was told stays
        ("anna.ipynb,2026-03-01T12:00:00Z", 10),
    ):
        course.run(told, **files)
        assert course.total(due(), "anna") == total
    assert len(course.asked) == 1  # graded once


def test_extensions_and_policy_are_those_of_today(course):
    course.run("anna.ipynb,2026-03-02T13:00:00Z", **{"anna.ipynb": 10})
    assert course.total(student="anna") == 10
    assert course.total(due(), "anna") == 8
    later = due().due.replace(day=3)
    assert course.total(due(extensions={"anna": later}), "anna") == 10
    assert len(course.asked) == 1


def test_beyond_the_cut_off(course):
    in_time, late = "anna.ipynb,2026-03-01T12:00:00Z", "anna.ipynb,2026-03-03T13:00:00Z"
    policy = {"cutoff_hours": 24}
    course.run(late, **{"anna.ipynb": 9})
    for attempts in ("best", "latest"):
        assert course.total(due(attempts=attempts, **policy), "anna") == 0
    course.run(in_time, **{"anna.ipynb": 4})
    for attempts in ("best", "latest"):
        assert course.total(due(attempts=attempts, **policy), "anna") == 4
    assert course.total(due(attempts="latest"), "anna") == 6.3  # without a cut-off: 9 less 30 %


def test_latest_is_by_instants(course):
    """At the end of summer time 02:30 comes twice; and elsewhere it is another hour."""
    course.run("anna.ipynb,2026-10-25T02:30:00+02:00", **{"anna.ipynb": 1})
    course.run("anna.ipynb,2026-10-25T02:15:00+01:00", **{"anna.ipynb": 2})
    course.run("anna.ipynb,2026-10-25T06:10:00+05:45", **{"anna.ipynb": 3})
    assert course.total(LATEST, "anna") == 2


def test_names_in_any_script_composed_in_any_way(course):
    for name in ("Zoë.ipynb", "Zoe\u0308.ipynb"):
        course.run(**{name: 3})
    course.run(**{"王小明.ipynb": 4, "ياسر.ipynb": 5})
    grades = course.book.grades("sample")
    assert sorted(one.student for one in grades) == ["Zoë", "ياسر", "王小明"]
    extended = due(extensions={"Zoe\u0308": due().due.replace(day=3)})
    assert extended.unused_extensions(grades) == []
    course.run("Zoë.ipynb,2026-03-02T13:00:00Z", **{"Zoë.ipynb": 3})
    assert course.total(extended, "Zoë") == 3
    assert course.total(due(), "Zoë") == 2.4


def test_a_test_that_is_added_removed_renamed(course):
    course.run(**FIRST)
    course.change_tests(a=10, b=5)
    course.run(**FIRST)
    assert course.total() == 15
    assert course.book.grades("sample")[0].points == 15
    course.book.set_override("sample", "1", "t.py::b", earned=1)
    assert course.total() == 11
    course.change_tests(a=10, c=5)  # b is called c now
    course.run(**FIRST)
    assert course.total() == 15
    assert [one.test for one in course.book.marks_of_no_test("sample")] == ["t.py::b"]
    course.change_tests(a=10, b=0.5)
    course.run(**FIRST)
    assert course.total() == 10.5
    course.change_tests(a=10)
    course.run(**FIRST)
    assert course.total() == 10


def test_old_results_count_only_where_there_is_nothing_newer(course):
    course.run(**FIRST, **{"bert_2_112_lab.ipynb": 10})
    course.run(**{"anna_1_222_lab-1.ipynb": 4})
    course.change_tests(a=10, b=10)
    course.run(**{"anna_1_222_lab-1.ipynb": 4})
    assert course.total() == 8  # not 10 by the old tests
    bert = course.book.grades("sample")[1]
    assert (float(bert.total), bert.stale, bert.points) == (10, True, 20)
    course.run(**{"bert_2_333_lab.pdf": 0})  # no newer result
    assert (course.total(student="2"), course.total(LATEST, "2")) == (10, 0)


def test_two_assignments_in_one_gradebook(course):
    first = course.assignment
    course.run(**FIRST)
    course.book.set_manual("sample", "1", adjustment=-1)
    course.assignment = Assignment("sample-2", first.settings, first.files)
    course.run(**{"anna_1_333_lab.ipynb": 2})
    assert course.total() == 2
    course.book.people.remove("sample-2", "1")
    course.assignment = first
    assert course.total() == 9
    assert course.book.secret("sample") != course.book.secret("sample-2")
    assert course.book.reported.changes("sample-2", []).new == []
