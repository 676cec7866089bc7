"""The sigmoid and the linear model, against hand calculations, mpmath, SciPy and autograd."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

from visioncourse.logistic import log_sigmoid, logits, predict, predict_proba, sigmoid

from .examples import noisy_table

# The source's worked example, as exact fractions: z = 1.5·0.3 + 2·0.5 - 1.
FEATURES = [1.5, 2.0]
WEIGHTS = [0.3, 0.5]
BIAS = -1.0

POINTS = [0.0, 1e-300, 1e-8, 0.3, 0.45, 2.0, 17.0, 37.0, 88.0, 104.0, 700.0, 745.0, 1000.0]
POINTS = sorted({-z for z in POINTS} | set(POINTS))
real_numbers = st.floats(-1e6, 1e6)


def exact_sigmoid(z: float) -> mpmath.mpf:
    with mpmath.workdps(1000):  # enough for 1 - e^-1000 to differ from 1
        return 1 / (1 + mpmath.exp(-mpmath.mpf(z)))


def exact_log_sigmoid(z: float) -> mpmath.mpf:
    with mpmath.workdps(1000):
        return mpmath.log(exact_sigmoid(z))


def test_the_worked_example_by_hand():
    z = Fraction("1.5") * Fraction("0.3") + 2 * Fraction("0.5") - 1
    assert z == Fraction(9, 20)
    assert_allclose(logits(FEATURES, WEIGHTS, BIAS), float(z), rtol=1e-15)
    probability = predict_proba(FEATURES, WEIGHTS, BIAS)
    assert_allclose(probability, 1 / (1 + math.exp(-0.45)), rtol=1e-15)
    assert f"{probability:.10f}" == "0.6106392339"
    assert predict(FEATURES, WEIGHTS, BIAS) == 1
    assert predict(FEATURES, WEIGHTS, BIAS, threshold=0.62) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "exact"), [(sigmoid, exact_sigmoid), (log_sigmoid, exact_log_sigmoid)]
)
def test_sigmoids_have_all_digits(function, exact, dtype):
    z = np.array(POINTS, dtype=dtype)
    got = function(z)
    assert got.dtype == dtype
    expected = np.array([float(exact(float(point))) for point in z])
    limits = np.finfo(dtype)
    # Below the smallest normal number, digits are lost by the format itself.
    assert_allclose(got, expected, rtol=4 * limits.eps, atol=2 * float(limits.tiny))


def test_sigmoids_agree_with_scipy():
    z = np.linspace(-60, 60, 1001)
    assert_allclose(sigmoid(z), special.expit(z), rtol=1e-14)
    assert_allclose(log_sigmoid(z), special.log_expit(z), rtol=1e-14)


def test_sigmoids_at_infinity():
    z = np.array([-np.inf, np.inf])
    assert_array_equal(sigmoid(z), [0, 1])
    assert_array_equal(log_sigmoid(z), [-np.inf, 0])


@given(real_numbers)
def test_sigmoid_is_symmetric(z):
    assert_allclose(sigmoid(-z), 1 - sigmoid(z), atol=2e-16)
    assert_allclose(log_sigmoid(z) - log_sigmoid(-z), z, rtol=1e-14, atol=4e-16)


@given(real_numbers, real_numbers)
def test_sigmoid_is_monotone_between_0_and_1(a, b):
    low, high = sigmoid(np.sort([a, b]))
    assert 0 <= low <= high * (1 + 1e-15) <= 1 + 1e-15
    low, high = log_sigmoid(np.sort([a, b]))
    assert low <= high * (1 - 1e-15) <= 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("z", [0.0, -0.0, 1e-8, -1e-8, 0.45, -3.0, 20.0, -20.0, 1000.0, -1000.0])
def test_autograd_of_the_sigmoids(z, dtype):
    p = exact_sigmoid(z)
    tolerance = 8 * torch.finfo(dtype).eps
    for function, derivative in [(sigmoid, p * (1 - p)), (log_sigmoid, 1 - p)]:
        leaf = torch.tensor(z, dtype=dtype, requires_grad=True)
        function(leaf).backward()
        assert leaf.grad.dtype == dtype
        assert_allclose(float(leaf.grad), float(derivative), rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize("function", [sigmoid, log_sigmoid])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (2, 3, 4)])
def test_sigmoids_keep_the_shape(function, shape):
    assert function(np.zeros(shape)).shape == shape


def test_the_model_is_a_sum_and_a_sigmoid():
    X, _, w, b = noisy_table(n=5, d=3)
    for row, z, p in zip(X, logits(X, w, b), predict_proba(X, w, b), strict=True):
        expected = math.fsum([*(x * weight for x, weight in zip(row, w, strict=True)), b])
        assert_allclose(z, expected, rtol=1e-14)
        assert_allclose(p, 1 / (1 + math.exp(-expected)), rtol=1e-14)


def test_an_image_is_a_table_of_pixels():
    X, _, w, b = noisy_table(n=12, d=3)
    image = X.reshape(3, 4, 3)
    assert_array_equal(predict_proba(image, w, b), predict_proba(X, w, b).reshape(3, 4))
    assert_array_equal(predict(image, w, b), predict(X, w, b).reshape(3, 4))


def test_the_threshold_itself_counts_as_positive():
    X = [[-1000.0], [-1.0], [0.0], [1.0], [1000.0]]
    assert predict(X, [1.0], 0).tolist() == [0, 0, 1, 1, 1]
    assert predict(X, [1.0], 0, threshold=0).tolist() == [1, 1, 1, 1, 1]
    assert predict(X, [1.0], 0, threshold=1).tolist() == [0, 0, 0, 0, 1]
    assert predict(X, [1.0], 0).dtype == np.int64


def test_no_example_and_no_feature():
    assert predict_proba(np.zeros((0, 2)), [1.0, 2.0], 0).shape == (0,)
    assert predict(np.zeros((0, 2)), [1.0, 2.0], 0).shape == (0,)
    assert_array_equal(predict_proba(np.zeros((3, 0)), [], 0), [0.5, 0.5, 0.5])


@pytest.mark.parametrize("function", [sigmoid, log_sigmoid])
def test_sigmoids_refuse_nan(function):
    with pytest.raises(ValueError, match="z must not contain NaN, got 2 of them"):
        function([0.0, math.nan, math.nan])


@pytest.mark.parametrize("function", [logits, predict_proba, predict])
@pytest.mark.parametrize(
    ("X", "w", "b", "message"),
    [
        (np.ones((4, 2)), [1, 2, 3], 0, r"w must have shape \(2,\) .*got \(3,\)"),
        (np.ones((4, 2)), [[1, 2]], 0, r"w must have shape \(2,\) .*got \(1, 2\)"),
        (np.ones((4, 2)), [1, 2], [0, 0], r"b must have shape \(\) .*got \(2,\)"),
        (1.0, [1.0], 0, r"X must have shape \(\.\.\., d\), got a single number"),
        ([[1.0, math.nan]], [1, 2], 0, "X must not contain NaN, got 1 of them"),
        ([[1.0, 2.0]], [1, math.nan], 0, "w must not contain NaN, got 1 of them"),
        ([[1.0, 2.0]], [1, 2], math.nan, "b must not contain NaN, got 1 of them"),
        ([["one", "two"]], [1, 2], 0, "X must be numeric, got .*one"),
    ],
)
def test_the_model_says_what_is_wrong(function, X, w, b, message):
    with pytest.raises(ValueError, match=message):
        function(X, w, b)


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        (-0.1, r"threshold must lie in \[0, 1\], got -0.1"),
        (1.5, r"threshold must lie in \[0, 1\], got 1.5"),
        (math.nan, "threshold must not contain NaN"),
        ([0.2, 0.3], r"threshold must have shape \(\) .*got \(2,\)"),
    ],
)
def test_predict_refuses_an_impossible_threshold(threshold, message):
    with pytest.raises(ValueError, match=message):
        predict([[1.0]], [1.0], 0, threshold=threshold)
