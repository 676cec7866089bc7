"""The gradient of the coefficient, not of the loss."""

import numpy as np

EARNED = {
    "test_1_losses.py::test_dice_gradient_is_the_slope": 0,
    "test_1_losses.py::test_dice_gradient_by_hand": 0,
    "test_hidden_losses.py::test_hidden_dice_gradient": 0,
}
SAYS = "This points uphill: the coefficient is subtracted from 1."


def dice_gradient(p, y, eps=1.0):
    above, below = 2 * np.sum(p * y) + eps, np.sum(p**2) + np.sum(y**2) + eps
    return (2 * y * below - above * 2 * p) / below**2
