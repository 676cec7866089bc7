"""Half precision and whatever else a user may hold: the right numbers, in the caller's dtype."""

import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn import metrics

from visioncourse import logistic
from visioncourse.arrays import to_numpy

from .test_arrays import CALLS, outputs

HALVES = [np.float16, torch.float16, torch.bfloat16]


def as_dtype(array: np.ndarray, dtype):
    if isinstance(dtype, torch.dtype):
        return torch.as_tensor(np.asarray(array, dtype=float)).to(dtype)
    return np.asarray(array).astype(dtype)


def run(name: str, arguments: list) -> list:
    return outputs(getattr(logistic, name)(*arguments, **CALLS[name][1]))


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", CALLS)
def test_half_precision_loses_its_last_digit_only(name, dtype):
    """Beside float64 on the same numbers: what is rounded is the result, once."""
    halves = [as_dtype(array, dtype) for array in CALLS[name][0]]
    eps = float(torch.finfo(dtype).eps if isinstance(dtype, torch.dtype) else np.finfo(dtype).eps)
    expected = run(name, [to_numpy(half, float) for half in halves])
    for ours, exact in zip(run(name, halves), expected, strict=True):
        if not hasattr(exact, "dtype"):  # a count, a rate or a loss: a Python number in both
            assert ours == pytest.approx(exact, rel=1e-5)
        elif exact.dtype == np.float64:
            assert ours.dtype == dtype
            assert_allclose(to_numpy(ours, float), exact, rtol=eps, atol=eps / 100)
        else:
            assert_allclose(to_numpy(ours), exact)


@pytest.mark.parametrize("name", CALLS)
def test_tensors_that_require_a_gradient_are_data_too(name):
    tensors = [torch.tensor(np.asarray(a, dtype=float), requires_grad=True) for a in CALLS[name][0]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = run(name, tensors)
    for got, expected in zip(ours, run(name, CALLS[name][0]), strict=True):
        assert_allclose(to_numpy(got), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CALLS)
def test_views_of_larger_arrays_are_arrays(name):
    arrays = [np.asarray(a, dtype=float) for a in CALLS[name][0]]
    spread = [np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a for a in arrays]
    tensors = [torch.tensor(np.repeat(a, 2, axis=-1))[..., ::2] if a.ndim else a for a in arrays]
    expected = run(name, arrays)
    for views in (spread, [torch.as_tensor(t) for t in tensors]):
        for got, exact in zip(run(name, views), expected, strict=True):
            assert_allclose(to_numpy(got), exact, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("model", [logistic.fit, logistic.fit_softmax])
@pytest.mark.parametrize("solver", ["newton", "gradient_descent", "proximal_gradient"])
def test_every_solver_takes_half_precision(solver, model, dtype):
    (X, y), _ = CALLS[model.__name__]
    X = as_dtype(X, dtype)
    result = model(X, y.tolist(), solver=solver, l2=0.1)
    exact = model(to_numpy(X, float), y, solver=solver, l2=0.1)
    assert result.converged
    assert result.w.dtype == result.b.dtype == dtype
    assert_allclose(to_numpy(result.w, float), exact.w, rtol=0.01, atol=1e-3)


@pytest.mark.parametrize("dtype", HALVES)
def test_sums_of_many_examples_do_not_overflow(dtype):
    n = 200_000  # float16 ends at 65504, bfloat16 counts to 256
    X, y = as_dtype(np.zeros((n, 1)), dtype), np.zeros(n, dtype=int).tolist()
    w, b = as_dtype([0.0], dtype), as_dtype(2.0, dtype)
    expected = np.log1p(np.exp(2.0))
    rtol = 0.01 if dtype == torch.bfloat16 else 1e-3
    assert_allclose(float(logistic.loss(X, y, w, b)), expected, rtol=rtol)
    p = as_dtype(np.full(n, 0.5), dtype)
    assert_allclose(float(logistic.cross_entropy(p, y)), np.log(2), rtol=rtol)
    _, db = logistic.gradient(X, y, w, b)
    assert_allclose(float(db), 1 / (1 + np.exp(-2.0)), rtol=rtol)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("n", [5000, 20_000])
def test_roc_counts_in_whole_numbers(n, dtype):
    rng = np.random.default_rng(0)
    scores = rng.random(n)
    labels = (rng.random(n) < scores).astype(int)
    scores = as_dtype(scores, dtype)
    same = to_numpy(scores, float)
    truth = labels if isinstance(dtype, type) else torch.as_tensor(labels)
    assert logistic.roc_auc(scores, truth) == pytest.approx(
        metrics.roc_auc_score(labels, same), rel=1e-14
    )
    fpr, tpr, thresholds = logistic.roc_curve(scores, truth)
    assert fpr[-1] == tpr[-1] == 1 and thresholds[0] == np.inf
    expected = metrics.roc_curve(labels, same, drop_intermediate=False)
    for got, exact in zip((fpr, tpr), expected[:2], strict=True):
        assert_allclose(to_numpy(got, float), exact, atol=0.004)


def test_roc_counts_beyond_the_whole_numbers_of_float32():
    n = 2**24 + 8
    scores = np.zeros(n, dtype=np.float32)
    scores[:5] = 1
    labels = np.ones(n, dtype=np.float32)
    labels[-2:] = 0
    fpr, tpr, _ = logistic.roc_curve(scores, labels)
    assert fpr.tolist() == [0, 0, 1]
    assert tpr.tolist() == [0, pytest.approx(5 / (n - 2), rel=1e-6), 1]
    assert logistic.roc_auc(scores, labels) == (5 * 2 + (n - 7) * 2 / 2) / ((n - 2) * 2)


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, torch.float16, torch.float32]
)
def test_probabilities_a_rounding_beyond_0_and_1_count_as_0_and_1(dtype):
    eps = (torch if isinstance(dtype, torch.dtype) else np).finfo(dtype).eps
    p = as_dtype([1 + float(eps), -float(eps), 0.25], dtype)
    assert float(logistic.cross_entropy(p, [1, 0, 1])) == pytest.approx(np.log(4) / 3, rel=1e-3)
    assert float(logistic.cross_entropy(p, [0, 0, 1])) == np.inf
    with pytest.raises(ValueError, match=r"p must lie in \[0, 1\], got 1\.0"):
        logistic.cross_entropy(as_dtype([1 + 20 * float(eps)], dtype), [1])
