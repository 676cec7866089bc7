"""The softmax along the last axis."""

import numpy as np

EARNED = {
    "test_1_losses.py::test_pixel_softmax_by_hand": 0,
    "test_1_losses.py::test_pixel_softmax_of_large_logits": 0,
    "test_hidden_losses.py::test_hidden_pixel_softmax": 0,
}
SAYS = "This is the softmax along the columns: axis 1 holds the classes."


def pixel_softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
