"""Deadlines, budgets and restarts of one submission's line into the sandbox."""

from collections.abc import Iterator

import pytest

from coursegrader.limits import Limits
from coursegrader.notebook import Cell
from coursegrader.sandbox.box import Sandbox
from coursegrader.student import Died, Raised, SandboxLine, Student, TimedOut

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
    with Sandbox((), (), Limits(call_seconds=0.2, submission_seconds=1.5)) as made:
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
    with pytest.raises(TimedOut, match=r"not finished after 0\.2 seconds.*loop that never ends"):
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
    assert "all 1.5 seconds of this submission were used up" in texts[-1]
    assert sum("used up" in text for text in texts) >= 10
    line.close()


def test_a_process_that_ended_is_replaced(student: Student) -> None:
    with pytest.raises(Died, match="ended"):
        student.leave()
    assert student.name() == "still here"


def test_cells_that_never_end_fail_every_call(box: Sandbox) -> None:
    line = SandboxLine(box, [Cell("cell 1", "def f(): return 1\nwhile True: pass")])
    assert line.problems == [
        "the cells could not be run: it had not finished after 1 seconds and was stopped: is there "
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


def test_too_much_code_is_said(box: Sandbox) -> None:
    line = SandboxLine(box, [Cell("cell 1", "x = 1\n" * 300_000)])
    with pytest.raises(Died, match="too much code"):
        Student(line).f()
    line.close()
