"""Precision 1 where there is no alarm."""

import numpy as np

EARNED = {
    "test_3_decisions.py::test_precision_recall_without_an_alarm": 0,
    "test_hidden_learning.py::test_hidden_precision_recall": 0,
}
SAYS = "No alarm is no perfect precision: return 0."


def precision_recall(p, y, threshold=0.5):
    called, true = np.asarray(p) >= threshold, np.asarray(y) == 1
    right = int(np.sum(called & true))
    precision = right / int(called.sum()) if called.any() else 1.0
    return precision, right / max(int(true.sum()), 1)
