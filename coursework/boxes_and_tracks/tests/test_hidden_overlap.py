"""Areas, overlaps, the loss of pairs and suppression on drawn boxes."""

import hidden_oracle as oracle
import numpy as np
import pytest

from coursegrader import Tensor


def draw_boxes(rng, number, spread=20.0):
    near = rng.uniform(0, spread, size=(number, 2))
    return np.concatenate([near, near + rng.uniform(2, 20, size=(number, 2))], axis=1)


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.box_area", "areas in the package"
)
def test_hidden_box_area(student, expect, rng):
    """Any boxes, in any number."""
    boxes = draw_boxes(rng, 12)
    want = np.array([oracle.extent(box) for box in boxes])
    expect(student.box_area(boxes), want)
    expect(student.box_area(boxes.reshape(3, 4, 4)), want.reshape(3, 4))
    expect(student.box_area(boxes[:0]), want[:0])


@pytest.mark.points(3)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.box_iou", "intersection over union"
)
def test_hidden_box_iou(student, expect, rng):
    """Any boxes: apart, nested, without an area, none at all."""
    first, second = draw_boxes(rng, 9), draw_boxes(rng, 11, spread=60.0)
    first[0, 2:] = first[0, :2]  # a point
    second[0] = [*first[1, :2] + 0.5, *first[1, 2:] - 0.5]  # inside another
    second[1] = [*first[2, 2:] + 1, *first[2, 2:] + 9]  # apart both ways
    second[2] = first[0]
    want = np.array([[oracle.overlap(one, other) for other in second] for one in first])
    expect(student.box_iou(first, second), want)
    expect(student.box_iou(first[:0], second), want[:0])
    expect(student.box_iou(first, second[:0]), want[:, :0])


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.generalized_iou_loss", "the GIoU loss"
)
def test_hidden_giou_loss(student, expect, rng):
    """Any pairs, near and far; no pair."""
    first, second = draw_boxes(rng, 8), draw_boxes(rng, 8, spread=40.0)
    want = oracle.mean_pair_loss(first, second)
    expect(student.giou_loss(Tensor(first), Tensor(second)), want, kind="Tensor")
    expect(student.giou_loss(Tensor(first[:0]), Tensor(second[:0])), 0.0)


@pytest.mark.points(2)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.generalized_iou_loss", "the GIoU loss"
)
def test_hidden_giou_loss_gradient(student, expect, rng):
    """The gradients that finite differences give, for pairs that touch and pairs that do not."""
    first = draw_boxes(rng, 6)
    # Boxes keep an area, and no two sides coincide: at such a kink there is no derivative.
    shift = rng.uniform(0.1, 0.5, size=(3, 4)) * rng.choice([-1, 1], size=(3, 4))
    second = np.concatenate([first[:3] + shift, first[3:] + 50])
    second[3:] += rng.uniform(0, 1, size=(3, 4))
    want = oracle.pair_slopes(first, second)
    expect(student.gradient("giou_loss", first, Tensor(second)), want, rtol=1e-4, atol=1e-7)


@pytest.mark.points(3)
@pytest.mark.see("reference/visioncourse.html#visioncourse.detection.nms", "NMS in the package")
def test_hidden_nms(student, expect, rng):
    """Heaps of boxes with tied scores, a chain, boxes apart, and an IoU at the threshold."""
    objects = draw_boxes(rng, 5, spread=80.0)
    heap = np.repeat(objects, 6, axis=0) + rng.normal(scale=1.0, size=(30, 4))
    heap[:, 2:] = np.maximum(heap[:, 2:], heap[:, :2] + 1)
    x, y = rng.integers(200, 300, size=2).tolist()
    chain = [[x + 3 * k, y, x + 3 * k + 10, y + 10] for k in range(3)]
    half = [[x, y + 100, x + 8, y + 108], [x, y + 100, x + 8, y + 104]]
    apart = [[x + 50, y, x + 60, y + 10], [x + 70, y + 30, x + 80, y + 50]]
    boxes = np.concatenate([heap, np.array(chain + half + apart, dtype=float)])
    scores = np.concatenate([rng.integers(3, 9, size=30) / 10, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]])
    shuffled = rng.permutation(len(boxes))
    boxes, scores = boxes[shuffled], scores[shuffled]
    expect(student.nms(boxes, scores, 0.5), oracle.survivors(boxes, scores, 0.5), kind="list")
    expect(student.nms(boxes, scores, 0.1), oracle.survivors(boxes, scores, 0.1))
    expect(student.nms(boxes[:1], scores[:1], 0.0), [0])
