"""Anchors and deltas, against arithmetic and the published formulas written out."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse.detection.anchors import anchor_grid, decode_boxes, encode_boxes
from visioncourse.detection.boxes import box_area, box_convert

from .examples import central_differences, random_boxes

FASTER_RCNN = (10.0, 10.0, 5.0, 5.0)
positive = st.floats(0.01, 1000)
boxes_with_area = st.lists(
    st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000), positive, positive),
    min_size=1,
    max_size=5,
).map(lambda rows: box_convert(np.array(rows), "xywh", "xyxy"))
weights = st.tuples(*[st.floats(0.1, 20)] * 4)


def encode_by_loop(box, anchor, weights=(1, 1, 1, 1)):
    """The formulas of R-CNN's appendix and torchvision's documentation, one number at a time."""
    x1, y1, x2, y2 = anchor
    anchor_w, anchor_h = x2 - x1, y2 - y1
    anchor_x, anchor_y = x1 + 0.5 * anchor_w, y1 + 0.5 * anchor_h
    w, h = box[2] - box[0], box[3] - box[1]
    x, y = box[0] + 0.5 * w, box[1] + 0.5 * h
    return [
        weights[0] * (x - anchor_x) / anchor_w,
        weights[1] * (y - anchor_y) / anchor_h,
        weights[2] * math.log(w / anchor_w),
        weights[3] * math.log(h / anchor_h),
    ]


def decode_by_loop(deltas, anchor, weights=(1, 1, 1, 1)):
    x1, y1, x2, y2 = anchor
    anchor_w, anchor_h = x2 - x1, y2 - y1
    dx, dy, dw, dh = (delta / weight for delta, weight in zip(deltas, weights, strict=True))
    x, y = dx * anchor_w + x1 + 0.5 * anchor_w, dy * anchor_h + y1 + 0.5 * anchor_h
    w = math.exp(min(dw, math.log(1000 / 16))) * anchor_w
    h = math.exp(min(dh, math.log(1000 / 16))) * anchor_h
    return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]


# The grid


def test_aspect_ratio_is_height_over_width():
    standing, lying = anchor_grid((1, 1), stride=100, scales=[20], aspect_ratios=[4, 0.25])
    assert_allclose(standing, [45, 30, 55, 70])  # 10 wide, 40 high
    assert_allclose(lying, [30, 45, 70, 55])  # 40 wide, 10 high


def test_anchors_sit_in_the_centres_of_their_cells():
    anchors = anchor_grid((2, 3), stride=8, scales=[4], aspect_ratios=[1])
    centres = box_convert(anchors, "xyxy", "cxcywh")[:, :2]
    # Row by row: x runs first.
    assert_array_equal(centres, [[4, 4], [12, 4], [20, 4], [4, 12], [12, 12], [20, 12]])


@given(
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.floats(0.5, 64),
    st.lists(st.floats(1, 500), max_size=3),
    st.lists(st.floats(0.1, 10), max_size=3),
)
def test_the_grid_is_four_nested_loops(feature_size, stride, scales, aspect_ratios):
    expected = []
    for row in range(feature_size[0]):
        for column in range(feature_size[1]):
            x, y = (column + 0.5) * stride, (row + 0.5) * stride
            for scale in scales:
                for ratio in aspect_ratios:
                    w = math.sqrt(scale**2 / ratio)  # from w·h = scale² and h / w = ratio
                    h = ratio * w
                    expected.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    got = anchor_grid(feature_size, stride=stride, scales=scales, aspect_ratios=aspect_ratios)
    assert got.shape == (len(expected), 4)
    assert_allclose(got, np.reshape(expected, (-1, 4)), rtol=1e-12, atol=1e-10)
    areas = np.repeat(np.square(scales), len(aspect_ratios))
    assert_allclose(box_area(got), np.tile(areas, math.prod(feature_size)), rtol=1e-9)


def test_anchors_of_torch_are_tensors():
    scales = torch.tensor([8.0, 16.0])
    got = anchor_grid((2, 2), stride=16, scales=scales, aspect_ratios=[0.5, 1.0])
    assert got.dtype == torch.float32
    expected = anchor_grid((2, 2), stride=16, scales=[8, 16], aspect_ratios=[0.5, 1.0])
    assert_allclose(got.numpy(), expected, rtol=1e-6)


# Deltas


def test_deltas_by_hand():
    anchor, box = [[0.0, 0, 10, 20]], [[5.0, 5, 25, 15]]  # centres (5, 10) and (15, 10)
    assert_allclose(encode_boxes(box, anchor), [[1, 0, math.log(2), math.log(0.5)]], rtol=1e-15)
    assert_allclose(
        encode_boxes(box, anchor, weights=FASTER_RCNN),
        [[10, 0, 5 * math.log(2), 5 * math.log(0.5)]],
        rtol=1e-15,
    )
    assert_array_equal(encode_boxes(anchor, anchor), [[0, 0, 0, 0]])
    assert_array_equal(decode_boxes([[0.0, 0, 0, 0]], anchor), anchor)


@given(boxes_with_area, boxes_with_area, weights)
def test_encoding_is_the_published_formula(boxes, anchors, weights):
    n = min(len(boxes), len(anchors))
    boxes, anchors = boxes[:n], anchors[:n]
    expected = [encode_by_loop(b, a, weights) for b, a in zip(boxes, anchors, strict=True)]
    assert_allclose(encode_boxes(boxes, anchors, weights=weights), expected, rtol=1e-9, atol=1e-9)


@given(
    st.lists(st.tuples(*[st.floats(-20, 20)] * 4), min_size=1, max_size=5),
    boxes_with_area,
    weights,
)
def test_decoding_is_the_published_formula(deltas, anchors, weights):
    n = min(len(deltas), len(anchors))
    deltas, anchors = np.array(deltas[:n]), anchors[:n]
    expected = [decode_by_loop(d, a, weights) for d, a in zip(deltas, anchors, strict=True)]
    got = decode_boxes(deltas, anchors, weights=weights)
    assert_allclose(got, expected, rtol=1e-9, atol=1e-8)
    assert np.all(got[:, 2:] >= got[:, :2])


@given(boxes_with_area, boxes_with_area, weights)
def test_boxes_come_back(boxes, anchors, weights):
    n = min(len(boxes), len(anchors))
    boxes, anchors = boxes[:n], anchors[:n]
    deltas = encode_boxes(boxes, anchors, weights=weights)
    got = decode_boxes(deltas, anchors, weights=weights, max_log_scale=20.0)
    assert_allclose(got, boxes, rtol=1e-9, atol=1e-7)


def test_realistic_boxes_come_back_to_the_last_digits():
    boxes, anchors = random_boxes(1000, 0, size=800), random_boxes(1000, 1, size=800)
    got = decode_boxes(encode_boxes(boxes, anchors, weights=FASTER_RCNN), anchors,
                       weights=FASTER_RCNN)  # fmt: skip
    assert_allclose(got, boxes, rtol=0, atol=1e-11)


def test_a_large_delta_is_clamped():
    got = decode_boxes([[0.0, 0, 700, -700]], [[0.0, 0, 16, 16]])
    assert_allclose(got[0, [0, 2]], [8 - 500, 8 + 500], rtol=1e-13)  # 1000/16 times as wide
    assert_allclose(got[0, [1, 3]], [8, 8], rtol=1e-15)
    narrow = decode_boxes([[0.0, 0, 1, 1]], [[0.0, 0, 16, 16]], max_log_scale=0.0)
    assert_array_equal(narrow, [[0, 0, 16, 16]])


def test_gradients_agree_with_finite_differences():
    anchors = random_boxes(5, 0)
    for function, point in (
        (encode_boxes, random_boxes(5, 1)),
        (decode_boxes, np.random.default_rng(2).normal(size=(5, 4))),
    ):
        weighted = np.random.default_rng(3).normal(size=(5, 4))
        tensor = torch.tensor(point, requires_grad=True)
        result = function(tensor, torch.tensor(anchors), weights=FASTER_RCNN)
        (result * torch.tensor(weighted)).sum().backward()

        def total(x, function=function, weighted=weighted):
            return np.sum(function(x, anchors, weights=FASTER_RCNN) * weighted)

        assert_allclose(
            tensor.grad.numpy(), central_differences(total, point), rtol=1e-6, atol=1e-6
        )
        assert_allclose(result.detach().numpy(), function(point, anchors, weights=FASTER_RCNN))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    boxes, anchors = (20 * torch.tensor(random_boxes(20, seed)) for seed in (0, 1))
    boxes, anchors = boxes.to(dtype), anchors.to(dtype)
    deltas = encode_boxes(boxes, anchors, weights=FASTER_RCNN)
    assert deltas.dtype == dtype
    expected = encode_boxes(boxes.float(), anchors.float(), weights=FASTER_RCNN)
    assert deltas.tolist() == expected.to(dtype).tolist()
    decoded = decode_boxes(deltas, anchors, weights=FASTER_RCNN)
    assert decoded.dtype == dtype
    expected = decode_boxes(deltas.float(), anchors.float(), weights=FASTER_RCNN)
    assert decoded.tolist() == expected.to(dtype).tolist()
    grid = anchor_grid(
        (1, 3000), stride=8, scales=torch.tensor([8.0], dtype=dtype), aspect_ratios=[1]
    )
    exact = anchor_grid((1, 3000), stride=8, scales=[8.0], aspect_ratios=[1])
    assert grid.tolist() == torch.tensor(exact).to(dtype).tolist()


def test_no_boxes():
    assert encode_boxes([], []).shape == (0, 4)
    assert decode_boxes([], []).shape == (0, 4)
    assert decode_boxes(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0, 4)
    assert anchor_grid((0, 5), stride=8, scales=[8], aspect_ratios=[1]).shape == (0, 4)
    assert anchor_grid((2, 5), stride=8, scales=[], aspect_ratios=[1]).shape == (0, 4)


GRID = {"feature_size": (1, 1), "stride": 8, "scales": [8], "aspect_ratios": [1]}


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"feature_size": (1.5, 1)}, r"feature_size must be \(H, W\)"),
        ({"feature_size": (-1, 1)}, r"feature_size must be \(H, W\)"),
        ({"feature_size": (1, 1, 1)}, r"feature_size must be \(H, W\)"),
        ({"feature_size": 3}, r"feature_size must be \(H, W\)"),
        ({"feature_size": (1.5, 1, 2)}, r"feature_size must be \(H, W\)"),
        ({"feature_size": (None, 1)}, r"feature_size must be \(H, W\)"),
        ({"feature_size": (math.inf, 1)}, r"feature_size must be \(H, W\)"),
        ({"stride": None}, "stride must be a finite number > 0, got None"),
        ({"stride": "8"}, "stride must be a finite number > 0, got '8'"),
        ({"stride": 0}, "stride must be a finite number > 0, got 0"),
        ({"scales": [8, 0]}, "scales must be positive, got 0"),
        ({"scales": 8}, r"scales must have shape \(n,\)"),
        ({"aspect_ratios": [-1]}, "aspect_ratios must be positive, got -1"),
        ({"aspect_ratios": [math.inf]}, "aspect_ratios must be finite"),
    ],
)
def test_bad_grids_are_named(argument, message):
    with pytest.raises(ValueError, match=message):
        anchor_grid(**(GRID | argument))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda box: encode_boxes([[0, 0, 0, 1]], box), "boxes must have a positive width"),
        (lambda box: encode_boxes(box, [[0, 0, 1, 0]]), "anchors must have a positive width"),
        (lambda box: decode_boxes(box, [[0, 0, 1, 0]]), "anchors must have a positive width"),
        (lambda box: encode_boxes([[3, 0, 0, 1]], box), "boxes must be .*x2 >= x1"),
        (lambda box: encode_boxes(box * 2, box), r"anchors must have shape \(2, 4\)"),
        (lambda box: decode_boxes(box * 2, box), r"deltas must have shape \(1, 4\)"),
        (lambda box: decode_boxes([[0, 0, 0, math.inf]], box), "deltas must be finite"),
        (lambda box: decode_boxes([[0, 0, 0, math.nan]], box), "deltas must not contain NaN"),
        (lambda box: encode_boxes(box, box, weights=(1, 1, 1)), "weights must be four"),
        (lambda box: encode_boxes(box, box, weights=(1, 1, 1, 0)), "weights must be four"),
        (lambda box: encode_boxes(box, box, weights=None), "weights must be four"),
        (lambda box: encode_boxes(box, box, weights=(1, 1, 1, "a")), "weights must be four"),
        (lambda box: encode_boxes(box, box, weights=(1, 1, 1, 1e-400)), "weights must be four"),
        (lambda box: decode_boxes(box, box, max_log_scale=None), "max_log_scale must"),
        (lambda box: decode_boxes(box, box, max_log_scale="a"), "max_log_scale must"),
        (lambda box: decode_boxes(box, box, max_log_scale=[1, 2]), "max_log_scale must"),
        (lambda box: decode_boxes(box, box, max_log_scale=1e3), "max_log_scale must not lead"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call([[0.0, 0.0, 1.0, 1.0]])
