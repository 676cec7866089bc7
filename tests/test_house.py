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
