"""What a student reads where something came back that no test can use: its class, and a hint."""

import re
from typing import Any

from .student import Handle, class_of

_HINTS = {
    r"coroutine": "write `def` in place of `async def`, or the caller gets no result",
    r"(async_)?generator": "`yield` makes one: collect the values and return them",
    r"Fraction|Decimal|mpf|Rational|Float|Integer": "return float(...) of it",
    r"function|method|builtin_function_or_method|type|ufunc|partial": (
        "are the parentheses of a call missing?"
    ),
    r"range|map|zip|filter|enumerate|reversed|deque|dict_\w+|odict_\w+|\w*iterator": (
        "return list(...) of it"
    ),
    r"array of object": "are its rows of different lengths? Make it with dtype=float",
    r"array of .*": "its entries are no numbers",
    r"matrix|MaskedArray|memmap|recarray": "return np.asarray(...) of it",
    r"DataFrame|Series|Index": "return its .to_numpy()",
    r"ellipsis": "`...` still stands where your code belongs",
}


def described(value: Any) -> str:
    """The class of a value as its author knows it, with what to do about it."""
    if value is None:
        return "None: is there a `return` at the end of the function?"
    if not isinstance(value, Handle):
        return type(value).__name__
    name = class_of(value)
    hints = (hint for pattern, hint in _HINTS.items() if re.fullmatch(pattern, name))
    hint = next(hints, "")
    return f"{name}: {hint}" if hint else f"an object of the class {name}"
