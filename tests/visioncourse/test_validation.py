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
    check_finite,
    check_ndim,
    check_not_negative,
    check_one_of,
    check_positive,
    check_probabilities,
    check_rows,
    check_shape,
    check_shares,
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
