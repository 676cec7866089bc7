"""The bias is moved by a gradient at weights that have moved already."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_fit_one_step_by_hand": 0,
    "test_2_learning.py::test_fit_two_steps_with_a_penalty": 0,
    "test_hidden_learning.py::test_hidden_fit": 0,
}
SAYS = "The weights had already moved when db was computed: compute both first."


def fit(X, y, learning_rate, steps, l2=0.0):
    X, y = np.asarray(X), np.asarray(y)
    w, b, losses = np.zeros(X.shape[1]), 0.0, []

    def logits():
        return X @ w + b

    def loss():
        z = logits()
        return float(np.mean(np.logaddexp(0, np.where(y == 1, -z, z))) + l2 / 2 * w @ w)

    losses.append(loss())
    for _ in range(steps):
        w = w - learning_rate * (X.T @ (1 / (1 + np.exp(-logits())) - y) / len(y) + l2 * w)
        b = b - learning_rate * float(np.mean(1 / (1 + np.exp(-logits())) - y))
        losses.append(loss())
    return w, b, losses
