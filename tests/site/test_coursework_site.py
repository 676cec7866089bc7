"""Coursework on the built site: assignments to open and to download, and the grader explained."""

import re
import tomllib
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import coursegrader

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
ASSIGNMENTS = sorted(path.parent for path in (ROOT / "coursework").glob("*/assignment.toml"))


@pytest.fixture(scope="module")
def page() -> str:
    """The page that lists the assignments."""
    return (SITE / "coursework" / "assignments.html").read_text("utf-8")


def binder_targets(html: str) -> set[str]:
    """The files that a page's Binder links open in JupyterLab."""
    urls = [urlsplit(link) for link in re.findall(r'href="(https://mybinder\.org/[^"]*)"', html)]
    opened = [path for url in urls for path in parse_qs(url.query).get("urlpath", ())]
    return {path.removeprefix("lab/tree/") for path in opened if path.startswith("lab/tree/")}


def listed(html: str, assignment: Path) -> list[str]:
    """What is missing of an assignment on the page."""
    settings = tomllib.loads((assignment / "assignment.toml").read_text("utf-8"))
    notebook = f"coursework/{assignment.name}/student/{settings['notebook']}"
    wanted = {
        "its title": settings["title"] in html,
        "a Binder link to its student version": notebook in binder_targets(html),
        "its zip": f'href="{assignment.name}.zip"' in html,
    }
    return [what for what, there in wanted.items() if not there]


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda path: path.name)
def test_an_assignment_is_listed(page: str, assignment: Path) -> None:
    assert listed(page, assignment) == []


def test_every_binder_link_opens_a_file(page: str) -> None:
    assert binder_targets(page)
    assert [path for path in binder_targets(page) if not (ROOT / path).is_file()] == []


def test_an_assignment_without_its_links_is_seen(page: str) -> None:
    name = ASSIGNMENTS[0].name
    assert listed(page.replace(f"{name}.zip", "other.zip"), ASSIGNMENTS[0]) == ["its zip"]
    assert listed(page.replace(f"/{name}/student/", f"/{name}/"), ASSIGNMENTS[0]) == [
        "a Binder link to its student version"
    ]


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda path: path.name)
def test_a_zip_holds_the_student_version_and_nothing_else(assignment: Path) -> None:
    with zipfile.ZipFile(SITE / "coursework" / f"{assignment.name}.zip") as archive:
        held = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    student = assignment / "student"
    files = [path for path in student.rglob("*") if path.is_file()]
    assert held == {
        path.relative_to(student).as_posix(): path.read_bytes()
        for path in files
        if not {"__pycache__", ".ipynb_checkpoints", ".pytest_cache"} & {*path.parts}
    }


def test_the_reference_has_every_public_name() -> None:
    html = (SITE / "reference" / "coursegrader.html").read_text("utf-8")
    documented = {
        name.rpartition(".")[2] for name in re.findall(r'id="(coursegrader\.[\w.]+)"', html)
    }
    assert {*coursegrader.__all__} - documented == set()
