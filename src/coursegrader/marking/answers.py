"""Requests to a student's code and what comes back, as values that cross."""

from collections.abc import Callable
from typing import Any

from ..inside.wire import Handle as WireHandle
from ..inside.wire import WireError, unpack
from .errors import Died


def refuse(value: Any) -> WireHandle:
    raise TypeError(f"a {type(value).__name__} cannot be handed to the student's code")


def read_answer(parts: tuple[bytes, bytes], open_handle: Callable[[WireHandle], Any]) -> Any:
    try:
        return unpack(*parts, open_handle)
    except WireError as error:
        raise Died(f"what came back is no answer: {error}") from None
