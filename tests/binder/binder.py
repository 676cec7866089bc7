"""Rules for the Binder files, each returning its problems."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYTHON = "3.11"
# Where conda-forge's name differs from PyPI's.
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "msgpack": "msgpack-python",
    "torch": "pytorch-cpu",
}
# A notebook runs without them, and every one makes Binder slower to start. pytest is not among
# them: `coursegrader.check()` runs the visible tests of an assignment with it.
FORBIDDEN = ("distributed", "jupyter-book", "nbval", "sphinx")


def environment(root: Path) -> dict[str, str]:
    """The packages of environment.yml and their version, as text after the first `=`."""
    content = yaml.safe_load((root / "environment.yml").read_text())
    return dict(str(entry).partition("=")[::2] for entry in content["dependencies"])


def requirements(root: Path) -> list[Requirement]:
    """What pyproject.toml says a notebook needs, one of coursework included."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    names = project["dependencies"] + extras["torch"] + extras["lab"] + extras["check"]
    return [Requirement(name) for name in names]


def tested_versions(root: Path) -> dict[str, str]:
    lines = (root / "constraints.txt").read_text().splitlines()
    pins = (line.split("==") for line in lines if "==" in line)
    return {canonicalize_name(name): version for name, version in pins}


def missing(root: Path) -> list[str]:
    present = environment(root)
    return [f"{r.name} is missing" for r in requirements(root) if conda_name(r) not in present]


def unexpected(root: Path) -> list[str]:
    known = {"python", *(conda_name(r) for r in requirements(root))}
    return [f"{name} is not in pyproject.toml" for name in environment(root) if name not in known]


def forbidden(root: Path) -> list[str]:
    names = (str(name) for name in environment(root))
    return [f"{name} is not for running notebooks" for name in names if name.startswith(FORBIDDEN)]


def untested_version(root: Path) -> list[str]:
    """Each package has the version, to the minor one, that the tests run with."""
    present, tested = environment(root), tested_versions(root)
    problems = []
    for requirement in requirements(root):
        version = tested[canonicalize_name(requirement.name)]
        minor = ".".join(version.split(".")[:2])
        if present.get(conda_name(requirement), minor) != minor:
            problems.append(f"{requirement.name} is not {minor}, as in constraints.txt")
        if version not in requirement.specifier:
            problems.append(f"{requirement.name} {version} is not {requirement.specifier}")
    return problems


def other_python(root: Path) -> list[str]:
    version = environment(root).get("python")
    return [] if version == PYTHON else [f"python is {version}, not {PYTHON}"]


def other_channel(root: Path) -> list[str]:
    channels = yaml.safe_load((root / "environment.yml").read_text())["channels"]
    return [] if channels == ["conda-forge", "nodefaults"] else [f"the channels are {channels}"]


def bad_script(root: Path) -> list[str]:
    """postBuild stops at an error and installs the package alone; start hands over to Jupyter."""
    problems = []
    for name, lines in {
        "postBuild": ["set -e", "python -m pip install --no-deps -e ."],
        "start": ["export OMP_NUM_THREADS=2", 'exec "$@"'],
    }.items():
        path = root / name
        if not path.stat().st_mode & 0o100:
            problems.append(f"{name} is not executable")
        first, *rest = path.read_text().splitlines()
        if first != "#!/bin/bash" or [line for line in rest if not line.startswith("#")] != lines:
            problems.append(f"{name} is not {lines}")
    return problems


def not_in_dockerfile(dockerfile: str) -> list[str]:
    """repo2docker uses the three files at the root, and no others instead."""
    expected = {
        "environment.yml": r"COPY .*src/environment\.yml \$\{REPO_DIR\}/environment\.yml",
        "its installation": r"env update .*--file \"environment\.yml\"",
        "Python": r"Building conda environment for python=" + re.escape(PYTHON),
        "postBuild": r"RUN \./postBuild",
        "start": r'R2D_ENTRYPOINT="\$\{REPO_DIR\}/start"',
    }
    return [
        f"{name} is not used" for name, line in expected.items() if not re.search(line, dockerfile)
    ]


def conda_name(requirement: Requirement) -> str:
    return CONDA_NAMES.get(requirement.name, requirement.name)


RULES = (missing, unexpected, forbidden, untested_version, other_python, other_channel, bad_script)
