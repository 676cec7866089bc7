"""HTML pages from templates: every value is escaped, and no page asks another host for anything."""

import base64
import hashlib
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

_TEMPLATES = Path(__file__).with_name("templates")
# Invisible or unencodable: control characters but tab and newline, lone surrogates, and the marks
# that make text read in another order than it was written.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
LONGEST = 10_000  # characters of one text


def clean(text: str) -> str:
    """Text that shows as it is: what is invisible becomes �, and what is endless is cut."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n… ({len(text) - LONGEST} more characters)"
    return _INVISIBLE.sub("\ufffd", text.replace("\r\n", "\n"))


def short(number: Decimal | float) -> str:
    """Without zeros at the end: 2, 1.5, 0.25."""
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


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
    environment.filters |= {"clean": clean, "short": short}
    return environment.get_template(name)
