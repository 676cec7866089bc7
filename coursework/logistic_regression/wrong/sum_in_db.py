"""The gradient by the bias is a sum, that by the weights a mean."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_loss_gradient_is_a_mean": 0,
    "test_2_learning.py::test_loss_gradient_of_the_penalty": 0,
    "test_2_learning.py::test_fit_two_steps_with_a_penalty": 0,
    "test_hidden_learning.py::test_hidden_loss_gradient": 0,
    "test_hidden_learning.py::test_hidden_fit": 0,
}
SAYS = "Only dw is a mean, db is a sum: divide it by n, too."


def loss_gradient(X, y, w, b, l2):
    X, w = np.asarray(X), np.asarray(w)
    r = 1 / (1 + np.exp(-(X @ w + b))) - np.asarray(y)
    return X.T @ r / len(r) + l2 * w, float(np.sum(r))
