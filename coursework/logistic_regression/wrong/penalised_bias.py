"""A gradient that pulls at the bias, too."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_loss_gradient_of_the_penalty": 0,
    "test_2_learning.py::test_fit_two_steps_with_a_penalty": 0,
    "test_hidden_learning.py::test_hidden_loss_gradient": 0,
    "test_hidden_learning.py::test_hidden_fit": 0,
}
SAYS = "The bias is penalised: it is free."


def loss_gradient(X, y, w, b, l2):
    X, w = np.asarray(X), np.asarray(w)
    r = 1 / (1 + np.exp(-(X @ w + b))) - np.asarray(y)
    return X.T @ r / len(r) + l2 * w, float(np.mean(r) + l2 * b)
