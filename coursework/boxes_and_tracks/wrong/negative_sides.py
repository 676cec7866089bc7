"""Overlaps whose sides are not cut at 0."""

import numpy as np

EARNED = {
    "test_1_overlap.py::test_box_iou_of_boxes_apart": 0,
    "test_1_overlap.py::test_box_iou_of_every_pair": 0,
    "test_hidden_overlap.py::test_hidden_box_iou": 0,
    "test_hidden_overlap.py::test_hidden_nms": 0,
    "test_hidden_tracks.py::test_hidden_associate": 0,
}
SAYS = "A negative width makes a negative area: cut the sides at 0."


def box_iou(boxes1, boxes2):
    a, b = boxes1[:, None], boxes2[None]
    w = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    h = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    inter = w * h

    def size(box):
        return (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1])

    union = size(a) + size(b) - inter
    return inter / np.where(union != 0, union, 1)
