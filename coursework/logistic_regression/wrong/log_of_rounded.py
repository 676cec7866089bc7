"""The logarithm of a probability that has rounded to 0."""

import numpy as np

EARNED = {
    "test_2_learning.py::test_cross_entropy_of_a_confident_mistake": 0,
    "test_hidden_learning.py::test_hidden_cross_entropy": 0,
}
SAYS = "its logarithm is infinite: start from the logit"


def cross_entropy(z, y):
    z, y = np.asarray(z, dtype=float), np.asarray(y)
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-z))
        return float(np.mean(-np.log(np.where(y == 1, p, 1 - p))))
