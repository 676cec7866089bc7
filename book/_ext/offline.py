"""Make the site independent of other hosts and of a web server, and its pages light."""

import re
from pathlib import Path

from sphinx.application import Sphinx

# The theme preloads its icon fonts in a mode that browsers refuse for file:// (three errors on
# every page). The style sheet asks for the same fonts in a mode that works.
FONT_PRELOAD = re.compile(r'<link (?=[^>]*as="font")[^>]*>\n?')
MATHJAX = re.compile(r"<script[^>]*(?:>window\.MathJax|mathjax/)[^<]*</script>\n?")


def setup(app: Sphinx) -> dict[str, bool]:
    """Ship MathJax with the site, for the pages that need it; preload no fonts."""
    app.setup_extension("sphinx-mathjax-offline")
    # One file with glyphs as SVG paths: nothing more is requested, fonts least of all. The
    # extension above has just set its own choice, which a value in _config.yml does not replace.
    app.config.mathjax_path = "mathjax/tex-svg-full.js"
    # After sphinx-codeautolink, which writes the pages once more.
    app.connect("build-finished", lighten, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Go through all pages of a finished build."""
    if exception is None:
        for page in Path(app.outdir).rglob("*.html"):
            page.write_text(light(page.read_text("utf-8")), "utf-8")


def light(html: str) -> str:
    """A page without what it asks for in vain: MathJax has 718 kB, compressed."""
    html = FONT_PRELOAD.sub("", html)
    has_formula = re.search(r'class="[^"]*\bmath\b', html)
    return html if has_formula else MATHJAX.sub("", html)
