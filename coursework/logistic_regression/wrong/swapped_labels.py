"""The losses of the two labels, swapped."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_cross_entropy_of_one_example": 0,
    "test_2_learning.py::test_cross_entropy_is_a_mean": 0,
    "test_2_learning.py::test_penalised_loss_by_hand": 0,
    "test_2_learning.py::test_penalised_loss_leaves_the_bias_free": 0,
    "test_2_learning.py::test_fit_one_step_by_hand": 0,
    "test_2_learning.py::test_fit_two_steps_with_a_penalty": 0,
    "test_hidden_learning.py::test_hidden_cross_entropy": 0,
    "test_hidden_learning.py::test_hidden_penalised_loss": 0,
    "test_hidden_learning.py::test_hidden_fit": 0,
}
SAYS = "This is the loss of the label 1: the two labels are swapped."


def cross_entropy(z, y):
    return float(np.mean(np.logaddexp(0, np.where(np.asarray(y) == 1, 1.0, -1.0) * z)))
