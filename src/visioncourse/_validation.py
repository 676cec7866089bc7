"""Checks at the public edge, in one place.

Every public function converts its arguments here once; what follows may trust them.
A message names the argument, says what came and what was expected.
"""

from typing import Any

import array_api_compat
import array_api_compat.numpy as numpy_namespace

Array = Any  # a NumPy array or a Torch tensor: the array API standard has no type to name


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

    def convert(name: str, value: Any) -> Array:
        if array_api_compat.is_array_api_obj(value) and xp.isdtype(value.dtype, "complex floating"):
            raise ValueError(f"{name} must be real, got {value.dtype}")
        try:
            if array_api_compat.is_torch_array(value):  # asarray warns when it needs gradients
                array = xp.astype(value, dtype, copy=False, device=device)
            else:
                array = xp.asarray(value, dtype=dtype, device=device)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be numeric, got {value!r}") from error
        # The smallest entry is NaN if any is: one pass, and no array of the same size.
        if array_api_compat.size(array) and xp.isnan(xp.min(array)):
            count = int(xp.sum(xp.astype(xp.isnan(array), xp.int64)))
            raise ValueError(f"{name} must not contain NaN, got {count} of them")
        return array

    return xp, *(convert(name, value) for name, value in arguments.items())


def check_finite(xp: Any, **arrays: Array) -> None:
    """Raise ValueError for an array with an infinite entry."""
    for name, array in arrays.items():
        if not xp.all(xp.isfinite(array)):
            raise ValueError(f"{name} must be finite, got an infinite entry")


def check_shape(name: str, array: Array, expected: tuple[int, ...], why: str) -> None:
    """Raise ValueError unless `array` has the expected shape; `why` says where it comes from."""
    if tuple(array.shape) != tuple(expected):
        raise ValueError(
            f"{name} must have shape {tuple(expected)} ({why}), got {tuple(array.shape)}"
        )


def check_binary(xp: Any, **arrays: Array) -> None:
    """Raise ValueError for labels other than 0 and 1."""
    for name, array in arrays.items():
        wrong = (array != 0) & (array != 1)
        if xp.any(wrong):
            raise ValueError(f"{name} must contain only 0 and 1, got {float(array[wrong][0]):g}")


def check_probabilities(xp: Any, **arrays: Array) -> None:
    """Raise ValueError for an entry outside [0, 1]."""
    for name, array in arrays.items():
        if array_api_compat.size(array) and not (xp.min(array) >= 0 and xp.max(array) <= 1):
            wrong = (array < 0) | (array > 1)
            raise ValueError(f"{name} must lie in [0, 1], got {float(array[wrong][0]):g}")


def check_not_negative(**numbers: float) -> None:
    """Raise ValueError for a number that is negative, infinite or NaN."""
    for name, number in numbers.items():
        if not 0 <= number < float("inf"):
            raise ValueError(f"{name} must be a finite number >= 0, got {number}")


def check_shares(**numbers: float) -> None:
    """Raise ValueError for a number outside [0, 1]."""
    for name, number in numbers.items():
        if not 0 <= number <= 1:
            raise ValueError(f"{name} must lie in [0, 1], got {number}")


def class_indices(xp: Any, name: str, labels: Array, num_classes: int) -> Array:
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


def check_table(xp: Any, X: Array, y: Array) -> None:
    """Raise ValueError unless X is finite, of shape (n, d), with one label in y for each row."""
    check_finite(xp, X=X)
    if X.ndim != 2:
        raise ValueError(f"X must have shape (n, d), got {tuple(X.shape)}")
    check_shape("y", y, (X.shape[0],), "one label for each row of X")


def box_arrays(**boxes: Any) -> tuple[Any, ...]:
    """Return the arguments' array namespace, then each as boxes (..., 4) = x1, y1, x2, y2.

    An empty list counts as no boxes, (0, 4).

    Raises:
        ValueError: as for :py:func:`float_arrays` and :py:func:`quadruples`, x2 < x1 or y2 < y1.
    """
    xp, *arrays = float_arrays(**boxes)
    arrays = [quadruples(xp, name, array) for name, array in zip(boxes, arrays, strict=True)]
    for name, array in zip(boxes, arrays, strict=True):
        wrong = (array[..., 2] < array[..., 0]) | (array[..., 3] < array[..., 1])
        check_rows(xp, name, array, wrong, "x1, y1, x2, y2 with x2 >= x1 and y2 >= y1")
    return xp, *arrays


def quadruples(xp: Any, name: str, array: Array) -> Array:
    """Return four numbers a row, (..., 4), none so large that an area or a distance overflows.

    Raises:
        ValueError: another shape, or a number that is infinite or too large.
    """
    if array.shape == (0,):
        return xp.reshape(array, (0, 4))
    if array.ndim == 0 or array.shape[-1] != 4:
        raise ValueError(f"{name} must have shape (..., 4), got {tuple(array.shape)}")
    limit = xp.finfo(array.dtype).max ** 0.5 / 4
    wrong = xp.any(xp.abs(array) > limit, axis=-1)
    check_rows(xp, name, array, wrong, f"finite and at most {limit:.0e} in size")
    return array


def check_rows(xp: Any, name: str, array: Array, wrong: Array, expected: str) -> None:
    """Raise ValueError with the first row of `array` (..., k) that is `wrong` (...)."""
    if xp.any(wrong):
        row = tuple(int(index[0]) for index in xp.nonzero(wrong[None]))[1:]
        where = f" in row {row[0] if len(row) == 1 else row}" if row else ""
        raise ValueError(f"{name} must be {expected}, got {array[row].tolist()}{where}")


def integer_arrays(**arguments: Any) -> tuple[Any, ...]:
    """Return the arguments' array namespace, NumPy's for lists, then each as integers.

    Raises:
        ValueError: as for :py:func:`integer_array`.
    """
    arrays = [value for value in arguments.values() if array_api_compat.is_array_api_obj(value)]
    like = arrays[0] if arrays else None
    xp = array_api_compat.array_namespace(like) if arrays else numpy_namespace
    return xp, *(integer_array(xp, name, value, like) for name, value in arguments.items())


def integer_array(xp: Any, name: str, values: Any, like: Array | None = None) -> Array:
    """Return `values` as an integer array of namespace `xp`, on the device of `like`.

    Integer arrays keep their type; booleans and whole floating numbers become int64.

    Raises:
        ValueError: an array of another library, or something that is no whole number.
    """
    if array_api_compat.is_array_api_obj(values):
        if array_api_compat.array_namespace(values) is not xp:
            library = type(values).__module__.split(".")[0]
            raise ValueError(f"arguments must be arrays of one library, got {name} of {library}")
        array = values
    else:
        try:
            array = xp.asarray(
                values, device=None if like is None else array_api_compat.device(like)
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must contain whole numbers, got {values!r}") from error
    if xp.isdtype(array.dtype, "integral"):
        return array
    if xp.isdtype(array.dtype, "real floating"):
        wrong = ~(xp.isfinite(array) & (array == xp.floor(array)))
        if xp.any(wrong):
            raise ValueError(f"{name} must contain whole numbers, got {float(array[wrong][0]):g}")
    elif not xp.isdtype(array.dtype, "bool"):
        raise ValueError(f"{name} must contain whole numbers, got {array.dtype}")
    return xp.astype(array, xp.int64)


def check_class_indices(xp: Any, name: str, labels: Array, num_classes: int) -> None:
    """Raise ValueError for an integer label outside [0, num_classes)."""
    if array_api_compat.size(labels) == 0:
        return
    for extreme in (int(xp.min(labels)), int(xp.max(labels))):
        if not 0 <= extreme < num_classes:
            raise ValueError(
                f"{name} must contain class indices 0 to {num_classes - 1}, got {extreme}"
            )


def check_positive_integers(**numbers: int) -> None:
    """Raise ValueError for something other than an integer >= 1."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not hasattr(number, "__index__") or number < 1:
            raise ValueError(f"{name} must be an integer >= 1, got {number!r}")
