"""What a reader of the built site may rely on. Each check returns what is wrong, in words.

The checks of files parse any folder of HTML pages; the checks of pages need a browser and take a
page that `open_page` has loaded from a folder or from a server.
"""

import inspect
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
DESKTOP = {"width": 1280, "height": 900}
PHONES = ({"width": 390, "height": 844}, {"width": 360, "height": 640})


def installed_browser() -> str:
    """The browser that BROWSER_PATH names, else the first that is installed.

    Without one the test that asks is skipped, except in CI, where nothing may go unchecked.
    """
    named = os.environ.get("BROWSER_PATH")
    found = next(filter(None, map(shutil.which, [named] if named else BROWSERS)), None)
    if found is None:
        message = "no Chromium or Chrome found: install one, or set BROWSER_PATH to its executable"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return found


def page_files(folder: Path) -> list[Path]:
    """The pages in a folder; what lies in `_static` are templates and assets."""
    return sorted(p for p in folder.rglob("*.html") if "_static" not in p.relative_to(folder).parts)


class _Html(HTMLParser):
    """What one page refers to, what in it can be referred to, and its images."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.images: list[dict[str, str | None]] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.links += [attributes[name] or "" for name in ("href", "src") if name in attributes]
        self.anchors |= {attributes[name] or "" for name in ("id", "name") if name in attributes}
        if tag == "img":
            self.images.append(attributes)


def broken_links(folder: Path) -> list[str]:
    """Links, images, scripts and styles of the site itself that lead nowhere."""
    folder = folder.resolve()
    pages = {path: _Html(path) for path in page_files(folder)}
    broken = []
    for path, html in pages.items():
        for link in html.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            # A folder is not a page: without a server it opens as a list of files.
            lost = not target.is_file() or not target.is_relative_to(folder)
            if not lost and url.fragment and target in pages:
                lost = unquote(url.fragment) not in pages[target].anchors
            if lost:
                broken.append(f"{path.relative_to(folder)}: {link}")
    return broken


def images_without_alt(folder: Path) -> list[str]:
    """Images that say nothing to those who can't see them."""
    return [
        f"{path.relative_to(folder)}: {image.get('src')}"
        for path in page_files(folder)
        for image in _Html(path).images
        if not (image.get("alt") or "").strip()
    ]


def mathjax_in_vain(folder: Path) -> list[str]:
    """Pages that load 718 kB (compressed) to set formulas that they do not have."""
    return [
        path.relative_to(folder).as_posix()
        for path in page_files(folder)
        for html in [path.read_text("utf-8")]
        if "mathjax/" in html and 'class="math' not in html
    ]


def wrong_launch_buttons(folder: Path, book: Path) -> list[str]:
    """Notebooks' pages without exactly one Binder link that opens the .ipynb in JupyterLab.

    A link in the text may open another notebook.
    """
    wrong = []
    for source in sorted((folder / "_sources").rglob("*.ipynb")):
        name = source.relative_to(folder / "_sources")
        links = [
            url
            for url in map(urlsplit, _Html(folder / name.with_suffix(".html")).links)
            if url.netloc == "mybinder.org"
        ]
        opened = [parse_qs(url.query).get("urlpath") for url in links]
        if opened.count([f"lab/tree/{book.name}/{name.as_posix()}"]) != 1:
            wrong.append(f"{name}: opens {opened}")
        if not (book / name).is_file():
            wrong.append(f"{name}: is not in {book}")
    return wrong


def undocumented(page: Path, modules: Iterable[ModuleType]) -> list[str]:
    """Functions and classes of the modules, own or passed on, that a reference page leaves out."""
    names = [
        f"{module.__name__}.{name}"
        for module in modules
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__.startswith(module.__name__)
    ]
    return sorted(set(names) - _Html(page).anchors)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """A web server for a folder on this machine only; yields its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def open_page(browser: Browser, home: str, path: str) -> tuple[Page, list[str]]:
    """Load `home` + `path`; also returns what went wrong, a list that grows as the page is used.

    All that a page may request begins with `home`, the address of a folder or a server.
    """
    page = browser.new_page(viewport=DESKTOP, color_scheme="light", reduced_motion="reduce")
    wrong: list[str] = []

    def expect(fine: bool, problem: str) -> None:
        if not fine:
            wrong.append(problem)

    own = (home, "data:", "blob:")
    page.on("request", lambda r: expect(r.url.startswith(own), f"asks another host: {r.url}"))
    page.on("requestfailed", lambda r: expect(False, f"request failed: {r.url}: {r.failure}"))
    page.on("response", lambda r: expect(r.status < 400, f"status {r.status}: {r.url}"))
    page.on("console", lambda m: expect(m.type != "error", f"console: {m.text}"))
    page.on("pageerror", lambda e: expect(False, f"JavaScript: {e}"))
    page.goto(home + path)
    page.evaluate("() => window.MathJax?.startup?.promise")
    return page, wrong


def unfold(page: Page) -> None:
    """Open what a reader can open: answers and solutions are checked like the rest."""
    page.evaluate(
        """() => {
            document.querySelectorAll("details").forEach(fold => fold.open = true);
            document.querySelectorAll("button.toggle-button-hidden").forEach(b => b.click());
            // What opens fades in: half-way its colours have less contrast than they will have.
            document.getAnimations().forEach(animation => animation.finish());
        }"""
    )


def unrendered_equations(page: Page) -> list[str]:
    """Equations left as TeX, and those in which MathJax found an error."""
    return page.evaluate(
        r"""() => {
            const equations = [...document.querySelectorAll(".math")];
            const left = equations.filter(e => e.querySelectorAll("mjx-container").length != 1);
            const bad = [...document.querySelectorAll("mjx-merror, [data-mjx-error]")];
            const text = [];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const parent = walker.currentNode.parentElement;
                if (!parent.closest("script, style, code, pre, .math"))
                    text.push(walker.currentNode.data);
            }
            return [
                ...left.map(e => "not rendered: " + e.textContent.trim()),
                ...bad.map(e => "error: " + (e.dataset.mjxError || e.textContent)),
                ...text.filter(t => /\\[(\[]|\$\$/.test(t)).map(t => "TeX in text: " + t.trim()),
            ];
        }"""
    )


def not_one_search(page: Page) -> list[str]:
    """More or fewer than one visible way to search, or a header above the page's own.

    The results page shows its own field besides; that one is the page's content.
    """
    found = page.evaluate(
        """() => {
            const seen = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true})
                && e.getBoundingClientRect().height > 0;
            const searches = "input[type=search], button[class*=search-button]";
            return {
                searches: [...document.querySelectorAll(searches)]
                    .filter(e => seen(e) && !e.closest(".bd-search-container")).length,
                headers: [...document.querySelectorAll("header")].filter(seen).length,
            };
        }"""
    )
    wrong = []
    if found["searches"] != 1:
        wrong.append(f"{found['searches']} search boxes")
    if found["headers"]:
        wrong.append("a header across the page")
    return wrong


def illegible(page: Page, theme: str) -> list[str]:
    """Text that stands out too little from what is behind it (WCAG AA), by axe-core."""
    page.emulate_media(color_scheme=theme)
    # The site's script follows it, when it has its turn.
    page.wait_for_function(
        "theme => (document.documentElement.dataset.theme ?? theme) == theme", arg=theme
    )
    # A colour that is still changing would be measured.
    page.add_style_tag(content="* { transition: none !important; }")
    page.evaluate(SET_REPETITIONS_ASIDE)
    options = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
    result = Axe().run(page, options=options)
    page.evaluate("() => window.aside.forEach(([place, element]) => place.replaceWith(element))")
    return [
        f"{theme}: {node['html'][:200]}: {node['any'][0]['message']}"
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]


# Equations have the colour of the text around them and a hundred nodes each, listings have
# thousands of words in ten colours: without them, but for one word of each colour, axe takes a
# tenth of the time.
SET_REPETITIONS_ASIDE = """() => {
    const background = element => {
        const colour = getComputedStyle(element).backgroundColor;
        const seen = colour != "rgba(0, 0, 0, 0)" || !element.parentElement;
        return seen ? colour : background(element.parentElement);
    };
    const colours = new Set();
    const repeated = [...document.querySelectorAll("pre span:not(:has(*))")].filter(word => {
        if (word.textContent.trim().length < 2) return true; // axe does not judge single signs
        const before = colours.size;
        return colours.add(getComputedStyle(word).color + background(word)).size == before;
    });
    window.aside = [...repeated, ...document.querySelectorAll("mjx-container")].map(element => {
        const place = document.createComment("");
        element.replaceWith(place);
        return [place, element];
    });
}"""


def wider_than_a_phone(page: Page) -> list[str]:
    """What makes the page scroll sideways on a phone, and equations that are cut off there."""
    wide: list[str] = []
    for phone in PHONES:
        page.set_viewport_size(phone)
        wide += page.evaluate(
            """() => {
                const show = e => `${innerWidth} px: ${e.outerHTML.slice(0, 200)}`;
                const cut = [...document.querySelectorAll(".math")].filter(e =>
                    e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX == "hidden");
                const sideways = document.scrollingElement.scrollWidth > innerWidth;
                const wide = [...document.body.querySelectorAll("*")].filter(e =>
                    sideways && e.getBoundingClientRect().right > innerWidth);
                return [...cut, ...wide].map(show);
            }"""
        )
    return wide


def search(page: Page, words: str) -> list[str]:
    """The titles that a reader finds who types words into the search box."""
    page.locator("button[class*=search-button]:visible").click()
    page.locator("input[type=search]:visible").fill(words)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_function(
        "() => /finished|did not match/.test(document.querySelector('.search-summary')?.innerText)"
    )
    return page.locator("ul.search > li > a").all_inner_texts()
