"""The wings of the grader: which may know which, and the names under which they are reached."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import coursegrader
from coursegrader.first_names import MOVED

PACKAGE = Path(coursegrader.__file__).parent
# From the ground up: a wing may import those of lower floors, and none of its own.
FLOORS = [
    {"common", "inside"},
    {"gradebook", "handin", "sandbox"},
    {"authoring", "reports"},
    {"marking"},
    {"running", "students"},
    {"commands"},
    {"cli"},
    {"__main__"},
]


def used_wings(path: Path, source: str) -> Iterator[str]:
    """The wings that a file of the grader imports, its own not among them."""
    place = ("coursegrader", *path.relative_to(PACKAGE).parts[:-1])
    own = wing_of(path)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = place[: len(place) - node.level + 1] if node.level else ()
            start = ".".join([*above, *filter(None, [node.module])])
            names = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            wing = rest.partition(".")[0]
            if package == "coursegrader" and wing != own:
                yield wing


def wing_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def upward(path: Path, source: str) -> list[str]:
    """Where a file imports a wing that stands no lower than its own."""
    floors = {wing: floor for floor, wings in enumerate(FLOORS) for wing in wings}
    own = wing_of(path)
    used = set(used_wings(path, source))
    wrong = {wing for wing in used if floors.get(wing, len(FLOORS)) >= floors[own]}
    return sorted(f"{own} imports {wing}" for wing in wrong)


def files() -> list[Path]:
    face = {"__init__.py", "first_names.py"}
    return [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).name not in face]


def test_every_wing_has_a_floor_and_imports_only_lower_ones() -> None:
    assert {wing_of(path) for path in files()} == set().union(*FLOORS)
    assert [problem for path in files() for problem in upward(path, path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("place", "source", "problems"),
    [
        ("inside/wire.py", "from ..common import text", ["inside imports common"]),
        ("common/text.py", "import coursegrader.inside.wire", ["common imports inside"]),
        ("handin/intake.py", "from ..gradebook import Gradebook", ["handin imports gradebook"]),
        ("marking/plugin.py", "def f():\n    from .. import cli", ["marking imports cli"]),
        ("marking/plugin.py", "from ..policy import Policy", ["marking imports policy"]),
        ("reports/pages.py", "from ..gradebook.policy import Grade\nfrom . import feedback", []),
    ],
)
def test_an_import_of_a_higher_wing_is_seen(place: str, source: str, problems: list[str]) -> None:
    assert upward(PACKAGE / place, source) == problems


@pytest.mark.parametrize("name", coursegrader.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(coursegrader, name).__module__.startswith("coursegrader.")
    assert name in dir(coursegrader)


def test_a_name_that_is_none_is_said() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = coursegrader.nothing


@pytest.mark.parametrize(("first", "now"), MOVED.items())
def test_a_module_that_moved_is_one_module_under_both_names(first: str, now: str) -> None:
    module = importlib.import_module(f"coursegrader.{first}")
    assert module is importlib.import_module(f"coursegrader.{now}")
    assert module.__name__ == f"coursegrader.{now}"


def test_first_names_come_after_files_and_others_stay_unknown() -> None:
    assert not {path.stem for path in PACKAGE.iterdir()} & MOVED.keys()
    with pytest.raises(ModuleNotFoundError, match=r"coursegrader\.nothing"):
        importlib.import_module("coursegrader.nothing")


def test_a_program_of_before_the_move_still_runs() -> None:
    program = """
from coursegrader.checking import check
from coursegrader.gradebook import Gradebook
from coursegrader.grading import grade, write_outputs
from coursegrader.pack import pack
from coursegrader.policy import Policy
from coursegrader.sandbox.errors import SandboxError
import coursegrader.intake
coursegrader.intake.collect
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_page_for_maintainers_names_every_wing() -> None:
    page = PACKAGE.parents[1] / "book" / "maintainers.md"
    table = page.read_text("utf-8").partition("(the-wings-of-the-grader)=")[2].split("\n\n")[1]
    named = re.findall(r"^\| `(\w+)(?:/|\.py)` \|", table, re.MULTILINE)
    assert sorted(named) == sorted(set().union(*FLOORS) - {"__main__"})
    floors = {wing: floor for floor, wings in enumerate(FLOORS) for wing in wings}
    assert [*map(floors.get, named)] == sorted(map(floors.get, named))
