"""The sum of the losses in place of their mean."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_cross_entropy_is_a_mean": 0,
    "test_2_learning.py::test_cross_entropy_of_a_confident_mistake": 0,
    "test_2_learning.py::test_penalised_loss_leaves_the_bias_free": 0,
    "test_2_learning.py::test_fit_two_steps_with_a_penalty": 0,
    "test_hidden_learning.py::test_hidden_cross_entropy": 0,
    "test_hidden_learning.py::test_hidden_penalised_loss": 0,
    "test_hidden_learning.py::test_hidden_fit": 0,
}
SAYS = "This is the sum over the examples: divide by their number n."


def cross_entropy(z, y):
    return float(np.sum(np.logaddexp(0, np.where(np.asarray(y) == 1, -1.0, 1.0) * z)))
