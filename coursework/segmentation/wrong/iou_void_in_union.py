"""The prediction at a void pixel counts."""

import numpy as np

EARNED = {
    "test_2_metric.py::test_mean_iou_leaves_void_out": 0,
    "test_hidden_maps.py::test_hidden_mean_iou": 0,
}
SAYS = "The prediction at the void pixel is in the union"


def counts_of(truth, predicted, num_classes):
    pairs = num_classes * truth.astype(int) + predicted
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def mean_iou(truths, predictions, num_classes):
    hits, unions = np.zeros(num_classes), np.zeros(num_classes)
    for truth, predicted in zip(truths, predictions, strict=True):
        for k in range(num_classes):
            hits[k] += np.sum((truth == k) & (predicted == k))
            unions[k] += np.sum((truth == k) | (predicted == k))
    return float(np.mean(hits[unions > 0] / unions[unions > 0]))
