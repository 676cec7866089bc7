"""Deadlines, budgets and restarts of one submission's line into the sandbox."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_assignment import POINTS, SOLUTION, write_assignment

from coursegrader.authoring.assignment import Assignment
from coursegrader.common.limits import Limits
from coursegrader.common.notebook import Cell
from coursegrader.marking.lines import SandboxLine
from coursegrader.marking.plugin import Entry, GraderPlugin
from coursegrader.marking.session import run_session
from coursegrader.marking.student import Died, Raised, Student, TimedOut
from coursegrader.sandbox.box import Sandbox

pytestmark = pytest.mark.sandbox

CODE = """
import os, time
calls = 0
def count():
    global calls
    calls += 1
    return calls
def loop():
    while True: pass
def leave(): os._exit(0)
def name(): return "still here"
class Thing:
    def __init__(self, n): self.n = n
    def plus(self, m): return self.n + m
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox((), (), Limits(call_seconds=0.4, submission_seconds=3.0)) as made:
        yield made


@pytest.fixture
def line(box: Sandbox) -> Iterator[SandboxLine]:
    made = SandboxLine(box, [Cell("cell 1", CODE)])
    yield made
    made.close()


@pytest.fixture
def student(line: SandboxLine) -> Student:
    return Student(line)


def test_a_process_lasts_from_call_to_call(student: Student) -> None:
    assert [student.count(), student.count()] == [1, 2]


def test_after_an_endless_loop_comes_a_fresh_process(student: Student) -> None:
    student.count()
    with pytest.raises(TimedOut, match=r"not finished after 0\.4 seconds.*loop that never ends"):
        student.loop()
    assert student.count() == 1


def test_what_ran_out_of_time_twice_is_not_called_again(student: Student) -> None:
    for _ in range(2):
        with pytest.raises(TimedOut, match="not finished"):
            student.loop()
    with pytest.raises(TimedOut, match="twice before and was not called again"):
        student.loop()
    assert student.name() == "still here"


def test_a_submission_has_one_budget_for_all_calls(box: Sandbox) -> None:
    loops = "".join(f"def loop{n}():\n    while True: pass\n" for n in range(20))
    line = SandboxLine(box, [Cell("cell 1", loops)])
    student = Student(line)
    texts = []
    for number in range(20):
        with pytest.raises(TimedOut) as caught:
            getattr(student, f"loop{number}")()
        texts.append(str(caught.value))
    assert "all 3 seconds of this submission were used up" in texts[-1]
    assert sum("used up" in text for text in texts) >= 10
    line.close()


def test_a_process_that_ended_is_replaced(student: Student) -> None:
    with pytest.raises(Died, match="ended"):
        student.leave()
    assert student.name() == "still here"


def test_cells_that_never_end_fail_every_call(box: Sandbox) -> None:
    line = SandboxLine(box, [Cell("cell 1", "def f(): return 1\nwhile True: pass")])
    assert line.problems == [
        "the cells could not be run: it had not finished after 2 seconds and was stopped: is there "
        "a loop that never ends?"
    ]
    with pytest.raises(TimedOut, match="not finished"):
        Student(line).f()
    line.close()


def test_objects_stay_with_the_student(student: Student) -> None:
    one, two = student.Thing(1), student.Thing(20)
    assert (one.plus(2), two.plus(2)) == (3, 22)
    assert (one.get("n"), two.get("n")) == (1, 20)


def test_an_object_of_a_process_that_ended_is_gone(student: Student) -> None:
    thing = student.Thing(1)
    with pytest.raises(Died):
        student.leave()
    with pytest.raises((Died, Raised)):
        thing.plus(1)


class Accident(SandboxLine):
    """The child is killed from outside before one of the calls, counted from 0."""

    def __init__(self, box: Sandbox, cells: list[Cell], when: int) -> None:
        super().__init__(box, cells)
        self.until = when

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]:
        if self.until == 0:
            os.kill(self._child._process.pid, signal.SIGKILL)
        self.until -= 1
        return super().ask(frame, what)


@pytest.mark.parametrize("when", range(8))
def test_an_accident_costs_no_points(when: int, tmp_path: Path) -> None:
    folder = write_assignment(tmp_path / "sample")
    settings = Assignment.load(folder).settings
    with Sandbox(settings.packages, settings.preload, settings.limits) as box:
        entry = Entry("one", lambda: Accident(box, [Cell("cell 1", SOLUTION)], when))
        plugin = GraderPlugin(settings, [entry], b"secret")
        run_session(plugin, folder / "tests")
    assert plugin.results["one"].earned == POINTS


def test_cells_whose_process_is_killed_are_run_again(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawn, deaths = box.spawn, iter([True])

    def spawn_and_die() -> object:
        child = spawn()
        if next(deaths, False):
            os.kill(child._process.pid, signal.SIGKILL)
        return child

    monkeypatch.setattr(box, "spawn", spawn_and_die)
    line = SandboxLine(box, [Cell("cell 1", CODE)])
    assert line.problems == []
    assert Student(line).name() == "still here"
    line.close()


def test_too_much_code_is_said(box: Sandbox) -> None:
    line = SandboxLine(box, [Cell("cell 1", "x = 1\n" * 300_000)])
    with pytest.raises(Died, match="too much code"):
        Student(line).f()
    line.close()
