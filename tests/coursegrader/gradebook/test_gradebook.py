"""The gradebook: what it keeps, what it refuses, and that being killed loses nothing."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from bookkeeping_examples import at, checked, result, submission

from coursegrader.common.records import Refused
from coursegrader.gradebook import Gradebook, GradebookError
from coursegrader.gradebook.database import SCHEMA_VERSION
from coursegrader.gradebook.policy import Policy


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "gradebook.db"


def ana(earned: float = 2.0, **facts):
    """Ana's submission and its result: one test, 2 points."""
    one = submission("ana", **facts)
    return one, result(one, checked(earned=earned))


def test_what_is_recorded_is_read_back(path):
    one = submission(
        "Ana <b>\u202e", submitted=at("2026-03-01 12:00"), late=True, platform_id="12", attempt=3
    )
    told = result(
        one,
        checked("test_a.py::test_a", 1.5, message="lone \ud800, \x00 and é", see={"text": "x"}),
        checked("test_hidden_a.py::test_b", hidden=True),
        problems=["cell 4: SyntaxError"],
        seconds=0.25,
    )
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [(one, told)])
    with Gradebook.open(path, write=False) as book:
        (grade,) = book.grades("lab")
        assert book.assignments() == ["lab"]
        assert book.students("lab") == ["Ana <b>\u202e"]
    assert grade.chosen.result == told
    assert (grade.chosen.submitted, grade.chosen.late) == (one.submitted, True)
    assert (grade.chosen.attempt, grade.platform_id) == (1, "12")
    assert (grade.total, grade.points) == (Decimal("3.5"), 4)


def test_an_empty_gradebook(path):
    with Gradebook.open(path) as book:
        assert book.grades("lab") == []
        assert book.graded_ids("lab", "f1") == set()
        assert book.refused("lab") == []
        book.record("lab", "f1", [])
        assert book.grades("lab") == []


def test_a_resumed_run_leaves_out_what_is_done(path):
    first, second = ana(content=b"a"), ana(content=b"b")
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [first])
        assert book.graded_ids("lab", "f1") == {first[0].id}
        assert book.graded_ids("lab", "f2") == set()
        assert book.graded_ids("other", "f1") == set()
        book.record("lab", "f1", [second])
        assert book.graded_ids("lab", "f1") == {first[0].id, second[0].id}


def test_a_run_grades_again_what_a_test_failed_on_by_itself(path):
    one = submission("ana")
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [(one, result(one, checked(), checked("b", outcome="error")))])
        assert book.graded_ids("lab", "f1") == set()


def test_grading_again_replaces_the_result(path):
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [ana(0.5, submitted=at("2026-03-01 12:00"))])
        book.record("lab", "f1", [ana(1.5)])
        (grade,) = book.grades("lab")
    assert (grade.total, grade.attempts) == (Decimal("1.5"), 1)
    assert grade.chosen.submitted == at("2026-03-01 12:00")  # what was known stays known


def test_grading_again_keeps_manual_marks(path):
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [ana(0)])
        book.set_manual("lab", "ana", adjustment=0.25, comment="a fine plot")
        book.set_override("lab", "ana", "test_a.py::test_a", earned=1, comment="nearly")
        book.record("lab", "f2", [ana(0.5)])
        (grade,) = book.grades("lab")
        assert (grade.earned, grade.total, grade.comment) == (1, Decimal("1.25"), "a fine plot")
        assert grade.manual.overrides["test_a.py::test_a"].comment == "nearly"
        book.set_override("lab", "ana", "test_a.py::test_a", earned=None)
        book.set_manual("lab", "ana", adjustment="-0.1")
        (grade,) = book.grades("lab")
        assert (grade.earned, grade.total) == (Decimal("0.5"), Decimal("0.4"))
        assert grade.comment == "a fine plot"


def test_manual_marks_name_what_exists(path):
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [ana()])
        with pytest.raises(ValueError, match="no student 'anna'; it has ana"):
            book.set_manual("lab", "anna", adjustment=1)
        with pytest.raises(ValueError, match="no assignment 'lap'; it has lab"):
            book.set_manual("lap", "ana", adjustment=1)
        with pytest.raises(ValueError, match=r"no test 'test_b'; it has none"):
            book.set_override("lab", "ana", "test_b", earned=1)
        for wrong in ("much", "nan", float("inf")):
            with pytest.raises(ValueError, match="no number of points"):
                book.set_manual("lab", "ana", adjustment=wrong)


def test_results_of_changed_tests_count_only_where_there_are_no_newer(path):
    bo = submission("bo")
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [ana(2, content=b"a"), (bo, result(bo, checked(earned=1)))])
        assert [grade.stale for grade in book.grades("lab")] == [False, False]
        book.record("lab", "f2", [ana(0.5, content=b"b")])
        by_student = {grade.student: grade for grade in book.grades("lab")}
    assert (by_student["ana"].total, by_student["ana"].stale) == (Decimal("0.5"), False)
    assert (by_student["bo"].total, by_student["bo"].stale) == (1, True)


def test_the_latest_attempt_is_by_time_where_times_are_known(path):
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [ana(1, content=b"a", submitted=at("2026-03-02 12:00"))])
        book.record("lab", "f1", [ana(2, content=b"b", submitted=at("2026-03-01 12:00"))])
        (grade,) = book.grades("lab", Policy(attempts="latest"))
        assert grade.total == 1
        book.record("lab", "f1", [ana(0, content=b"c")])  # by the order of recording, then
        (grade,) = book.grades("lab", Policy(attempts="latest"))
        assert grade.total == 0


def test_work_that_could_not_be_graded_has_the_points_of_the_others(path):
    bo = submission("bo")
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [ana(1), (bo, result(bo, status="not_graded", reason="empty"))])
        assert [(grade.total, grade.points) for grade in book.grades("lab")] == [(1, 2), (0, 2)]


def test_refusals_are_those_of_the_last_run(path):
    with Gradebook.open(path) as book:
        book.record_refused("lab", [Refused("a\ud800.pdf", "is neither"), Refused("b.zip", "x")])
        book.record_refused("lab", [Refused("c\ud800.pdf", "is neither")])
        assert book.refused("lab") == [Refused("c\\ud800.pdf", "is neither")]


def test_the_secret_is_made_once(path):
    with Gradebook.open(path) as book:
        secret = book.secret("lab")
        assert len(secret) == 32
        assert book.secret("boxes") != secret
        book.record("lab", "f1", [ana()])
    with Gradebook.open(path) as book:
        assert book.secret("lab") == secret


def test_a_batch_is_recorded_whole_or_not_at_all(path):
    good, (other, told) = ana(content=b"a"), ana(content=b"b")
    told.id = "somebody else's"
    with Gradebook.open(path) as book:
        with pytest.raises(ValueError, match="somebody else's"):
            book.record("lab", "f1", [good, (other, told)])
        assert book.graded_ids("lab", "f1") == set()


@pytest.mark.parametrize("points", [float("nan"), float("inf")])
def test_points_that_are_no_numbers(path, points):
    with Gradebook.open(path) as book, pytest.raises(ValueError, match="no number of points"):
        book.record("lab", "f1", [ana(points)])


# Files that are no gradebook: told apart, and left as they are


def refused_file(path: Path, says: str) -> None:
    before = path.read_bytes()
    for write in (True, False):
        with pytest.raises(GradebookError, match=says):
            Gradebook.open(path, write=write)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database(path):
    path.write_text("student,points\nana,3\n" * 100)
    refused_file(path, "is no gradebook, or it is damaged")


def test_the_database_of_another_program(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE bookmarks (url)")
    database.close()
    refused_file(path, "another program")


def test_a_newer_schema(path):
    Gradebook.open(path).close()
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    refused_file(path, "newer version")


def test_a_damaged_gradebook(path):
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [ana(content=bytes([k])) for k in range(200)])
    content = bytearray(path.read_bytes())
    page = len(content) // 2 // 4096 * 4096
    content[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    refused_file(path, "damaged")


def test_a_gradebook_that_is_not_there(path, tmp_path):
    with pytest.raises(GradebookError, match="there is no gradebook"):
        Gradebook.open(path, write=False)
    assert not path.exists()
    with pytest.raises(GradebookError, match="cannot be used"):
        Gradebook.open(tmp_path / "no" / "folder.db")


# Two graders, and graders that are killed


@pytest.mark.parametrize("is_new", [True, False])
def test_a_second_grader_is_told(path, is_new):
    if not is_new:
        Gradebook.open(path).close()
    code = f"""
from coursegrader.gradebook import Gradebook, database
database.WAIT_SECONDS = 0.05
Gradebook.open({str(path)!r})
"""
    with Gradebook.open(path):
        second = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
        )
        assert second.returncode == 1
        assert "another grader is writing to" in second.stderr
    Gradebook.open(path).close()


def test_several_may_read(path):
    Gradebook.open(path).close()
    with Gradebook.open(path, write=False), Gradebook.open(path, write=False) as second:
        assert second.assignments() == []


def write_until_killed(path: Path, told) -> None:
    """Record batch after batch, telling each number once it is recorded; ends by itself."""
    with Gradebook.open(path) as book:
        book.secret("lab")
        for number in range(2000):
            batch = [ana(1, content=f"{number} {k}".encode()) for k in range(10)]
            book.record("lab", "f1", batch)
            told.send(number)


@pytest.mark.parametrize("moment", range(3))
def test_kill_9_loses_only_what_was_not_recorded(path, moment):
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    writer = context.Process(target=write_until_killed, args=(path, send))
    writer.start()
    send.close()
    try:
        assert receive.poll(60)
        while receive.recv() < 3 + 2 * moment:
            assert receive.poll(60)
        # Wherever in the next transaction this falls: no wait, a little, a little more.
        receive.poll(moment * 0.001)
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.join(60)
    last = 3 + 2 * moment
    while True:
        try:
            last = receive.recv()
        except EOFError:
            break
    with Gradebook.open(path) as book:
        recorded = book.graded_ids("lab", "f1")
        expected = {
            batch: {ana(1, content=f"{batch} {k}".encode())[0].id for k in range(10)}
            for batch in range(last + 2)
        }
        for batch in range(last + 1):
            assert expected[batch] <= recorded
        # The one after it was recorded whole, just before its number could be told, or not at all.
        rest = recorded - set().union(*(expected[batch] for batch in range(last + 1)))
        assert rest in (set(), expected[last + 1])
        assert len(book.secret("lab")) == 32
        book.record("lab", "f1", [ana(2)])
        assert book.grades("lab")[0].total == 2


def test_killed_in_the_middle_of_a_transaction(path):
    """The pages are on their way to the file, the commit is not: the journal takes them back."""
    code = f"""
import os, signal
from coursegrader.gradebook import Gradebook
book = Gradebook.open({str(path)!r})
database = book._database
database.execute("PRAGMA cache_size = 1")
database.execute("PRAGMA cache_spill = 1")
database.execute("BEGIN IMMEDIATE")
database.execute("INSERT OR IGNORE INTO assignment (name) VALUES ('lost')")
for number in range(3000):
    database.execute("INSERT INTO refused VALUES ('lost', ?, ?)", (str(number), "x" * 500))
os.kill(os.getpid(), signal.SIGKILL)
"""
    with Gradebook.open(path) as book:
        book.record("lab", "f1", [ana()])
    before = path.stat().st_size
    killed = subprocess.run([sys.executable, "-c", code], timeout=60, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert path.stat().st_size > before + 100_000  # uncommitted pages did reach the file
    with Gradebook.open(path) as book:
        assert book.assignments() == ["lab"]
        assert book.refused("lost") == []
        assert book.grades("lab")[0].total == 2
