"""The built site as readers meet it: from a folder, from a server, on a desk and on a phone."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from site_checks import (
    DESKTOP,
    broken_links,
    illegible,
    images_without_alt,
    mathjax_in_vain,
    not_one_search,
    open_page,
    page_files,
    search,
    serve,
    undocumented,
    unfold,
    unrendered_equations,
    wider_than_a_phone,
    wrong_launch_buttons,
)

import visioncourse

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
# One name even without a site: a test without cases would be skipped, not failed.
PAGES = [path.relative_to(SITE).as_posix() for path in page_files(SITE)] or ["index.html"]


@pytest.fixture(scope="module")
def site() -> Path:
    """The folder of the built site."""
    if not (SITE / "index.html").is_file():
        pytest.fail(f"no site in {SITE}: run `make book` first")
    return SITE


@pytest.fixture(scope="module")
def home(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    """The address under which all of the site lies: a folder's, or a server's."""
    if request.param == "folder":
        yield site.as_uri() + "/"
    else:
        with serve(site) as address:
            yield address


@pytest.fixture(scope="module", params=PAGES)
def opened(request: pytest.FixtureRequest, browser: Browser, site: Path) -> Iterator[tuple]:
    """A page opened from the folder, once for all of its tests, and what went wrong with it."""
    page, wrong = open_page(browser, site.as_uri() + "/", request.param)
    unfold(page)
    yield page, wrong
    page.close()


def test_page_opens_from_a_folder(opened: tuple[Page, list[str]]) -> None:
    assert not opened[1]


def test_equations_are_rendered(opened: tuple[Page, list[str]]) -> None:
    assert not unrendered_equations(opened[0])


def test_there_is_one_search_box(opened: tuple[Page, list[str]]) -> None:
    opened[0].set_viewport_size(DESKTOP)
    assert not not_one_search(opened[0])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_legible(opened: tuple[Page, list[str]], theme: str) -> None:
    opened[0].set_viewport_size(DESKTOP)
    assert not illegible(opened[0], theme)
    assert opened[0].evaluate("document.documentElement.dataset.theme") == theme


def test_a_phone_does_not_scroll_sideways(opened: tuple[Page, list[str]]) -> None:
    assert not wider_than_a_phone(opened[0])


@pytest.mark.parametrize("home", ["server"], indirect=True)
@pytest.mark.parametrize("path", PAGES)
def test_page_opens_from_a_server(browser: Browser, home: str, path: str) -> None:
    page, wrong = open_page(browser, home, path)
    page.close()
    assert not wrong


@pytest.mark.parametrize("home", ["folder", "server"], indirect=True)
def test_search_finds_what_is_there(browser: Browser, home: str) -> None:
    page, wrong = open_page(browser, home, "index.html")
    assert any("sigmoid" in title for title in search(page, "sigmoid"))
    assert not search(page, "xylophone")
    page.close()
    assert not wrong


@pytest.mark.parametrize("home", ["folder"], indirect=True)
def test_found_words_are_legible(browser: Browser, home: str) -> None:
    page, _ = open_page(browser, home, "index.html")
    search(page, "sigmoid")
    assert not illegible(page, "light") + illegible(page, "dark")
    with page.expect_navigation():
        page.locator("ul.search > li > a", has_not_text="visioncourse").first.click()
    page.wait_for_selector("span.highlighted")
    assert not illegible(page, "light") + illegible(page, "dark")
    page.close()


def test_links_lead_somewhere(site: Path) -> None:
    assert not broken_links(site)


def test_images_have_alternative_text(site: Path) -> None:
    assert not images_without_alt(site)


def test_a_page_without_a_formula_is_light(site: Path) -> None:
    assert not mathjax_in_vain(site)


def test_launch_buttons_open_the_notebook_in_jupyterlab(site: Path) -> None:
    assert not wrong_launch_buttons(site, ROOT / "book")
    assert list((site / "_sources").rglob("*.ipynb"))


def test_the_reference_has_every_public_name(site: Path) -> None:
    modules = [
        import_module(f"visioncourse.{module.name}")
        for module in pkgutil.iter_modules(visioncourse.__path__)
        if not module.name.startswith("_")
    ]
    assert not undocumented(site / "reference" / "visioncourse.html", modules)
