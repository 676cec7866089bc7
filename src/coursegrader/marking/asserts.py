"""A test's own `assert` in words: what it requires, and the values that it compares."""

import ast
import linecache
import traceback
from types import FrameType
from typing import Any

import numpy as np

from .showing import show
from .student import Handle

MAX_NAMES, MAX_REQUIREMENT = 6, 300
_SHOWN = (bool, int, float, complex, str, bytes, list, tuple, dict, set, np.ndarray, np.generic)


def assertion_text(error: AssertionError) -> str:
    """What the failed line of the test requires, with the author's own words first."""
    lines = [str(error)] if str(error) else []
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    statement = _assert_at(frame, line)
    if statement is not None:
        text = ast.unparse(statement.test)
        cut = text if len(text) <= MAX_REQUIREMENT else f"{text[:MAX_REQUIREMENT]} ..."
        lines += [f"The test requires: {cut}", *_values(statement.test, frame)]
    return "\n".join(lines)


def _assert_at(frame: FrameType, line: int) -> ast.Assert | None:
    source = "".join(linecache.getlines(frame.f_code.co_filename))
    try:
        nodes = ast.walk(ast.parse(source))
    except (SyntaxError, ValueError):
        return None
    asserts = (node for node in nodes if isinstance(node, ast.Assert))
    return next((node for node in asserts if node.lineno <= line <= node.end_lineno), None)


def _values(test: ast.expr, frame: FrameType) -> list[str]:
    """The test's variables in it; nothing is computed anew: that would ask the student again."""
    names = dict.fromkeys(node.id for node in ast.walk(test) if isinstance(node, ast.Name))
    known: dict[str, Any] = {n: frame.f_locals[n] for n in names if n in frame.f_locals}
    shown = [name for name, value in known.items() if _is_value(value)][:MAX_NAMES]
    return [f"where {name} is {show(known[name])}" for name in shown]


def _is_value(value: Any) -> bool:
    return value is None or isinstance(value, (*_SHOWN, Handle))
