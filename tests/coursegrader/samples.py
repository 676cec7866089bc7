"""Small assignments on disk, for the tests of the grader's parts."""

import json
from pathlib import Path

from coursegrader.authoring.assignment import Assignment, Settings
from coursegrader.common.notebook import Cell
from coursegrader.common.records import Result
from coursegrader.inside.runner import Runner, fresh_namespace
from coursegrader.marking.lines import LocalLine
from coursegrader.marking.plugin import Entry, GraderPlugin
from coursegrader.marking.session import run_session

SETTINGS = """\
title = "Doubling"
notebook = "doubling.ipynb"
packages = ["numpy"]
required = ["double", "Counter"]
book = "https://example.org/book/"
"""

TESTS = '''
import pytest


@pytest.mark.points(2)
@pytest.mark.see("page.html#double", "doubling")
def test_double(student, expect):
    """Twice 2 is 4."""
    expect(student.double(2), 4, mistakes={"this is the square of 3": 9})


@pytest.mark.points(0.5)
def test_counter(student, expect):
    counter = student.Counter(1)
    counter.add(2)
    expect(counter.get("value"), 3)
'''

HIDDEN_TESTS = '''
import pytest


@pytest.mark.points(1)
def test_hidden_double(student, expect, rng):
    """A hidden title."""
    x = rng.normal()
    expect(student.double(x), 2 * x)
'''

SOLUTION = """
def double(x):
    return 2 * x

class Counter:
    def __init__(self, value):
        self.value = value
    def add(self, n):
        self.value += n
"""


def code(source: str, *tags: str, **fields) -> dict:
    """A code cell."""
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": [],
        "source": source,
        **fields,
    }


def notebook(*cells: dict | str, **fields) -> bytes:
    """A notebook of cells; a text is a code cell."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    data = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4, **fields}
    return json.dumps(data).encode()


def write_assignment(
    folder: Path, settings: str = SETTINGS, source: bytes | None = None, **tests: str
) -> Path:
    """An assignment's folder, with test files by their names without `.py`."""
    (folder / "tests").mkdir(parents=True)
    (folder / "assignment.toml").write_text(settings, encoding="utf-8")
    (folder / "doubling.ipynb").write_bytes(notebook(SOLUTION) if source is None else source)
    for name, text in (tests or {"test_double": TESTS}).items():
        (folder / "tests" / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def load_assignment(folder: Path, **options) -> Assignment:
    return Assignment.load(write_assignment(folder, **options))


def local_line(source: str) -> LocalLine:
    """A harmless student's code in this process."""
    return LocalLine(Runner(fresh_namespace()), [Cell("cell 1", source)])


def graded(
    folder: Path, students: dict[str, str], secret: bytes = b"secret", **tests: str
) -> dict[str, Result]:
    """Grade harmless code in this process, by all tests, hidden ones included."""
    assignment = load_assignment(folder, **tests)
    return graded_again(assignment, students, secret)


def graded_again(
    assignment: Assignment, students: dict[str, str], secret: bytes = b"secret"
) -> dict[str, Result]:
    entries = [
        Entry(name, lambda source=source: local_line(source)) for name, source in students.items()
    ]
    plugin = GraderPlugin(assignment.settings, entries, secret)
    run_session(plugin, assignment.folder / "tests")
    return plugin.results


def settings(**changes) -> Settings:
    return Settings(**{"title": "Doubling", "notebook": "doubling.ipynb", **changes})
