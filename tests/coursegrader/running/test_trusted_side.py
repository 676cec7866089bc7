"""No answer grows the process that runs the tests, and the caller's environment changes nothing."""

import json
import os
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from sample_assignment import FILES, POINTS, SECRET, SETTINGS, SOLUTION, write_assignment

from coursegrader.authoring.assignment import Assignment, Settings
from coursegrader.common.notebook import MAX_MEMORY, UnreadableError, read_cells
from coursegrader.common.records import Submission
from coursegrader.marking.trusted import limited_memory
from coursegrader.running.batch import batch_json, grade_batch, results_from_json

BROADCASTING = """
import numpy as np
import pytest


@pytest.mark.points(1)
def test_close(student):
    assert np.allclose(student.f(), np.zeros(1000))


@pytest.mark.points(1)
def test_after(student, expect):
    expect(student.g(), 1)
"""


@pytest.mark.sandbox
def test_an_answer_that_broadcasts_costs_its_own_test() -> None:
    """60 MB against a thousand numbers: 60 GB, and far more than there is."""
    code = (
        "import numpy as np\ndef f(): return np.zeros((60_000_000, 1), np.uint8)\ndef g(): return 1"
    )
    files = {"test_it.py": BROADCASTING.encode()}
    assignment = Assignment("it", Settings.parse(SETTINGS), files)
    submissions = [
        Submission(name, "a.py", text.encode())
        for name, text in (("a", code), ("b", code.replace("(60_000_000, 1), np.uint8", "1000")))
    ]
    before = resource.getrlimit(resource.RLIMIT_AS)
    first, second = results_from_json(grade_batch(batch_json(assignment, SECRET, submissions)))
    assert [(test.outcome, test.earned) for test in first.tests] == [("failed", 0), ("passed", 1)]
    assert "The test could not use what came back: " in first.tests[0].message
    assert second.earned == 2
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_the_limit_of_memory_holds_and_ends() -> None:
    program = """
import numpy as np
from coursegrader.marking.trusted import limited_memory
with limited_memory(100 << 20):
    kept = bytearray(50 << 20)
    try:
        np.ones(20 << 20)
    except MemoryError:
        print("limited")
np.ones(20 << 20)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("limited\n", "")


@pytest.mark.parametrize("piece", ['{"":0},', "[],", '"ab",', '{"a":{}},', '["a",1.5],'])
def test_a_notebook_of_many_small_things_is_counted_before_it_is_read(piece: str) -> None:
    content = ('{"x":[' + piece * (20_000_000 // len(piece)) + "0]}").encode()
    tracemalloc.start()
    with pytest.raises(UnreadableError, match="more data than a notebook needs: clear its outputs"):
        read_cells("a.ipynb", content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 << 20


@pytest.mark.parametrize("piece", ["1.5,", "0,"])
def test_what_is_not_refused_stays_within_the_limit(piece: str) -> None:
    content = ('{"x":[' + piece * (10_000_000 // len(piece)) + "0]}").encode()
    tracemalloc.start()
    with pytest.raises(UnreadableError, match="not a notebook"):
        read_cells("a.ipynb", content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MAX_MEMORY


def test_a_notebook_of_pictures_is_read() -> None:
    cell = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []}
    picture = {"cell_type": "markdown", "source": "", "attachments": {"a": "A" * 19_000_000}}
    content = json.dumps({"cells": [cell, picture], "nbformat": 4}).encode()
    assert read_cells("a.ipynb", content) == [("cell 1", "x = 1")]


ROGUE = "raise RuntimeError('a module of the caller was imported')"


@pytest.mark.sandbox
def test_the_environment_of_the_caller_does_not_matter(tmp_path: Path) -> None:
    write_assignment(tmp_path / "sample")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ana.py").write_text(SOLUTION)
    (tmp_path / "class" / "bo.py").write_text(SOLUTION.replace("2 * x", "x ** 2"))
    rogue = tmp_path / "rogue"
    rogue.mkdir()
    for name in (*FILES, "conftest.py", "pytest_rogue.py"):
        (rogue / name).write_text(ROGUE)
    (rogue / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    path = os.pathsep.join(map(str, [*filter(None, sys.path), rogue]))
    changes = {
        "CI": "true",
        "BUILD_NUMBER": "7",
        "PYTEST_ADDOPTS": "-k nothing --maxfail=1",
        "PYTEST_PLUGINS": "pytest_rogue",
        "PYTHONPATH": path,
        "PYTHONWARNINGS": "error",
        "PYTHONPYCACHEPREFIX": str(tmp_path / "cache"),
        "PYTHONHASHSEED": "1",
        "PYTHONBREAKPOINT": "os.abort",
        "PY_COLORS": "1",
        "COLUMNS": "10",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "HOME": "/nowhere",
    }
    marks = []
    for number, environment in enumerate([{}, changes]):
        out = tmp_path / f"out{number}"
        words = ["grade", "class", "--assignment", "sample", "--workers", "1"]
        words += ["--out", str(out), "--gradebook", str(tmp_path / f"{number}.sqlite")]
        done = subprocess.run(
            [sys.executable, "-m", "coursegrader", *words],
            cwd=rogue.parent,
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        marks.append((out / "grades.csv").read_text())
    assert marks[0] == marks[1]
    assert str(POINTS) in marks[0]
    assert not [*(tmp_path / "cache").rglob("*hidden*")]  # compiled tests stay with the tests


def test_without_asserts_nothing_is_graded() -> None:
    program = "from coursegrader.marking.session import run_session\nrun_session(None, None)"
    done = subprocess.run([sys.executable, "-O", "-c", program], capture_output=True, text=True)
    assert "Python leaves out every assert" in done.stderr


def test_limits_may_be_nested() -> None:
    with limited_memory(), limited_memory(1 << 40):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
