"""A small assignment for tests of the grader: an array, a text, a truth value, an object."""

from dataclasses import replace
from pathlib import Path

from coursegrader.authoring.assignment import Assignment, Settings
from coursegrader.common.records import Submission

VISIBLE = '''
import numpy as np
import pytest


@pytest.mark.points(1)
@pytest.mark.see("page.html#double", "doubling")
def test_double(student, expect):
    """Twice 1, 2, 3 is 2, 4, 6."""
    expect(student.double(np.array([1.0, 2.0, 3.0])), np.array([2.0, 4.0, 6.0]),
           mistakes={"this is the square": np.array([1.0, 4.0, 9.0])})


@pytest.mark.points(1)
def test_word(student, expect):
    """The word is "pixel"."""
    expect(student.word(), "pixel")


@pytest.mark.points(1)
def test_is_even(student, expect):
    """2 is even, 3 is not."""
    expect(student.is_even(2), True)
    expect(student.is_even(3), False)


@pytest.mark.points(2)
def test_counter(student, expect):
    """A counter counts from where it starts."""
    counter = student.Counter(5)
    counter.add(2)
    expect(counter.get("value"), 7)
'''

HIDDEN = '''
import pytest
from hidden_reference import HIDDEN_OFFSET, double


@pytest.mark.points(3)
def test_hidden_double(student, expect, rng):
    """Twice whatever is drawn."""
    x = rng.normal(size=5) + HIDDEN_OFFSET
    expect(student.double(x), double(x))


@pytest.mark.points(2)
def test_hidden_counter(student, expect, rng):
    """Two counters do not share their values."""
    first, second = student.Counter(0), student.Counter(0)
    first.add(int(rng.integers(1, 9)))
    expect(second.get("value"), 0)
'''

REFERENCE = '''
"""The answers of hidden tests."""

HIDDEN_OFFSET = 6172839.5


def double(x):
    return 2 * x
'''

SETTINGS = """
title = "A sample"
notebook = "sample.ipynb"
packages = ["numpy"]
preload = ["numpy"]
required = ["double", "word", "is_even", "Counter"]
book = "https://example.org/book/"

[limits]
call_seconds = 1.0
submission_seconds = 4.0
"""

SOLUTION = """
import numpy as np

def double(x):
    return 2 * x

def word():
    return "pixel"

def is_even(n):
    return n % 2 == 0

class Counter:
    def __init__(self, start):
        self.value = start

    def add(self, n):
        self.value += n
"""

FILES = {
    "test_sample.py": VISIBLE,
    "test_hidden_sample.py": HIDDEN,
    "hidden_reference.py": REFERENCE,
}
POINTS = 10
SECRET = bytes(range(32))


def assignment(**limits: float) -> Assignment:
    """The sample as an object, with other limits if wanted."""
    settings = Settings.parse(SETTINGS)
    settings = replace(settings, limits=replace(settings.limits, **limits))
    return Assignment("sample", settings, {name: text.encode() for name, text in FILES.items()})


def write_assignment(folder: Path) -> Path:
    """The sample as a folder."""
    (folder / "tests").mkdir(parents=True)
    (folder / "assignment.toml").write_text(SETTINGS)
    for name, text in FILES.items():
        (folder / "tests" / name).write_text(text)
    return folder


def submission(student: str, code: str = SOLUTION) -> Submission:
    return Submission(student, "sample.py", code.encode("utf-8", "surrogateescape"))
