"""Every notebook and page of the book keeps every rule; test_guards.py shows that each rule bites.

Whether the notebooks still compute what they show is nbval's to say, see strict_nbval.py.
"""

from collections.abc import Callable

import described
import glued
import hygiene
import prose
import pytest
from documents import Book, Document

RULES = described.RULES + glued.RULES + hygiene.RULES + prose.RULES
PAGE_RULES = (
    prose.unlabelled_equation,
    prose.image_without_alt,
    prose.hearsay,
    hygiene.machine_path,
)


@pytest.fixture(scope="module")
def book() -> Book:
    return Book.load()


def test_the_book_has_notebooks(book: Book) -> None:
    assert book.sections


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_notebooks(rule: Callable[[Document], list[str]], book: Book) -> None:
    problems = [problem for notebook in book.notebooks for problem in rule(notebook)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("rule", prose.SECTION_RULES, ids=lambda rule: rule.__name__)
def test_sections(rule: Callable[[Document], list[str]], book: Book) -> None:
    problems = [problem for section in book.sections for problem in rule(section)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("rule", PAGE_RULES, ids=lambda rule: rule.__name__)
def test_pages(rule: Callable[[Document], list[str]], book: Book) -> None:
    problems = [problem for page in book.pages for problem in rule(page)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("rule", prose.BOOK_RULES, ids=lambda rule: rule.__name__)
def test_book(rule: Callable[[Book], list[str]], book: Book) -> None:
    problems = rule(book)
    assert not problems, "\n".join(problems)
