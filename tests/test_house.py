"""What holds for the whole house: which package knows which, and well-formed workflows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github").glob("[wc]*/*.yml"))


def imports(source: str) -> Iterator[str]:
    """The top-level packages that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize(
    ("package", "other"), [("visioncourse", "coursegrader"), ("coursegrader", "visioncourse")]
)
def test_the_two_packages_do_not_know_each_other(package: str, other: str) -> None:
    files = sorted((ROOT / "src" / package).rglob("*.py"))
    assert files
    assert [file for file in files if other in imports(file.read_text("utf-8"))] == []


def visioncourse_imports(path: Path, source: str) -> Iterator[str]:
    """The modules of `visioncourse` that one of them imports, such as "detection.boxes"."""
    package = ("visioncourse", *path.relative_to(ROOT / "src" / "visioncourse").parts[:-1])
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            within = [".".join([*above, *filter(None, [node.module])])]
            # `from .. import boxes` names a module where others name what is in one.
            found = within if node.module else [f"{within[0]}.{a.name}" for a in node.names]
        else:
            continue
        yield from (n.removeprefix("visioncourse.") for n in found if n.startswith("visioncourse."))


# The order of the book; each part may import those before it.
PARTS = ["logistic", "segmentation", "detection", "tracking"]
# Only these import Torch, and of the package only they themselves import them.
WITH_TORCH = ["models", "training", "weights", "scenes.tensors"]
NETWORKS = ["models", "training", "weights"]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src" / "visioncourse").with_suffix("").parts)


def within(module: str, parts: list[str]) -> list[str]:
    """Which of the parts the module is or lies in."""
    return [part for part in parts if f"{module}.".lstrip(".").startswith(f"{part}.")]


def broken_rules(path: Path, source: str) -> list[str]:
    """Where a module of `visioncourse` imports what the order of the house forbids."""
    name = module_name(path)
    used = list(visioncourse_imports(path, source))
    problems = []
    if not within(name, WITH_TORCH) and "torch" in imports(source):
        problems.append(f"{name} imports torch")
    for part in within(name, PARTS):
        later = PARTS[PARTS.index(part) + 1 :]
        problems += [f"{name} imports {module}" for module in used if within(module, later)]
    if not within(name, NETWORKS):
        problems += [f"{name} imports {module}" for module in used if within(module, NETWORKS)]
    if within(name, ["models"]):
        others = ["weights", "training"]
        problems += [f"{name} imports {module}" for module in used if within(module, others)]
    return problems


def test_no_part_imports_a_later_one_and_few_import_torch() -> None:
    files = sorted((ROOT / "src" / "visioncourse").rglob("*.py"))
    assert {part for file in files for part in within(module_name(file), PARTS)} == set(PARTS)
    assert [problem for file in files for problem in broken_rules(file, file.read_text())] == []


@pytest.mark.parametrize(
    ("module", "source", "problems"),
    [
        ("logistic/model.py", "import numpy, torch", ["logistic.model imports torch"]),
        ("arrays.py", "def f():\n    from torch import nn", ["arrays imports torch"]),
        ("models/unet.py", "import torch", []),
        ("scenes/tensors.py", "import torch", []),
        (
            "scenes/video.py",
            "from torch import nn\nfrom ..models import UNet",
            ["scenes.video imports torch", "scenes.video imports models"],
        ),
        (
            "segmentation/losses.py",
            "from ..logistic import nll\nfrom ..detection.boxes import box_area",
            ["segmentation.losses imports detection.boxes"],
        ),
        (
            "logistic/model.py",
            "from .. import tracking\nfrom . import losses",
            ["logistic.model imports tracking"],
        ),
        (
            "detection/metrics/coco.py",
            "from ..boxes import area\nfrom ...segmentation import x",
            [],
        ),
        (
            "detection/metrics/coco.py",
            "from ...tracking.sort import Sort",
            ["detection.metrics.coco imports tracking.sort"],
        ),
        (
            "logistic/model.py",
            "import visioncourse.detection\nfrom visioncourse.weights import load",
            ["logistic.model imports detection", "logistic.model imports weights"],
        ),
        ("tracking/tracktor.py", "from .. import weights", ["tracking.tracktor imports weights"]),
        ("draw/style.py", "from ..training import fit", ["draw.style imports training"]),
        ("models/unet.py", "from ..training import fit", ["models.unet imports training"]),
        ("weights/recipes.py", "from ..models import UNet\nfrom .. import training", []),
    ],
)
def test_a_forbidden_import_is_seen(module: str, source: str, problems: list[str]) -> None:
    # Imports come in the order of the syntax tree, the rules in theirs.
    path = ROOT / "src" / "visioncourse" / module
    assert sorted(broken_rules(path, source)) == sorted(problems)


# The checks at the public edge: their one caller is the whole package.
SHARED = "_validation"


def private_imports(source: str) -> list[str]:
    """Names with an underscore that a module takes from another one of the same package."""
    found, modules = [], set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.level or node.module.startswith("vision")):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            found += [name for name in names if name.startswith("_") and name != SHARED]
            modules |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            owner = ast.unparse(node.value)
            found += [f"{owner}.{node.attr}"] if owner in modules else []
    return found


def test_no_underscored_name_crosses_a_file() -> None:
    files = sorted((ROOT / "src" / "visioncourse").rglob("*.py"))
    crossing = {module_name(file): private_imports(file.read_text()) for file in files}
    assert {module: names for module, names in crossing.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from ._overlap import matrix", ["_overlap"]),
        ("from .boxes import area, _corners", ["_corners"]),
        ("from visioncourse.detection.boxes import _corners as corners", ["_corners"]),
        ("from .. import boxes\nboxes._corners(1)", ["boxes._corners"]),
        ("from . import boxes as b\nx = b._corners", ["b._corners"]),
        ("from .._validation import check_whole\nfrom .boxes import area", []),
        ("class A:\n    def f(self):\n        return self._x", []),
        ("from __future__ import annotations\nimport numpy\nnumpy._private", []),
    ],
)
def test_a_private_name_that_crosses_is_seen(source: str, names: list[str]) -> None:
    assert private_imports(source) == names


def test_every_folder_of_code_is_packaged() -> None:
    """Without this file an installed package lacks the folder; from a clone all seems well."""
    folders = {path.parent for path in (ROOT / "src").rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize(
    "source",
    [
        "import visioncourse",
        "import numpy, visioncourse.draw as draw",
        "from visioncourse.logistic import sigmoid",
        "def f():\n    from visioncourse import draw",
    ],
)
def test_an_import_is_seen(source: str) -> None:
    assert "visioncourse" in imports(source)


def workflow_problems(text: str) -> list[str]:
    """Why GitHub would not run a workflow, as far as its form tells."""
    data = yaml.safe_load(text)
    # YAML 1.1 reads the key `on` as true.
    problems = [f"no `{key}`" for key in ("name", "jobs", "permissions") if key not in data]
    problems += [] if True in data else ["no `on`"]
    for name, job in data.get("jobs", {}).items():
        problems += [] if "runs-on" in job else [f"{name} has no `runs-on`"]
        problems += [] if job.get("steps") else [f"{name} has no steps"]
        for number, step in enumerate(job.get("steps", ()), start=1):
            if ("run" in step) == ("uses" in step):
                problems.append(f"{name}, step {number}: one of `run` and `uses`")
    return problems


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_well_formed_and_linted(path: Path) -> None:
    assert workflow_problems(path.read_text("utf-8")) == []
    linted = (ROOT / ".github" / "workflows" / "test.yml").read_text("utf-8")
    assert path.relative_to(ROOT).as_posix() in linted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("runs-on:", "runs_on:"),
        ("    steps:", "    step:"),
        ("      - run: coursegrader check", "      - uses: x\n        run: coursegrader check"),
        ("on: [push, workflow_dispatch]\n", ""),
        ("permissions:\n  contents: read\n", ""),
    ],
)
def test_a_malformed_workflow_is_seen(old: str, new: str) -> None:
    text = (ROOT / ".github" / "classroom" / "workflow.yml").read_text("utf-8")
    assert old in text
    assert workflow_problems(text.replace(old, new))
