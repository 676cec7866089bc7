"""Void pixels count as class 0."""

import numpy as np

EARNED = {
    "test_1_losses.py::test_pixel_loss_leaves_void_out": 0,
    "test_1_losses.py::test_pixel_loss_of_void_alone": 0,
    "test_hidden_losses.py::test_hidden_pixel_loss": 0,
}
SAYS = "The void pixel was counted as class 0."


def pixel_loss(logits, labels):
    highest = logits.max(axis=1)
    log_sum = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    looked_up = np.where(labels == 255, 0, labels)[:, None]
    return float((log_sum - np.take_along_axis(logits, looked_up, axis=1)[:, 0]).mean())
