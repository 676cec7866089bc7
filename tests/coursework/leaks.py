"""Looks for what students must not see: solutions, hidden tests, hidden inputs."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from assignments import Coursework

from coursegrader.authoring.assignment import is_hidden
from coursegrader.authoring.release import solution_lines, student_files
from coursegrader.common.notebook import read_notebook

MIN_LENGTH = 16  # characters without spaces: `return x` tells nothing
BINARY = (".png", ".svgz", ".woff", ".woff2", ".ttf", ".eot", ".ico", ".inv", ".gz", ".zip", ".pyc")
_TAG = re.compile(r"<[^<>]*>")


def secrets(courses: Iterable[Coursework]) -> list[str]:
    """Lines of solutions and of hidden files, and the names of hidden tests.

    A line that some student version shows anyway is no secret, nor is a very short one.
    """
    lines: list[str] = []
    public: set[str] = set()
    for coursework in courses:
        lines += solution_lines(read_notebook(coursework.notebook.read_bytes()))
        for name, content in coursework.assignment.files.items():
            if is_hidden(name):
                lines += content.decode().splitlines()
                lines += re.findall(r"def (test_hidden\w+)", content.decode())
        public |= {_squeeze(line) for line in _public_lines(coursework)}
    told = {line.strip(): _squeeze(line) for line in lines}
    return [line for line, s in told.items() if _tells(s) and s not in public]


def leaks(folder: Path, hidden: list[str]) -> list[str]:
    """Where in the files of a folder a secret stands."""
    sought = {_squeeze(line): line for line in hidden}
    return [
        f"{path.relative_to(folder)} shows {line!r}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in BINARY
        for text in ["\n".join(map(_squeeze, readings(path)))]
        for squeezed, line in sought.items()
        if squeezed in text
    ]


def readings(path: Path) -> Iterator[str]:
    """A file as it is, and as a reader sees it: without tags, without JSON's escapes."""
    text = path.read_text("utf-8", errors="replace")
    yield text
    yield html.unescape(text)
    yield html.unescape(_TAG.sub("", text))
    if path.suffix in (".ipynb", ".json"):
        yield from _texts(json.loads(text))


def _texts(value: object) -> Iterator[str]:
    """All texts in a JSON value; a list of lines as one text, as notebooks store sources."""
    if isinstance(value, str):
        yield value
        yield html.unescape(_TAG.sub("", value))
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield "".join(value)
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


def _public_lines(coursework: Coursework) -> Iterator[str]:
    for name, content in student_files(coursework.assignment).items():
        if name.endswith(".ipynb"):
            for cell in nbformat.reads(content.decode(), as_version=4).cells:
                yield from cell.source.splitlines()
        else:
            yield from content.decode().splitlines()


def _tells(squeezed: str) -> bool:
    return len(squeezed) >= MIN_LENGTH or squeezed.startswith("test_hidden")


def _squeeze(text: str) -> str:
    """Without spaces: neither indentation nor a line's end hides anything."""
    return re.sub(r"\s+", "", text)
