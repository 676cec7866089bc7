"""Break one cell at a time and run the pytest command of `make test` on it.

The command runs in a small copy of the repository: the real conftest, plugin and settings.
"""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import canonical
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from sample import add_noise, run_execute

ROOT = Path(__file__).parents[2]
IMPORTS = "import sys\n\nimport matplotlib.pyplot as plt\nimport numpy as np"
FIGURE = (
    "x = np.linspace(-4, 4, 50)\nfig, ax = plt.subplots(figsize=(4, 3))\n"
    '_ = ax.plot(x, np.sin(x), lw=1, color="0.85")\n_ = ax.plot(x, np.tanh(x))'
)
TEXT = 'print("two")\nprint("lines")'
SHOWN = 'from IPython.display import JSON\n\nprint("first")\nJSON({"a": 1})'


@dataclass(frozen=True)
class Case:
    """A cell that ran, what is then done to it, and what the rerun must say (None: passes)."""

    name: str
    source: str
    damage: Callable[[NotebookNode], object]
    message: str | None


def source(old: str, new: str) -> Callable[[NotebookNode], object]:
    return lambda cell: cell.update(source=cell.source.replace(old, new))


def stored(**values: object) -> Callable[[NotebookNode], object]:
    return lambda cell: cell.outputs[0].update(values)


def ignored(*tags: str) -> Callable[[NotebookNode], object]:
    def damage(cell: NotebookNode) -> None:
        cell.metadata.tags = list(tags)
        cell.outputs[0].text = "another text\n"

    return damage


def store_error(cell: NotebookNode) -> None:
    cell.source = "1 / 0"
    error = {"ename": "ZeroDivisionError", "evalue": "division by zero", "traceback": []}
    cell.outputs = [new_output("error", **error)]


def raise_error_of_another_text(cell: NotebookNode) -> None:
    cell.metadata.tags = ["raises-exception"]
    cell.source = 'raise ValueError("x: got 3")'
    error = {"ename": "ValueError", "evalue": "x: got 4", "traceback": []}
    cell.outputs = [new_output("error", **error)]


CASES = [
    Case("untouched", TEXT, lambda cell: None, None),
    Case("untouched_figure", FIGURE, lambda cell: None, None),
    Case("hash_seed", 'hash("a")', lambda cell: None, None),
    Case("noise", FIGURE, add_noise, None),
    Case("jitter", FIGURE, source("np.tanh(x)", "np.tanh(x) + 5e-4"), None),
    Case("dark_curve", FIGURE, source("np.tanh(x)", "np.tanh(1.1 * x)"), "of the picture"),
    Case("pale_curve", FIGURE, source("np.sin(x)", "1.02 * np.sin(x)"), "of the picture"),
    Case("size", FIGURE, source("(4, 3)", "(4, 3.2)"), "pixels"),
    Case("no_figure", FIGURE, lambda cell: cell.update(outputs=[]), "kinds of output"),
    Case("text", TEXT, stored(text="two\nlimes\n"), "-limes"),
    Case("stream_name", TEXT, stored(name="stderr"), "stream stderr"),
    Case("order", SHOWN, lambda cell: cell.outputs.reverse(), "kinds of output"),
    Case("data", SHOWN, source('"a": 1', '"a": 2'), '"a": 2'),
    Case("metadata", SHOWN, source("JSON({", "JSON(expanded=True, data={"), "metadata differs"),
    Case("output_type", "3", lambda cell: cell.update(source="display(3)"), "execute_result"),
    Case("new_warning", TEXT, source('"lines"', '"lines", file=sys.stderr'), "stream stderr"),
    Case("carriage_return", TEXT, source('"two"', '"0 %\\rtwo"'), "0 %"),
    Case("never_executed", TEXT, lambda c: c.update(execution_count=None, outputs=[]), "never"),
    Case("stored_error", TEXT, store_error, "ZeroDivisionError"),
    Case("error_text", TEXT, raise_error_of_another_text, "x: got 3"),
    Case("ignore_tag", TEXT, ignored("nbval-ignore-output"), "another text"),
    Case("skip_tag", TEXT, ignored("nbval-skip"), "another text"),
    Case("skip_comment", TEXT, source('print("two")', "# NBVAL_SKIP"), "stdout"),
    Case("memory", "3", lambda cell: cell.update(source='b"x" * (1 << 30)\n3'), "MiB"),
]


@pytest.fixture(scope="module")
def reports(executed_text: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """What pytest said of each case, and of the good notebook: the failure, or None."""
    tree = tmp_path_factory.mktemp("tree")
    for folder in ("tests/notebooks", "tools/notebooks"):
        shutil.copytree(ROOT / folder, tree / folder)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tree)
    book = tree / "book" / "part"
    book.mkdir(parents=True)
    (book / "good.ipynb").write_text(executed_text)
    broken_cells(book / "broken.ipynb")

    command = [sys.executable, "-m", "pytest", *make_options(), "--junitxml=report.xml"]
    run = subprocess.run(
        [*command, "book/part/broken.ipynb", "book/part/good.ipynb"],
        cwd=tree,
        # Settings of one's own that would change the outputs, and a place for the pictures.
        env=os.environ | {"MPLBACKEND": "agg", "PYTHONHASHSEED": "7", "TMPDIR": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout + run.stderr
    found: dict[str, str | None] = {}
    for test in ElementTree.parse(tree / "report.xml").iter("testcase"):
        where, number = test.get("classname"), int(test.get("name").removeprefix("Cell "))
        failure = test.find("failure")
        text = None if failure is None else failure.text
        if where == "book.part.good.ipynb":
            found[f"good {number}"] = text
        else:
            # The first cell imports.
            found[CASES[number - 1].name if number else "imports"] = text
        assert test.find("error") is None and test.find("skipped") is None
    return found


def make_options() -> list[str]:
    """The options that `make test` hands to pytest."""
    found = re.search(r"/pytest (.*) tests \$\(NOTEBOOKS\)\n", (ROOT / "Makefile").read_text())
    assert found, "the Makefile runs pytest on tests and $(NOTEBOOKS)"
    return found[1].split()


def broken_cells(path: Path) -> None:
    """Execute every case, then damage it."""
    cells = [new_code_cell(IMPORTS, id="imports")]
    cells += [new_code_cell(case.source, id=case.name) for case in CASES]
    path.write_text(canonical.write(new_notebook(cells=cells)))
    result = run_execute(path)
    assert result.returncode == 0, result.stderr
    notebook = canonical.read(path.read_text())
    for case, cell in zip(CASES, notebook.cells[1:], strict=True):
        case.damage(cell)
    path.write_text(canonical.write(notebook))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_damaged_cell(case: Case, reports: dict[str, str | None]) -> None:
    report = reports[case.name]
    if case.message is None:
        assert report is None
    else:
        assert case.message in report


def test_the_good_notebook_passes_in_every_cell(reports: dict[str, str | None]) -> None:
    good = [report for name, report in reports.items() if name.startswith("good")]
    assert good == [None] * 7


def test_a_changed_figure_is_there_to_look_at(reports: dict[str, str | None]) -> None:
    folder = Path(re.search(r"are in (\S+)", reports["dark_curve"])[1])
    assert sorted(p.name for p in folder.iterdir()) == ["difference.png", "new.png", "stored.png"]
