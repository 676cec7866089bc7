"""Standardising features, beside scikit-learn and by hand."""

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from visioncourse.datasets import breast_cancer
from visioncourse.logistic.scaling import mean_and_scale, standardize


def test_standardize_agrees_with_scikit_learn():
    X = breast_cancer().X
    train, test = X[:400], X[400:]
    mean, scale = mean_and_scale(train)
    scaler = StandardScaler().fit(train)
    np.testing.assert_allclose(standardize(train, mean, scale), scaler.transform(train), atol=1e-10)
    np.testing.assert_allclose(standardize(test, mean, scale), scaler.transform(test), atol=1e-10)


def test_standardize_by_hand():
    mean, scale = mean_and_scale([[1.0, 0.0], [3.0, 0.0], [5.0, 6.0]])
    np.testing.assert_allclose(mean, [3, 2])
    np.testing.assert_allclose(scale, np.sqrt([8 / 3, 8]))
    np.testing.assert_allclose(standardize([5.0, 2.0], mean, scale), [2 / np.sqrt(8 / 3), 0])


# Summing 0.1 ten times leaves a deviation of 1e-17, which must not become a scale.
@pytest.mark.parametrize("constant", [0.0, 7.0, 0.1, -1e-300])
def test_a_constant_feature_has_scale_1(constant):
    X = np.c_[np.full(10, constant), np.arange(10.0)]
    mean, scale = mean_and_scale(X)
    assert scale[0] == 1
    assert mean[0] == pytest.approx(constant)
    np.testing.assert_allclose(standardize(X, mean, scale)[:, 0], 0, atol=1e-15)


def test_no_example_to_measure():
    mean, scale = mean_and_scale(np.zeros((0, 3)))
    assert mean.tolist() == [0, 0, 0]
    assert scale.tolist() == [1, 1, 1]
    assert standardize(np.zeros((0, 3)), mean, scale).shape == (0, 3)


def test_standardize_takes_tensors():
    X = np.random.default_rng(0).normal(3, 2, (20, 4))
    tensor = torch.tensor(X)
    expected = standardize(X, *mean_and_scale(X))
    result = standardize(tensor, *mean_and_scale(tensor))
    assert isinstance(result, torch.Tensor)
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("X", "message"),
    [([1.0, 2.0], r"\(n, d\)"), ([[np.nan]], "NaN"), ([[np.inf]], "finite"), ("text", "numeric")],
)
def test_tables_that_have_no_mean_and_scale(X, message):
    with pytest.raises(ValueError, match=message):
        mean_and_scale(X)


@pytest.mark.parametrize(
    ("X", "mean", "scale", "message"),
    [
        ([[1.0, 2.0]], [0.0], [1.0, 1.0], "mean must have shape"),
        ([[1.0, 2.0]], [0.0, 0.0], 1.0, "scale must have shape"),
        ([[1.0, 2.0]], [0.0, 0.0], [1.0, 0.0], "scale must be positive"),
        (1.0, [0.0], [1.0], "X must have shape"),
    ],
)
def test_standardize_refuses(X, mean, scale, message):
    with pytest.raises(ValueError, match=message):
        standardize(X, mean, scale)
