"""HTML pages from templates: every value is escaped, and no page asks another host for anything."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ..common.text import clean, number

_TEMPLATES = Path(__file__).with_name("templates")


def web_address(url: str) -> str:
    """The address, if it leads to a web page: no `javascript:`, nothing local."""
    return url if re.match(r"https?://", url) else ""


@cache
def template(name: str) -> Template:
    """A compiled template of this package."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals |= {"style": Markup(style), "style_hash": f"sha256-{digest}"}
    environment.filters |= {"clean": clean, "number": number}
    return environment.get_template(name)
