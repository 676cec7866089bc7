"""The assignments, each with a class of its own: reference, untouched version, wrong answers."""

import ast
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coursegrader.authoring.assignment import Assignment
from coursegrader.authoring.release import student_files
from coursegrader.common.notebook import Cell, read_cells
from coursegrader.common.records import Result
from coursegrader.handin.data_files import HandedIn, beside
from coursegrader.inside.runner import Runner, fresh_namespace
from coursegrader.marking.lines import LocalLine
from coursegrader.marking.plugin import Entry, GraderPlugin
from coursegrader.marking.session import run_session

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
FOLDERS = sorted(path.parent for path in (ROOT / "coursework").glob("*/assignment.toml"))
REFERENCE, UNTOUCHED = "the reference", "the untouched student version"


@dataclass(frozen=True)
class Coursework:
    """One assignment of the repository."""

    folder: Path

    @cached_property
    def assignment(self) -> Assignment:
        return Assignment.load(self.folder)

    @cached_property
    def notebook(self) -> Path:
        return self.folder / self.assignment.settings.notebook

    @cached_property
    def submissions(self) -> dict[str, list[Cell]]:
        """The graded cells of each submission by its name; a wrong answer by that of its file."""
        name = self.notebook.name
        solved = read_cells(name, self.notebook.read_bytes())
        untouched = read_cells(name, student_files(self.assignment)[name])
        wrong = {
            path.stem: [*solved, Cell("the mistake", path.read_text("utf-8"))]
            for path in wrong_answers(self.folder)
        }
        return {REFERENCE: solved, UNTOUCHED: untouched} | wrong

    @property
    def files(self) -> dict[str, bytes]:
        """The data files of the reference, which every submission hands in, too."""
        return beside(self.folder, self.assignment.settings.data)

    def grade(self, secret: bytes) -> dict[str, Result]:
        """Every submission by every test, hidden ones included; no sandbox, the code is ours."""
        files = HandedIn(self.assignment.settings.data, self.files)
        entries = [
            Entry(name, lambda cells=cells: LocalLine(Runner(fresh_namespace()), cells), files)
            for name, cells in self.submissions.items()
        ]
        plugin = GraderPlugin(self.assignment.settings, entries, secret)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a wrong answer may overflow
            run_session(plugin, self.folder / "tests")
        return plugin.results


def wrong_answers(folder: Path) -> list[Path]:
    return sorted((folder / "wrong").glob("*.py"))


def announced(path: Path) -> tuple[dict[str, int], str]:
    """What a wrong answer says about itself: the tests that it must fail, and a message."""
    values = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id in ("EARNED", "SAYS"):
            values[node.targets[0].id] = ast.literal_eval(node.value)
    return values["EARNED"], values["SAYS"]
