"""A class that occurs nowhere counts as 0."""

import numpy as np

EARNED = {
    "test_2_metric.py::test_mean_iou_of_absent_classes": 0,
    "test_hidden_maps.py::test_hidden_mean_iou": 0,
}
SAYS = "Classes that occur nowhere count as 0: leave them out of the mean."


def counts_of(truth, predicted, num_classes):
    pairs = num_classes * truth.astype(int) + predicted
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def mean_iou(truths, predictions, num_classes):
    confusion = np.zeros((num_classes, num_classes))
    for truth, predicted in zip(truths, predictions, strict=True):
        confusion += counts_of(truth[truth != 255], predicted[truth != 255], num_classes)
    hits = np.diag(confusion)
    return float(
        np.mean(hits / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1) - hits, 1))
    )
