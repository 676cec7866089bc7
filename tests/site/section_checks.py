"""What a reader of a section may rely on: its length, its pictures, and all of it on a phone."""

from itertools import pairwise

from playwright.sync_api import Page
from site_checks import DESKTOP, PHONES

LONGEST = 12_000  # pixels of a desktop, with what is folded left folded
FIRST_PICTURE = 1_600  # within two screens
BETWEEN_PICTURES = (
    2_400  # three screens; questions and exercises at the end are reading of their own
)


def tiring(page: Page) -> list[str]:
    """A section that is too long, begins without a picture, or goes on too long without one."""
    page.set_viewport_size(DESKTOP)
    height, teaching, pictures = page.evaluate(
        """() => {
            const article = document.querySelector("article");
            const above = article.getBoundingClientRect().top;
            const questions = document.querySelector("section#check-yourself") ?? article;
            const pictures = [...article.querySelectorAll("img")]
                .filter(e => e.checkVisibility() && e.getBoundingClientRect().height > 40)
                .map(e => e.getBoundingClientRect());
            const end = questions == article ? "bottom" : "top";
            return [
                article.getBoundingClientRect().height,
                questions.getBoundingClientRect()[end] - above,
                pictures.map(box => [box.top - above, box.bottom - above]),
            ];
        }"""
    )
    wrong = [f"{height:.0f} px long, at most {LONGEST}"] if height > LONGEST else []
    first = pictures[0][0] if pictures else height
    if first > FIRST_PICTURE:
        wrong.append(f"the first picture at {first:.0f} px, at most {FIRST_PICTURE}")
    read = [picture for picture in pictures if picture[0] < teaching]
    for (_, bottom), (top, _) in pairwise([*read, (teaching, teaching)]):
        if top - bottom > BETWEEN_PICTURES:
            wrong.append(f"no picture from {bottom:.0f} to {top:.0f} px")
    return wrong


def cut_on_a_phone(page: Page) -> list[str]:
    """Equations, displayed or in a line, results and tables that a phone shows a part of."""
    page.set_viewport_size(PHONES[0])
    return page.evaluate(
        """() => {
            const boxes = "div.math mjx-container, .pst-scrollable-table-container, .output";
            const cut = e => e.scrollWidth > e.clientWidth + 1
                && !e.querySelector("div.highlight-python, div.highlight-ipython3");
            const boxed = [...document.querySelectorAll(boxes)].filter(cut).map(e =>
                `${e.scrollWidth} of ${e.clientWidth} px: ` +
                (e.closest("[id]")?.id || e.textContent.trim().slice(0, 60)));
            const edge = document.documentElement.clientWidth;
            const inline = "article mjx-container:not([display])";
            const beyond = e => e.checkVisibility() && e.getBoundingClientRect().right > edge
                && !e.closest(".pst-scrollable-table-container");
            return [...boxed, ...[...document.querySelectorAll(inline)].filter(beyond).map(e =>
                `a formula in a line: ${e.closest("p, li").textContent.trim().slice(0, 60)}`)];
        }"""
    )
