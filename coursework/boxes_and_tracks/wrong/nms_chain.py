"""Boxes that have been removed go on removing others."""

import numpy as np

EARNED = {
    "test_1_overlap.py::test_nms_removed_boxes_remove_nobody": 0,
    "test_hidden_overlap.py::test_hidden_nms": 0,
}
SAYS = "Box 2 was removed by box 1, which had been removed itself."


def iou(a, b):
    w = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    size = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (size - w * h)


def nms(boxes, scores, iou_threshold):
    order = np.argsort(-scores, kind="stable").tolist()
    return [
        i
        for rank, i in enumerate(order)
        if all(iou(boxes[i], boxes[j]) <= iou_threshold for j in order[:rank])
    ]
