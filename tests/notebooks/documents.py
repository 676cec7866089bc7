"""What the rules read: the notebooks and the plain pages of the book."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import canonical
import myst
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

BOOK = Path(__file__).parents[2] / "book"


@dataclass(frozen=True)
class Document:
    """A notebook, or a page: one Markdown cell."""

    name: str  # its path inside the book
    text: str  # what the file holds

    @classmethod
    def load(cls, path: Path) -> "Document":
        return cls(path.relative_to(BOOK).as_posix(), path.read_text(encoding="utf-8"))

    @cached_property
    def cells(self) -> list[NotebookNode]:
        if self.name.endswith(".md"):
            return [new_markdown_cell(self.text)]
        return canonical.read(self.text).cells

    @property
    def code(self) -> list[tuple[int, NotebookNode]]:
        """The code cells, each with its place in the notebook."""
        return [(n, c) for n, c in enumerate(self.cells, start=1) if c.cell_type == "code"]

    def elements(self, *, nested: bool = True) -> Iterator[tuple[int, myst.Element]]:
        """The parts of the prose, each with the place of its cell."""
        for number, cell in enumerate(self.cells, start=1):
            if cell.cell_type == "markdown":
                for element in myst.elements(cell.source, nested=nested):
                    yield number, element

    def directives(self, *names: str) -> list[tuple[int, myst.Directive]]:
        return [
            (number, element)
            for number, element in self.elements()
            if isinstance(element, myst.Directive) and element.name in names
        ]

    def section(self, title: str) -> list[tuple[int, myst.Element]]:
        """What stands under the H2 that starts with `title`; empty where there is none."""
        found, inside = [], False
        for number, element in self.elements(nested=False):
            if isinstance(element, myst.Heading) and element.level <= 2:
                inside = element.level == 2 and element.text.startswith(title)
            elif inside:
                found.append((number, element))
        return found

    def problem(self, number: int, what: str) -> str:
        return f"{self.name}, cell {number}: {what}"


@dataclass(frozen=True)
class Book:
    """All documents, and what the rest of the house knows of them."""

    documents: list[Document]
    contents: set[str] = field(default_factory=set)  # listed in _toc.yml, without suffix
    tested: list[str] = field(default_factory=list)  # the Makefile's patterns

    @classmethod
    def load(cls) -> "Book":
        paths = sorted([*BOOK.rglob("*.ipynb"), *BOOK.rglob("*.md")])
        documents = [Document.load(p) for p in paths if ".ipynb_checkpoints" not in p.parts]
        toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
        makefile = (BOOK.parent / "Makefile").read_text(encoding="utf-8")
        patterns = re.search(r"^NOTEBOOKS := .*\(wildcard ([^)]*)\)", makefile, re.MULTILINE)[1]
        return cls(documents, set(_files(toc)), patterns.split())

    @property
    def notebooks(self) -> list[Document]:
        return [document for document in self.documents if document.name.endswith(".ipynb")]

    @property
    def sections(self) -> list[Document]:
        """The notebooks of the parts; a notebook beside _toc.yml is a page of its own kind."""
        return [notebook for notebook in self.notebooks if "/" in notebook.name]

    @property
    def pages(self) -> list[Document]:
        return [document for document in self.documents if document.name.endswith(".md")]


def _files(entry: object) -> Iterator[str]:
    """Every `file` (and the `root`) of a table of contents, at any depth."""
    match entry:
        case dict():
            for key, value in entry.items():
                if key in ("file", "root"):
                    yield value
                else:
                    yield from _files(value)
        case list():
            for value in entry:
                yield from _files(value)
