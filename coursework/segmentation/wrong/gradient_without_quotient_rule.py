"""Only what stands above the line is differentiated."""

import numpy as np

EARNED = {
    "test_1_losses.py::test_dice_gradient_is_the_slope": 0,
    "test_1_losses.py::test_dice_gradient_by_hand": 0,
    "test_hidden_losses.py::test_hidden_dice_gradient": 0,
}
SAYS = "Only what stands above the line was differentiated"


def dice_gradient(p, y, eps=1.0):
    return -2 * y / (np.sum(p**2) + np.sum(y**2) + eps)
