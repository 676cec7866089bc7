"""Results and hostile texts for a terminal or a notebook's output."""

import re
import textwrap

from .records import Result

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
MARKS = {"passed": "✓", "failed": "✗", "error": "!"}


def report_text(result: Result) -> str:
    """Points first, then every test, with a message below each that failed."""
    lines = [f"{number(result.earned)} of {number(result.points)} points by the visible tests"]
    lines += [f"! {problem}" for problem in result.problems]
    for test in result.tests:
        lines.append(
            f"{MARKS[test.outcome]} {test.title}  ({number(test.earned)}/{number(test.points)})"
        )
        if test.message:
            lines.append(textwrap.indent(test.message, "    "))
        if test.message and test.see:
            lines.append(f"    Read:      {test.see['text']}, {test.see['url']}")
    return "\n".join(lines)


def number(value: float) -> str:
    """Points without needless zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def plain(text: str) -> str:
    """Text without characters that a terminal or a browser would act on."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
