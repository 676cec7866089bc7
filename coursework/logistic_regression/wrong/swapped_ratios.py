"""Recall and precision, in this order."""

import numpy as np

EARNED = {
    "test_3_decisions.py::test_precision_recall_by_hand": 0,
    "test_hidden_learning.py::test_hidden_precision_recall": 0,
}
SAYS = "Precision and recall are swapped"


def precision_recall(p, y, threshold=0.5):
    called, true = np.asarray(p) >= threshold, np.asarray(y) == 1
    right = int(np.sum(called & true))
    return right / max(int(true.sum()), 1), right / max(int(called.sum()), 1)
