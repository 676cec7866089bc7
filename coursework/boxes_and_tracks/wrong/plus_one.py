"""Areas that count whole pixels: one more each way."""

EARNED = {
    "test_1_overlap.py::test_box_area_by_hand": 0,
    "test_1_overlap.py::test_box_area_of_any_shape": 0,
    "test_1_overlap.py::test_box_iou_by_hand": 0,
    "test_1_overlap.py::test_box_iou_of_every_pair": 0,
    "test_1_overlap.py::test_nms_removed_boxes_remove_nobody": 0,
    "test_3_tracks.py::test_associate_at_the_threshold": 0,
    "test_hidden_overlap.py::test_hidden_box_area": 0,
    "test_hidden_overlap.py::test_hidden_box_iou": 0,
    "test_hidden_overlap.py::test_hidden_nms": 0,
    "test_hidden_tracks.py::test_hidden_associate": 0,
}
SAYS = "This counts whole pixels, with + 1: the width is x2 - x1."


def box_area(boxes):
    return (boxes[..., 2] - boxes[..., 0] + 1) * (boxes[..., 3] - boxes[..., 1] + 1)
