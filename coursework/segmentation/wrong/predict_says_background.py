"""Everything is background."""

import numpy as np

EARNED = {
    "test_5_network.py::test_predict_beats_half": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_30": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_50": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_60": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_70": 0,
}
SAYS = "Hardly better than one pixel alone"


def predict(images, weights):
    return np.zeros(images.shape[:3], dtype=int)
