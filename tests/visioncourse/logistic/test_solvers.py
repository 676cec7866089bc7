"""The solvers, against scikit-learn, optimality conditions, plain loops and brute force."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from visioncourse.logistic import (
    SeparableDataWarning,
    fit,
    fit_softmax,
    gradient,
    is_separable,
    loss,
    predict,
    predict_proba,
    predict_softmax,
    softmax_gradient,
    softmax_loss,
)

from .examples import breast_cancer, class_table, noisy_table

SOLVERS = ["newton", "gradient_descent", "proximal_gradient"]


def peer(X, y, *, l1=0.0, l2=0.0, solver="newton-cholesky", tol=1e-12):
    """Scikit-learn's fit: the penalty of C·(sum of losses) + penalty is 1 / (C n) in ours."""
    strength = l1 + l2  # one of the two
    model = LogisticRegression(
        C=1 / (strength * len(y)),
        l1_ratio=1.0 if l1 else 0.0,
        solver=solver,
        tol=tol,
        max_iter=100_000,
        random_state=0,
    )
    return model.fit(X, y)


def fit_separable(function, X, y, **options):
    """Fit data without a finite optimum: exactly one warning, and a result that says so."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = function(X, y, **options)
    assert [warning.category for warning in caught] == [SeparableDataWarning]
    assert caught[0].filename == __file__  # it points at the caller
    assert result.separable
    assert not result.converged
    assert "no finite minimum" in result.message
    assert np.isfinite(result.w).all()
    assert np.isfinite(result.b).all()
    assert np.isfinite(result.loss_history).all()
    return result


# --- agreement with scikit-learn ---


@pytest.mark.parametrize("l2", [1.0, 0.1, 1e-2, 1e-3, 1e-4])
def test_newton_agrees_with_scikit_learn(l2):
    X, y = breast_cancer()
    result, model = fit(X, y, solver="newton", l2=l2), peer(X, y, l2=l2)
    assert result.converged
    assert_allclose(result.w, model.coef_[0], rtol=0, atol=1e-6)
    assert_allclose(result.b, model.intercept_[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("l1", "nonzero"), [(0.1, 4), (0.03, 6), (0.01, 9)])
def test_proximal_gradient_agrees_with_scikit_learn(l1, nonzero):
    X, y = breast_cancer()
    result = fit(X, y, solver="proximal_gradient", l1=l1, max_iter=5000)
    model = peer(X, y, l1=l1, solver="saga", tol=1e-8)
    assert result.converged
    assert_allclose(result.w, model.coef_[0], rtol=0, atol=1e-4)
    assert_allclose(result.b, model.intercept_[0], rtol=0, atol=1e-4)
    assert_array_equal(result.w == 0, model.coef_[0] == 0)
    assert np.count_nonzero(result.w) == nonzero


@pytest.mark.parametrize(("load", "l2"), [(load_iris, 1e-2), (load_iris, 1e-3), (load_digits, 0.1)])
def test_fit_softmax_agrees_with_scikit_learn(load, l2):
    X, y = load(return_X_y=True)
    X, y = StandardScaler().fit_transform(X[:600]), y[:600]
    result, model = fit_softmax(X, y, l2=l2), peer(X, y, l2=l2)
    assert result.converged
    assert_allclose(result.w, model.coef_.T, rtol=0, atol=1e-6)
    # All biases together may move freely; ours sum to zero.
    assert_allclose(result.b, model.intercept_ - model.intercept_.mean(), rtol=0, atol=1e-6)
    assert_array_equal(predict_softmax(X, result.w, result.b), model.predict(X))


def test_a_large_table_starts_at_the_optimum_of_a_sample():
    X, y, _, _ = noisy_table(n=20_000, d=5)
    result, model = fit(X, y, l2=1e-3), peer(X, y, l2=1e-3)
    assert result.loss_history[0] < math.log(2)
    assert_allclose(result.w, model.coef_[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("misleading", ["one class", "other law"])
def test_a_misleading_sample_does_no_harm(misleading):
    X, y, _, _ = noisy_table(n=4000, d=3)
    stride = 4000 // 400  # that of the sample
    y[::stride] = 1 if misleading == "one class" else X[::stride, 0] > 0
    result, model = fit(X, y, l2=1e-3), peer(X, y, l2=1e-3)
    assert result.converged
    assert_allclose(result.w, model.coef_[0], rtol=0, atol=1e-6)


def test_a_sample_that_rounding_keeps_from_converging_is_left():
    X, y, _, _ = noisy_table(n=4000, d=3)
    result = fit(1e16 * X, y)  # the gradient's entries are known to about 1
    assert_allclose(1e16 * result.w, fit(X, y).w, rtol=1e-6)


# --- the steps themselves ---


def test_gradient_descent_is_the_loop_of_the_text():
    X, y, _, _ = noisy_table(n=20, d=2)
    w, b, losses = [0.0, 0.0], 0.0, []
    for _ in range(6):
        z = [row @ w + b for row in X]
        losses.append(
            sum(math.log1p(math.exp(-zi if yi == 1 else zi)) for zi, yi in zip(z, y, strict=True))
            / 20
        )
        errors = [1 / (1 + math.exp(-zi)) - yi for zi, yi in zip(z, y, strict=True)]
        last = [*w, b]
        w = [
            wj - 0.5 * sum(e * row[j] for e, row in zip(errors, X, strict=True)) / 20
            for j, wj in enumerate(w)
        ]
        b = b - 0.5 * sum(errors) / 20
    result = fit(X, y, solver="gradient_descent", learning_rate=0.5, max_iter=5)
    assert_allclose([*result.w, result.b], last, rtol=1e-12)
    assert_allclose(result.loss_history, losses, rtol=1e-12)


def test_one_newton_step_by_hand():
    # At zero all p = 1/2: H = mean of (x, 1)(x, 1)ᵀ / 4, gradient = mean of (1/2 - y)(x, 1).
    X, y = np.array([[-1.0], [0.0], [1.0], [2.0]]), [0, 1, 0, 1]
    H = np.array([[6, 2], [2, 4]]) / 16
    slope = np.array([0.5 * (-1) - 0.5 * 0 + 0.5 * 1 - 0.5 * 2, 0.0]) / 4
    determinant = (6 * 4 - 2 * 2) / 16**2
    step = np.array([H[1, 1] * slope[0], -H[0, 1] * slope[0]]) / determinant
    result = fit(X, y, solver="newton", max_iter=1)
    assert_allclose([result.w[0], result.b], -step, rtol=1e-11)


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_gradient_descent_with_the_safe_step_never_goes_up(l2):
    X, y = breast_cancer()
    result = fit(X, y, solver="gradient_descent", l2=l2, max_iter=300)
    assert (np.diff(result.loss_history) < 0).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_all_solvers_find_the_same_optimum(solver):
    X, y, _, _ = noisy_table()
    result = fit(X, y, solver=solver, l2=0.1)
    slope = gradient(X, y, result.w, result.b, l2=0.1)
    assert result.converged
    assert np.abs(np.append(*slope)).max() <= 1e-9
    assert_allclose(result.w, fit(X, y, l2=0.1).w, atol=1e-8)

    X, y, _, _ = class_table()
    result = fit_softmax(X, y, solver=solver, l2=0.1)
    dW, db = softmax_gradient(X, y, result.w, result.b, l2=0.1)
    assert result.converged
    assert max(np.abs(dW).max(), np.abs(db).max()) <= 1e-9
    assert_allclose(result.w, fit_softmax(X, y, l2=0.1).w, atol=1e-8)
    assert_allclose(result.b.sum(), 0, atol=1e-8)


@pytest.mark.parametrize("l1", [0.3, 0.03, 0.003])
@pytest.mark.parametrize("l2", [0.0, 0.05])
def test_proximal_gradient_meets_the_subgradient_conditions(l1, l2):
    X, y = breast_cancer()
    result = fit(X, y, solver="proximal_gradient", l1=l1, l2=l2, max_iter=10_000)
    dw, db = gradient(X, y, result.w, result.b, l2=l2)
    zero = result.w == 0
    assert_allclose(dw[~zero], -l1 * np.sign(result.w[~zero]), rtol=0, atol=1e-9)
    assert (np.abs(dw[zero]) <= l1 + 1e-9).all()
    assert abs(db) <= 1e-9
    assert zero.any()


def test_softmax_l1_meets_the_subgradient_conditions():
    X, y, _, _ = class_table()
    result = fit_softmax(X, y, solver="proximal_gradient", l1=0.05)
    dW, db = softmax_gradient(X, y, result.w, result.b)
    zero = result.w == 0
    assert zero.any()
    assert not zero.all()
    assert_allclose(dW[~zero], -0.05 * np.sign(result.w[~zero]), rtol=0, atol=1e-9)
    assert (np.abs(dW[zero]) <= 0.05 + 1e-9).all()
    assert_allclose(db, 0, atol=1e-9)


def test_a_strong_l1_leaves_only_the_bias():
    X, y, _, _ = noisy_table()
    result = fit(X, y, solver="proximal_gradient", l1=10.0)
    assert_array_equal(result.w, 0)
    assert not np.signbit(result.w).any()  # zeros print without a sign
    assert_allclose(predict_proba(X[:1], result.w, result.b), y.mean(), rtol=1e-9)


# --- properties of the optimum ---


@given(st.integers(0, 10_000))
def test_the_order_of_examples_does_not_change_the_fit(seed):
    X, y, _, _ = noisy_table(n=25, d=3, seed=seed)
    assume(y.min() < y.max())
    order = np.random.default_rng(seed).permutation(len(y))
    plain, shuffled = fit(X, y, l2=0.05), fit(X[order], y[order], l2=0.05)
    assert_allclose(shuffled.w, plain.w, rtol=1e-8, atol=1e-9)
    twice = fit(np.r_[X, X], np.r_[y, y], l2=0.05)  # the loss is a mean
    assert_allclose(twice.w, plain.w, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("unit", [1e-6, 1e3, 1e9])
def test_units_of_the_features_do_not_matter_to_newton(unit):
    X, y, _, _ = noisy_table()
    units = np.array([1.0, unit, 1.0, 1 / unit])
    plain, scaled = fit(X, y), fit(X * units, y)
    assert scaled.converged
    assert_allclose(scaled.w * units, plain.w, rtol=1e-6)
    assert_allclose(scaled.b, plain.b, rtol=1e-6)


def test_classes_may_swap_names():
    X, y, _, _ = noisy_table()
    plain, swapped = fit(X, y, l2=0.1), fit(X, 1 - y, l2=0.1)
    assert_allclose(swapped.w, -plain.w, rtol=1e-8)
    assert_allclose(swapped.b, -plain.b, rtol=1e-8)


def test_two_class_softmax_is_binary_logistic_regression():
    X, y, _, _ = noisy_table()
    # ‖w₁‖² + ‖w₀‖² with w₁ = -w₀ = w/2 is ‖w‖²/2: half the penalty.
    binary, softmax = fit(X, y, l2=0.05), fit_softmax(X, y, l2=0.1)
    assert_allclose(softmax.w[:, 1] - softmax.w[:, 0], binary.w, rtol=1e-7)
    assert_allclose(softmax.b[1] - softmax.b[0], binary.b, rtol=1e-7)


def test_without_features_the_bias_is_the_log_odds():
    nothing = np.zeros((4, 0))
    for solver in SOLVERS:
        result = fit(nothing, [0, 1, 1, 1], solver=solver)
        assert result.w.shape == (0,)
        assert_allclose(result.b, math.log(3), rtol=1e-8)
        result = fit_softmax(nothing, [0, 1, 1, 1], solver=solver)
        assert_allclose(result.b, [-math.log(3) / 2, math.log(3) / 2], rtol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_result_is_consistent(solver):
    X, y, _, _ = noisy_table()
    result = fit(X, y, solver=solver, l2=0.2)
    assert result.loss_history.shape == (result.n_iter + 1,)
    assert_allclose(result.loss_history[0], math.log(2), rtol=1e-14)
    assert_allclose(result.loss_history[-1], loss(X, y, result.w, result.b, l2=0.2), rtol=1e-13)
    assert result.message == "converged: no entry of the gradient exceeds 1e-10"
    cut = fit(X, y, solver=solver, l2=0.2, max_iter=2)
    assert cut.n_iter == 2
    assert not cut.converged
    assert cut.message == "stopped after max_iter=2 iterations"
    assert_array_equal(cut.loss_history, result.loss_history[:3])
    none = fit(X, y, solver=solver, l2=0.2, max_iter=0)
    assert none.n_iter == 0
    assert_array_equal(none.w, 0)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_looser_tolerance_stops_earlier(solver):
    X, y, _, _ = noisy_table()
    loose, tight = (fit(X, y, solver=solver, l2=0.1, tol=tol) for tol in (1e-2, 1e-8))
    assert loose.converged
    assert loose.n_iter < tight.n_iter


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_example(solver):
    result = fit(np.zeros((0, 2)), [], solver=solver, l2=0.1)
    assert result.converged
    assert not result.separable
    assert_array_equal(result.w, [0, 0])
    assert result.b == 0
    result = fit_softmax(np.zeros((0, 2)), [], solver=solver, num_classes=3)
    assert result.converged
    assert_array_equal(result.w, np.zeros((2, 3)))
    assert_array_equal(result.b, np.zeros(3))


# --- array libraries and dtypes ---


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("function", "make"), [(fit, noisy_table), (fit_softmax, class_table)])
def test_float32_converges_to_what_it_can_resolve(function, make, solver):
    X, y, _, _ = make()
    single = function(X.astype(np.float32), y.astype(np.float32), solver=solver, l2=0.1)
    double = function(X, y, solver=solver, l2=0.1)
    assert single.w.dtype == single.b.dtype == np.float32
    assert single.converged
    assert_allclose(single.w, double.w, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("solver", SOLVERS)
def test_torch_tensors_give_torch_tensors(solver, dtype):
    X, y, _, _ = noisy_table()
    result = fit(torch.as_tensor(X, dtype=dtype), torch.as_tensor(y), solver=solver, l2=0.1)
    assert isinstance(result.w, torch.Tensor)
    assert isinstance(result.loss_history, np.ndarray)
    assert result.converged
    assert_allclose(result.w, fit(X, y, l2=0.1).w, atol=1e-8 if dtype == torch.float64 else 1e-4)


# --- data without a finite optimum ---

LINE = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
APART = [0, 0, 0, 1, 1, 1]  # complete: a threshold without an error
TOUCHING_LINE = np.array([[0.0], [1.0], [2.0], [2.0], [3.0], [4.0]])  # quasi-complete: both at 2


@pytest.mark.parametrize("solver", SOLVERS)
def test_complete_separation(solver):
    result = fit_separable(fit, LINE, APART, solver=solver)
    assert result.n_iter < 100
    assert predict(LINE, result.w, result.b).tolist() == APART
    result = fit_separable(fit_softmax, LINE, [0, 0, 1, 1, 2, 2], solver=solver, max_iter=10_000)
    assert predict_softmax(LINE, result.w, result.b).tolist() == [0, 0, 1, 1, 2, 2]


def test_complete_separation_of_real_data():
    result = fit_separable(fit, *breast_cancer())
    assert result.n_iter < 100


def test_quasi_complete_separation():
    result = fit_separable(fit, TOUCHING_LINE, APART)
    assert result.n_iter < 100
    # The two at 2 can't be told apart; all others become certain.
    assert_allclose(result.loss_history[-1], 2 * math.log(2) / 6, rtol=1e-8)


def test_one_class_that_stands_apart_from_two_that_overlap():
    X, y = load_iris(return_X_y=True)  # setosa stands apart, versicolor and virginica overlap
    result = fit_separable(fit_softmax, X, y)
    assert result.n_iter < 100


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only(label, l2, solver):
    labels = [label] * 6
    result = fit_separable(fit, LINE, labels, l2=l2, solver=solver)
    assert predict(LINE, result.w, result.b).tolist() == labels
    result = fit_separable(fit_softmax, LINE, labels, l2=l2, solver=solver)
    assert predict_softmax(LINE, result.w, result.b).tolist() == labels


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_a_class_without_examples(l2):
    labels = [0, 2, 0, 2, 0, 2]
    result = fit_separable(fit_softmax, LINE, labels, l2=l2)
    assert result.w.shape == (1, 3)
    assert result.b[1] < -10  # class 1 becomes impossible
    fit_separable(fit_softmax, LINE, labels, l2=l2, max_iter=2)  # early, too
    with_class = fit_softmax(LINE, [label // 2 for label in labels], l2=l2)
    assert_allclose(
        result.loss_history[-1], with_class.loss_history[-1], rtol=1e-8
    )  # an absent class costs nothing


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_penalty_makes_separable_data_ordinary(solver):
    result = fit(LINE, APART, l2=0.1, solver=solver, max_iter=10_000)
    assert result.converged
    assert not result.separable


def test_collinear_features_need_no_penalty():
    X, y, _, _ = noisy_table()
    plain = fit(X, y)
    result = fit(np.c_[X, X[:, 0], X[:, 1] - X[:, 2], np.ones(len(X))], y)
    assert result.converged
    assert not result.separable
    assert_allclose(result.loss_history[-1], plain.loss_history[-1], rtol=1e-12)


def test_a_penalty_shares_equally_between_equal_features():
    X, y, _, _ = noisy_table()
    result = fit(np.c_[X, X[:, 0]], y, l2=0.1)
    assert_allclose(result.w[0], result.w[-1], rtol=1e-8)


def test_more_features_than_examples():
    X, y, _, _ = noisy_table(n=10, d=30)
    fit_separable(fit, X, y)
    result, model = fit(X, y, l2=0.1), peer(X, y, l2=0.1)
    assert result.converged
    assert_allclose(result.w, model.coef_[0], rtol=0, atol=1e-6)


# --- divergence ---


@pytest.mark.parametrize("solver", ["gradient_descent", "proximal_gradient"])
@pytest.mark.parametrize(("function", "make"), [(fit, noisy_table), (fit_softmax, class_table)])
def test_too_large_a_learning_rate_diverges_without_a_warning(function, make, solver):
    X, y, _, _ = make()
    result = function(X, y, solver=solver, l2=1.0, learning_rate=50.0, max_iter=5000)
    assert not result.converged
    assert result.message == "diverged: the loss is no longer finite; lower the learning rate"
    assert result.loss_history[-1] == math.inf
    assert not np.isnan(result.loss_history).any()
    assert result.n_iter < 5000


def test_a_learning_rate_beyond_the_limit_makes_the_loss_rise():
    X, y = breast_cancer()
    history = fit(X, y, solver="gradient_descent", learning_rate=100, l2=0.01, max_iter=20)
    assert history.loss_history.max() > math.log(2)
    assert not history.converged


# --- is_separable ---


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 1)), min_size=1, max_size=12))
def test_separability_on_a_line_by_brute_force(points):
    zeros = [x for x, label in points if label == 0]
    ones = [x for x, label in points if label == 1]
    if not zeros or not ones:
        expected = True
    else:
        ordered = max(zeros) <= min(ones) or max(ones) <= min(zeros)
        expected = ordered and len({x for x, _ in points}) > 1
    assert is_separable([[x] for x, _ in points], [label for _, label in points]) == expected


@given(st.integers(0, 10_000))
def test_separability_by_construction(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(15, 3)) * 10.0 ** rng.integers(-12, 12, 3)  # features of unequal units
    z = X @ (rng.normal(size=3) / np.abs(X).max(axis=0))
    y = (z > np.median(z)).astype(int)
    assert is_separable(X, y)
    # Every point with both labels: no hyperplane has it on the right side twice.
    assert not is_separable(np.r_[X, X], np.r_[y, 1 - y])


def test_known_separability():
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert is_separable(corners, [0, 0, 0, 1])  # and
    assert not is_separable(corners, [0, 1, 1, 0])  # exclusive or
    assert is_separable(TOUCHING_LINE, APART)
    assert not is_separable(np.zeros((0, 2)), [])
    assert not is_separable(np.zeros((2, 0)), [0, 1])
    assert is_separable(torch.tensor(LINE), torch.tensor(APART))
    assert is_separable(*breast_cancer())
    assert not is_separable(*noisy_table()[:2])


# --- what is refused ---


@pytest.mark.parametrize("function", [fit, fit_softmax, is_separable])
@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1.0], [math.nan]], [0, 1], "X must not contain NaN, got 1 of them"),
        ([[1.0], [math.inf]], [0, 1], "X must be finite, got an infinite entry"),
        ([[1.0], [2.0]], [0, math.nan], "y must (not contain NaN|contain whole numbers), got"),
        ([[1.0], [2.0]], [0, 1, 1], r"y must have shape \(2,\) \(one label.*got \(3,\)"),
        ([[1.0], [2.0]], [[0], [1]], r"y must have shape \(2,\) .*got \(2, 1\)"),
        ([1.0, 2.0], [0, 1], r"X must have shape \(n, d\), got \(2,\)"),
        (np.ones((2, 2, 2)), [0, 1], r"X must have shape \(n, d\), got \(2, 2, 2\)"),
        ([[1.0], ["a"]], [0, 1], "X must be numeric"),
        (np.ones((2, 1)), torch.tensor([0, 1]), "arrays of one library"),
    ],
)
def test_data_that_is_refused(function, X, y, message):
    with pytest.raises(ValueError, match=message):
        function(X, y)


@pytest.mark.parametrize("function", [fit, is_separable])
@pytest.mark.parametrize("label", [2, -1, 0.5])
def test_binary_labels_are_0_or_1(function, label):
    with pytest.raises(ValueError, match=f"y must contain only 0 and 1, got {label}"):
        function([[1.0], [2.0]], [0, label])


@pytest.mark.parametrize(("label", "last"), [(3, 2), (-1, 2)])
def test_class_labels_are_indices(label, last):
    with pytest.raises(ValueError, match=f"y must contain class indices 0 to {last}, got {label}"):
        fit_softmax([[1.0], [2.0]], [0, label], num_classes=3)


def test_class_labels_are_whole():
    with pytest.raises(ValueError, match=r"y must contain whole numbers, got 0\.5"):
        fit_softmax([[1.0], [2.0]], [0, 0.5], num_classes=3)


def test_softmax_needs_two_classes():
    with pytest.raises(ValueError, match="num_classes must be a whole number >= 2, got 1"):
        fit_softmax([[1.0]], [0], num_classes=1)


@pytest.mark.parametrize("function", [fit, fit_softmax])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l1": -1.0}, "l1 must be a finite number >= 0, got -1.0"),
        ({"l2": -0.5}, "l2 must be a finite number >= 0, got -0.5"),
        ({"l2": math.nan}, "l2 must be a finite number >= 0, got nan"),
        ({"tol": -1e-3}, "tol must be a finite number >= 0, got -0.001"),
        ({"max_iter": -1}, "max_iter must be a finite number >= 0, got -1"),
        ({"solver": "lbfgs"}, "solver must be .*newton.*gradient_descent.*got 'lbfgs'"),
        ({"solver": "newton", "l1": 0.1}, 'solver="newton" needs derivatives.*l1=0.1'),
        ({"solver": "gradient_descent", "l1": 0.1}, 'use solver="proximal_gradient"'),
        ({"solver": "newton", "learning_rate": 0.1}, "leave learning_rate out"),
        *(
            (
                {"solver": solver, "learning_rate": rate},
                f"learning_rate must be a finite number > 0, got {rate}",
            )
            for solver in ("gradient_descent", "proximal_gradient")
            for rate in (0, -0.1, math.nan, math.inf)
        ),
    ],
)
def test_options_that_are_refused(function, options, message):
    with pytest.raises(ValueError, match=message):
        function(LINE, [0, 1, 0, 1, 0, 1], **options)


def test_softmax_loss_history_is_the_public_loss():
    X, y, _, _ = class_table()
    result = fit_softmax(X, y, l2=0.2)
    assert_allclose(result.loss_history[0], math.log(4), rtol=1e-14)
    expected = softmax_loss(X, y, result.w, result.b, l2=0.2)
    assert_allclose(result.loss_history[-1], expected, rtol=1e-13)


def test_a_label_that_is_no_class_index_asks_for_no_memory():
    message = "num_classes must be given .* got a label 1000000000 in y of 3 examples"
    with pytest.raises(ValueError, match=message):
        fit_softmax([[0.0], [1.0], [2.0]], [0, 10**9, 1])
