"""The pages that give an overview of the sections leave out none and claim nothing of them."""

import re

import pytest
from documents import BOOK, Book, Document

PACKAGE = BOOK.parent / "src" / "visioncourse"
SUMMARY = "logistic_regression/what_you_can_do.md"
PARTS = ("logistic_regression", "segmentation")  # those that have a summary
IN_WORK = {"detection"}  # its summary comes with its last section


@pytest.fixture(scope="module")
def book() -> Book:
    return Book.load()


def linked(text: str) -> set[str]:
    """The notebooks that a text links to, by the last part of their path."""
    return set(re.findall(r"\]\((?:[\w./]*/)?(\w+\.ipynb)[#)]", text))


def missing_links(page: Document, sections: list[Document]) -> set[str]:
    text = "\n".join(cell.source for cell in page.cells)
    return {section.name.rpartition("/")[2] for section in sections} - linked(text)


def data_map(text: str) -> dict[str, set[str]]:
    """The sections that the table of the data names for each function that gives data."""
    rows = re.findall(r"^\|.*\{py:func\}`~visioncourse\.\w+\.(\w+)`(.*)$", text, re.MULTILINE)
    return {function: linked(rest) for function, rest in rows}


def users(function: str, sections: list[Document]) -> set[str]:
    """The sections whose code calls a function."""
    return {
        section.name.rpartition("/")[2]
        for section in sections
        if any(re.search(rf"\b{function}\(", cell.source) for _, cell in section.code)
    }


def rooms(text: str) -> set[str]:
    """The modules and folders that the first columns of tables name."""
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([\w/]+(?:\.py|/))`", cell)}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["index.ipynb", "{part}/what_you_can_do.md"])
def test_an_overview_names_every_section(book: Book, name: str, part: str) -> None:
    [page] = [document for document in book.documents if document.name == name.format(part=part)]
    sections = [section for section in book.sections if section.name.startswith(f"{part}/")]
    assert sections and missing_links(page, sections) == set()


def test_every_part_with_sections_has_a_summary(book: Book) -> None:
    folders = {section.name.partition("/")[0] for section in book.sections}
    assert folders - IN_WORK == set(PARTS)


def test_the_data_are_used_where_the_map_says(book: Book) -> None:
    [page] = [document for document in book.documents if document.name == SUMMARY]
    found = data_map(page.text)
    sections = [s for s in book.sections if s.name.startswith("logistic_regression/")]
    assert found == {function: users(function, sections) for function in found}
    assert found.keys() >= {"breast_cancer", "spam", "digits", "make_scene"}


def test_the_page_for_maintainers_names_every_room() -> None:
    text = (BOOK / "maintainers.md").read_text(encoding="utf-8")
    table = text.partition("(the-rooms-of-the-package)=")[2].split("\n\n")[1]
    named = rooms(table)
    there = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py", "notebook.py"}
    there |= {f"{path.parent.name}/" for path in PACKAGE.glob("*/*.py")}
    assert there - named == set()
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_a_section_that_is_left_out_is_seen() -> None:
    page = Document("page.md", "[One](part/one.ipynb) and [](two.ipynb#x), not `three.ipynb`.")
    sections = [Document(f"part/{name}.ipynb", "") for name in ("one", "two", "three")]
    assert missing_links(page, sections) == {"three.ipynb"}


def test_the_map_is_read_by_rows() -> None:
    row = "| mails, {{py:func}}`~visioncourse.datasets.{}` | [](one.ipynb), [](two.ipynb) |\n"
    assert data_map(row.format("spam") + "text [](three.ipynb)\n") == {
        "spam": {"one.ipynb", "two.ipynb"}
    }


def test_rooms_are_read_from_first_columns() -> None:
    table = "| `a.py`, `b/` | `c.py` |\n| --- | --- |\n| text `d.py` | is |\n| `b/e.py` | and |\n"
    assert rooms(table) == {"a.py", "b/", "b/e.py"}
