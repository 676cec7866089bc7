"""Softmax and its regression, against arithmetic, SciPy, scikit-learn, Torch and the sigmoid."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special
from sklearn.metrics import log_loss

from visioncourse.logistic import (
    gradient,
    log_softmax,
    loss,
    predict_proba_softmax,
    predict_softmax,
    sigmoid,
    softmax,
    softmax_gradient,
    softmax_loss,
)

from .examples import class_table, noisy_table

# The source's segmentation example: three logits for each pixel, and the true classes.
PIXEL_LOGITS = [
    [[2, 1, 0], [3, 0, 1], [0, 4, 2]],
    [[2, 1, 0], [1, 2, 0], [0, 3, 1]],
    [[0, 1, 4], [1, 0, 3], [0, 0, 5]],
]
PIXEL_CLASSES = [[0, 0, 1], [0, 1, 1], [2, 2, 2]]

logit_rows = arrays.arrays(float, (3, 4), elements=st.floats(-1e3, 1e3))


def exact_softmax(logits: list[float]) -> list[mpmath.mpf]:
    with mpmath.workdps(2000):
        powers = [mpmath.exp(mpmath.mpf(logit)) for logit in logits]
        return [power / mpmath.fsum(powers) for power in powers]


def test_the_first_pixel_by_hand():
    e = math.e
    expected = [e**2 / (e**2 + e + 1), e / (e**2 + e + 1), 1 / (e**2 + e + 1)]
    got = softmax(PIXEL_LOGITS)[0, 0]
    assert_allclose(got, expected, rtol=1e-15)
    assert [f"{p:.4f}" for p in got] == ["0.6652", "0.2447", "0.0900"]
    assert f"{-log_softmax([2, 1, 0])[0]:.4f}" == "0.4076"


def test_the_whole_example():
    # With the identity as weights, the logits are the features.
    identity, no_bias = np.eye(3), np.zeros(3)
    assert_array_equal(predict_softmax(PIXEL_LOGITS, identity, no_bias), PIXEL_CLASSES)
    losses = [
        math.log(sum(math.exp(logit) for logit in pixel)) - pixel[label]
        for logits, labels in zip(PIXEL_LOGITS, PIXEL_CLASSES, strict=True)
        for pixel, label in zip(logits, labels, strict=True)
    ]
    got = softmax_loss(PIXEL_LOGITS, PIXEL_CLASSES, identity, no_bias)
    assert_allclose(got, math.fsum(losses) / 9, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "row", [[0, 0, 0], [1000, 0, -1000], [-1000, -1000.5, -999], [88, 89, 90], [1e-9, 0, 20]]
)
def test_softmax_has_all_digits(row, dtype):
    row = np.array(row, dtype=dtype)
    expected = exact_softmax(row.tolist())
    # The logits themselves are rounded by eps·|logit| when the largest is subtracted.
    tolerance = 4 * np.finfo(dtype).eps * max(1.0, float(np.ptp(row)))
    got = softmax(row)
    assert got.dtype == log_softmax(row).dtype == dtype
    assert_allclose(got, np.array(expected, dtype=float), rtol=tolerance, atol=1e-45)
    with mpmath.workdps(2000):
        logarithms = [float(mpmath.log(p)) for p in expected]
    eps = np.finfo(dtype).eps
    assert_allclose(log_softmax(row), logarithms, rtol=4 * eps, atol=2 * eps)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_softmax_agrees_with_scipy_along_every_axis(axis):
    logits = 5 * np.random.default_rng(0).normal(size=(3, 4, 5))
    assert_allclose(softmax(logits, axis=axis), special.softmax(logits, axis=axis), rtol=1e-13)
    expected = special.log_softmax(logits, axis=axis)
    assert_allclose(log_softmax(logits, axis=axis), expected, rtol=1e-13)


@given(logit_rows, st.floats(-1e3, 1e3))
def test_softmax_does_not_see_a_common_shift(logits, shift):
    assert_allclose(softmax(logits + shift), softmax(logits), rtol=1e-9, atol=1e-12)


@given(logit_rows)
def test_softmax_is_a_distribution(logits):
    p = softmax(logits)
    assert (p >= 0).all()
    assert_allclose(p.sum(axis=-1), 1, rtol=1e-14)
    assert_allclose(np.exp(log_softmax(logits)), p, rtol=1e-12, atol=1e-300)


@given(logit_rows, st.permutations(range(4)))
def test_softmax_follows_a_permutation_of_the_classes(logits, order):
    assert_allclose(softmax(logits[:, order]), softmax(logits)[:, order], rtol=1e-13)


@given(st.floats(-700, 700))
def test_two_classes_are_a_sigmoid(z):
    assert_allclose(softmax([0.0, z])[1], sigmoid(z), rtol=1e-14)


def test_a_class_at_minus_infinity_is_impossible():
    assert_array_equal(softmax([0.0, -np.inf]), [1, 0])
    assert_array_equal(log_softmax([0.0, -np.inf]), [0, -np.inf])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1000.0])
def test_softmax_gradients_agree_with_torchs_own(scale, dtype):
    logits = scale * torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=dtype)
    weights = torch.arange(12, dtype=dtype).reshape(3, 4)
    for ours, theirs in [(softmax, torch.softmax), (log_softmax, torch.log_softmax)]:
        ours_at, theirs_at = (logits.clone().requires_grad_() for _ in range(2))
        (ours(ours_at) * weights).sum().backward()
        (theirs(theirs_at, -1) * weights).sum().backward()
        tolerance = 100 * torch.finfo(dtype).eps
        assert_allclose(ours_at.grad, theirs_at.grad, rtol=tolerance, atol=tolerance)


def test_the_model_is_a_softmax_of_linear_logits():
    X, _, W, b = class_table()
    got = predict_proba_softmax(X, W, b)
    assert_allclose(got, special.softmax(X @ W + b, axis=1), rtol=1e-13)
    assert_array_equal(predict_softmax(X, W, b), got.argmax(axis=1))
    image = X.reshape(6, 10, 3)
    assert_array_equal(predict_softmax(image, W, b), predict_softmax(X, W, b).reshape(6, 10))


def test_the_first_class_wins_a_tie():
    assert predict_softmax([[1.0]], [[2.0, 3.0, 3.0]], [0, 0, 0]).tolist() == [1]
    assert predict_softmax([[0.0]], [[2.0, 3.0, 3.0]], [0, 0, 0]).tolist() == [0]


def test_softmax_loss_agrees_with_scikit_learn_and_torch():
    X, y, W, b = class_table()
    expected = log_loss(y, special.softmax(X @ W + b, axis=1))
    assert_allclose(softmax_loss(X, y, W, b), expected, rtol=1e-13)
    logits = torch.as_tensor(X @ W + b)
    torchs = float(torch.nn.functional.cross_entropy(logits, torch.as_tensor(y)))
    assert_allclose(softmax_loss(X, y, W, b), torchs, rtol=1e-13)
    penalty = 0.3 * np.abs(W).sum() + 0.7 / 2 * (W**2).sum()
    assert_allclose(softmax_loss(X, y, W, b, l1=0.3, l2=0.7), expected + penalty, rtol=1e-13)


def test_two_classes_are_binary_logistic_regression():
    X, y, w, b = noisy_table()
    W, biases = np.stack([0 * w, w], axis=1), [0.0, b]
    assert_allclose(softmax_loss(X, y, W, biases), loss(X, y, w, b), rtol=1e-14)
    dw, db = gradient(X, y, w, b)
    dW, dbiases = softmax_gradient(X, y, W, biases)
    assert_allclose(dW, np.stack([-dw, dw], axis=1), rtol=1e-12)
    assert_allclose(dbiases, [-db, db], rtol=1e-12)


def test_one_class_is_certain():
    X = np.ones((2, 1))
    assert_array_equal(predict_proba_softmax(X, [[3.0]], [1.0]), [[1], [1]])
    assert softmax_loss(X, [0, 0], [[3.0]], [1.0]) == 0


def test_loss_stays_finite_far_out():
    assert softmax_loss([[1000.0]], [1], [[1.0, -1.0]], [0, 0]) == 2000


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_gradient_agrees_with_finite_differences(l2):
    X, y, W, b = class_table()
    step = 1e-5

    def at(dW, db):
        return softmax_loss(X, y, W + dW, b + db, l2=l2)

    got_W, got_b = softmax_gradient(X, y, W, b, l2=l2)
    for index in np.ndindex(W.shape):
        move = np.zeros_like(W)
        move[index] = step
        slope = (at(move, 0) - at(-move, 0)) / (2 * step)
        assert_allclose(got_W[index], slope, rtol=1e-7, atol=1e-10)
    for k, move in enumerate(step * np.eye(len(b))):
        slope = (at(0, move) - at(0, -move)) / (2 * step)
        assert_allclose(got_b[k], slope, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1000.0])
def test_gradient_agrees_with_autograd(scale, dtype):
    X, y, W, b = class_table()
    X = torch.as_tensor(X, dtype=dtype)
    W = torch.as_tensor(scale * W, dtype=dtype).requires_grad_()
    b = torch.as_tensor(scale * b, dtype=dtype).requires_grad_()
    softmax_loss(X, torch.as_tensor(y), W, b, l2=0.3).backward()
    dW, db = softmax_gradient(X, torch.as_tensor(y), W.detach(), b.detach(), l2=0.3)
    tolerance = 20 * torch.finfo(dtype).eps
    assert dW.dtype == db.dtype == dtype
    assert_allclose(W.grad, dW, rtol=tolerance, atol=tolerance)
    assert_allclose(b.grad, db, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3), (0,), (2, 0)])
def test_no_logits_is_no_probability(shape):
    assert softmax(np.zeros(shape)).shape == log_softmax(np.zeros(shape)).shape == shape


def test_no_example():
    X, W, b = np.zeros((0, 2)), np.array([[1.0, -2.0, 0.5], [0.0, 1.0, 1.0]]), np.zeros(3)
    assert predict_proba_softmax(X, W, b).shape == (0, 3)
    assert predict_softmax(X, W, b).shape == (0,)
    assert softmax_loss(X, [], W, b) == 0
    assert_allclose(softmax_loss(X, [], W, b, l1=1, l2=2), 5.5 + 7.25)
    dW, db = softmax_gradient(X, [], W, b, l2=2)
    assert_allclose(dW, 2 * W)
    assert_array_equal(db, [0, 0, 0])


@pytest.mark.parametrize("function", [softmax, log_softmax])
@pytest.mark.parametrize(
    ("logits", "axis", "message"),
    [
        ([0.0, math.nan], -1, "logits must not contain NaN, got 1 of them"),
        ([0.0, math.inf], -1, "logits must be below infinity.*got a largest logit of inf"),
        ([-math.inf, -math.inf], -1, "a finite one along axis, got a largest logit of -inf"),
        ([0.0, 1.0], 1, "axis must name one of the 1 axes, got 1"),
        ([0.0, 1.0], -2, "axis must name one of the 1 axes, got -2"),
        (1.0, -1, "axis must name one of the 0 axes, got -1"),
    ],
)
def test_softmax_says_what_is_wrong(function, logits, axis, message):
    with pytest.raises(ValueError, match=message):
        function(logits, axis=axis)


@pytest.mark.parametrize("function", [softmax_loss, softmax_gradient])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([3, 0], "y must contain class indices 0 to 2, got 3"),
        ([-1, 0], "y must contain class indices 0 to 2, got -1"),
        ([0.5, 0], "y must contain whole numbers, got 0.5"),
        ([math.inf, 0], "y must contain whole numbers, got inf"),
        ([math.nan, 0], "y must contain whole numbers, got nan"),
        ([0], r"y must have shape \(2,\) \(one label.*got \(1,\)"),
    ],
)
def test_labels_must_be_class_indices(function, y, message):
    with pytest.raises(ValueError, match=message):
        function(np.ones((2, 1)), y, np.ones((1, 3)), np.zeros(3))


@pytest.mark.parametrize("function", [predict_proba_softmax, predict_softmax])
@pytest.mark.parametrize(
    ("X", "W", "b", "message"),
    [
        ([[1.0]], [1.0, 2.0], [0, 0], r"W must have shape \(d, K\).*got \(2,\)"),
        ([[1.0]], np.ones((1, 0)), [], r"W must have shape \(d, K\) with K >= 1, got \(1, 0\)"),
        ([[1.0]], np.ones((2, 3)), [0, 0, 0], r"W must have shape \(1, 3\).*got \(2, 3\)"),
        ([[1.0]], np.ones((1, 3)), 0, r"b must have shape \(3,\).*got \(\)"),
        (1.0, np.ones((1, 3)), [0, 0, 0], r"X must have shape \(\.\.\., d\)"),
        ([[math.nan]], np.ones((1, 3)), [0, 0, 0], "X must not contain NaN"),
    ],
)
def test_the_model_says_what_is_wrong(function, X, W, b, message):
    with pytest.raises(ValueError, match=message):
        function(X, W, b)


@pytest.mark.parametrize("function", [softmax_loss, softmax_gradient])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"X": [[math.inf]]}, "X must be finite"),
        ({"W": [[0.0, math.inf]]}, "W must be finite"),
        ({"b": [0.0, math.inf]}, "b must be finite"),
        ({"W": [0.0, 1.0]}, r"W must have shape \(d, K\) with K >= 1, got \(2,\)"),
        ({"W": np.ones((1, 0)), "b": [], "X": np.ones((0, 1)), "y": []}, "W must have shape"),
        ({"l2": -1.0}, "l2 must be a finite number >= 0, got -1.0"),
        ({"W": torch.ones(1, 2), "X": np.ones((1, 1))}, "arrays of one library"),
    ],
)
def test_losses_say_what_is_wrong(function, changed, message):
    example = {"X": [[1.0]], "y": [1], "W": [[0.0, 1.0]], "b": [0.0, 0.0]}
    with pytest.raises(ValueError, match=message):
        function(**example | changed)
