"""The fixture `expect`: compares what came back with what should have, and says so kindly."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from .errors import Raised
from .showing import show
from .student import Call, Student
from .unusual import described

RTOL, ATOL = 1e-6, 1e-8
NUMBERS = (int, float, complex)


class Mismatch(AssertionError):
    """What the student reads when a test fails."""


class Expect:
    """Compare the student's last result.

    Args:
        student: tells which call the result came from.
    """

    def __init__(self, student: Student) -> None:
        self._student = student

    def __call__(
        self,
        got: Any,
        want: Any,
        *,
        rtol: float = RTOL,
        atol: float = ATOL,
        mistakes: Mapping[str, Any] | None = None,
        hint: str | None = None,
        kind: str | None = None,
    ) -> None:
        """Require `got` to equal `want`.

        Numbers and arrays are compared by value and shape; NaN is no number unless expected.
        True is not 1. Texts, None and booleans must be the same; lists, tuples and dicts item by
        item, and a tuple is not a list.

        Args:
            got: what a call of the student's code returned.
            want: a number, array, text, boolean, None, or a list, tuple or dict of these.
            rtol, atol: `|got - want| <= atol + rtol·|want|`.
            mistakes: what a well-known mistake would return, by the message that names it; a value
                or a function without arguments that makes it.
            hint: shown when no mistake is recognised.
            kind: the name of the type that the call must have returned, such as "Tensor".

        Raises:
            Mismatch: with the call, what came back, what was expected and the named mistake.
        """
        call = self._student._last
        if kind is not None and call is not None and call.kind != kind:
            self._fail(got, show(want), f"the type should be {kind}, not {call.kind}")
        difference = compare(got, want, rtol, atol)
        if difference is None:
            return
        for message, wrong in (mistakes or {}).items():
            value = wrong() if callable(wrong) else wrong
            if compare(got, value, rtol, atol) is None:
                self._fail(got, show(want), f"{message.rstrip('.')}.")
        self._fail(got, show(want), difference, hint)

    def raises(
        self, type_name: str, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Require a call to raise this type, or one derived from it.

        A function that is not written yet raises NotImplementedError, which counts as itself alone.

        Raises:
            Mismatch: it returned; Raised: it raised another type.
        """
        try:
            got = function(*args, **kwargs)
        except Raised as error:
            unwritten = error.type_name == "NotImplementedError"
            if type_name in ([error.type_name] if unwritten else error.bases):
                return
            raise
        self._fail(got, f"{type_name}, raised", f"this input should be refused with a {type_name}")

    def that(self, condition: Any, what: str, *, mistakes: Mapping[str, Any] | None = None) -> None:
        """Require a property of what came back; the first mistake whose condition holds is named.

        Raises:
            Mismatch: it does not hold.
        """
        if type(condition) not in (bool, np.bool):
            raise TypeError(f"a condition must be True or False, got {condition!r}")
        if condition:
            return
        named = next((message for message, holds in (mistakes or {}).items() if holds), None)
        call = self._student._last or Call(str)
        self._fail(call.result, what, f"{named.rstrip('.')}." if named else None)

    def _fail(self, got: Any, want: str, reason: str | None, hint: str | None = None) -> NoReturn:
        call = self._student._last
        lines = [f"called:    {call.text}"] if call is not None else []
        lines += [f"came back: {show(got)}", f"expected:  {want}"]
        if reason:
            lines.append(reason[0].upper() + reason[1:])
        if hint:
            lines.append(hint)
        raise Mismatch("\n".join(lines))


def compare(got: Any, want: Any, rtol: float, atol: float) -> str | None:
    """How two values differ, or None; an empty text where seeing both says it all."""
    if isinstance(want, np.generic):
        want = want.item()
    if isinstance(want, np.ndarray) or type(want) in NUMBERS:
        return _compare_numbers(got, want, rtol, atol)
    if type(got) is not type(want):
        return f"the type should be {_type(want)}, not {described(got)}"
    if isinstance(want, list | tuple):
        if len(got) != len(want):
            return f"there should be {len(want)} items, not {len(got)}"
        for place, (one, other) in enumerate(zip(got, want, strict=True), start=1):
            if (difference := compare(one, other, rtol, atol)) is not None:
                return f"item {place}: {difference or _instead(one, other)}"
        return None
    if isinstance(want, dict):
        if _exact(set(got)) != _exact(set(want)):
            return f"the keys should be {show(sorted(want, key=str))}"
        for key in want:
            if (difference := compare(got[key], want[key], rtol, atol)) is not None:
                return f"at {show(key)}: {difference or _instead(got[key], want[key])}"
        return None
    return None if _exact(got) == _exact(want) else ""


def _exact(value: Any) -> Any:
    """Keys and members so that True is not 1."""
    if isinstance(value, set | frozenset | tuple):
        return type(value)(map(_exact, value))
    return (bool, value) if type(value) is bool else value


def _compare_numbers(got: Any, want: Any, rtol: float, atol: float) -> str | None:
    truths = isinstance(want, np.ndarray) and want.dtype.kind == "b"
    if type(got) not in (bool, *NUMBERS) and not isinstance(got, np.ndarray):
        return f"this should be a number or an array, not {described(got)}"
    if truths != (type(got) is bool or (isinstance(got, np.ndarray) and got.dtype.kind == "b")):
        expected = "truth values are" if truths else "a number is"
        return f"this is {_type(got)}, where {expected} expected"
    try:
        values, wanted = _numbers(got), _numbers(want)
    except OverflowError:
        return None if np.array_equal(got, want) else ""
    if values.shape != wanted.shape:
        return f"the shape should be {wanted.shape}, not {values.shape}"
    if np.iscomplexobj(values) and not np.iscomplexobj(wanted):
        return "this number is complex"
    surprises = int(np.sum(np.isnan(values) & ~np.isnan(wanted)))
    if surprises:
        return f"{surprises} of these numbers are NaN, not a number"
    with np.errstate(all="ignore"):
        close = np.isclose(values, wanted, rtol=rtol, atol=atol, equal_nan=True)
    if np.all(close):
        return None
    if wanted.ndim == 0:
        return ""
    place = tuple(int(axis[0]) for axis in np.nonzero(~close))
    where = place[0] if len(place) == 1 else place
    return (
        f"{int(np.sum(~close))} of {wanted.size} entries differ; the first at index {where}: "
        f"{_instead(values[place].item(), wanted[place].item())}"
    )


def _numbers(value: Any) -> np.ndarray:
    """As an array; NumPy has no integer beyond 64 bits."""
    is_huge = type(value) is int and not -(1 << 63) <= value < 1 << 63
    return np.asarray(float(value) if is_huge else value)


def _instead(got: Any, want: Any) -> str:
    return f"{show(got)} instead of {show(want)}"


def _type(value: Any) -> str:
    return "None" if value is None else f"{type(value).__name__}"
