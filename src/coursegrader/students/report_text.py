"""The result of `check` as text, for a terminal or a notebook's output."""

import textwrap

from ..common.records import Result
from ..common.text import number, plain

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
    return plain("\n".join(lines))
