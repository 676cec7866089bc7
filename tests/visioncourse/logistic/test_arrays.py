"""One formula, two libraries: every public function gives NumPy's numbers with Torch too."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from visioncourse import logistic

from .examples import class_table, noisy_table

X, y, w, b = noisy_table()
CX, cy, W, cb = class_table()
scores = logistic.predict_proba(X, w, b)

CALLS = {
    "accuracy": ((scores > 0.4, y), {}),
    "confusion_counts": ((scores > 0.4, y), {}),
    "cross_entropy": ((scores, y), {}),
    "fit": ((X, y), {"l2": 0.1}),
    "fit_softmax": ((CX, cy), {"l2": 0.1}),
    "gradient": ((X, y, w, np.array(b)), {"l2": 0.1}),
    "hessian": ((X, w, np.array(b)), {"l2": 0.1}),
    "is_separable": ((X, y), {}),
    "likelihood": ((X, y, w, np.array(b)), {}),
    "log_likelihood": ((X, y, w, np.array(b)), {}),
    "log_sigmoid": ((X,), {}),
    "log_softmax": ((X,), {}),
    "logits": ((X, w, np.array(b)), {}),
    "loss": ((X, y, w, np.array(b)), {"l1": 0.2, "l2": 0.1}),
    "precision": ((scores > 0.4, y), {}),
    "predict": ((X, w, np.array(b)), {"threshold": 0.4}),
    "predict_proba": ((X, w, np.array(b)), {}),
    "predict_proba_softmax": ((CX, W, cb), {}),
    "predict_softmax": ((CX, W, cb), {}),
    "recall": ((scores > 0.4, y), {}),
    "roc_auc": ((scores.round(1), y), {}),
    "roc_curve": ((scores.round(1), y), {}),
    "sigmoid": ((X,), {}),
    "softmax": ((X,), {}),
    "softmax_gradient": ((CX, cy, W, cb), {"l2": 0.1}),
    "softmax_loss": ((CX, cy, W, cb), {"l1": 0.2, "l2": 0.1}),
    "steps": ((X, y), {"l2": 0.1}),
}


def outputs(result) -> list:
    """The arrays and numbers in what a function returned."""
    if isinstance(result, logistic.FitResult):
        return [result.w, result.b]
    if isinstance(result, Iterator):
        return list(next(islice(result, 3, None)))
    return list(result) if isinstance(result, tuple) else [result]


def call(name, convert):
    arguments, options = CALLS[name]
    return outputs(getattr(logistic, name)(*map(convert, arguments), **options))


def test_every_public_function_is_called():
    functions = {name for name in logistic.__all__ if name.islower()}
    assert functions == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_torch_gives_numpys_numbers(name):
    numpys, torchs = call(name, np.asarray), call(name, torch.as_tensor)
    for ours, theirs in zip(numpys, torchs, strict=True):
        assert_allclose(theirs, ours, rtol=1e-12, atol=1e-12)


def as_single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32)


def as_single_tensor(array: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(array, dtype=torch.float32)


@pytest.mark.parametrize("convert", [as_single, as_single_tensor])
@pytest.mark.parametrize("name", CALLS)
def test_float32_stays_float32(name, convert):
    for single, double in zip(call(name, convert), call(name, np.asarray), strict=True):
        if hasattr(double, "dtype"):  # a count or a ratio is a Python number in both
            expected = str(double.dtype).replace("float64", "float32")
            assert str(single.dtype).removeprefix("torch.") == expected
        else:
            assert type(single) is type(double)
