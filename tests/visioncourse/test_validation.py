"""The shared checks: what they convert, what they refuse, and what they say."""

import math

import array_api_compat.numpy as xp
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from visioncourse._validation import (
    check_binary,
    check_finite,
    check_not_negative,
    check_probabilities,
    check_shape,
    class_indices,
    float_arrays,
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
    ("check", "message"),
    [
        (lambda: check_finite(xp, X=np.array([0, math.inf])), "X must be finite, got an infinite"),
        (
            lambda: check_shape("w", np.ones((2, 3)), (3,), "one weight a feature"),
            r"w must have shape \(3,\) \(one weight a feature\), got \(2, 3\)",
        ),
        (lambda: check_binary(xp, y=np.array([0, 1, 0.5])), "y must contain only 0 and 1, got 0.5"),
        (lambda: check_binary(xp, y=np.array(2.0)), "y must contain only 0 and 1, got 2"),
        (lambda: check_probabilities(xp, p=np.array([0, 1.5])), r"p must lie in \[0, 1\], got 1.5"),
        (lambda: check_probabilities(xp, p=np.array(-0.5)), r"p must lie in \[0, 1\], got -0.5"),
        (lambda: check_not_negative(l2=-1), "l2 must be a finite number >= 0, got -1"),
        (lambda: check_not_negative(l2=math.nan), "l2 must be a finite number >= 0, got nan"),
        (lambda: check_not_negative(l2=math.inf), "l2 must be a finite number >= 0, got inf"),
        (
            lambda: class_indices(xp, "y", np.array([0.0, 3.0]), 3),
            "y must contain class indices 0 to 2, got 3",
        ),
        (
            lambda: class_indices(xp, "y", np.array([1.5]), 3),
            "y must contain class indices 0 to 2, got 1.5",
        ),
    ],
)
def test_checks_name_the_argument_and_what_was_expected(check, message):
    with pytest.raises(ValueError, match=message):
        check()


def test_legal_values_pass_in_silence():
    for empty in (np.zeros(0), np.zeros((2, 0))):
        check_finite(xp, a=empty)
        check_binary(xp, a=empty)
        check_probabilities(xp, a=empty)
    check_finite(xp, X=np.array([-1e308, 1e308]))
    check_shape("w", np.ones(3), (3,), "reason")
    check_binary(xp, y=np.array([0.0, 1.0, -0.0]))
    check_probabilities(xp, p=np.array([0.0, 1.0]))
    check_not_negative(l1=0, l2=1e308)


def test_class_indices_become_integers():
    got = class_indices(xp, "y", np.array([2.0, 0.0, 1.0]), 3)
    assert got.dtype == np.int64
    assert got.tolist() == [2, 0, 1]
    assert class_indices(xp, "y", np.zeros(0), 3).shape == (0,)
