"""The one door between NumPy arrays, Torch tensors and lists.

Every public function converts its arguments here once; what follows may trust them. The formulas
behind it are written once against the array API standard and serve both libraries.
"""

from typing import Any

import array_api_compat
import array_api_compat.numpy as numpy_namespace
import numpy as np

# What the libraries raise for something that is no array of numbers, or a number too large.
NOT_NUMERIC = (TypeError, ValueError, OverflowError, RuntimeError)

Array = Any  # a NumPy array or a Torch tensor: the array API standard has no type to name


def float_arrays(**arguments: Any) -> tuple[Any, ...]:
    """Return the arguments' array namespace, then each argument as a floating-point array.

    Lists and numbers follow the arrays among the arguments: their library, floating dtype and
    device. With no array at all they become NumPy float64. Integer arrays become floating.

    Raises:
        ValueError: arrays of two libraries, something that is not a real number, or a NaN.
    """
    xp, *arrays = _converted(arguments)
    check_no_nan(xp, **dict(zip(arguments, arrays, strict=True)))
    return xp, *arrays


def integer_arrays(reference: Array | None = None, /, **arguments: Any) -> tuple[Any, ...]:
    """Return the arguments' array namespace, NumPy's for lists, then each as integers.

    Integer arrays keep their type; booleans and whole floating numbers become int64. Lists follow
    the arrays among the arguments, or `reference`, which is not converted: library and device.

    Raises:
        ValueError: arrays of two libraries, or something that is no whole number.
    """
    values = [*([] if reference is None else [reference]), *arguments.values()]
    arrays = [value for value in values if array_api_compat.is_array_api_obj(value)]
    xp = _namespace(arguments if reference is None else {"reference": reference, **arguments})
    device = array_api_compat.device(arrays[0]) if arrays else None
    return xp, *(_integral(xp, name, value, device) for name, value in arguments.items())


def to_numpy(array: Any, dtype: Any = None) -> np.ndarray:
    """Return any array, tensor or list as a NumPy array; values alone, a gradient stays behind.

    A tensor may require a gradient, lie on another device, or be of bfloat16, which NumPy does
    not have and which becomes float32, exactly.
    """
    if array_api_compat.is_torch_array(array):
        array = array.detach().cpu().resolve_conj().resolve_neg()
        if array.dtype.is_floating_point and array.element_size() < 4:
            array = array.float()
        array = array.numpy()
    return np.asarray(array, dtype=dtype)


def like(reference: Array, array: np.ndarray, dtype: Any = None) -> Array:
    """Return a NumPy array in the library and on the device of `reference`.

    It keeps its own dtype unless one of that library is given.
    """
    xp = array_api_compat.array_namespace(reference)
    return xp.asarray(array, dtype=dtype, device=array_api_compat.device(reference))


def at_least_float32(xp: Any, array: Array) -> Array:
    """Return float16 and bfloat16 as float32, and wider arrays as they are.

    Sums, counts and products of coordinates do not fit half precision: float16 ends at 65504 and
    counts to 2048. A result goes back to the caller's dtype as its last step.
    """
    if xp.finfo(array.dtype).bits < 32:
        return xp.astype(array, xp.float32)
    return array


def wide_arrays(**arguments: Any) -> tuple[Any, ...]:
    """Return as `float_arrays` does, in at least float32; after the namespace the result's dtype.

    That dtype is the arguments' own. Lists and integers beside float16 keep their digits.
    """
    xp, dtype, *arrays = unread_arrays(**arguments)
    check_no_nan(xp, **dict(zip(arguments, arrays, strict=True)))
    return xp, dtype, *arrays


def unread_arrays(**arguments: Any) -> tuple[Any, ...]:
    """Return as `wide_arrays` does, but without a look at the entries, which costs a pass.

    For functions that see a NaN in a pass of their own, or in their result.
    """
    xp = _namespace(arguments)
    floating = {name: value for name, value in arguments.items() if _is_floating(xp, value)}
    wide = {name: at_least_float32(xp, value) for name, value in floating.items()}
    xp, *arrays = _converted(arguments | wide)
    own = [value.dtype for value in floating.values()]
    return xp, xp.result_type(*own) if own else arrays[0].dtype, *arrays


def narrow(xp: Any, array: Array, dtype: Any) -> Array:
    """Return a result in the caller's dtype; a larger number becomes the largest it has.

    Infinity stays infinity.
    """
    if array.dtype == dtype:
        return array
    limit = float(xp.finfo(dtype).max)
    fits = xp.where(xp.isinf(array), array, xp.clip(array, -limit, limit))
    return xp.astype(fits, dtype)


def check_no_nan(xp: Any, **arrays: Array) -> None:
    """Refuse an array with an entry that is not a number, and say how many there are."""
    for name, array in arrays.items():
        # The smallest entry is NaN if any is: one pass, and no array of the same size.
        if array_api_compat.size(array) and xp.isnan(xp.min(array)):
            count = int(xp.sum(xp.astype(xp.isnan(array), xp.int64)))
            raise ValueError(f"{name} must not contain NaN, got {count} of them")


def extremes(xp: Any, array: Array) -> tuple[float, float]:
    """The smallest and the largest entry as Python's numbers, NaN if any is; of one at least."""
    if array_api_compat.is_torch_array(array):  # both in one pass over memory
        return tuple(extreme.item() for extreme in xp.aminmax(array.detach()))
    return xp.min(array).item(), xp.max(array).item()


def without_gradient(array: Array) -> Array:
    """The same numbers, of which autograd keeps no record."""
    return array.detach() if array_api_compat.is_torch_array(array) else array


def _is_floating(xp: Any, value: Any) -> bool:
    return array_api_compat.is_array_api_obj(value) and xp.isdtype(value.dtype, "real floating")


def _namespace(arguments: dict[str, Any]) -> Any:
    arrays = {
        name: value for name, value in arguments.items() if array_api_compat.is_array_api_obj(value)
    }
    try:
        return array_api_compat.array_namespace(*arrays.values()) if arrays else numpy_namespace
    except TypeError:
        kinds = {name: type(value).__module__.split(".")[0] for name, value in arrays.items()}
        raise ValueError(f"arguments must be arrays of one library, got {kinds}") from None


def _converted(arguments: dict[str, Any]) -> tuple[Any, ...]:
    """The namespace, and each argument as a floating array of one dtype on one device."""
    arrays = [value for value in arguments.values() if array_api_compat.is_array_api_obj(value)]
    xp = _namespace(arguments)
    floating = [array.dtype for array in arrays if _is_floating(xp, array)]
    dtype = xp.result_type(*floating) if floating else xp.asarray(0.0).dtype
    device = array_api_compat.device(arrays[0]) if arrays else None
    return xp, *(_floating(xp, name, value, dtype, device) for name, value in arguments.items())


def _floating(xp: Any, name: str, value: Any, dtype: Any, device: Any) -> Array:
    if array_api_compat.is_array_api_obj(value) and xp.isdtype(value.dtype, "complex floating"):
        raise ValueError(f"{name} must be real, got {value.dtype}")
    if value is None:  # NumPy would take it for NaN
        raise ValueError(f"{name} must be numeric, got None")
    try:
        if array_api_compat.is_torch_array(value):  # asarray warns when it needs gradients
            return xp.astype(value, dtype, copy=False, device=device)
        return xp.asarray(value, dtype=dtype, device=device)
    except NOT_NUMERIC as error:
        raise ValueError(f"{name} must be numeric, got {value!r}") from error


def _integral(xp: Any, name: str, value: Any, device: Any) -> Array:
    if array_api_compat.is_array_api_obj(value):
        array = value
    else:
        try:
            array = xp.asarray(value, device=device)
        except NOT_NUMERIC as error:
            raise ValueError(f"{name} must contain whole numbers, got {value!r}") from error
    if xp.isdtype(array.dtype, "integral"):
        return array
    if xp.isdtype(array.dtype, "real floating"):
        array = at_least_float32(xp, array)
        # Infinity and what does not fit in int64 come under the second condition.
        wrong = (array != xp.floor(array)) | ~(xp.abs(array) < 2.0**63)
        if xp.any(wrong):
            raise ValueError(f"{name} must contain whole numbers, got {array[wrong][0].item():g}")
    elif not xp.isdtype(array.dtype, "bool"):
        raise ValueError(f"{name} must contain whole numbers, got {array.dtype}")
    return xp.astype(array, xp.int64)
