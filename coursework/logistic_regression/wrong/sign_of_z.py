"""The sigmoid with e^z in place of e^(-z): all that builds on it is turned round."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_loss_gradient_by_hand": 0,
    "test_2_learning.py::test_loss_gradient_is_a_mean": 0,
    "test_2_learning.py::test_loss_gradient_of_the_penalty": 0,
    "test_2_learning.py::test_fit_two_steps_with_a_penalty": 0,
    "test_1_model.py::test_sigmoid_by_hand": 0,
    "test_1_model.py::test_sigmoid_of_extreme_logits": 0,
    "test_1_model.py::test_predict_proba_by_hand": 0,
    "test_1_model.py::test_predict_proba_of_three_rows": 0,
    "test_hidden_learning.py::test_hidden_loss_gradient": 0,
    "test_hidden_learning.py::test_hidden_fit": 0,
    "test_hidden_model.py::test_hidden_sigmoid": 0,
    "test_hidden_model.py::test_hidden_predict_proba": 0,
}
SAYS = "The sign of z is missing: it is e^(-z), not e^z."


def sigmoid(z):
    z = np.asarray(z, dtype=float)
    small = np.exp(-np.abs(z))
    return np.where(z > 0, small, 1.0) / (1.0 + small)
