"""What `make notebooks` writes, and what it leaves alone."""

from pathlib import Path

import canonical
import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from sample import add_noise, cell, run_execute


@pytest.fixture
def small(executed: NotebookNode) -> NotebookNode:
    """The quick part of the executed sample, as `execute.py` would leave it."""
    kept = {"imports", "figure", "text", "result", "error"}
    executed.cells = [c for c in executed.cells if c.id in kept]
    cell(executed, "imports").source = "import matplotlib.pyplot as plt\nimport numpy as np"
    for count, code_cell in enumerate(executed.cells, start=1):
        code_cell.execution_count = count
    cell(executed, "result").outputs[0].execution_count = 4
    return executed


def test_equal_outputs_stay_and_others_are_replaced(small: NotebookNode, tmp_path: Path) -> None:
    """One notebook as another machine may have left it, one with wrong outputs and metadata."""
    good = canonical.write(small)
    cell(small, "error").outputs[0].traceback = ["rendered by another front end"]
    add_noise(cell(small, "figure"))
    equal, wrong = tmp_path / "equal.ipynb", tmp_path / "wrong.ipynb"
    equal_text = canonical.write(small)
    equal.write_text(equal_text)

    cell(small, "error").outputs[0].update(evalue="x: got 4")
    cell(small, "figure").update(outputs=[], execution_count=None)
    cell(small, "text").outputs[0].text = "three\n"
    cell(small, "result").outputs[0].execution_count = 7
    cell(small, "text").metadata["execution"] = {"iopub.status.idle": "2026-01-01"}
    small.metadata.kernelspec.name = "my-env"
    small.metadata.language_info.version = "3.11.7"
    wrong.write_text(nbformat.writes(small))

    result = run_execute(equal, wrong)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    first, second = result.stdout.splitlines()
    assert first.startswith(str(equal)) and first.endswith("0 cells changed")
    assert second.startswith(str(wrong)) and second.endswith("3 cells changed")
    assert equal.read_text() == equal_text
    assert wrong.read_text() == good
    assert sorted(path.name for path in tmp_path.iterdir()) == ["equal.ipynb", "wrong.ipynb"]


@pytest.mark.parametrize(
    ("source", "message"), [("1 / 0", "ZeroDivisionError"), ("import os; os._exit(1)", "died")]
)
def test_a_failing_cell_leaves_the_file_and_ends_the_run(
    source: str, message: str, small: NotebookNode, tmp_path: Path
) -> None:
    small.cells = [small.cells[2], new_code_cell(source, id="fails")]
    cell(small, "text").outputs = []
    text = canonical.write(small)
    failing, later = tmp_path / "failing.ipynb", tmp_path / "later.ipynb"
    failing.write_text(text)
    later.write_text(text)
    result = run_execute(failing, later)
    assert result.returncode == 1
    assert f"{failing}, cell 2" in result.stderr
    assert message in result.stderr
    assert failing.read_text() == later.read_text() == text
    assert "later.ipynb" not in result.stdout + result.stderr


def test_ids_are_kept_and_missing_ones_are_not_drawn_at_random(small: NotebookNode) -> None:
    assert [c.id for c in canonical.read(canonical.write(small)).cells][:2] == ["imports", "figure"]
    for code_cell in small.cells:
        del code_cell["id"]
    small.nbformat_minor = 4
    text = nbformat.writes(small, version=nbformat.NO_CONVERT)
    assert '"id"' not in text
    assert canonical.write(canonical.read(text)) == canonical.write(canonical.read(text))
