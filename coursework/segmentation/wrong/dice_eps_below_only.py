"""The eps stands below the line only."""

import numpy as np

EARNED = {
    "test_1_losses.py::test_dice_loss_by_hand": 0,
    "test_1_losses.py::test_dice_loss_of_nothing": 0,
    "test_1_losses.py::test_dice_gradient_is_the_slope": 0,
    "test_hidden_losses.py::test_hidden_dice_loss": 0,
}
SAYS = "Eps stands below the line only: it belongs above, too."


def dice_loss(p, y, eps=1.0):
    return float(1 - 2 * np.sum(p * y) / (np.sum(p**2) + np.sum(y**2) + eps))
