"""Checks at the public edge, in one place.

Every public function converts its arguments here once; what follows may trust them.
A message names the argument, says what came and what was expected.
"""

from typing import Any

import array_api_compat
import array_api_compat.numpy as numpy_namespace

type_of_array = Any  # a NumPy array or a Torch tensor: the array API standard has no type to name


def float_arrays(**arguments: Any) -> tuple[Any, ...]:
    """Return the arguments' array namespace, then each argument as a floating-point array.

    Lists and numbers follow the arrays among the arguments: their library, floating dtype and
    device. With no array at all they become NumPy float64. Integer arrays become floating.

    Raises:
        ValueError: arrays of two libraries, something that is not a real number, or a NaN.
    """
    arrays = [value for value in arguments.values() if array_api_compat.is_array_api_obj(value)]
    try:
        xp = array_api_compat.array_namespace(*arrays) if arrays else numpy_namespace
    except TypeError:
        kinds = {
            name: type(value).__module__.split(".")[0]
            for name, value in arguments.items()
            if array_api_compat.is_array_api_obj(value)
        }
        raise ValueError(f"arguments must be arrays of one library, got {kinds}") from None
    floating = [array.dtype for array in arrays if xp.isdtype(array.dtype, "real floating")]
    dtype = xp.result_type(*floating) if floating else xp.asarray(0.0).dtype
    device = array_api_compat.device(arrays[0]) if arrays else None

    def convert(name: str, value: Any) -> type_of_array:
        if array_api_compat.is_array_api_obj(value) and xp.isdtype(value.dtype, "complex floating"):
            raise ValueError(f"{name} must be real, got {value.dtype}")
        try:
            if array_api_compat.is_torch_array(value):  # asarray warns when it needs gradients
                array = xp.astype(value, dtype, copy=False, device=device)
            else:
                array = xp.asarray(value, dtype=dtype, device=device)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be numeric, got {value!r}") from error
        if xp.any(xp.isnan(array)):
            count = int(xp.sum(xp.astype(xp.isnan(array), xp.int64)))
            raise ValueError(f"{name} must not contain NaN, got {count} of them")
        return array

    return xp, *(convert(name, value) for name, value in arguments.items())


def check_finite(xp: Any, **arrays: type_of_array) -> None:
    """Raise ValueError for an array with an infinite entry."""
    for name, array in arrays.items():
        if not xp.all(xp.isfinite(array)):
            raise ValueError(f"{name} must be finite, got an infinite entry")


def check_shape(name: str, array: type_of_array, expected: tuple[int, ...], why: str) -> None:
    """Raise ValueError unless `array` has the expected shape; `why` says where it comes from."""
    if tuple(array.shape) != tuple(expected):
        raise ValueError(
            f"{name} must have shape {tuple(expected)} ({why}), got {tuple(array.shape)}"
        )


def check_binary(xp: Any, **arrays: type_of_array) -> None:
    """Raise ValueError for labels other than 0 and 1."""
    for name, array in arrays.items():
        wrong = (array != 0) & (array != 1)
        if xp.any(wrong):
            raise ValueError(f"{name} must contain only 0 and 1, got {float(array[wrong][0]):g}")


def check_probabilities(xp: Any, **arrays: type_of_array) -> None:
    """Raise ValueError for an entry outside [0, 1]."""
    for name, array in arrays.items():
        wrong = (array < 0) | (array > 1)
        if xp.any(wrong):
            raise ValueError(f"{name} must lie in [0, 1], got {float(array[wrong][0]):g}")


def check_not_negative(**numbers: float) -> None:
    """Raise ValueError for a number that is negative, infinite or NaN."""
    for name, number in numbers.items():
        if not 0 <= number < float("inf"):
            raise ValueError(f"{name} must be a finite number >= 0, got {number}")


def class_indices(xp: Any, name: str, labels: type_of_array, num_classes: int) -> type_of_array:
    """Return floating labels as int64 class indices in [0, num_classes).

    Raises:
        ValueError: a label that is no whole number or is out of range.
    """
    wrong = (labels != xp.floor(labels)) | (labels < 0) | (labels >= num_classes)
    if xp.any(wrong):
        raise ValueError(
            f"{name} must contain class indices 0 to {num_classes - 1}, "
            f"got {float(labels[wrong][0]):g}"
        )
    return xp.astype(labels, xp.int64)


def check_table(xp: Any, X: type_of_array, y: type_of_array) -> None:
    """Raise ValueError unless X is finite, of shape (n, d), with one label in y for each row."""
    check_finite(xp, X=X)
    if X.ndim != 2:
        raise ValueError(f"X must have shape (n, d), got {tuple(X.shape)}")
    check_shape("y", y, (X.shape[0],), "one label for each row of X")
