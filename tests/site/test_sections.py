"""Each section of the built site: not too long, never long without a picture, whole on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from section_checks import BETWEEN_PICTURES, FIRST_PICTURE, LONGEST, cut_on_a_phone, tiring
from site_checks import open_page, unfold
from test_site_guards import check_page, write

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
BOOK = ROOT / "book"
SECTIONS = [path.relative_to(BOOK).with_suffix(".html") for path in sorted(BOOK.glob("*/*.ipynb"))]
PICTURE = '<img src="dot.svg" style="display: block; height: 400px" alt="A dot.">'


@pytest.fixture(scope="module", params=SECTIONS, ids=str)
def section(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    page, _ = open_page(browser, SITE.as_uri() + "/", str(request.param))
    yield page
    page.close()


def test_a_section_has_a_measure(section: Page) -> None:
    assert not tiring(section)


def test_a_section_is_whole_on_a_phone(section: Page) -> None:
    unfold(section)
    assert not cut_on_a_phone(section)


def blank(pixels: int) -> str:
    return f'<div style="height: {pixels}px"></div>'


QUESTIONS = '<section id="check-yourself">' + blank(BETWEEN_PICTURES + 9) + "</section>"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (blank(FIRST_PICTURE) + PICTURE, ""),
        (blank(FIRST_PICTURE + 9) + PICTURE, "the first picture at"),
        (blank(FIRST_PICTURE + 9), "the first picture at"),
        (PICTURE + blank(BETWEEN_PICTURES) + PICTURE, ""),
        (PICTURE + blank(BETWEEN_PICTURES + 9) + PICTURE, "no picture from"),
        (PICTURE + blank(BETWEEN_PICTURES + 9), "no picture from"),
        (PICTURE + QUESTIONS, ""),
        (PICTURE + QUESTIONS + PICTURE, ""),
        (PICTURE + blank(BETWEEN_PICTURES + 9) + QUESTIONS + PICTURE, "no picture from"),
        ((PICTURE + blank(2000)) * (LONGEST // 2400), ""),
        ((PICTURE + blank(2000)) * (LONGEST // 2400) + blank(9), "px long"),
        (PICTURE + f"<details><summary>More</summary>{blank(LONGEST)}</details>", ""),
    ],
)
def test_a_tiring_section_is_seen(
    browser: Browser, tmp_path: Path, body: str, problem: str
) -> None:
    style = "<style>body, article { margin: 0 }</style>"
    found = check_page(browser, write(tmp_path, f"{style}<article>{body}</article>"), tiring)
    assert [problem in text for text in found] == ([True] if problem else [])


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ('<div class="math" id="e"><mjx-container STYLE>{}</mjx-container></div>', 1),
        ('<div class="output stream" STYLE>{}</div>', 1),
        ('<div class="pst-scrollable-table-container" STYLE>{}</div>', 1),
        ('<div class="output" STYLE><div class="highlight-python">{}</div></div>', 0),
    ],
)
def test_a_result_cut_on_a_phone_is_seen(
    browser: Browser, tmp_path: Path, box: str, found: int
) -> None:
    box = box.replace("STYLE", 'style="display: block; overflow-x: auto"')
    narrow, wide = (box.format(f'<div style="width: {w}px">1.0</div>') for w in (300, 500))
    assert not check_page(browser, write(tmp_path, narrow), cut_on_a_phone)
    assert len(check_page(browser, write(tmp_path, wide), cut_on_a_phone)) == found


@pytest.mark.parametrize(("width", "found"), [(300, 0), (500, 1)])
def test_a_formula_in_a_line_cut_on_a_phone_is_seen(
    browser: Browser, tmp_path: Path, width: int, found: int
) -> None:
    formula = f'<mjx-container style="display: inline-block; width: {width}px">x</mjx-container>'
    page = write(tmp_path, f"<article><p>{formula}</p></article>")
    assert len(check_page(browser, page, cut_on_a_phone)) == found
