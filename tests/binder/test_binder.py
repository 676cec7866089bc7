"""Binder gets what a notebook needs, in the versions that are tested, and nothing else."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import binder
import pytest

ROOT = Path(__file__).parents[2]
Rule = Callable[[Path], list[str]]


def name(value: object) -> str:
    return getattr(value, "__name__", "")


def copy_tree(target: Path) -> None:
    """What a clone holds, with its changes."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for file in filter(None, listing.stdout.split("\0")):
        if (ROOT / file).exists():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, target / file)


def dockerfile(tree: Path) -> str:
    """What repo2docker would build, and what it says of it; that takes no Docker."""
    command = [Path(sys.executable).with_name("jupyter-repo2docker"), "--no-build", "--debug", "."]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


@pytest.mark.parametrize("rule", binder.RULES, ids=name)
def test_the_files(rule: Rule) -> None:
    assert rule(ROOT) == []


def test_repo2docker_takes_the_files(tmp_path: Path) -> None:
    copy_tree(tmp_path)
    assert binder.not_in_dockerfile(dockerfile(tmp_path)) == []


def replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    def damage(tree: Path) -> None:
        text = (tree / file).read_text()
        assert old in text
        (tree / file).write_text(text.replace(old, new))

    return damage


def unexecutable(file: str) -> Callable[[Path], None]:
    return lambda tree: (tree / file).chmod(0o644)


LAST = "  - scipy=1.17\n"
BROKEN: list[tuple[Rule, Callable[[Path], None]]] = [
    (binder.missing, replace("environment.yml", LAST, "")),
    (binder.missing, replace("environment.yml", "myst-nb", "myst-parser")),
    (
        binder.missing,
        replace("pyproject.toml", "dependencies = [", 'dependencies = [\n"dask>=4",'),
    ),
    (binder.unexpected, replace("environment.yml", LAST, LAST + "  - pandas=2.3\n")),
    (binder.unexpected, replace("environment.yml", LAST, LAST + "  - pip: [-e .]\n")),
    (binder.forbidden, replace("environment.yml", LAST, LAST + "  - jupyter-book=1.0\n")),
    (binder.forbidden, replace("environment.yml", LAST, LAST + "  - sphinx=7.4\n")),
    (binder.forbidden, replace("environment.yml", LAST, LAST + "  - nbval\n")),
    (binder.forbidden, replace("environment.yml", LAST, LAST + "  - distributed=2026.8\n")),
    (binder.missing, replace("environment.yml", "msgpack-python", "msgpack")),
    (binder.missing, replace("environment.yml", "  - pytest=", "  - pytest-xdist=")),
    (binder.untested_version, replace("environment.yml", LAST, "  - scipy=1.16\n")),
    (binder.untested_version, replace("environment.yml", LAST, "  - scipy\n")),
    (binder.untested_version, replace("constraints.txt", "numpy==2.", "numpy==3.")),
    (binder.untested_version, replace("pyproject.toml", "torch>=2.13,<2.14", "torch>=2.99")),
    (binder.other_python, replace("environment.yml", "python=3.11", "python>=3.11")),
    (binder.other_python, replace("environment.yml", "python=3.11", "python=3.12")),
    (binder.other_channel, replace("environment.yml", "nodefaults", "defaults")),
    (binder.bad_script, replace("postBuild", "set -e\n", "")),
    (binder.bad_script, replace("postBuild", " --no-deps", "")),
    (binder.bad_script, replace("start", 'exec "$@"', '"$@"')),
    (binder.bad_script, replace("start", "#!/bin/bash", "#!/bin/sh")),
    (binder.bad_script, unexecutable("postBuild")),
    (binder.bad_script, unexecutable("start")),
]


@pytest.mark.parametrize(("rule", "damage"), BROKEN, ids=name)
def test_a_broken_file_is_caught(
    rule: Rule, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    for file in ("environment.yml", "postBuild", "start", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, tmp_path)
    assert rule(tmp_path) == []
    damage(tmp_path)
    assert rule(tmp_path)


def test_every_rule_has_a_guard() -> None:
    assert {rule for rule, _ in BROKEN} == {*binder.RULES}


def test_other_files_that_repo2docker_prefers_are_caught(tmp_path: Path) -> None:
    for file in ("environment.yml", "postBuild", "start"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / "binder").mkdir()
    shutil.copy(ROOT / "environment.yml", tmp_path / "binder")
    assert binder.not_in_dockerfile(dockerfile(tmp_path)) == [
        "environment.yml is not used",
        "its installation is not used",
        "postBuild is not used",
        "start is not used",
    ]
