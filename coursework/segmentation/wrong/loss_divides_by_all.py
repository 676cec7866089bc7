"""Void pixels are in the number that divides."""

import numpy as np

EARNED = {
    "test_1_losses.py::test_pixel_loss_leaves_void_out": 0,
    "test_hidden_losses.py::test_hidden_pixel_loss": 0,
}
SAYS = "The void pixel is not in the sum, but you divide by 3"


def pixel_loss(logits, labels):
    counts = labels != 255
    highest = logits.max(axis=1)
    log_sum = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    looked_up = np.where(counts, labels, 0)[:, None]
    losses = (log_sum - np.take_along_axis(logits, looked_up, axis=1)[:, 0])[counts]
    return float(losses.sum() / labels.size)
