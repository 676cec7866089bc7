"""An example exactly at the threshold is no alarm."""

import numpy as np

EARNED = {
    "test_3_decisions.py::test_precision_recall_at_the_threshold": 0,
    "test_hidden_learning.py::test_hidden_precision_recall": 0,
}
SAYS = "An example exactly at the threshold counts as positive: >=, not >."


def precision_recall(p, y, threshold=0.5):
    called, true = np.asarray(p) > threshold, np.asarray(y) == 1
    right = int(np.sum(called & true))
    return right / max(int(called.sum()), 1), right / max(int(true.sum()), 1)
