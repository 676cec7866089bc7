"""A union that counts the intersection twice."""

import numpy as np

EARNED = {
    "test_1_overlap.py::test_box_iou_by_hand": 0,
    "test_1_overlap.py::test_box_iou_of_every_pair": 0,
    "test_1_overlap.py::test_nms_by_hand": 0,
    "test_1_overlap.py::test_nms_removed_boxes_remove_nobody": 0,
    "test_1_overlap.py::test_nms_of_ties_and_of_nothing": 0,
    "test_3_tracks.py::test_associate_at_the_threshold": 0,
    "test_hidden_overlap.py::test_hidden_box_iou": 0,
    "test_hidden_overlap.py::test_hidden_nms": 0,
    "test_hidden_tracks.py::test_hidden_associate": 0,
}
SAYS = "The union counts the intersection twice: |A| + |B| - |A ∩ B|."


def box_iou(boxes1, boxes2):
    a, b = boxes1[:, None], boxes2[None]
    w = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    h = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    inter = np.maximum(w, 0) * np.maximum(h, 0)

    def size(box):
        return (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1])

    both = size(a) + size(b)
    return inter / np.where(both > 0, both, 1)
