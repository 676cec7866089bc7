"""Similar pairs: copies are found through every disguise, and strangers are not accused."""

import ast
import calendar
import difflib
import fractions
import inspect
import random
import re
import shutil
import statistics
import textwrap
from pathlib import Path

import numpy as np
import pytest
from bookkeeping_examples import notebook
from hypothesis import given
from hypothesis import strategies as st
from pages_read_back import Page

from coursegrader.common.records import Submission
from coursegrader.reports import similar
from coursegrader.reports.similar import code_of, listing, similar_pairs, write_similar

# Real code by many hands stands for the answers of students who worked alone.
MODULES = [ast, calendar, difflib, fractions, random, shutil, statistics, textwrap]
FUNCTIONS = sorted(
    {
        source
        for module in MODULES
        for function in vars(module).values()
        if inspect.isfunction(function) and function.__module__ == module.__name__
        if 400 < len(source := inspect.getsource(function)) < 4000
    }
)


def essay(seed: int, size: int = 5) -> str:
    """Some functions; two essays may share one."""
    return "\n\n".join(random.Random(seed).sample(FUNCTIONS, size))


def handed_in(**sources: str | bytes) -> list[Submission]:
    return [
        Submission(student, "lab.py", text if isinstance(text, bytes) else text.encode())
        for student, text in sources.items()
    ]


def who(pairs) -> list[tuple[str, str]]:
    return [(pair.left, pair.right) for pair in pairs]


class Renaming(ast.NodeTransformer):
    """Another name for everything that the code itself names."""

    def __init__(self, tree: ast.AST) -> None:
        stored = (ast.Store, ast.Del)
        named = {
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, stored)
        }
        named |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)} - {"self"}
        self.names = {name: f"my_{k}" for k, name in enumerate(sorted(named))}

    def visit_Name(self, node):
        return ast.copy_location(ast.Name(self.names.get(node.id, node.id), node.ctx), node)

    def visit_arg(self, node):
        node.arg = self.names.get(node.arg, node.arg)
        return node


def disguised(source: str) -> str:
    """Renamed, laid out anew, without comments, the functions in another order."""
    tree = Renaming(parsed := ast.parse(source)).visit(parsed)
    tree.body.reverse()
    text = ast.unparse(tree)
    return "\n".join(f"{line}  # {k}" for k, line in enumerate(text.split("\n")))


def test_a_copy_is_found_and_strangers_are_not():
    alone = {f"s{k}": "\n\n".join(FUNCTIONS[k::6]) for k in range(6)}
    assert similar_pairs(handed_in(**alone), threshold=0.3) == []
    (pair,) = similar_pairs(handed_in(**alone, copy=alone["s3"]), threshold=0.3)
    assert (pair.left, pair.right, pair.score) == ("copy", "s3", 1)


@pytest.mark.parametrize("seed", range(5))
def test_a_disguised_copy_is_found(seed):
    sources = {"ana": essay(seed), "bo": disguised(essay(seed)), "cy": essay(100 + seed, 3)}
    (pair, *others) = similar_pairs(handed_in(**sources), threshold=0.5)
    assert (pair.left, pair.right) == ("ana", "bo")
    assert pair.score > 0.75
    assert all(other.score < pair.score for other in others)


def test_layout_comments_docstrings_names_and_numbers_are_not_compared():
    first = (
        'def area(box):\n    """The area."""\n    # all\n    return box.w * abs(box.h) + 1.5e3\n'
    )
    second = "def f ( b ) :\n\treturn b.w * \\\n abs(\n b.h\n) + 0x10"
    other = "def f(b):\n    return b.w * max(b.h) + 1"
    assert similar._tokens(first)[0].tolist() == similar._tokens(second)[0].tolist()
    assert similar._tokens(first)[0].tolist() != similar._tokens(other)[0].tolist()


def test_padding_does_not_hide_a_copy():
    padded = essay(1, 12) + "\n\n" + essay(2, 3)
    (pair, *_) = similar_pairs(handed_in(ana=essay(2, 3), bo=padded))
    assert (pair.left, pair.right, pair.score) == ("ana", "bo", 1)


def test_what_was_released_does_not_count():
    released = essay(1, 6)
    sources = handed_in(ana=released + "\nx = 1\n", bo="y = 2\n" + released)
    assert who(similar_pairs(sources)) == [("ana", "bo")]
    assert similar_pairs(sources, released) == []


def test_what_many_hand_in_does_not_count():
    obvious = essay(1, 3)
    few = handed_in(**{f"s{k}": obvious for k in range(similar.COMMON)})
    assert len(similar_pairs(few)) == similar.COMMON * (similar.COMMON - 1) / 2
    assert similar_pairs([*few, *handed_in(one_more=obvious)]) == []


def test_notebooks_and_files_are_compared_alike():
    first, second = essay(3, 2), essay(4, 2)
    book = Submission("ana", "lab.ipynb", notebook("import math", first, second))
    (pair,) = similar_pairs([book, *handed_in(bo=second + "\n" + first)])
    assert pair.score > 0.9
    assert pair.parts[0].left_place.startswith(("attempt 1, cell 2", "attempt 1, cell 3"))
    assert pair.parts[0].left in first + second


def test_parts_are_the_lines_that_were_copied():
    copied = FUNCTIONS[0].rstrip("\n")
    ana, bo = f"a = 1\n{copied}\n", f"b = [\n  2,\n]\n\n{copied}\n"
    (pair,) = similar_pairs(handed_in(ana=ana, bo=bo), threshold=0.1)
    (part,) = pair.parts
    for text, place, lines in (
        (ana, part.left_place, part.left),
        (bo, part.right_place, part.right),
    ):
        first, last = map(
            int, re.fullmatch(r"attempt 1, cell 1, lines (\d+) to (\d+)", place).groups()
        )
        assert text.split("\n")[first - 1 : last] == lines.split("\n")
        assert (
            len(set(copied.split("\n")) - set(lines.split("\n"))) <= 5
        )  # a run has an uncertain end


def test_attempts_of_one_student_are_one_and_never_a_pair():
    text = essay(5).encode()
    mine = [Submission("ana", "lab.py", text, attempt=k) for k in (1, 2)]
    assert similar_pairs(mine) == []
    last = Submission("ana", "lab.py", b"print('nothing to see')", attempt=3)
    (pair,) = similar_pairs([*mine, last, *handed_in(bo=text)])
    assert pair.score > 0.9


def test_little_code_accuses_nobody():
    short = "def f(x):\n    return 1 / (1 + np.exp(-x))\n"
    assert similar_pairs(handed_in(ana=short, bo=short)) == []
    assert similar_pairs([]) == []
    assert similar_pairs(handed_in(ana=essay(1))) == []


@pytest.mark.parametrize("threshold", [0, -1, 1.5, float("nan")])
def test_a_threshold_that_makes_no_sense(threshold):
    with pytest.raises(ValueError, match="threshold"):
        similar_pairs([], threshold=threshold)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"def f(:\n  '''open\n" * 2000,
        b"'''\\" * 20_000,
        b"(" * 100_000,
        b'"' + b"\\" * 99_999,
        b"#" * 300_000,
        ("é = λ\n" * 1000).encode(),
    ],
)
def test_hostile_code_is_neither_run_nor_an_obstacle(content):
    trap = b"raise SystemExit\nimport os; os._exit(3)\n"
    book = Submission("cy", "lab.ipynb", b'{"cells": ' + b"[" * 5000)
    good = handed_in(bo=essay(1), dee=essay(1))
    found = similar_pairs([book, *handed_in(ana=trap + content), *good])
    assert ("bo", "dee") in who(found)


@given(*(st.text("+-*/%@()[]=<>:,.|&^~ab12 \n", max_size=100) for _ in range(4)), st.randoms())
def test_winnowing_keeps_its_promise(before, after, other_before, other_after, rng):
    """Whatever surrounds them, GRAM + WINDOW - 1 common tokens leave a common fingerprint."""
    common = " ".join(rng.choices("+-*/%@", k=similar.GRAM + similar.WINDOW - 1))
    first, second = (
        similar._Document([("", f"{start}\n{common}\n{end}")]).fingerprints(np.empty(0, np.uint64))
        for start, end in ((before, after), (other_before, other_after))
    )
    assert first.keys() & second.keys()


def test_code_of():
    assert code_of("a.py", b"x = 1\n") == "x = 1\n"
    assert code_of("a.ipynb", notebook("x = 1", "y = 2")) == "x = 1\ny = 2"
    assert code_of("a.ipynb", b"{") == ""


def test_the_page_and_the_listing(tmp_path: Path):
    source = essay(1).replace("return", "assert '<script>alert(1)</script>'\n    return", 1)
    pairs = similar_pairs(handed_in(**{"<b>ana": source, "bo\x1b": source}))
    path = tmp_path / "similar.html"
    write_similar(path, "Lab & more", pairs)
    page = Page(path)
    page.check_self_contained()
    assert "<b>ana and bo\ufffd" in page.text
    assert "<script>alert(1)</script>" in page.text
    assert page.text.count("100 %") == 1
    assert listing(pairs) == "100%  <b>ana  bo\ufffd"
    assert listing([]) == "no similar pairs"
    write_similar(path, "Lab", [])
    assert "No pair is similar." in path.read_text()
