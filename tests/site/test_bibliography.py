"""The bibliography: every work has a link, and the name that the text gives it."""

import re
from pathlib import Path

import pytest
from pybtex.database import BibliographyData, parse_file, parse_string
from site_checks import page_files

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
WORK = "@book{bishop2006, author = {Bishop, Christopher M.}, title = {T}, year = {2006}%s}"


def without_link(works: BibliographyData) -> list[str]:
    return [key for key, entry in works.entries.items() if not {"doi", "url"} & {*entry.fields}]


def labels(html: str) -> dict[str, str]:
    """The label of each entry of the list by its anchor."""
    entry = r'<div class="citation" id="(\w+)".*?class="label">(.*?)</span>\n'
    entries = re.findall(entry, html, re.DOTALL)
    return {anchor: re.sub(r"<[^>]*>", "", label).strip("[]") for anchor, label in entries}


def strangers(html: str, entries: dict[str, str]) -> list[str]:
    """The citations of a page that read unlike the label which they lead to.

    The text has the whole label, or the year alone where the sentence has the names.
    """
    cited = re.findall(r'href="[^"]*bibliography\.html#(\w+)"[^>]*>(.*?)</a>', html, re.DOTALL)
    found = [(anchor, re.sub(r"<[^>]*>", "", text)) for anchor, text in cited]
    return [text for anchor, text in found if not entries.get(anchor, "").endswith(text)]


def test_every_work_has_a_link() -> None:
    assert without_link(parse_file(ROOT / "book" / "references.bib")) == []


def test_the_text_and_the_list_name_a_work_alike() -> None:
    entries = labels((SITE / "bibliography.html").read_text("utf-8"))
    assert len(entries) == len({*entries.values()}) > 30
    for label in entries.values():
        assert re.fullmatch(r"\D+, \d{4}", label)
    pages = [path.read_text("utf-8") for path in page_files(SITE)]
    assert [text for html in pages for text in strangers(html, entries)] == []


@pytest.mark.parametrize("link", ["", ", note = {doi}"])
def test_a_work_without_a_link_is_seen(link: str) -> None:
    assert without_link(parse_string(WORK % link, "bibtex")) == ["bishop2006"]
    assert without_link(parse_string(WORK % ", doi = {10.1}", "bibtex")) == []


def test_another_label_is_seen() -> None:
    link = '<a href="../bibliography.html#id2"><span>{}</span></a>'
    entries = {"id2": "Bishop, 2006"}
    assert strangers(link.format("Bishop, 2006") + link.format("2006"), entries) == []
    assert strangers(link.format("Bis06"), entries) == ["Bis06"]
    assert strangers(link.format("2006").replace("id2", "id3"), entries) == ["2006"]
