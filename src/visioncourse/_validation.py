"""Checks at the public edge, in one place and one style.

What is expected comes first, by position; the values come by keyword, so that the message can name
them. Each raises ValueError with the argument's name, what came and what was expected.
"""

import math
import operator
import sys
from collections.abc import Hashable
from numbers import Real
from typing import Any

import array_api_compat

from .arrays import Array, check_no_nan, extremes

LARGEST = sys.float_info.max
MOST_CLASSES = 2**31 - 1  # the number of pairs of classes fits in int64


def check_finite(xp: Any, **arrays: Array) -> None:
    """Refuse an array with an infinite entry."""
    for name, array in arrays.items():
        if array_api_compat.size(array) and not all(map(math.isfinite, extremes(xp, array))):
            raise ValueError(f"{name} must be finite, got an infinite entry")


def check_ndim(ndim: int, shape: str, **arrays: Array) -> None:
    """Refuse an array that does not have `ndim` axes; `shape` names them, such as "(n, d)"."""
    for name, array in arrays.items():
        if array.ndim != ndim:
            raise ValueError(f"{name} must have shape {shape}, got {tuple(array.shape)}")


def check_shape(expected: tuple[int, ...], why: str, **arrays: Array) -> None:
    """Refuse an array of another shape than `expected`; `why` says where that comes from."""
    for name, array in arrays.items():
        if tuple(array.shape) != tuple(expected):
            raise ValueError(
                f"{name} must have shape {tuple(expected)} ({why}), got {tuple(array.shape)}"
            )


def check_binary(xp: Any, **arrays: Array) -> None:
    """Refuse labels other than 0 and 1."""
    for name, array in arrays.items():
        wrong = (array != 0) & (array != 1)
        if xp.any(wrong):
            raise ValueError(f"{name} must contain only 0 and 1, got {array[wrong][0].item():g}")


def check_probabilities(xp: Any, dtype: Any = None, /, **arrays: Array) -> None:
    """Refuse NaN, and an entry outside [0, 1] by more than a rounding error.

    Interpolated or summed probabilities reach 1.0000001: four units in the last place of `dtype`,
    in which the caller had them, are allowed.
    """
    for name, array in arrays.items():
        if array_api_compat.size(array) == 0:
            continue
        low, high = extremes(xp, array)
        rounding = 4 * xp.finfo(dtype or array.dtype).eps
        if not -rounding <= low <= high <= 1 + rounding:
            check_no_nan(xp, **{name: array})
            wrong = low if low < -rounding else high
            raise ValueError(f"{name} must lie in [0, 1], got {wrong!r}")


def check_class_indices(xp: Any, num_classes: int, **arrays: Array) -> None:
    """Refuse an integer label outside [0, num_classes)."""
    for name, labels in arrays.items():
        if array_api_compat.size(labels) == 0:
            continue
        for extreme in extremes(xp, labels):
            if not 0 <= extreme < num_classes:
                raise ValueError(
                    f"{name} must contain class indices 0 to {num_classes - 1}, got {extreme}"
                )


def check_axis(ndim: int, **axes: int) -> None:
    """Refuse what does not number one of `ndim` axes, from the front or, below 0, from behind."""
    for name, axis in axes.items():
        try:
            legal = not isinstance(axis, bool) and -ndim <= operator.index(axis) < ndim
        except TypeError:
            legal = False
        if not legal:
            raise ValueError(f"{name} must name one of the {ndim} axes, got {axis!r}")


def check_class_logits(xp: Any, axis: int, **arrays: Array) -> None:
    """Refuse logits with +infinity, or with nothing but -infinity along `axis`."""
    for name, logits in arrays.items():
        check_axis(logits.ndim, axis=axis)
        if array_api_compat.size(logits) == 0:
            continue
        largest = xp.max(logits, axis=axis)
        if not xp.all(xp.isfinite(largest)):
            wrong = largest[~xp.isfinite(largest)][0].item()
            raise ValueError(
                f"{name} must be below infinity, with a finite one along axis, "
                f"got a largest logit of {wrong}"
            )


def check_linear(X: Array, *, w: Array, b: Array) -> None:
    """Refuse features X that are not (..., d) for weights w (d,) and a bias b ()."""
    if X.ndim == 0:
        raise ValueError("X must have shape (..., d), got a single number")
    check_shape((X.shape[-1],), "one weight for each feature in the last axis of X", w=w)
    check_shape((), "one bias", b=b)


def check_classes_linear(X: Array, *, W: Array, b: Array) -> None:
    """Refuse features X that are not (..., d) for weights W (d, K) and biases b (K,)."""
    if W.ndim != 2 or W.shape[1] == 0:
        raise ValueError(f"W must have shape (d, K) with K >= 1, got {tuple(W.shape)}")
    if X.ndim == 0:
        raise ValueError("X must have shape (..., d), got a single number")
    check_shape((X.shape[-1], W.shape[1]), "one row for each feature of X", W=W)
    check_shape((W.shape[1],), "one bias for each column of W", b=b)


def check_table(xp: Any, *, X: Array, y: Array) -> None:
    """Refuse features X that are not finite, of shape (n, d), with one label in y for each row."""
    check_finite(xp, X=X)
    check_ndim(2, "(n, d)", X=X)
    check_shape((X.shape[0],), "one label for each row of X", y=y)


def check_rows(xp: Any, wrong: Array, expected: str, **arrays: Array) -> None:
    """Refuse an array (..., k) some rows of which are `wrong` (...), and show the first."""
    for name, array in arrays.items():
        if xp.any(wrong):
            row = tuple(int(index[0]) for index in xp.nonzero(wrong[None]))[1:]
            where = f" in row {row[0] if len(row) == 1 else row}" if row else ""
            raise ValueError(f"{name} must be {expected}, got {array[row].tolist()}{where}")


def check_not_negative(**numbers: float) -> None:
    """Refuse a number that is negative, infinite or NaN."""
    for name, number in numbers.items():
        if not _is_real(number) or not 0 <= number < math.inf:
            raise ValueError(f"{name} must be a finite number >= 0, got {number!r}")


def check_factors(**numbers: float) -> None:
    """Refuse a number that is negative, infinite or NaN, or an integer too long for an array."""
    check_not_negative(**numbers)
    for name, number in numbers.items():
        if isinstance(number, int) and number >= 2**63:
            raise ValueError(f"{name} must be a float or an integer < 2**63, got {number!r}")


def check_positive(**numbers: float) -> None:
    """Refuse a number that is not above 0, infinite or NaN."""
    for name, number in numbers.items():
        if not _is_real(number) or not 0 < number < math.inf:
            raise ValueError(f"{name} must be a finite number > 0, got {number!r}")


def check_shares(**numbers: float) -> None:
    """Refuse a number outside [0, 1]."""
    check_between(0, 1, **numbers)


def check_between(lowest: float, highest: float, **numbers: float) -> None:
    """Refuse a number outside [lowest, highest]."""
    for name, number in numbers.items():
        if not _is_real(number) or not lowest <= number <= highest:
            raise ValueError(f"{name} must lie in [{lowest}, {highest}], got {number!r}")


def check_spans(**spans: tuple[float, float]) -> None:
    """Refuse a pair that is not 0 < smallest <= largest, both finite."""
    for name, span in spans.items():
        try:
            smallest, largest = span
            legal = _is_real(smallest) and _is_real(largest)
        except (TypeError, ValueError):
            legal = False
        if not legal or not 0 < smallest <= largest < float("inf"):
            raise ValueError(f"{name} must be 0 < smallest <= largest, got {span!r}")


def check_whole(smallest: int, **numbers: int) -> None:
    """Refuse what is no whole number of Python's or NumPy's, or is below `smallest`."""
    for name, number in numbers.items():
        try:
            legal = not isinstance(number, bool) and operator.index(number) >= smallest
        except TypeError:
            legal = False
        if not legal:
            raise ValueError(f"{name} must be a whole number >= {smallest}, got {number!r}")


def check_num_classes(smallest: int, num_classes: int) -> None:
    """Refuse what is no whole number of classes from `smallest` on."""
    check_whole(smallest, num_classes=num_classes)
    if num_classes > MOST_CLASSES:
        raise ValueError(f"num_classes must be at most {MOST_CLASSES}, got {num_classes}")


def check_label(**numbers: int) -> None:
    """Refuse what is no whole number of Python's or NumPy's, or does not fit in int64."""
    for name, number in numbers.items():
        check_whole(-(2**63), **{name: number})
        if number >= 2**63:
            raise ValueError(f"{name} must be a whole number < 2**63, got {number!r}")


def check_one_of(known: tuple[str, ...], **choices: Any) -> None:
    """Refuse a choice that is not `known`."""
    for name, choice in choices.items():
        if not isinstance(choice, Hashable) or choice not in set(known):  # an array is not
            raise ValueError(f"{name} must be one of {list(known)}, got {choice!r}")


def _is_real(number: Any) -> bool:
    """Whether it is one real number that a float can hold: Python's, or an array without axes."""
    if array_api_compat.is_array_api_obj(number):
        xp = array_api_compat.array_namespace(number)
        return number.ndim == 0 and xp.isdtype(number.dtype, ("real floating", "integral", "bool"))
    return isinstance(number, Real) and not (isinstance(number, int) and abs(number) > LARGEST)
