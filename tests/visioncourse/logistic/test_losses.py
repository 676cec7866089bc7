"""Likelihood, loss and derivatives, against arithmetic, autograd and finite differences."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.metrics import log_loss

from visioncourse.logistic import (
    cross_entropy,
    gradient,
    hessian,
    likelihood,
    log_likelihood,
    loss,
    predict_proba,
)

from .examples import noisy_table

WORKED_EXAMPLE = {"X": [1.5, 2.0], "w": [0.3, 0.5], "b": -1.0}


def central_differences(function, point, step=1e-6):
    """The derivatives of `function` (...) by the entries of `point` (m,): (m, ...)."""
    moves = step * np.eye(len(point))
    return np.array(
        [(function(point + move) - function(point - move)) / (2 * step) for move in moves]
    )


def flat_gradient(X, y, w, b, l2=0.0):
    return np.append(*gradient(X, y, w, b, l2=l2))


@pytest.mark.parametrize(
    ("y", "expected", "digits"), [(1, "0.4932489", "0.49"), (0, "0.9432489", "0.94")]
)
def test_the_worked_example_by_hand(y, expected, digits):
    p = 1 / (1 + mpmath.exp(-mpmath.mpf("0.45")))
    by_hand = -mpmath.log(p if y == 1 else 1 - p)
    assert mpmath.nstr(by_hand, 7) == expected
    example = WORKED_EXAMPLE | {"y": y}
    assert_allclose(float(loss(**example)), float(by_hand), rtol=1e-15)
    assert_allclose(float(log_likelihood(**example)), -float(by_hand), rtol=1e-15)
    assert_allclose(float(likelihood(**example)), float(mpmath.exp(-by_hand)), rtol=1e-15)
    assert_allclose(float(cross_entropy(float(p), y)), float(by_hand), rtol=1e-15)
    assert f"{loss(**example):.2f}" == digits
    dw, db = gradient(**example)
    assert_allclose(dw, [float(p - y) * 1.5, float(p - y) * 2.0], rtol=1e-14)
    assert_allclose(db, float(p - y), rtol=1e-14)


def test_rounding_the_probability_first_moves_the_third_digit():
    assert f"{-math.log(0.61):.4f}" == "0.4943"
    assert f"{loss(**WORKED_EXAMPLE, y=1):.4f}" == "0.4932"


def test_likelihood_is_the_product_of_probabilities():
    X, y, w, b = noisy_table(n=12)
    p = predict_proba(X, w, b)
    of_labels = [pi if yi == 1 else 1 - pi for pi, yi in zip(p, y, strict=True)]
    assert_allclose(likelihood(X, y, w, b), math.prod(of_labels), rtol=1e-13)
    assert_allclose(log_likelihood(X, y, w, b), math.fsum(map(math.log, of_labels)), rtol=1e-13)


def test_likelihood_underflows_where_its_logarithm_does_not():
    X, y = np.zeros((2000, 1)), np.ones(2000)
    assert likelihood(X, y, [0.0], 0.0) == 0
    assert_allclose(log_likelihood(X, y, [0.0], 0.0), -2000 * math.log(2), rtol=1e-14)


def test_cross_entropy_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    p, y = rng.random(200), rng.integers(0, 2, 200)
    assert_allclose(cross_entropy(p, y), log_loss(y, p), rtol=1e-13)


@pytest.mark.parametrize(
    ("p", "y", "expected"),
    [
        (1.0, 1, 0.0),
        (0.0, 0, 0.0),
        (0.0, 1, math.inf),
        (1.0, 0, math.inf),
        (1e-300, 0, 1e-300),  # 1 - p would round to 1
        (1e-300, 1, 300 * math.log(10)),
        ([1.0, 0.5], [1, 0], math.log(2) / 2),
    ],
)
def test_cross_entropy_at_the_edges(p, y, expected):
    got = cross_entropy(p, y)
    assert_allclose(got, expected, rtol=1e-15)
    assert math.copysign(1, got) == 1  # no negative zero


def test_autograd_of_cross_entropy_reaches_certainty():
    p = torch.tensor([1.0, 0.0, 0.25, 0.25], dtype=torch.float64, requires_grad=True)
    cross_entropy(p, [1, 0, 1, 0]).backward()
    assert_allclose(p.grad.numpy(), np.array([-1, 1, -4, 1 / 0.75]) / 4, rtol=1e-15)


def test_loss_is_cross_entropy_plus_penalties():
    X, y, w, b = noisy_table()
    nll = log_loss(y, predict_proba(X, w, b))
    assert_allclose(loss(X, y, w, b), nll, rtol=1e-13)
    assert_allclose(loss(X, y, w, b), -log_likelihood(X, y, w, b) / len(y), rtol=1e-14)
    penalty = 0.3 * math.fsum(map(abs, w)) + 0.7 / 2 * math.fsum(weight**2 for weight in w)
    assert_allclose(loss(X, y, w, b, l1=0.3, l2=0.7), nll + penalty, rtol=1e-13)


@pytest.mark.parametrize(("y", "expected"), [([1, 0], 0.0), ([0, 1], 1000.0), ([1, 1], 500.0)])
def test_loss_stays_finite_far_out(y, expected):
    assert_allclose(loss([[1000.0], [-1000.0]], y, [1.0], 0.0), expected, rtol=1e-15)


def test_huge_weights_do_not_overflow_an_absent_penalty():
    assert loss([[1.0]], [0], [1e200], 0.0) == 1e200


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_gradient_agrees_with_finite_differences(l2):
    X, y, w, b = noisy_table()
    expected = central_differences(
        lambda at: loss(X, y, at[:-1], at[-1], l2=l2), np.append(w, b), step=1e-5
    )
    assert_allclose(flat_gradient(X, y, w, b, l2), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1000.0])  # logits of exactly 0, ordinary, saturated
def test_gradient_agrees_with_autograd(scale, dtype):
    X, y, w, b = (torch.as_tensor(part, dtype=dtype) for part in noisy_table())
    w, b = (scale * w).requires_grad_(), (scale * b).requires_grad_()
    loss(X, y, w, b, l2=0.3).backward()
    dw, db = gradient(X, y, w.detach(), b.detach(), l2=0.3)
    tolerance = 20 * torch.finfo(dtype).eps
    assert dw.dtype == db.dtype == w.grad.dtype == dtype
    assert_allclose(w.grad, dw, rtol=tolerance, atol=tolerance)
    assert_allclose(b.grad, db, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_hessian_is_the_jacobian_of_the_gradient(l2):
    X, y, w, b = noisy_table()
    expected = central_differences(
        lambda at: flat_gradient(X, y, at[:-1], at[-1], l2), np.append(w, b)
    )
    got = hessian(X, w, b, l2=l2)
    assert_allclose(got, expected, rtol=1e-7, atol=1e-9)
    assert_allclose(got, got.T, rtol=0, atol=1e-17)


def test_hessian_agrees_with_autograd():
    X, y, w, b = (torch.as_tensor(part) for part in noisy_table())
    expected = torch.autograd.functional.hessian(
        lambda at: loss(X, y, at[:-1], at[-1], l2=0.3), torch.cat([w, b[None]])
    )
    assert_allclose(hessian(X, w, b, l2=0.3), expected, rtol=1e-12, atol=1e-15)


def test_hessian_of_more_rows_than_one_block():
    X, _, w, b = noisy_table(n=20_000, d=2)
    p = predict_proba(X, w, b)
    features = np.c_[X, np.ones(len(X))]
    expected = np.einsum("ni,n,nj->ij", features, p * (1 - p), features) / len(X)
    assert_allclose(hessian(X, w, b), expected, rtol=1e-12, atol=1e-15)


@given(st.integers(0, 10_000), st.floats(0, 10), st.floats(0, 2))
def test_hessian_is_positive_semidefinite(seed, scale, l2):
    X, _, w, b = noisy_table(n=5, d=6, seed=seed)  # fewer rows than columns: singular
    eigenvalues = np.linalg.eigvalsh(hessian(X, scale * w, b, l2=l2))
    assert eigenvalues.min() >= -1e-13


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_loss_is_convex_along_every_segment(seed, share, l1, l2):
    X, y, _, _ = noisy_table(n=20, d=3, seed=seed)
    rng = np.random.default_rng(seed)
    start, end = 3 * rng.normal(size=(2, 4))

    def at(point):
        return loss(X, y, point[:-1], point[-1], l1=l1, l2=l2)

    chord = (1 - share) * at(start) + share * at(end)
    assert at((1 - share) * start + share * end) <= chord + 1e-12


def test_the_order_of_examples_does_not_matter():
    X, y, w, b = noisy_table()
    order = np.random.default_rng(1).permutation(len(y))
    assert_allclose(loss(X[order], y[order], w, b), loss(X, y, w, b), rtol=1e-13)
    shuffled = flat_gradient(X[order], y[order], w, b)
    assert_allclose(shuffled, flat_gradient(X, y, w, b), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("function", [likelihood, log_likelihood, loss, flat_gradient])
def test_an_image_is_a_table_of_pixels(function):
    X, y, w, b = noisy_table(n=12, d=3)
    image = function(X.reshape(3, 4, 3), y.reshape(3, 4), w, b)
    assert_allclose(image, function(X, y, w, b), rtol=1e-13, atol=1e-16)


def test_no_example():
    X, y, w = np.zeros((0, 2)), [], [3.0, -4.0]
    assert likelihood(X, y, w, 1.0) == 1
    assert log_likelihood(X, y, w, 1.0) == 0
    assert cross_entropy([], []) == 0
    assert loss(X, y, w, 1.0) == 0
    assert_allclose(loss(X, y, w, 1.0, l1=2, l2=0.1), 2 * 7 + 0.05 * 25)
    dw, db = gradient(X, y, w, 1.0, l2=0.1)
    assert_allclose(dw, [0.3, -0.4])
    assert db == 0
    assert_allclose(hessian(X, w, 1.0, l2=0.1), np.diag([0.1, 0.1, 0]))


@pytest.mark.parametrize("function", [likelihood, log_likelihood, loss, gradient])
@pytest.mark.parametrize(
    ("X", "y", "w", "b", "message"),
    [
        ([[1.0]], [2], [1], 0, "y must contain only 0 and 1, got 2"),
        ([[1.0]], [-1], [1], 0, "y must contain only 0 and 1, got -1"),
        ([[1.0]], [0.5], [1], 0, "y must contain only 0 and 1, got 0.5"),
        ([[1.0]], [math.nan], [1], 0, "y must not contain NaN, got 1 of them"),
        ([[math.inf]], [1], [1], 0, "X must be finite, got an infinite entry"),
        ([[1.0]], [1], [-math.inf], 0, "w must be finite, got an infinite entry"),
        ([[1.0]], [1], [1], math.inf, "b must be finite, got an infinite entry"),
        ([[1.0]], [1, 0], [1], 0, r"y must have shape \(1,\) \(one label.*got \(2,\)"),
        ([[1.0], [2.0]], [[1], [0]], [1], 0, r"y must have shape \(2,\) .*got \(2, 1\)"),
        ([[1.0]], [1], [1, 2], 0, r"w must have shape \(1,\) .*got \(2,\)"),
        ([[1.0]], [1], [1], [0], r"b must have shape \(\) .*got \(1,\)"),
        (np.ones((1, 1)), torch.ones(1), [1], 0, "arrays of one library, got .*numpy.*torch"),
    ],
)
def test_losses_say_what_is_wrong(function, X, y, w, b, message):
    with pytest.raises(ValueError, match=message):
        function(X, y, w, b)


@pytest.mark.parametrize("penalty", [-0.1, math.nan, math.inf])
def test_penalties_must_be_finite_and_not_negative(penalty):
    example = WORKED_EXAMPLE | {"y": 1}
    for name in ("l1", "l2"):
        with pytest.raises(ValueError, match=f"{name} must be a finite number >= 0, got {penalty}"):
            loss(**example, **{name: penalty})
    with pytest.raises(ValueError, match="l2 must be a finite number >= 0"):
        gradient(**example, l2=penalty)
    with pytest.raises(ValueError, match="l2 must be a finite number >= 0"):
        hessian(**WORKED_EXAMPLE, l2=penalty)


@pytest.mark.parametrize(
    ("p", "y", "message"),
    [
        ([1.1], [1], r"p must lie in \[0, 1\], got 1.1"),
        ([-0.1], [1], r"p must lie in \[0, 1\], got -0.1"),
        ([math.nan], [1], "p must not contain NaN"),
        ([0.5], [0.5], "y must contain only 0 and 1, got 0.5"),
        ([0.5, 0.5], [1], r"y must have shape \(2,\) .*got \(1,\)"),
    ],
)
def test_cross_entropy_says_what_is_wrong(p, y, message):
    with pytest.raises(ValueError, match=message):
        cross_entropy(p, y)
