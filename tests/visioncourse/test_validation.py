"""The shared checks: what they refuse, and what they say."""

import math

import array_api_compat.numpy as xp
import array_api_compat.torch as xp_torch
import numpy as np
import pytest
import torch

from visioncourse._validation import (
    check_axis,
    check_binary,
    check_class_indices,
    check_class_logits,
    check_classes_linear,
    check_factors,
    check_finite,
    check_label,
    check_linear,
    check_ndim,
    check_not_negative,
    check_num_classes,
    check_one_of,
    check_positive,
    check_probabilities,
    check_rows,
    check_shape,
    check_shares,
    check_spans,
    check_table,
    check_whole,
)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: check_finite(xp, X=np.array([0, math.inf])), "X must be finite, got an infinite"),
        (
            lambda: check_shape((3,), "one weight a feature", w=np.ones((2, 3))),
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
            lambda: check_class_indices(xp, 3, y=np.array([0, 3])),
            "y must contain class indices 0 to 2, got 3",
        ),
        (lambda: check_not_negative(l2=None), "l2 must be a finite number >= 0, got None"),
        (lambda: check_positive(sigma=0), "sigma must be a finite number > 0, got 0"),
        (lambda: check_positive(sigma="1"), "sigma must be a finite number > 0, got '1'"),
        (lambda: check_spans(s=(0, 1)), r"s must be 0 < smallest <= largest, got \(0, 1\)"),
        (lambda: check_spans(s=(2, 1)), r"s must be 0 < smallest <= largest, got \(2, 1\)"),
        (lambda: check_spans(s=(1, float("inf"))), r"s must be 0 < smallest <= largest"),
        (lambda: check_spans(s=3), r"s must be 0 < smallest <= largest, got 3"),
        (lambda: check_spans(s=(1, 2, 3)), r"s must be 0 < smallest <= largest"),
        (lambda: check_spans(s=("a", "b")), r"s must be 0 < smallest <= largest"),
        (lambda: check_shares(t=1.5), r"t must lie in \[0, 1\], got 1.5"),
        (lambda: check_shares(t=None), r"t must lie in \[0, 1\], got None"),
        (lambda: check_shares(t=1j), r"t must lie in \[0, 1\], got 1j"),
        (lambda: check_shares(t=np.ones(2)), r"t must lie in \[0, 1\], got array"),
        (lambda: check_positive(t=torch.ones(2)), r"t must be a finite number > 0, got tensor"),
        (lambda: check_positive(t=10**400), r"t must be a finite number > 0, got 1000"),
        (lambda: check_one_of(("a", "b"), how=np.ones(2)), "how must be one of .*got array"),
        (lambda: check_one_of(("a", "b"), how=["a"]), "how must be one of .*got \\['a'\\]"),
        (lambda: check_whole(0, seed=-1), "seed must be a whole number >= 0, got -1"),
        (lambda: check_whole(1, k=1.0), "k must be a whole number >= 1, got 1.0"),
        (lambda: check_whole(1, k=True), "k must be a whole number >= 1, got True"),
        (lambda: check_one_of(("a", "b"), how="c"), r"how must be one of \['a', 'b'\], got 'c'"),
        (lambda: check_ndim(2, "(n, d)", X=np.ones(3)), r"X must have shape \(n, d\), got \(3,\)"),
        (
            lambda: check_rows(xp, np.array([False, True]), "sorted", rows=np.array([[1], [2]])),
            r"rows must be sorted, got \[2\] in row 1",
        ),
        (lambda: check_table(xp, X=np.ones((2, 1)), y=np.ones(3)), "y must have shape"),
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
    check_shape((3,), "reason", w=np.ones(3))
    check_binary(xp, y=np.array([0.0, 1.0, -0.0]))
    check_probabilities(xp, p=np.array([0.0, 1.0]))
    check_class_indices(xp, 3, y=np.zeros(0, dtype=np.int64))
    check_not_negative(l1=0, l2=1e308)
    check_whole(0, seed=np.int64(0))
    check_one_of(("a",), how="a")
    check_positive(a=np.float16(2), b=torch.tensor(2.0, requires_grad=True), c=True)


def test_an_entry_that_requires_a_gradient_is_named_without_a_warning():
    wrong = torch.tensor([2.0], requires_grad=True)
    for check in (check_binary, check_probabilities):
        with pytest.raises(ValueError, match=r"y must .*got 2"):
            check(xp_torch, y=wrong)


@pytest.mark.parametrize("axis", [2, -3, 0.0, None, True, "x"])
def test_an_axis_that_is_not_there(axis):
    with pytest.raises(ValueError, match=r"axis must name one of the 2 axes, got"):
        check_axis(2, axis=axis)


def test_an_axis_counts_from_either_end():
    for axis in (-2, -1, 0, np.int64(1)):
        check_axis(2, axis=axis)


@pytest.mark.parametrize("namespace", [xp, xp_torch], ids=["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_probabilities_may_be_a_rounding_beyond_0_and_1(namespace, dtype):
    dtype = getattr(namespace, dtype)
    eps = float(namespace.finfo(dtype).eps)
    check_probabilities(namespace, p=namespace.asarray([-4 * eps, 1 + 4 * eps], dtype=dtype))
    for wrong in (-8 * eps, 1 + 8 * eps):
        with pytest.raises(ValueError, match=r"p must lie in \[0, 1\], got (-|1\.0)\d"):
            check_probabilities(namespace, p=namespace.asarray([0.5, wrong], dtype=dtype))
    with pytest.raises(ValueError, match="p must not contain NaN, got 1 of them"):
        check_probabilities(namespace, p=namespace.asarray([0.5, math.nan], dtype=dtype))


def test_the_rounding_is_that_of_the_dtype_in_which_probabilities_came():
    p = np.array([1.001], dtype=np.float16).astype(np.float32)
    check_probabilities(xp, np.float16, p=p)
    with pytest.raises(ValueError, match="p must lie in"):
        check_probabilities(xp, p=p)


@pytest.mark.parametrize(
    "number", [None, "1", 1j, [1.0], np.ones(1), np.array(1j), torch.ones(2), math.nan]
)
def test_what_is_no_number(number):
    for check in (check_not_negative, check_positive, check_shares):
        with pytest.raises(ValueError, match="l2 must"):
            check(l2=number)


@pytest.mark.parametrize(
    "number", [1, 0.5, True, np.float16(0.5), np.array(0.5), torch.tensor(0.5, requires_grad=True)]
)
def test_what_is_a_number(number):
    for check in (check_not_negative, check_positive, check_shares):
        check(l2=number)


def test_numbers_of_classes_and_labels():
    check_num_classes(1, np.int64(1))
    check_label(ignore_index=-100)
    for wrong in (0, 2**31, 1.0, None):
        with pytest.raises(ValueError, match="num_classes must be"):
            check_num_classes(1, wrong)
    for wrong in (2**63, 255.0, None):
        with pytest.raises(ValueError, match="ignore_index must be a whole number"):
            check_label(ignore_index=wrong)


def test_class_logits_need_a_finite_one_and_no_infinity():
    check_class_logits(xp, 0, logits=np.array([[0.0, 1.0], [-math.inf, 1.0]]))
    check_class_logits(xp, 1, logits=np.zeros((3, 0)))
    for wrong in (math.inf, -math.inf):
        with pytest.raises(ValueError, match=f"got a largest logit of {wrong}"):
            check_class_logits(xp, 0, logits=np.array([[0.0, wrong]]))


def test_the_parts_of_a_linear_model_fit_together():
    X, w, b = np.ones((5, 2)), np.ones(2), np.array(0.0)
    check_linear(X, w=w, b=b)
    check_classes_linear(X, W=np.ones((2, 3)), b=np.ones(3))
    for wrong, message in [
        ({"X": np.array(1.0)}, "X must have shape"),
        ({"w": np.ones(3)}, "w must have"),
        ({"b": w}, "b must have"),
    ]:
        with pytest.raises(ValueError, match=message):
            check_linear(**{"X": X, "w": w, "b": b, **wrong})
    for wrong, message in [
        ({"X": np.array(1.0)}, "X must have shape"),
        ({"W": np.ones(2)}, "W must have"),
        ({"W": np.ones((2, 0))}, "W must have"),
        ({"b": b}, "b must have"),
    ]:
        with pytest.raises(ValueError, match=message):
            check_classes_linear(**{"X": X, "W": np.ones((2, 3)), "b": np.ones(3), **wrong})


def test_a_factor_fits_in_an_array():
    check_factors(l2=2**62, l1=1e300)
    for wrong in (2**63, -1, math.inf):
        with pytest.raises(ValueError, match="l2 must be a"):
            check_factors(l2=wrong)
