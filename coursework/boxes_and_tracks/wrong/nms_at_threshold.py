"""An IoU of exactly the threshold removes, too."""

import numpy as np

EARNED = {
    "test_1_overlap.py::test_nms_at_the_threshold": 0,
    "test_hidden_overlap.py::test_hidden_nms": 0,
}
SAYS = "Only an IoU *above* the threshold removes: >, not >=."


def iou(a, b):
    w = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    size = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (size - w * h)


def nms(boxes, scores, iou_threshold):
    kept = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if all(iou(boxes[i], boxes[j]) < iou_threshold for j in kept):
            kept.append(i)
    return kept
