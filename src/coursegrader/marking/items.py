"""What pytest's items tell of a test: its name, its title, its marks, and whose turn it is."""

import math
from typing import Any

import pytest

from ..authoring.assignment import is_hidden


def problem(item: pytest.Item) -> str:
    """What keeps a test from being one of an assignment's, or nothing."""
    if "student" not in getattr(item, "fixturenames", ()):
        return "does not use the fixture `student`"
    points, see = item.get_closest_marker("points"), item.get_closest_marker("see")
    if points is None:
        return "has no mark `points`"
    match points.args:
        case [int() | float() as worth] if not points.kwargs and 0 <= worth < math.inf:
            pass
        case _:
            return "must say `points(n)` with one number that is not negative"
    if see is not None and (see.kwargs or [*map(type, see.args)] != [str, str]):
        return "must say `see(path, text)` with two texts"
    return ""


def in_hidden_file(item: pytest.Item) -> bool:
    return is_hidden(item.nodeid.partition("::")[0])


def entry_id(item: Any) -> str:
    return item.callspec.params["student"]


def test_name(item: Any) -> str:
    """The test's file and name, with its own parameters but without the submission."""
    own = item.callspec.id.partition("-")[2]
    return item.nodeid.removesuffix(f"[{item.callspec.id}]") + (f"[{own}]" if own else "")


def title(item: Any) -> str:
    text = (item.function.__doc__ or item.originalname.replace("_", " ")).strip()
    return text.splitlines()[0]
