"""The softmax as typed: infinity over infinity for large logits."""

import numpy as np

EARNED = {
    "test_4_classes.py::test_softmax_of_large_logits": 0,
    "test_hidden_classes.py::test_hidden_softmax": 0,
}
SAYS = "Infinity / infinity is not a number, and e^1000 is infinite: subtract the largest"


def softmax(logits):
    with np.errstate(all="ignore"):
        e = np.exp(logits)
        return e / e.sum(axis=-1, keepdims=True)
