"""Each check of the site, fed a small page with the fault that it is there to find."""

import colorsys
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from site_checks import (
    broken_links,
    illegible,
    images_without_alt,
    installed_browser,
    mathjax_in_vain,
    not_one_search,
    open_page,
    serve,
    undocumented,
    unrendered_equations,
    wider_than_a_phone,
    wrong_launch_buttons,
)

SEARCH = "<input type='search'>"
GOOD = f"""<h1 id="top">Title</h1> {SEARCH}
<p style="color: #222; background: #fff">Text, <a href="#top" style="color: #00c">a link</a>,
an equation <span class="math"><mjx-container>z</mjx-container></span> and \\ with ( in text.</p>
<code>\\(z\\)</code> <img src="dot.svg" alt="A dot." width="300">"""


def write(folder: Path, body: str, name: str = "index.html") -> Path:
    """A site of one page that begins like a good one."""
    page = folder / name
    page.parent.mkdir(parents=True, exist_ok=True)
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>T</title>'
    )
    page.write_text(f'<!DOCTYPE html><html lang="en">{head}<body>{body}</body></html>', "utf-8")
    (folder / "dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', "utf-8")
    return folder


def check_page(browser: Browser, folder: Path, check) -> list[str]:
    """What a check of pages finds on the site's only page."""
    page, _ = open_page(browser, folder.as_uri() + "/", "index.html")
    found = check(page)
    page.close()
    return found


def opening(browser: Browser, home: str) -> str:
    """What goes wrong when the site's only page is opened."""
    page, wrong = open_page(browser, home, "index.html")
    page.wait_for_load_state("networkidle")
    page.close()
    return "\n".join(wrong)


def test_a_good_page_passes_every_check(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert not opening(browser, tmp_path.as_uri() + "/")
    # A browser asks a server for an icon that no page names.
    (tmp_path / "favicon.ico").touch()
    with serve(tmp_path) as home:
        assert not opening(browser, home)
    for check in (
        unrendered_equations,
        not_one_search,
        wider_than_a_phone,
        lambda page: illegible(page, "light") + illegible(page, "dark"),
    ):
        assert not check_page(browser, tmp_path, check)
    assert not broken_links(tmp_path)
    assert not images_without_alt(tmp_path)
    assert not mathjax_in_vain(tmp_path)
    assert not wrong_launch_buttons(tmp_path, tmp_path / "book")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ('<script src="https://example.org/thebe.js"></script>', "asks another host"),
        ('<img src="http://localhost:9/dot.svg" alt="A dot.">', "asks another host"),
        ('<link rel="stylesheet" href="missing.css">', "request failed"),
        ("<script>console.error('a sad story')</script>", "console: a sad story"),
        ("<script>let a = 1</script><script>let a = 1</script>", "JavaScript: "),
        ("<script>fetch('index.html').catch(() => {})</script>", "console: "),
    ],
)
def test_a_fault_in_loading_is_seen(
    browser: Browser, tmp_path: Path, fault: str, message: str
) -> None:
    write(tmp_path, GOOD + fault)
    assert message in opening(browser, tmp_path.as_uri() + "/")


def test_what_a_server_does_not_have_is_seen(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, GOOD + '<script src="missing.js"></script>')
    with serve(tmp_path) as home:
        assert "status 404" in opening(browser, home)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (r'<p><span class="math">\(z\)</span></p>', r"not rendered: \(z\)"),
        (r"<p>where \(z\) is the logit</p>", "TeX in text"),
        ("<p>$$z = 1$$</p>", "TeX in text"),
        (
            '<span class="math"><mjx-container><g data-mjx-error="Undefined control sequence">'
            "</g></mjx-container></span>",
            "error: Undefined control sequence",
        ),
        (
            '<span class="math"><mjx-container><mjx-merror>Missing brace</mjx-merror>'
            "</mjx-container></span>",
            "error: Missing brace",
        ),
    ],
)
def test_an_equation_left_as_tex_is_seen(
    browser: Browser, tmp_path: Path, fault: str, message: str
) -> None:
    found = check_page(browser, write(tmp_path, GOOD + fault), unrendered_equations)
    assert len(found) == 1
    assert message in found[0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (GOOD + SEARCH, "2 search boxes"),
        (GOOD + '<button class="btn search-button-field">Search</button>', "2 search boxes"),
        (GOOD.replace(SEARCH, f'<div style="opacity: 0">{SEARCH}</div>'), "0 search boxes"),
        ("<header>Menu</header>" + GOOD, "a header across the page"),
    ],
)
def test_other_than_one_search_box_is_seen(
    browser: Browser, tmp_path: Path, body: str, message: str
) -> None:
    assert check_page(browser, write(tmp_path, body), not_one_search) == [message]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_grey_on_grey_is_seen_in_its_theme(browser: Browser, tmp_path: Path, theme: str) -> None:
    style = f"<style>@media (prefers-color-scheme: {theme}) {{ b {{ color: #999 }} }}</style>"
    write(tmp_path, f'{GOOD}{style}<b style="background: #bbb">grey</b>')
    other = {"light": "dark", "dark": "light"}[theme]
    assert check_page(browser, tmp_path, lambda page: illegible(page, theme))
    assert not check_page(browser, tmp_path, lambda page: illegible(page, other))


@pytest.mark.parametrize(
    ("listings", "found"),
    [
        ("<pre style='background: #bbb'>{words}</pre>", 0),
        ("<pre style='background: #bbb'>{words}<span style='color: #999'>grey</span></pre>", 1),
        # The same words on another ground count as another colour.
        ("<pre>{words}</pre><pre style='background: #333'>{words}</pre>", 1),
    ],
)
def test_a_word_that_fades_in_a_listing_is_seen(
    browser: Browser, tmp_path: Path, listings: str, found: int
) -> None:
    words = "<span>(</span><span>one</span><span>two</span>" * 9
    write(tmp_path, GOOD + listings.format(words=words))
    assert len(check_page(browser, tmp_path, lambda page: illegible(page, "light"))) == found


def test_what_was_set_aside_is_put_back(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, GOOD + "<pre><b>a<span>b</span></b><span>c</span> d</pre>")
    page, _ = open_page(browser, tmp_path.as_uri() + "/", "index.html")
    before = page.inner_html("body")
    illegible(page, "light")
    assert page.inner_html("body") == before
    page.close()


def test_a_table_wider_than_a_phone_is_seen(browser: Browser, tmp_path: Path) -> None:
    table = '<table style="width: 2000px"><tr><td>wide</td></tr></table>'
    assert "<table" in "".join(
        check_page(browser, write(tmp_path, GOOD + table), wider_than_a_phone)
    )
    in_a_box = f'<div style="overflow-x: auto">{table}</div>'
    assert not check_page(browser, write(tmp_path, GOOD + in_a_box), wider_than_a_phone)


def test_an_equation_cut_off_on_a_phone_is_seen(browser: Browser, tmp_path: Path) -> None:
    style = "display: inline-flex; max-width: 100%; white-space: nowrap; overflow-x:"
    for overflow, found in (("hidden", 2), ("auto", 0)):
        equation = f'<span class="math" style="{style} {overflow}">{"x + " * 200}</span>'
        write(tmp_path, GOOD + equation)
        assert len(check_page(browser, tmp_path, wider_than_a_phone)) == found


@pytest.mark.parametrize(
    "fault",
    [
        '<a href="missing.html">a page</a>',
        '<a href="#missing">a place in this page</a>',
        '<a href="part/page.html#missing">a place in another page</a>',
        '<a href="part/">a folder</a>',
        '<a href="../outside.html">outside of the site</a>',
        '<img src="missing.png" alt="A dot.">',
        '<script src="missing.js?v=1"></script>',
    ],
)
def test_a_link_to_nowhere_is_seen(tmp_path: Path, fault: str) -> None:
    site = tmp_path / "site"
    write(tmp_path, GOOD, "outside.html")
    write(site, '<a href="../index.html#top">back</a>', "part/page.html")
    write(site, GOOD + '<a href="part/page.html?q=1">next</a><a href="https://example.org">x</a>')
    assert not broken_links(site)
    write(site, GOOD + fault)
    assert len(broken_links(site)) == 1


def test_a_formula_less_page_with_mathjax_is_seen(tmp_path: Path) -> None:
    script = '<script src="_static/mathjax/tex.js"></script>'
    assert not mathjax_in_vain(write(tmp_path, GOOD + script))
    assert mathjax_in_vain(write(tmp_path, "<p>Words.</p>" + script)) == ["index.html"]


@pytest.mark.parametrize("alt", ["", 'alt=""', 'alt=" "'])
def test_an_image_without_alternative_text_is_seen(tmp_path: Path, alt: str) -> None:
    assert images_without_alt(write(tmp_path, f'{GOOD}<img src="dot.svg" {alt}>')) == [
        "index.html: dot.svg"
    ]


@pytest.mark.parametrize(
    ("links", "right"),
    [
        (["urlpath=lab/tree/book/part/page.ipynb"], True),
        (["urlpath=lab%2Ftree%2Fbook%2Fpart%2Fpage.ipynb"], True),
        (["urlpath=lab/tree/book/part/page.ipynb", "urlpath=lab/tree/book/other.ipynb"], True),
        (["urlpath=lab/tree/book/part/page.ipynb"] * 2, False),
        (["urlpath=tree/book/part/page.ipynb"], False),
        (["urlpath=lab/tree/part/page.ipynb"], False),
        (["urlpath=lab/tree/book/part/page.md"], False),
        (["filepath=book/part/page.ipynb"], False),
        ([], False),
    ],
)
def test_a_launch_button_that_opens_something_else_is_seen(
    tmp_path: Path, links: list[str], right: bool
) -> None:
    for folder in ("site/_sources/part", "book/part"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "page.ipynb").touch()
    anchors = [f'<a href="https://mybinder.org/v2/gh/o/r/main?{link}">Binder</a>' for link in links]
    site = write(tmp_path / "site", "".join(anchors), "part/page.html")
    assert (not wrong_launch_buttons(site, tmp_path / "book")) == right
    (tmp_path / "book/part/page.ipynb").unlink()
    assert wrong_launch_buttons(site, tmp_path / "book")


def test_a_public_function_without_documentation_is_seen(tmp_path: Path) -> None:
    documented = ("rgb_to_yiq", "yiq_to_rgb", "rgb_to_hls", "hls_to_rgb")
    entries = "".join(f'<dt id="colorsys.{name}">{name}</dt>' for name in documented)
    page = write(tmp_path, entries) / "index.html"
    assert undocumented(page, [colorsys]) == ["colorsys.hsv_to_rgb", "colorsys.rgb_to_hsv"]


def test_a_missing_browser_skips_but_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/no/such/browser")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="set BROWSER_PATH"):
        installed_browser()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="set BROWSER_PATH"):
        installed_browser()


def test_the_browser_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = tmp_path / "browser"
    named.touch(mode=0o755)
    monkeypatch.setenv("BROWSER_PATH", str(named))
    assert installed_browser() == str(named)
