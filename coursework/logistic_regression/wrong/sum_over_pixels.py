"""The losses of all pixels are summed, not averaged."""

import numpy as np

EARNED = {
    "test_4_classes.py::test_image_loss_of_nine_pixels": 0,
    "test_hidden_classes.py::test_hidden_image_loss": 0,
}
SAYS = "This is the sum over the pixels: divide by H·W."


def image_loss(logits, labels):
    logits = np.asarray(logits, dtype=float)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return float(-np.take_along_axis(log_p, np.asarray(labels)[..., None], axis=-1).sum())
