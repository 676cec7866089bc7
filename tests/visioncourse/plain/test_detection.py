"""The loops that define suppression, assignment and average precision, against sums by hand."""

import math

from numpy.testing import assert_allclose

from visioncourse import plain

SQUARE, LOWER, FAR = [0, 0, 10, 10], [0, 0, 10, 6], [20, 20, 30, 30]


def test_iou_by_hand():
    assert plain.iou([0, 0, 4, 3], [2, 1, 6, 5]) == 4 / 24
    assert plain.iou(SQUARE, LOWER) == 0.6
    assert plain.iou(SQUARE, FAR) == plain.iou(SQUARE, [10, 0, 20, 10]) == 0
    assert plain.iou([1, 1, 1, 1], [1, 1, 1, 1]) == 0


def test_nms_by_hand():
    boxes, scores = [SQUARE, LOWER, FAR], [0.6, 0.9, 0.5]
    assert plain.nms(boxes, scores, 0.5) == [1, 2]
    assert plain.nms(boxes, scores, 0.6) == [1, 0, 2]  # exactly this IoU stays
    assert plain.nms([SQUARE, SQUARE], [0.5, 0.5], 0.5) == [0]
    assert plain.nms([], [], 0.5) == []


def test_soft_nms_by_hand():
    kept = plain.soft_nms([SQUARE, LOWER, FAR], [0.9, 0.8, 0.5], lambda iou: 1 - iou, 0.0)
    assert [i for i, _ in kept] == [0, 2, 1]
    assert_allclose([score for _, score in kept], [0.9, 0.5, 0.8 * 0.4])
    kept = plain.soft_nms([SQUARE, LOWER], [0.9, 0.8], lambda iou: math.exp(-(iou**2) / 0.5), 0.5)
    assert kept == [(0, 0.9)]


def test_assignment_by_hand():
    boxes = [SQUARE, [50, 50, 54, 54], [90, 90, 99, 99]]
    anchors = [[0, 0, 10, 8], [0, 0, 10, 4.5], [0, 0, 10, 3], [50, 50, 60, 60], [50, 50, 60, 61]]
    assert plain.assign_anchors(anchors, boxes) == [0, -2, -1, 1, -1]
    assert plain.assign_anchors(anchors, boxes, allow_low_quality=False) == [0, -2, -1, -1, -1]
    assert plain.assign_anchors(anchors, []) == [-1] * 5


def test_average_precision_by_hand():
    """p = 1 up to a recall of .2, then 3/4 up to .6, then 0."""
    recall, precision = [0.2, 0.2, 0.4, 0.6], [1, 1 / 2, 2 / 3, 3 / 4]
    assert_allclose(plain.average_precision(recall, precision), 0.2 + 0.4 * 0.75)
    assert_allclose(plain.average_precision(recall, precision, "11-point"), (3 + 4 * 0.75) / 11)
    assert_allclose(plain.average_precision(recall, precision, "101-point"), (21 + 40 * 0.75) / 101)


def test_a_voc_curve_by_hand():
    """A hit, a duplicate, a difficult box that does not count, a miss, another class."""
    targets = [
        {"boxes": [SQUARE, FAR, [50, 50, 60, 60]], "labels": [1, 1, 1], "difficult": [0, 1, 0]}
    ]
    predictions = [
        {
            "boxes": [SQUARE, LOWER, FAR, [70, 0, 80, 10], [50, 50, 60, 60]],
            "labels": [1, 1, 1, 1, 2],
            "scores": [0.9, 0.8, 0.7, 0.6, 0.5],
        }
    ]
    recall, precision = plain.voc_curve(predictions, targets, 1)
    assert recall == [1 / 2, 1 / 2, 1 / 2]
    assert precision == [1, 1 / 2, 1 / 3]
