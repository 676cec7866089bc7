"""The intersection is in the union twice."""

import numpy as np

EARNED = {
    "test_2_metric.py::test_mean_iou_by_hand": 0,
    "test_2_metric.py::test_mean_iou_of_two_images": 0,
    "test_2_metric.py::test_mean_iou_leaves_void_out": 0,
    "test_2_metric.py::test_mean_iou_of_absent_classes": 0,
    "test_hidden_maps.py::test_hidden_mean_iou": 0,
}
SAYS = "The intersection is in the union twice: subtract it once."


def counts_of(truth, predicted, num_classes):
    pairs = num_classes * truth.astype(int) + predicted
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def mean_iou(truths, predictions, num_classes):
    confusion = np.zeros((num_classes, num_classes))
    for truth, predicted in zip(truths, predictions, strict=True):
        confusion += counts_of(truth[truth != 255], predicted[truth != 255], num_classes)
    sizes = confusion.sum(axis=0) + confusion.sum(axis=1)
    return float(np.mean(np.diag(confusion)[sizes > 0] / sizes[sizes > 0]))
