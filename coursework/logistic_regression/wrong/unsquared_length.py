"""The length of w in place of its square."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_penalised_loss_by_hand": 0,
    "test_2_learning.py::test_fit_two_steps_with_a_penalty": 0,
    "test_hidden_learning.py::test_hidden_penalised_loss": 0,
    "test_hidden_learning.py::test_hidden_fit": 0,
}
SAYS = "The length of w is not squared: it is λ/2 (w₁² + w₂²)."


def penalised_loss(X, y, w, b, l2):
    z = np.asarray(X) @ w + b
    data = np.mean(np.logaddexp(0, np.where(np.asarray(y) == 1, -z, z)))
    return float(data + l2 / 2 * np.linalg.norm(w))
