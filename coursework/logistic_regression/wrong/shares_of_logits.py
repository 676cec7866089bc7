"""Logits divided by their sum, without a power."""

import numpy as np

EARNED = {
    "test_4_classes.py::test_softmax_by_hand": 0,
    "test_4_classes.py::test_softmax_along_the_last_axis": 0,
    "test_4_classes.py::test_softmax_of_large_logits": 0,
    "test_4_classes.py::test_image_loss_of_one_pixel": 0,
    "test_4_classes.py::test_image_loss_of_nine_pixels": 0,
    "test_hidden_classes.py::test_hidden_softmax": 0,
    "test_hidden_classes.py::test_hidden_image_loss": 0,
}
SAYS = "These are the shares of the logits: take e to their power first."


def softmax(logits):
    logits = np.asarray(logits, dtype=float)
    return logits / logits.sum(axis=-1, keepdims=True)
