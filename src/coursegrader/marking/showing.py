"""Values as a student reads them in a message: exact where short, outlined where long."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

from ..common.text import plain

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{4,}")  # of an object in memory: it tells nobody anything
MAX_TEXT = 400
MAX_ITEMS = 40


def show(value: Any) -> str:
    """A value as one would type it; arrays above MAX_ITEMS entries as shape and first entries."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        text = _array(value)
    elif isinstance(value, float):
        text = f"{value:.7g}"
    elif type(value) in (list, tuple):
        outline = "[{}]" if type(value) is list else "({},)" if len(value) == 1 else "({})"
        text = outline.format(_items(map(show, value[:MAX_ITEMS]), len(value)))
    elif type(value) is dict:
        pairs = [f"{show(k)}: {show(v)}" for k, v in islice(value.items(), MAX_ITEMS)]
        text = f"{{{_items(pairs, len(value))}}}"
    elif hasattr(value, "_fields"):  # Tensor(array)
        text = f"tensor({_array(np.asarray(value[0]))})"
    else:
        text = _ADDRESS.sub("", repr(value))
    return plain(text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 4] + " ...")


def _items(texts: Iterable[str], length: int) -> str:
    return ", ".join(texts) + (", ..." if length > MAX_ITEMS else "")


def _array(array: np.ndarray) -> str:
    if array.ndim == 0:
        return f"array({array.item()!r})"
    if array.size > MAX_ITEMS:
        first = ", ".join(map(show, array.ravel()[:4].tolist()))
        return f"array of shape {array.shape} that begins {first}, ..."
    text = np.array2string(
        array, separator=", ", precision=6, threshold=MAX_ITEMS, floatmode="maxprec"
    )
    # NumPy pads to columns, which a single line has not.
    text = re.sub(r" +([,\]])", r"\1", re.sub(r"\s+", " ", text)).replace("[ ", "[")
    return f"array({text})" if array.size else f"array of shape {array.shape}, empty"
