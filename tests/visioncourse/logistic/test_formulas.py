"""The formulas that other parts use, beside SciPy, Torch and loops."""

import array_api_compat.numpy as xp
import array_api_compat.torch as xp_torch
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax, logsumexp

from visioncourse.logistic import formulas

LOGITS = np.random.default_rng(0).normal(size=(2, 3, 4)) * 10.0 ** np.arange(4)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_log_sum_exp_and_log_softmax_are_scipys(axis):
    assert_allclose(formulas.log_sum_exp(xp, LOGITS, axis), logsumexp(LOGITS, axis=axis))
    for namespace, convert in ((xp, np.asarray), (xp_torch, torch.as_tensor)):
        ours = formulas.log_softmax(namespace, convert(LOGITS), axis)
        assert_allclose(ours, log_softmax(LOGITS, axis=axis), rtol=1e-13, atol=1e-13)
    assert formulas.log_sum_exp(xp, np.array([-np.inf, 1000.0]), 0) == 1000
    assert formulas.log_sum_exp(xp, np.zeros((0, 3)), 1).shape == (0,)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_one_hot_and_of_label_along_any_axis(axis):
    labels = np.array([[0, 2], [1, 1]])
    rows = np.stack([labels == k for k in range(3)], axis=axis)
    assert_array_equal(formulas.one_hot(xp, labels, 3, xp.bool, axis), rows)
    values = np.random.default_rng(0).normal(size=rows.shape)
    chosen = (values * rows).sum(axis=axis)
    assert_array_equal(formulas.of_label(xp, values, labels, axis), chosen)
    tensors = torch.as_tensor(values), torch.as_tensor(labels)
    assert_array_equal(formulas.of_label(xp_torch, *tensors, axis), chosen)


def test_reductions():
    values = np.array([1.0, 2.0, 6.0])
    assert formulas.reduced(xp, values, "mean") == 3
    assert formulas.reduced(xp, values, "sum") == 9
    assert formulas.reduced(xp, values, "none") is values
    assert formulas.mean(xp, np.zeros(0)) == 0


def test_soft_threshold_by_hand():
    shrunk = formulas.soft_threshold(xp, np.array([-2.0, -0.5, 0.0, 0.25, 3.0]), 0.5)
    assert shrunk.tolist() == [-1.5, 0, 0, 0, 2.5]


def test_gradient_and_hessian_are_those_of_the_mean_nll():
    rng = np.random.default_rng(0)
    X, y = torch.tensor(rng.normal(size=(20, 3))), torch.tensor(rng.integers(0, 2, 20) * 1.0)

    def loss(parameters):
        z = formulas.logits(xp_torch, X, parameters[:-1], parameters[-1])
        w_penalty = formulas.penalty(xp_torch, parameters[:-1], 0.0, 0.3)
        return formulas.mean(xp_torch, formulas.nll(xp_torch, z, y)) + w_penalty

    at = torch.tensor(rng.normal(size=4))
    p = formulas.sigmoid(xp_torch, formulas.logits(xp_torch, X, at[:-1], at[-1]))
    dw, db = formulas.gradient(xp_torch, X, p - y, at[:-1], 0.3)
    assert_allclose([*dw, db], torch.autograd.functional.jacobian(loss, at), rtol=1e-12)
    hessian = formulas.hessian(xp_torch, X, p, 0.3)
    assert_allclose(hessian, torch.autograd.functional.hessian(loss, at), rtol=1e-11)
