"""The matrix of overlaps turned round: a row for each box of the second array."""

import numpy as np

EARNED = {
    "test_1_overlap.py::test_box_iou_of_boxes_apart": 0,
    "test_1_overlap.py::test_box_iou_of_every_pair": 0,
    "test_1_overlap.py::test_box_iou_without_an_area": 0,
    "test_3_tracks.py::test_associate_by_hand": 0,
    "test_3_tracks.py::test_associate_takes_the_largest_overlap_first": 0,
    "test_3_tracks.py::test_associate_without_a_side": 0,
    "test_3_tracks.py::test_tracker_keeps_identities": 0,
    "test_3_tracks.py::test_tracker_ends_tracks": 0,
    "test_3_tracks.py::test_tracker_moves_on_while_hidden": 0,
    "test_hidden_overlap.py::test_hidden_box_iou": 0,
    "test_hidden_tracks.py::test_hidden_associate": 0,
    "test_hidden_tracks.py::test_hidden_tracker_motion": 0,
    "test_hidden_tracks.py::test_hidden_tracker_gaps": 0,
}
SAYS = "Rows and columns are swapped: a row belongs to a box of boxes1."


def box_iou(boxes1, boxes2):
    a, b = boxes1[None], boxes2[:, None]
    w = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    h = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    inter = np.maximum(w, 0) * np.maximum(h, 0)

    def size(box):
        return (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1])

    union = size(a) + size(b) - inter
    return inter / np.where(union > 0, union, 1)
