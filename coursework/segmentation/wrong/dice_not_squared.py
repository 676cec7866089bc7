"""Plain probabilities below the line."""

import numpy as np

EARNED = {
    "test_1_losses.py::test_dice_loss_by_hand": 0,
    "test_1_losses.py::test_dice_gradient_is_the_slope": 0,
    "test_hidden_losses.py::test_hidden_dice_loss": 0,
}
SAYS = "The probabilities below the line are not squared."


def dice_loss(p, y, eps=1.0):
    return float(1 - (2 * np.sum(p * y) + eps) / (np.sum(p) + np.sum(y) + eps))
