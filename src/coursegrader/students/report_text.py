"""The result of `check` as text, for a terminal or a notebook's output."""

import textwrap

from ..common.records import Result
from ..common.text import number, plain

MARKS = {"passed": "✓", "failed": "✗", "error": "!"}
PLAIN_MARKS = {"passed": "+", "failed": "x", "error": "!"}


def report_text(result: Result, encoding: str | None = "utf-8") -> str:
    """Points first, then every test, with a message below each that failed.

    Args:
        encoding: of what it is printed to; what that cannot show is spelled out.
    """
    encoding = encoding or "ascii"
    marks = MARKS if _shows("".join(MARKS.values()), encoding) else PLAIN_MARKS
    lines = [f"{number(result.earned)} of {number(result.points)} points by the visible tests"]
    lines += [f"! {problem}" for problem in result.problems]
    for test in result.tests:
        lines.append(
            f"{marks[test.outcome]} {test.title}  ({number(test.earned)}/{number(test.points)})"
        )
        if test.message:
            lines.append(textwrap.indent(test.message, "    "))
        if test.message and test.see:
            lines.append(f"    Read:      {test.see['text']}, {test.see['url']}")
    text = plain("\n".join(lines))
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _shows(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
