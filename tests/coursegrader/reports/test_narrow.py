"""A feedback page on a telephone: nothing is wider than the screen, no word of a heading breaks."""

import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from bookkeeping_examples import at, checked, graded
from playwright.sync_api import Browser, sync_playwright

from coursegrader.gradebook.grades import Manual
from coursegrader.gradebook.policy import Policy
from coursegrader.reports.feedback import feedback_page

sys.path.append(str(Path(__file__).parents[2] / "site"))
from site_checks import installed_browser

# The words of headings that stand on more than one line.
BROKEN = """() => [...document.querySelectorAll("h1, h2, h3, th")].flatMap(heading =>
    [...(heading.textContent.matchAll(/\\S+/g))].filter(word => {
        const range = document.createRange();
        range.setStart(heading.firstChild, word.index);
        range.setEnd(heading.firstChild, word.index + word[0].length);
        return new Set([...range.getClientRects()].map(box => box.top)).size > 1;
    }).map(word => word[0]))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=installed_browser(), args=["--disable-gpu"]
        )
        yield made
        made.close()


def page_text() -> str:
    see = {"text": "the derivative of the cross-entropy", "url": "https://book.example/x.html"}
    message = f"called: f({'1234567890' * 40})"
    tests = [
        checked(
            "t.py::a", 0.0, title="Twice 1, 2, 3 is 2, 4, 6: doubled.", message=message, see=see
        ),
        checked("t.py::b", 2.0, title="x" * 200),
        checked("test_hidden.py::c", 0.125, points=0.25, hidden=True, outcome="failed"),
    ]
    one = graded(
        "Ana María Gil_12",
        *tests,
        platform_id="12",
        filename="a_very_long_name_" * 8 + ".ipynb",
        problems=["cell 4: NameError: " + "y" * 300],
        submitted=at("2026-03-01 13:00"),
        policy=Policy(at("2026-03-01 12:00"), percent=10),
        manual=Manual(Decimal("0.25"), "A fine plot."),
    )
    return feedback_page("Logistic regression by hand", one)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_the_screen(browser: Browser, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.set_content(page_text())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert set(page.evaluate(BROKEN)) <= {"x" * 200}
    colours = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    ink, paper = (sum(map(int, colour[4:-1].split(","))) for colour in colours)
    assert (ink > paper + 300) if scheme == "dark" else (paper > ink + 300)
    page.close()


def test_a_broken_word_is_seen(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.set_content("<h1 style='width: 2em; overflow-wrap: anywhere'>unbelievable</h1>")
    assert page.evaluate(BROKEN) == ["unbelievable"]
    page.close()
