"""The door between NumPy, Torch and lists: what it converts, what it refuses, what it says."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from visioncourse.arrays import (
    at_least_float32,
    check_no_nan,
    extremes,
    float_arrays,
    integer_arrays,
    like,
    narrow,
    to_numpy,
    unread_arrays,
    wide_arrays,
    without_gradient,
)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (([1, 2], 3.0), np.float64),
        ((np.ones(2, dtype=np.float32), 3.0), np.float32),
        ((np.ones(2, dtype=np.float32), np.ones(2, dtype=np.int64)), np.float32),
        ((np.ones(2, dtype=np.float32), np.ones(2)), np.float64),
        ((np.ones(2, dtype=np.int32), True), np.float64),
        ((np.ones(2, dtype=bool),), np.float64),
        ((torch.ones(2), [1, 2]), torch.float32),
        ((torch.ones(2, dtype=torch.int64), 0.5), torch.float32),
        ((torch.ones(2), torch.ones(2, dtype=torch.float64)), torch.float64),
    ],
)
def test_everything_follows_the_floating_arrays(values, dtype):
    _, *got = float_arrays(**{f"argument{k}": value for k, value in enumerate(values)})
    for before, after in zip(values, got, strict=True):
        assert after.dtype == dtype
        assert_array_equal(after, before)
    kind = torch.Tensor if isinstance(dtype, torch.dtype) else np.ndarray
    assert all(isinstance(after, kind) for after in got)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_pass_through(dtype):
    leaf = torch.ones(2, requires_grad=True)
    _, converted, _ = float_arrays(leaf=leaf, other=torch.ones(1, dtype=dtype))
    converted.sum().backward()
    assert leaf.grad.tolist() == [1, 1]


def test_an_array_of_the_right_dtype_is_not_copied():
    array, tensor = np.ones(2), torch.ones(2)
    assert float_arrays(a=array)[1] is array
    assert float_arrays(a=tensor)[1] is tensor


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"z": [1.0, math.nan]}, "z must not contain NaN, got 1 of them"),
        ({"z": torch.tensor([math.nan, math.nan])}, "z must not contain NaN, got 2 of them"),
        ({"z": "text"}, "z must be numeric, got 'text'"),
        ({"z": [[1.0], [1.0, 2.0]]}, r"z must be numeric, got \[\[1.0\], \[1.0, 2.0\]\]"),
        ({"a": torch.ones(1), "z": "text"}, "z must be numeric, got 'text'"),
        ({"a": torch.ones(1), "z": [[1.0], [1.0, 2.0]]}, "z must be numeric"),
        ({"z": np.array([1j])}, "z must be real, got complex128"),
        ({"z": torch.tensor([1j])}, "z must be real, got torch.complex64"),
        ({"z": 1j}, "z must be numeric, got 1j"),
        (
            {"a": np.ones(1), "z": torch.ones(1)},
            r"arrays of one library, got \{'a': 'numpy', 'z': 'torch'\}",
        ),
    ],
)
def test_what_cannot_be_real_arrays_of_one_library(arguments, message):
    with pytest.raises(ValueError, match=message):
        float_arrays(**arguments)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], np.int64),
        ([1.0, 2.0], np.int64),
        ([True, False], np.int64),
        (np.array([1, 2], dtype=np.uint8), np.uint8),
        (torch.tensor([1, 2], dtype=torch.int32), torch.int32),
        (torch.tensor([1.0, 2.0]), torch.int64),
    ],
)
def test_whole_numbers_become_integers(values, dtype):
    _, got = integer_arrays(labels=values)
    assert got.dtype == dtype
    assert_array_equal(got, values)


def test_integers_follow_the_reference():
    xp, labels = integer_arrays(torch.ones(2), labels=[1, 2])
    assert isinstance(labels, torch.Tensor)
    assert xp.asarray([1]).dtype == labels.dtype == torch.int64


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5], "labels must contain whole numbers, got 0.5"),
        ([math.inf], "labels must contain whole numbers, got inf"),
        ([2.0**63], "labels must contain whole numbers, got 9.22337e"),
        ([None], "labels must contain whole numbers"),
        ([torch.ones(2, requires_grad=True)], "labels must contain whole numbers"),
        ([1j], "labels must contain whole numbers, got complex128"),
        ("text", "labels must contain whole numbers, got <U4"),
        ([[1], [1, 2]], "labels must contain whole numbers"),
        (torch.ones(1), r"arrays of one library, got \{'reference': 'numpy', 'labels': 'torch'\}"),
    ],
)
def test_what_is_no_whole_number(values, message):
    with pytest.raises(ValueError, match=message):
        integer_arrays(np.ones(1), labels=values)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([1.5, 2.0], requires_grad=True),
        torch.tensor([1.5, 2.0], dtype=torch.bfloat16),
        torch.tensor([1.5, 2.0], dtype=torch.float16, requires_grad=True),
        torch.tensor([[1.5, 9.0], [2.0, 9.0]])[:, 0],
    ],
)
def test_any_tensor_becomes_a_numpy_array(tensor):
    array = to_numpy(tensor)
    assert isinstance(array, np.ndarray)
    assert array.tolist() == [1.5, 2.0]
    assert to_numpy(tensor, np.float64).dtype == np.float64


def test_numpy_arrays_and_lists_pass_the_same_door():
    array = np.ones(2, dtype=np.float16)
    assert to_numpy(array) is array
    assert to_numpy([1, 2]).tolist() == [1, 2]


def test_a_result_goes_back_to_the_library_it_came_from():
    back = like(torch.ones(1, dtype=torch.bfloat16), np.arange(3))
    assert back.dtype == torch.int64
    assert like(np.ones(1), np.arange(3)).dtype == np.int64
    assert like(torch.ones(1), np.ones(3), torch.bfloat16).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("dtype", "wide"),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_half_precision_is_widened(dtype, wide):
    xp, array = float_arrays(a=torch.ones(2, dtype=dtype))
    assert at_least_float32(xp, array).dtype == wide


def test_numpy_half_precision_is_widened():
    xp, array = float_arrays(a=np.ones(2, dtype=np.float16))
    assert at_least_float32(xp, array).dtype == np.float32


def test_beside_half_precision_lists_and_integers_keep_their_digits():
    half = torch.tensor([0.5]).half()
    _, dtype, wide, listed, whole = wide_arrays(a=half, b=[2049.0], c=torch.tensor([100_001]))
    assert dtype == torch.float16
    assert wide.dtype == listed.dtype == whole.dtype == torch.float32
    assert (listed.item(), whole.item()) == (2049, 100_001)
    assert wide_arrays(a=half, b=torch.tensor([0.5]))[1] == torch.float32
    assert wide_arrays(a=half, b=half.bfloat16())[1] == torch.float32
    assert wide_arrays(a=[1], b=np.arange(2))[1] == np.float64
    with pytest.raises(ValueError, match="one library"):
        wide_arrays(a=half, b=np.zeros(1))
    with pytest.raises(ValueError, match="b must not contain NaN"):
        wide_arrays(a=half, b=[math.nan])


def test_a_result_comes_back_narrow():
    xp, dtype, wide = wide_arrays(a=np.array([3, -300, 0.1], dtype=np.float16))
    assert_array_equal(narrow(xp, 300 * wide, dtype), np.array([900, -65504, 30], dtype=np.float16))
    assert narrow(xp, wide, wide.dtype) is wide


def test_half_precision_may_hold_whole_numbers():
    _, labels = integer_arrays(labels=np.array([60000, 3], dtype=np.float16))
    assert_array_equal(labels, [60000, 3])


def test_a_list_of_tensors_with_gradients_is_named():
    with pytest.raises(ValueError, match="a must be numeric"):
        float_arrays(a=[torch.ones(2, requires_grad=True)])


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_extremes_are_pythons_numbers(convert):
    assert extremes(*float_arrays(a=convert([2.0, -1.0, 0.5]))) == (-1.0, 2.0)
    low, high = extremes(*integer_arrays(a=convert([2, -1])))
    assert (type(low), type(high)) == (int, int) and (low, high) == (-1, 2)
    xp, _, array = unread_arrays(a=convert([0.0, math.nan]))
    assert all(math.isnan(extreme) for extreme in extremes(xp, array))


def test_unread_arrays_are_wide_and_keep_their_nan():
    xp, dtype, array = unread_arrays(a=np.array([1.0, math.nan], dtype=np.float16))
    assert (dtype, array.dtype) == (np.float16, np.float32)
    with pytest.raises(ValueError, match="a must not contain NaN, got 1 of them"):
        check_no_nan(xp, a=array)


@pytest.mark.parametrize("dtype", [np.float16, torch.float16, torch.bfloat16])
def test_a_narrow_result_is_finite_where_it_was_and_infinite_where_it_was(dtype):
    if isinstance(dtype, torch.dtype):
        xp, wide = float_arrays(a=torch.tensor([1e38, -1e38, math.inf, -math.inf, 1.5]))
        largest = torch.finfo(dtype).max
    else:
        xp, wide = float_arrays(a=np.array([1e38, -1e38, math.inf, -math.inf, 1.5]))
        largest = float(np.finfo(dtype).max)
    got = narrow(xp, wide, dtype)
    assert got.dtype == dtype
    biggest = min(largest, 1e38)
    assert got.tolist() == pytest.approx([biggest, -biggest, math.inf, -math.inf, 1.5], rel=0.01)


def test_numbers_without_their_gradient():
    leaf = torch.ones(2, requires_grad=True)
    assert not without_gradient(leaf).requires_grad
    array = np.ones(2)
    assert without_gradient(array) is array


@pytest.mark.parametrize("value", [None, 10**400, [10**400], {}, object()])
def test_what_is_no_number_is_named(value):
    with pytest.raises(ValueError, match="z must be numeric"):
        float_arrays(z=value)
    with pytest.raises(ValueError, match="labels must contain whole numbers"):
        integer_arrays(labels=value)


@pytest.mark.parametrize("value", [1e300, 2.0**63, -math.inf])
def test_a_float_beyond_int64_is_no_index(value):
    for array in (np.array([value]), torch.tensor([value])):
        with pytest.raises(ValueError, match="labels must contain whole numbers, got"):
            integer_arrays(labels=array)
    assert integer_arrays(labels=np.float16(2048))[1] == 2048
