"""Boxes and their overlap, against exact fractions, counted pixels and pycocotools."""

import math
import warnings
from fractions import Fraction

import array_api_compat.numpy as xp
import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pycocotools import mask

from visioncourse.detection import overlap
from visioncourse.detection.boxes import (
    box_area,
    box_convert,
    box_iou,
    clip_boxes,
    complete_box_iou,
    distance_box_iou,
    generalized_box_iou,
)
from visioncourse.detection.losses import generalized_iou_loss

from .examples import DEGENERATE_PAIRS, HARD_PAIRS, any_boxes, boxes_of, random_boxes, whole_boxes

MEASURES = [box_iou, generalized_box_iou, distance_box_iou, complete_box_iou]
FORMATS = ["xyxy", "cxcywh", "xywh"]
PAIRS = HARD_PAIRS | DEGENERATE_PAIRS


def exact_measures(a, b):
    """IoU, GIoU, DIoU and CIoU of one pair from their definitions, in exact fractions."""
    a, b = [Fraction(x) for x in a], [Fraction(x) for x in b]

    def ratio(part, whole):
        return part / whole if whole else Fraction(0)

    def angle(box):
        w, h = box[2] - box[0], box[3] - box[1]
        return mpmath.atan2(mpmath.mpf(w.numerator) / w.denominator,
                            mpmath.mpf(h.numerator) / h.denominator)  # fmt: skip

    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    union = sum(areas) - width * height
    iou = ratio(width * height, union)
    hull = max(a[2], b[2]) - min(a[0], b[0]), max(a[3], b[3]) - min(a[1], b[1])
    generalized = iou - ratio(hull[0] * hull[1] - union, hull[0] * hull[1])
    dx, dy = (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2
    distance = iou - ratio(dx**2 + dy**2, hull[0] ** 2 + hull[1] ** 2)
    v = 4 / mpmath.pi**2 * (angle(b) - angle(a)) ** 2
    to_one = mpmath.mpf((1 - iou).numerator) / (1 - iou).denominator
    alpha = v / (to_one + v) if v else 0
    return [float(x) for x in (iou, generalized, distance)] + [float(distance) - float(alpha * v)]


def test_two_boxes_by_hand():
    a, b = [[0, 0, 4, 3]], [[2, 1, 6, 5]]  # 12 and 16 square pixels, 2 by 2 of them common
    assert box_area(a) == 12
    assert_allclose(box_iou(a, b), [[4 / 24]], rtol=1e-15)
    assert_allclose(generalized_box_iou(a, b), [[4 / 24 - 6 / 30]], rtol=1e-15)  # hull 6 by 5
    assert_allclose(distance_box_iou(a, b), [[4 / 24 - (2**2 + 1.5**2) / 61]], rtol=1e-14)
    v = 4 / math.pi**2 * (math.atan(4 / 4) - math.atan(4 / 3)) ** 2
    alpha = v / (20 / 24 + v)
    assert_allclose(complete_box_iou(a, b), [[4 / 24 - 6.25 / 61 - alpha * v]], rtol=1e-14)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_hard_pairs_agree_with_exact_fractions(pair):
    expected = exact_measures(*pair)
    if pair[0] == [0.0, 0.0, 1e-200, 1e-200]:
        expected = [0.0, 0.0, 0.0, 0.0]  # 1e-400 is no number of this format
    got = [float(measure(pair[:1], pair[1:])[0, 0]) for measure in MEASURES]
    assert_allclose(got, expected, rtol=1e-13, atol=1e-15)
    swapped = [float(measure(pair[1:], pair[:1])[0, 0]) for measure in MEASURES]
    assert swapped == got


@given(any_boxes, any_boxes)
def test_any_pair_agrees_with_exact_fractions(boxes1, boxes2):
    results = [measure(boxes1, boxes2) for measure in MEASURES]
    for i, a in enumerate(boxes1[:3]):
        for j, b in enumerate(boxes2[:3]):
            expected = exact_measures(a, b)
            # Cancellation in x2 - x1 of large coordinates limits the digits.
            assert_allclose([r[i, j] for r in results], expected, rtol=1e-9, atol=1e-9)


@given(boxes_of(st.integers(0, 6), 2, 2))
def test_iou_counts_pixels(boxes):
    grid = np.arange(6)
    first, second = (
        ((grid >= x1) & (grid < x2))[None, :] & ((grid >= y1) & (grid < y2))[:, None]
        for x1, y1, x2, y2 in boxes
    )
    union = np.sum(first | second)
    expected = np.sum(first & second) / union if union else 0
    assert_allclose(box_iou(boxes[:1], boxes[1:]), [[expected]], rtol=1e-15)
    assert_array_equal(box_area(boxes), [first.sum(), second.sum()])


def test_iou_agrees_with_pycocotools():
    boxes1, boxes2 = random_boxes(300, 0), random_boxes(200, 1)
    as_xywh = [box_convert(boxes, "xyxy", "xywh") for boxes in (boxes1, boxes2)]
    assert_allclose(box_iou(boxes1, boxes2), mask.iou(*as_xywh, [0] * 200), rtol=0, atol=2e-13)


def test_blocks_are_invisible():
    boxes1, boxes2 = random_boxes(300, 0), random_boxes(1000, 1)  # ten blocks
    for measure in MEASURES:
        whole = measure(boxes1, boxes2)
        single = [measure(boxes1[i : i + 1], boxes2)[0] for i in (0, 31, 32, 33, 150, 299)]
        assert_array_equal(whole[[0, 31, 32, 33, 150, 299]], single)


@given(any_boxes, any_boxes)
def test_bounds_symmetry_and_order(boxes1, boxes2):
    iou, generalized, distance, complete = (measure(boxes1, boxes2) for measure in MEASURES)
    assert iou.shape == (len(boxes1), len(boxes2))
    assert np.all((iou >= 0) & (iou <= 1))
    assert np.all((generalized >= -1) & (generalized <= 1))
    assert np.all((distance >= -1) & (distance <= 1))
    assert np.all((complete >= -2) & (complete <= 1))
    assert np.all(generalized <= iou + 1e-15)
    assert np.all(complete <= distance) and np.all(distance <= iou)
    for measure, matrix in zip(MEASURES, (iou, generalized, distance, complete), strict=True):
        assert_allclose(measure(boxes2, boxes1), matrix.T, rtol=0, atol=1e-14)


@given(whole_boxes, st.integers(-50, 50), st.integers(-50, 50), st.sampled_from([0.25, 0.5, 2, 8]))
def test_shift_and_scale_change_nothing(boxes, dx, dy, scale):
    moved = scale * (boxes + np.array([dx, dy, dx, dy]))
    for measure in MEASURES:
        assert_allclose(measure(moved, moved), measure(boxes, boxes), rtol=1e-12, atol=1e-12)


@given(whole_boxes)
def test_a_mirror_changes_nothing(boxes):
    mirrored = -boxes[:, [2, 3, 0, 1]]
    turned = boxes[:, [1, 0, 3, 2]]
    for measure in MEASURES[:3]:
        assert_allclose(measure(mirrored, mirrored), measure(boxes, boxes), atol=1e-14)
        assert_allclose(measure(turned, turned), measure(boxes, boxes), atol=1e-14)


@given(any_boxes)
def test_a_box_agrees_with_itself(boxes):
    has_area = box_area(boxes) > 1e-300
    for measure in MEASURES:
        assert_array_equal(np.diagonal(measure(boxes, boxes)), np.where(has_area, 1.0, 0.0))


def test_generalized_iou_never_leaves_its_range_by_rounding():
    outer = np.sort(np.random.default_rng(0).random((20000, 2, 2)), axis=1).reshape(-1, 4)
    inner = outer.copy()
    inner[:, 2] = np.nextafter(outer[:, 2], 0)
    generalized = 1 - generalized_iou_loss(outer, inner, reduction="none")
    assert np.all(generalized <= 1) and np.all(generalized > 1 - 1e-9)


def test_distance_tells_near_from_far_where_iou_cannot():
    box, others = [[0, 0, 1, 1]], [[2, 0, 3, 1], [5, 0, 6, 1]]
    assert_array_equal(box_iou(box, others), [[0, 0]])
    assert_allclose(generalized_box_iou(box, others), [[-1 / 3, -4 / 6]], rtol=1e-15)
    assert_allclose(distance_box_iou(box, others), [[-4 / 10, -25 / 37]], rtol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("measure", MEASURES)
def test_torch_gives_the_same_numbers(measure, dtype):
    boxes1, boxes2 = random_boxes(20, 0), random_boxes(30, 1)
    got = measure(torch.tensor(boxes1, dtype=dtype), torch.tensor(boxes2, dtype=dtype))
    assert got.dtype == dtype
    atol = 1e-13 if dtype == torch.float64 else 2e-5
    assert_allclose(got.numpy(), measure(boxes1, boxes2), rtol=0, atol=atol)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_no_boxes(measure, shape):
    n, m = shape
    assert measure(random_boxes(n), random_boxes(m)).shape == shape
    assert measure(torch.zeros(n, 4), torch.zeros(m, 4)).shape == shape
    assert measure([], []).shape == (0, 0)


def test_no_boxes_elsewhere():
    assert box_area([]).shape == (0,)
    assert clip_boxes([], (3, 4)).shape == (0, 4)
    for in_fmt in FORMATS:
        assert box_convert([], in_fmt, "xywh").shape == (0, 4)


def test_formats_by_hand():
    assert_array_equal(box_convert([1.0, 2, 5, 10], "xyxy", "xywh"), [1, 2, 4, 8])
    assert_array_equal(box_convert([1.0, 2, 5, 10], "xyxy", "cxcywh"), [3, 6, 4, 8])
    assert_array_equal(box_convert([3.0, 6, 4, 8], "cxcywh", "xyxy"), [1, 2, 5, 10])
    assert_array_equal(box_convert([3.0, 6, 4, 8], "cxcywh", "xywh"), [1, 2, 4, 8])
    assert_array_equal(box_convert([1.0, 2, 4, 8], "xywh", "cxcywh"), [3, 6, 4, 8])


@given(any_boxes, st.sampled_from(FORMATS), st.sampled_from(FORMATS))
def test_formats_come_back(boxes, fmt, other):
    start = box_convert(boxes, "xyxy", fmt)
    there = box_convert(start, fmt, other)
    assert_allclose(box_convert(there, other, fmt), start, rtol=1e-13, atol=1e-11)
    assert_allclose(box_convert(there, other, "xyxy"), boxes, rtol=1e-13, atol=1e-11)


def test_formats_of_an_image_of_boxes():
    boxes = random_boxes(6).reshape(2, 3, 4)
    tensor = torch.tensor(boxes, requires_grad=True)
    box_convert(tensor, "xyxy", "cxcywh").sum().backward()
    assert_allclose(tensor.grad.numpy(), np.tile([-0.5, -0.5, 1.5, 1.5], (2, 3, 1)))
    assert_allclose(
        box_convert(tensor.detach(), "xyxy", "cxcywh").numpy(),
        box_convert(boxes, "xyxy", "cxcywh"),
    )


def test_clipping_by_hand():
    boxes = [[-3, -2, 5, 5], [1, 1, 50, 60], [20, 30, 40, 50], [1, 2, 3, 4]]
    expected = [[0, 0, 5, 5], [1, 1, 9, 7], [9, 7, 9, 7], [1, 2, 3, 4]]
    assert_array_equal(clip_boxes(boxes, (7, 9)), expected)


@given(any_boxes)
def test_clipping_twice_is_clipping_once(boxes):
    once = clip_boxes(boxes, (3, 5))
    assert np.all(once >= 0) and np.all(once <= np.array([5, 3, 5, 3]))
    assert_array_equal(clip_boxes(once, (3, 5)), once)
    # What remains is the intersection with the image.
    image = np.array([[0.0, 0, 5, 3]])
    inside = box_area(once)
    union = box_area(boxes) + 15 - inside
    assert_allclose(box_iou(boxes, image)[:, 0], inside / union, rtol=1e-9, atol=1e-12)


def test_large_coordinates_do_not_overflow():
    limit = np.sqrt(np.finfo(float).max) / 4
    boxes = limit * np.array([[-1.0, -1, 1, 1], [-1, -1, 0, 0], [1, 1, 1, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = [measure(boxes, boxes) for measure in MEASURES]
    assert_allclose(results[0], [[1, 0.25, 0], [0.25, 1, 0], [0, 0, 0]])
    assert all(np.all(np.isfinite(matrix)) for matrix in results)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[0, 0, 1, 1], [5, 0, 2, 3]], r"boxes1 must be .*x2 >= x1.*got \[5\.0, 0\.0, .* in row 1"),
        ([[0, 4, 1, 1]], r"boxes1 must be .*y2 >= y1.*in row 0"),
        ([[0, 0, 1, np.nan]], "boxes1 must not contain NaN, got 1"),
        ([[0, 0, 1, np.inf]], "boxes1 must be finite.*in row 0"),
        ([[0, 0, 1, 1e160]], "boxes1 must be finite and at most 3e.153.*in row 0"),
        ([[0, 0, 1]], r"boxes1 must have shape \(\.\.\., 4\), got \(1, 3\)"),
        ([0, 0, 1, 1], r"boxes1 must have shape \(n, 4\), got \(4,\)"),
        (3.0, r"boxes1 must have shape"),
        ("boxes", "boxes1 must be numeric"),
    ],
)
@pytest.mark.parametrize("measure", MEASURES)
def test_bad_boxes_are_named(measure, boxes, message):
    with pytest.raises(ValueError, match=message):
        measure(boxes, [[0, 0, 1, 1]])
    with pytest.raises(ValueError, match=message.replace("boxes1", "boxes2")):
        measure([[0, 0, 1, 1]], boxes)


def test_other_bad_arguments_are_named():
    with pytest.raises(ValueError, match="one library"):
        box_iou(np.zeros((1, 4)), torch.zeros(1, 4))
    with pytest.raises(ValueError, match=r"boxes must be .*x2 >= x1"):
        box_area([[3, 0, 1, 1]])
    with pytest.raises(ValueError, match=r"boxes must be .*in row \(1, 0\)"):
        box_area([[[0, 0, 1, 1]], [[3, 0, 1, 1]]])
    with pytest.raises(ValueError, match=r"in_fmt must be one of \['xyxy', .*, got 'yxyx'"):
        box_convert([[0, 0, 1, 1]], "yxyx", "xyxy")
    with pytest.raises(ValueError, match="out_fmt must be one of"):
        box_convert([[0, 0, 1, 1]], "xyxy", "yxyx")
    with pytest.raises(ValueError, match=r"boxes must be xywh with width and height >= 0.*row 0"):
        box_convert([[0, 0, -1, 1]], "xywh", "xyxy")
    with pytest.raises(ValueError, match=r"size must be \(H, W\)"):
        clip_boxes([[0, 0, 1, 1]], (3, -1))
    with pytest.raises(ValueError, match=r"size must be \(H, W\)"):
        clip_boxes([[0, 0, 1, 1]], (3, 4, 5))


def test_of_a_crowd_counts_how_much_of_the_detection_lies_inside():
    boxes, others = random_boxes(300, 0), random_boxes(200, 1)
    crowd = np.arange(200) % 2
    as_xywh = [box_convert(array, "xyxy", "xywh") for array in (boxes, others)]
    got = overlap.iou(
        xp, overlap.corners(xp, boxes[:, None]), overlap.corners(xp, others), crowd == 1
    )
    assert_allclose(got, mask.iou(*as_xywh, crowd.tolist()), rtol=0, atol=2e-13)


# Half precision

HALF = [torch.float16, torch.bfloat16]


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("measure", MEASURES)
def test_half_precision_is_computed_in_float32(measure, dtype):
    """Areas of 300 by 300 pixels exceed float16's largest number, 65504."""
    boxes1, boxes2 = (10 * torch.tensor(random_boxes(20, seed)) for seed in (0, 1))
    boxes1, boxes2 = boxes1.to(dtype), boxes2.to(dtype)
    got = measure(boxes1, boxes2)
    assert got.dtype == dtype
    expected = measure(boxes1.float(), boxes2.float()).to(dtype)
    assert_array_equal(got.float().numpy(), expected.float().numpy())
    in_lists = measure(boxes1, boxes2.tolist())  # of which no coordinate is rounded
    assert_array_equal(in_lists.float().numpy(), expected.float().numpy())


def test_half_precision_rounds_no_other_argument():
    """2049 is no float16: beside the boxes (0, 0, 2048, 1) the IoU is not 1."""
    assert box_iou(torch.tensor([[0, 0, 2048, 1.0]]).half(), [[0, 0, 4098, 1]]) < 0.5


@pytest.mark.parametrize("dtype", HALF)
def test_half_boxes_come_back_in_their_type(dtype):
    boxes = torch.tensor([[0, 0, 300, 300], [5, 0, 301, 300]], dtype=dtype)
    assert_array_equal(box_area(boxes).tolist(), [90000, 296 * 300 if dtype == HALF[0] else 88500])
    assert box_convert(boxes, "xyxy", "cxcywh").dtype == dtype
    assert box_convert(boxes, "xyxy", "cxcywh")[0].tolist() == [150, 150, 300, 300]
    assert clip_boxes(boxes, (200, 100)).tolist() == [[0, 0, 100, 200], [5, 0, 100, 200]]
    assert clip_boxes(boxes, (200, 100)).dtype == dtype


def test_what_half_precision_cannot_hold_becomes_its_largest_number():
    far = np.array([[60000, 0, 60000, 1]], dtype=np.float16)
    assert_array_equal(box_convert(far, "xywh", "xyxy"), [[60000, 0, 65504, 1]])


def test_a_gradient_passes_through_half_precision():
    boxes = torch.tensor([[0, 0, 300, 300.0]], dtype=torch.bfloat16, requires_grad=True)
    box_iou(boxes, [[0, 0, 400, 300]]).sum().backward()
    assert boxes.grad.dtype == torch.bfloat16
    assert_allclose(boxes.grad[0, 2].float(), 1 / 400, rtol=0.01)


@pytest.mark.parametrize("size", [None, 5, "ab", (None, 1), (1, math.inf), (1, math.nan), ([1], 2)])
def test_a_size_of_another_kind_is_named(size):
    with pytest.raises(ValueError, match=r"size must be \(H, W\)"):
        clip_boxes([[0, 0, 1, 1]], size)
