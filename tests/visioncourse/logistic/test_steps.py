"""The generator of a solver's steps is the way that `fit` goes."""

from itertools import islice

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse import logistic
from visioncourse.logistic import fit, fit_softmax, steps

from .examples import class_table, noisy_table

OPTIONS = [
    {"solver": "newton", "l2": 0.01},
    {"solver": "gradient_descent", "l2": 0.01, "learning_rate": 0.3},
    {"solver": "gradient_descent"},
    {"solver": "proximal_gradient", "l1": 0.02, "l2": 0.01},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("num_classes", [None, 4])
def test_steps_are_the_way_of_fit(num_classes, options):
    if num_classes is None:
        (X, y, _, _), model = noisy_table(), fit
    else:
        (X, y, _, _), model = class_table(num_classes=num_classes), fit_softmax
    result = model(X, y, max_iter=7, tol=0.0, **options)
    way = list(islice(steps(X, y, num_classes=num_classes, **options), result.n_iter + 1))
    assert_array_equal([step.loss for step in way], result.loss_history)
    assert not np.any(way[0].w) and not np.any(way[0].b)
    assert_array_equal(way[-1].w, result.w)
    assert_array_equal(way[-1].b, result.b)


def test_a_step_unpacks_and_its_loss_is_the_public_loss():
    X, y, _, _ = noisy_table()
    for w, b, loss in islice(steps(X, y, solver="gradient_descent", l2=0.1), 4):
        assert_allclose(loss, logistic.loss(X, y, w, b, l2=0.1), rtol=1e-14)


def test_a_gradient_step_by_hand():
    X, y, _, _ = noisy_table()
    first, second = islice(steps(X, y, solver="gradient_descent", learning_rate=0.5), 2)
    assert_allclose(second.w, -0.5 * X.T @ (0.5 - y) / len(y), rtol=1e-13)
    assert_allclose(second.b, -0.5 * np.mean(0.5 - y), rtol=1e-13)
    assert_allclose(first.loss, np.log(2), rtol=1e-15)


def test_steps_of_tensors_are_tensors():
    X, y, _, _ = noisy_table()
    w, b, loss = next(steps(torch.as_tensor(X), torch.as_tensor(y)))
    assert isinstance(w, torch.Tensor) and isinstance(b, torch.Tensor) and type(loss) is float


def test_a_divergence_goes_on_without_a_warning_and_leaves_numpys_settings_alone():
    X, y, _, _ = noisy_table()
    way = steps(1e3 * X, y, solver="gradient_descent", l2=1.0, learning_rate=1e30)
    losses = [step.loss for step in islice(way, 20)]
    assert not np.isfinite(losses[-1])
    with pytest.raises(RuntimeWarning, match="overflow"):
        np.exp(np.array([1e4]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "adam"}, "solver must be"),
        ({"l1": 0.1}, 'solver="newton" needs derivatives'),
        ({"l2": -1.0}, "l2 must be a finite number >= 0"),
        ({"solver": "gradient_descent", "learning_rate": 0.0}, "learning_rate must be"),
        ({"num_classes": 1}, "num_classes must be"),
    ],
)
def test_errors_come_at_the_call(options, message):
    X, y, _, _ = noisy_table()
    with pytest.raises(ValueError, match=message):
        steps(X, y, **options)
