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
from coursegrader.inside.alone import NO_KEYBOARD
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


DEADLY = {
    "endless": "while True: pass",
    "slow": "import time\ntime.sleep(100)",
    "exit": "import os\nos._exit(0)",
    "crash": "import ctypes\nctypes.string_at(0)",
}
SLOW = "stopped after"
ENDED = "ended the Python process"


@pytest.mark.parametrize("kind", DEADLY)
def test_a_deadly_cell_costs_only_what_it_would_have_set(box: Sandbox, kind: str) -> None:
    cells = ["def f(): return 1", f"def g(): return 2\n{DEADLY[kind]}\nk = 3", "def h(): return 4"]
    named = [Cell(f"cell {number}", source) for number, source in enumerate(cells, start=1)]
    line = SandboxLine(box, named)
    (problem,) = line.problems
    assert problem.startswith("cell 2: ")
    assert (SLOW if kind in ("endless", "slow") else ENDED) in problem
    assert problem.endswith("of this cell only functions, classes and imports count")
    student = Student(line)
    assert [student.f(), student.g(), student.h()] == [1, 2, 4]
    assert not student.has("k")
    line.close()


@pytest.mark.parametrize("body", ["while True: pass", "import os; os._exit(1)"])
def test_a_deadly_definition_costs_its_cell(box: Sandbox, body: str) -> None:
    cells = [Cell("cell 1", f"a = 1\nclass C:\n    {body}"), Cell("cell 2", "def f(): return 1")]
    line = SandboxLine(box, cells)
    (problem,) = line.problems
    assert problem.endswith("nothing of this cell counts")
    assert Student(line).f() == 1
    assert not Student(line).has("a")
    line.close()


def test_two_cells_may_hang_and_calls_have_their_time_all_the_same(box: Sandbox) -> None:
    code = "import time\ndef f():\n    time.sleep(0.3)\n    return 1"
    cells = [Cell(f"cell {n}", "while True: pass") for n in (1, 2)] + [Cell("cell 3", code)]
    line = SandboxLine(box, cells)
    assert [problem.partition(":")[0] for problem in line.problems] == ["cell 1", "cell 2"]
    assert [Student(line).f() for _ in range(5)] == [1] * 5
    line.close()


def test_cells_that_all_hang_are_not_waited_for_one_by_one(box: Sandbox) -> None:
    line = SandboxLine(box, [Cell(f"cell {n}", "while True: pass") for n in range(100)])
    assert line.problems[-1] == (
        "the cells could not be run: cells that hang or end the process took 3 seconds"
    )
    assert 2 <= len(line.problems) <= 12
    with pytest.raises(TimedOut, match="took 3 seconds"):
        Student(line).f()
    line.close()


def test_cells_that_are_slow_together_use_up_the_time(box: Sandbox) -> None:
    source = "import time\ntime.sleep(0.6)\ndef f(): return 1"
    line = SandboxLine(box, [Cell(f"cell {n}", source) for n in range(10)])
    assert line.problems == [
        "the cells could not be run: the cells take more than 3 seconds together"
    ]
    line.close()


def test_a_missing_package_is_named_with_those_that_are_there() -> None:
    with Sandbox(("numpy",), (), Limits()) as made:
        line = SandboxLine(made, [Cell("cell 1", "import pandas as pd\nk = 3\npd.x\nm = 4")])
        first, second = line.problems
        assert first == (
            "cell 1: ModuleNotFoundError: No module named 'pandas' (line 1); while grading there "
            "is Python's standard library, numpy, with what these need, and nothing else"
        )
        assert second == "cell 1: NameError: name 'pd' is not defined (line 3)"
        assert Student(line).get("k") == 3
        assert not Student(line).has("m")
        line.close()


def test_a_keyboard_is_missed_in_words(box: Sandbox) -> None:
    line = SandboxLine(box, [Cell("cell 1", "n = input('How many? ')\ndef f(): return input()")])
    assert line.problems == [f"cell 1: EOFError: {NO_KEYBOARD} (line 1)"]
    with pytest.raises(Raised, match="there is no keyboard while grading"):
        Student(line).f()
    line.close()


def test_await_at_the_top_of_a_cell(box: Sandbox) -> None:
    code = """
import asyncio
async def later(x):
    await asyncio.sleep(0.01)
    return x
value = await later(5)
both = await asyncio.gather(later(1), later(2))
async with asyncio.Lock() as lock: pass
def f(): return value, both
"""
    line = SandboxLine(box, [Cell("cell 1", code), Cell("cell 2", "third = await later(3)")])
    assert line.problems == []
    assert Student(line).f() == (5, [1, 2])
    assert Student(line).get("third") == 3
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


def test_a_cell_of_too_much_code_costs_itself(box: Sandbox) -> None:
    cells = [Cell("cell 1", "x = 1\n" * 300_000), Cell("cell 2", "def f(): return 1")]
    line = SandboxLine(box, cells)
    (problem,) = line.problems
    assert problem.startswith("cell 1: there is too much code")
    assert Student(line).f() == 1
    line.close()
