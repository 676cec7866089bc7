"""The softmax along the first axis: of one example it is right, of a table it is not."""

import numpy as np

EARNED = {
    "test_4_classes.py::test_softmax_along_the_last_axis": 0,
    "test_4_classes.py::test_image_loss_of_one_pixel": 0,
    "test_4_classes.py::test_image_loss_of_nine_pixels": 0,
    "test_hidden_classes.py::test_hidden_softmax": 0,
    "test_hidden_classes.py::test_hidden_image_loss": 0,
}
SAYS = "The *columns* sum to 1: the classes lie along the last axis, axis=-1."


def softmax(logits):
    logits = np.asarray(logits, dtype=float)
    e = np.exp(logits - logits.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)
