"""A small number inside of the logarithm."""

import numpy as np

EARNED = {
    "test_1_losses.py::test_pixel_loss_stays_finite": 0,
    "test_hidden_losses.py::test_hidden_pixel_loss": 0,
}
SAYS = "Something small inside of the logarithm hides the infinity, and the loss is wrong"


def pixel_loss(logits, labels):
    counts = labels != 255
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    of_truth = np.take_along_axis(p, np.where(counts, labels, 0)[:, None], axis=1)[:, 0]
    return float(-np.log(of_truth[counts] + 1e-9).sum() / max(counts.sum(), 1))
