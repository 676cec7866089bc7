"""Checking and packing import what the extra `check` names: Binder has these, and no more."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

# Tells, on its last line, which modules the grader's own code asks for.
SPY = """
import builtins, sys

seen, import_module = set(), builtins.__import__

def spy(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and str((globals or {}).get("__name__")).startswith("coursegrader"):
        seen.add(name.partition(".")[0])
    return import_module(name, globals, locals, fromlist, level)

builtins.__import__ = spy
"""
CHECK_AND_PACK = """
from coursegrader.cli import main
assert main(["release", sys.argv[1], "--to", "student"]) == 0
main(["check", "--assignment", "student"])
assert main(["pack", "--assignment", "student"]) == 0
"""
TELL = "\nprint(*(seen - sys.stdlib_module_names - {'coursegrader'}))"


def imported(program: str, folder: Path) -> set[str]:
    """The distributions that a program of the grader imports from."""
    source = str(ROOT / "coursework" / "logistic_regression")
    command = [sys.executable, "-c", SPY + program + TELL, source]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = packages_distributions()
    modules = run.stdout.splitlines()[-1].split()
    return {canonicalize_name(name) for module in modules for name in found[module]}


def test_check_and_pack_import_what_their_extra_names(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = {Requirement(r).name for r in project["optional-dependencies"]["check"]}
    assert imported(CHECK_AND_PACK, tmp_path) == extra | {"numpy"}


def test_an_import_of_the_grader_is_seen(tmp_path: Path) -> None:
    program = (
        "exec('import json, jinja2.environment', {'__name__': 'coursegrader.reports.feedback'})"
    )
    assert imported(program, tmp_path) == {"jinja2"}
    assert imported("import jinja2", tmp_path) == set()
