"""What the solvers minimise, against the public loss, autograd and the exact curvature."""

import array_api_compat.numpy as xp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from visioncourse import logistic
from visioncourse.logistic.objective import BinaryObjective, Objective, SoftmaxObjective

from .examples import class_table, noisy_table


def binary(l1: float = 0.0, l2: float = 0.0, **shape: int) -> tuple[Objective, np.ndarray, float]:
    X, y, w, b = noisy_table(**shape)
    return BinaryObjective(xp, X, y, l1, l2), w, b


def multinomial(l1: float = 0.0, l2: float = 0.0) -> tuple[Objective, np.ndarray, np.ndarray]:
    X, y, W, b = class_table()
    return SoftmaxObjective(xp, X, y, l1, l2, num_classes=4), W, b


def common_moves(features: int, num_classes: int) -> np.ndarray:
    """Projects on moves of all classes' parameters together, which change no probability."""
    return np.kron(np.eye(features + 1), np.full((num_classes, num_classes), 1 / num_classes))


def test_binary_objective_is_the_public_loss():
    objective, w, b = binary(l1=0.3, l2=0.7)
    z = objective.logits(w, b)
    data = (objective.X, objective.y, w, b)
    assert_allclose(objective.value(z, w), logistic.loss(*data, l1=0.3, l2=0.7), rtol=1e-14)
    for got, expected in zip(
        objective.gradient(z, w), logistic.gradient(*data, l2=0.7), strict=True
    ):
        assert_allclose(got, expected, rtol=1e-13)
    assert_allclose(objective.hessian(z), logistic.hessian(objective.X, w, b, l2=0.7), rtol=1e-13)


def test_softmax_objective_is_the_public_loss():
    objective, W, b = multinomial(l1=0.3, l2=0.7)
    z = objective.logits(W, b)
    data = (objective.X, objective.y, W, b)
    assert_allclose(objective.value(z, W), logistic.softmax_loss(*data, l1=0.3, l2=0.7), rtol=1e-14)
    for got, expected in zip(
        objective.gradient(z, W), logistic.softmax_gradient(*data, l2=0.7), strict=True
    ):
        assert_allclose(got, expected, rtol=1e-12, atol=1e-15)


def test_softmax_hessian_is_autograds_plus_one_along_common_moves():
    objective, W, b = multinomial(l2=0.7)
    X, y = torch.as_tensor(objective.X), torch.as_tensor(objective.y)
    expected = torch.autograd.functional.hessian(
        lambda at: logistic.softmax_loss(X, y, at[:-1], at[-1], l2=0.7),
        torch.as_tensor(np.vstack([W, b])),
    )  # (d + 1, K, d + 1, K)
    size = W.size + b.size
    got = objective.hessian(objective.logits(W, b)) - common_moves(*W.shape)
    assert_allclose(got, expected.reshape(size, size), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("make", [binary, multinomial])
def test_newton_step_solves_the_newton_equations(make):
    objective, w, b = make(l2=0.1)
    z = objective.logits(w, b)
    dw, db = objective.gradient(z, w)
    step_w, step_b = objective.newton_step(objective.hessian(z), dw, db)
    assert step_w.shape == dw.shape
    assert step_b.shape == db.shape
    parameters = np.concatenate([step_w, step_b[None]]).reshape(-1)
    slope = np.concatenate([dw, db[None]]).reshape(-1)
    assert_allclose(objective.hessian(z) @ parameters, slope, rtol=1e-9, atol=1e-12)


def test_newton_step_of_a_singular_hessian_is_finite_and_solves():
    X, y, _, _ = noisy_table()
    objective = BinaryObjective(xp, np.c_[X, X[:, 0], np.zeros(len(X))], y, 0.0, 0.0)
    w, b = objective.start()
    z = objective.logits(w, b)
    dw, db = objective.gradient(z, w)
    step_w, step_b = objective.newton_step(objective.hessian(z), dw, db)
    solved = objective.hessian(z) @ np.append(step_w, step_b)
    assert_allclose(solved, np.append(dw, db), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("make", [binary, multinomial])
def test_smoothness_bounds_every_curvature(make):
    objective, w, b = make(l2=0.3)
    for scale in (0.0, 0.1, 1.0, 10.0):
        z = objective.logits(scale * w, scale * b)
        hessian = objective.hessian(z)
        if make is multinomial:
            hessian = hessian - common_moves(*w.shape)
        assert np.linalg.eigvalsh(hessian).max() <= objective.smoothness() + 1e-12


def test_smoothness_of_the_sigmoid_is_reached_at_zero():
    objective, _, _ = binary()
    features = np.c_[objective.X, np.ones(len(objective.X))]
    curvature = np.linalg.eigvalsh(features.T @ features / 4 / len(features)).max()
    assert_allclose(objective.smoothness(), curvature, rtol=1e-13)


@given(st.integers(0, 10_000), st.booleans())
def test_a_gradient_step_of_one_over_smoothness_never_goes_up(seed, softmax):
    if softmax:
        X, y, w, b = class_table(n=10, seed=seed)
        objective = SoftmaxObjective(xp, X, y, 0.0, 0.1, num_classes=4)
    else:
        X, y, w, b = noisy_table(n=10, seed=seed)
        objective = BinaryObjective(xp, X, y, 0.0, 0.1)
    z = objective.logits(w, b)
    dw, db = objective.gradient(z, w)
    eta = 1 / objective.smoothness()
    new_w, new_b = w - eta * dw, b - eta * db
    # The descent lemma promises more: at least η/2 times the squared length of the gradient.
    promised = eta / 2 * (np.sum(dw**2) + np.sum(db**2))
    new_value = objective.value(objective.logits(new_w, new_b), new_w)
    assert new_value <= objective.value(z, w) - promised + 1e-12


def test_margins_by_hand():
    X, y = np.zeros((3, 1)), np.array([1.0, 0.0, 1.0])
    assert BinaryObjective(xp, X, y, 0, 0).margin(np.array([2.0, -0.5, 3.0])) == 0.5
    assert BinaryObjective(xp, X, y, 0, 0).margin(np.array([2.0, 0.5, 3.0])) == -0.5
    objective = SoftmaxObjective(xp, X, np.array([0, 1, 2]), 0, 0, num_classes=3)
    assert objective.margin(np.array([[2.0, 1, 0], [0, 4, 1], [0, 2, 2.25]])) == 0.25
    assert objective.margin(np.array([[2.0, 1, 0], [0, 4, 1], [0, 3, 2.25]])) == -0.75


def test_a_sample_is_taken_of_large_tables_only():
    small, _, _ = binary(n=2000, d=2)
    assert small.sample() is None
    large, _, _ = binary(n=3000, d=2)  # 10 times 100 rows for each of 3 parameters
    assert_allclose(large.sample().X, large.X[::10])
    assert_allclose(large.sample().y, large.y[::10])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_resolution_is_the_rounding_of_the_largest_feature(dtype):
    X = np.array([[0.5, -40.0], [3.0, 2.0]], dtype=dtype)
    objective = BinaryObjective(xp, X, np.array([0, 1], dtype=dtype), 0.0, 0.0)
    assert objective.resolution() == 40 * np.finfo(dtype).eps
