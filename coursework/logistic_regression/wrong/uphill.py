"""Gradient descent with a plus: it climbs."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_fit_one_step_by_hand": 0,
    "test_2_learning.py::test_fit_two_steps_with_a_penalty": 0,
    "test_hidden_learning.py::test_hidden_fit": 0,
}
SAYS = "This climbs: the step goes against the gradient, with a minus."


def fit(X, y, learning_rate, steps, l2=0.0):
    X, y = np.asarray(X), np.asarray(y)
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    for step in range(steps + 1):
        z = X @ w + b
        losses.append(float(np.mean(np.logaddexp(0, np.where(y == 1, -z, z))) + l2 / 2 * w @ w))
        if step < steps:
            r = 1 / (1 + np.exp(-z)) - y
            w, b = w + learning_rate * (X.T @ r / len(y) + l2 * w), b + learning_rate * r.mean()
    return w, float(b), losses
