"""Nothing that students must not see is in what they get; and the finder finds what is."""

import html
import json
import re
from pathlib import Path

import pytest
from assignments import FOLDERS, SITE, Coursework
from leaks import leaks, secrets
from nbformat.v4 import new_code_cell, new_notebook, new_output

from coursegrader.authoring.release import solution_lines
from coursegrader.common.notebook import read_notebook

ALL = secrets(map(Coursework, FOLDERS))
HIDDEN_INPUT = "z = rng.uniform(0.75, 1, size=(4, 5)) * [[1.0], [-10.0], [1000.0], [-1000.0]]"
SOLUTION = "return np.where(z < 0, shrunk, 1.0) / (1.0 + shrunk)"
SOURCES = [*(f / "student" for f in FOLDERS), SITE]


@pytest.mark.parametrize("folder", SOURCES, ids=lambda f: f"{f.parent.name}-{f.name}")
def test_students_and_readers_see_no_secret(folder: Path) -> None:
    if not folder.is_dir():
        pytest.fail(f"{folder} is not there: run `coursegrader release` or `make book` first")
    assert leaks(folder, ALL) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_solution_and_each_hidden_test_is_sought(folder: Path) -> None:
    coursework = Coursework(folder)
    for cell in read_notebook(coursework.notebook.read_bytes())["cells"]:
        lines = solution_lines({"cells": [cell]})
        assert not lines or {*lines} & {*ALL}, f"nothing of cell {cell['id']} is sought"
    files = b"".join(coursework.assignment.files.values()).decode()
    names = re.findall(r"def (test_hidden_\w+)", files)
    assert len(names) > 5
    assert {*names} <= {*ALL}


def page(text: str) -> str:
    """As Sphinx colours code: each word in a tag of its own."""
    words = (f'<span class="n">{html.escape(word)}</span>' for word in text.split(" "))
    return f"<html><body><pre>{' '.join(words)}</pre></body></html>"


def notebook(source: str, output: str) -> str:
    outputs = [new_output("stream", text=output)]
    return json.dumps(new_notebook(cells=[new_code_cell(source, outputs=outputs)]), indent=1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", page(SOLUTION)),
        ("page.html", page(f"def f(z):\n    {SOLUTION}")),
        ("page.html", f"<!-- {SOLUTION} -->"),
        ("page.html", f'<button data-code="{html.escape(SOLUTION)}">copy</button>'),
        ("deep/down/page.html", page("test_hidden_kalman_update")),
        ("searchindex.js", 'Search.setIndex({"terms":{"test_hidden_fit":1}})'),
        ("_sources/page.ipynb", notebook(f"def f(z):\n    {SOLUTION}\n", "")),
        ("student.ipynb", notebook("f(1)", f"in line 5: {SOLUTION}\n")),
        ("student.ipynb", notebook(HIDDEN_INPUT, "")),
        ("tests/test_1_model.py", f"def test_x(rng):\n    {HIDDEN_INPUT}\n"),
        ("tests/helper", SOLUTION.replace(" ", "   ")),
    ],
)
def test_a_leak_is_found(name: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    assert [found.partition(" shows ")[0] for found in leaks(tmp_path, ALL)] == [name]


def test_a_clean_folder_has_no_leak(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page("def sigmoid(z): ..."))
    (tmp_path / "student.ipynb").write_text(notebook("sigmoid(0.45)", "0.6106\n"))
    assert leaks(tmp_path, ALL) == []
