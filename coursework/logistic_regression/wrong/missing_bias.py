"""The model without its bias."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_loss_gradient_by_hand": 0,
    "test_2_learning.py::test_loss_gradient_is_a_mean": 0,
    "test_2_learning.py::test_loss_gradient_of_the_penalty": 0,
    "test_2_learning.py::test_fit_two_steps_with_a_penalty": 0,
    "test_1_model.py::test_predict_proba_by_hand": 0,
    "test_1_model.py::test_predict_proba_of_three_rows": 0,
    "test_hidden_learning.py::test_hidden_loss_gradient": 0,
    "test_hidden_learning.py::test_hidden_fit": 0,
    "test_hidden_model.py::test_hidden_predict_proba": 0,
}
SAYS = "The bias b is missing from the logit."


def predict_proba(X, w, b):
    z = np.asarray(X) @ np.asarray(w)
    return 1 / (1 + np.exp(-z))
