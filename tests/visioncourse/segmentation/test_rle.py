"""Run-length encodings and polygons, against pycocotools and against the pixels."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_array_equal
from pycocotools import mask as coco

from visioncourse.segmentation import decode_rle, encode_rle, polygons_to_rle
from visioncourse.segmentation.runs import Runs

masks_of_any_size = arrays.arrays(
    bool, arrays.array_shapes(min_dims=3, max_dims=3, max_side=12), elements=st.booleans()
)


def encoded_by_coco(masks):
    return coco.encode(np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8)))


@given(masks=masks_of_any_size)
def test_both_forms_are_those_of_pycocotools(masks):
    expected = encoded_by_coco(masks)
    text, lists = encode_rle(masks), encode_rle(masks, compressed=False)
    assert [rle["counts"].encode() for rle in text] == [rle["counts"] for rle in expected]
    again = coco.frPyObjects(lists, *masks.shape[1:])
    assert [rle["counts"] for rle in again] == [rle["counts"] for rle in expected]
    for rles in (text, lists, expected, json.loads(json.dumps([*lists[:1], *text[1:]]))):
        assert_array_equal(decode_rle(rles), masks)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999, 1.0])
def test_long_runs_need_many_characters(share):
    masks = np.random.default_rng(0).random((3, 300, 700)) < share
    rles = encode_rle(torch.from_numpy(masks))
    expected = encoded_by_coco(masks)
    assert [rle["counts"].encode() for rle in rles] == [rle["counts"] for rle in expected]
    assert_array_equal(decode_rle(rles), masks)


@given(masks=masks_of_any_size)
def test_areas_boxes_and_intersections_are_those_of_the_pixels(masks):
    runs, rles = Runs.of_masks(masks), encoded_by_coco(masks)
    assert_array_equal(runs.area, coco.area(rles))
    boxes = coco.toBbox(rles).astype(int)
    boxes[:, 2:] += boxes[:, :2]
    assert_array_equal(runs.boxes, boxes)
    mine, its = np.divmod(np.arange(len(masks) ** 2), len(masks))
    both = (masks[mine] & masks[its]).sum(axis=(1, 2))
    assert_array_equal(runs.intersections(Runs.joined([runs]), mine, its), both)


def test_runs_of_no_pixel_are_legal_in_a_file():
    rle = {"size": [2, 4], "counts": [1, 0, 2, 2, 0, 1, 2, 0]}
    assert_array_equal(decode_rle([rle])[0].T.ravel(), [0, 0, 0, 1, 1, 1, 0, 0])
    text = coco.frPyObjects(rle, 2, 4)  # keeps them
    assert_array_equal(decode_rle([text]), decode_rle([rle]))
    assert coco.area(text) == 3


def test_no_masks_and_masks_without_pixels():
    assert encode_rle(np.zeros((0, 5, 5))) == []
    assert decode_rle([]).shape == (0, 0, 0)
    for shape in ((2, 0, 5), (2, 5, 0), (1, 0, 0)):
        rles = encode_rle(np.zeros(shape), compressed=False)
        assert [rle["counts"] for rle in rles] == [[0]] * shape[0]
        assert decode_rle(rles).shape == shape


@given(
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    polygons=st.lists(
        st.lists(st.floats(-10, 40) | st.integers(0, 30), min_size=6, max_size=16).map(
            lambda points: points[: len(points) // 2 * 2]
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_polygons_are_filled_as_by_pycocotools(size, polygons):
    as_floats = [[float(value) for value in polygon] for polygon in polygons]
    expected = coco.merge(coco.frPyObjects(as_floats, *size))
    assert polygons_to_rle(polygons, size)["counts"].encode() == expected["counts"]


def test_a_rectangle_fills_its_pixels():
    rle = polygons_to_rle([[1, 2, 4, 2, 4, 7, 1, 7]], (9, 6))
    expected = np.zeros((9, 6), dtype=bool)
    expected[2:7, 1:4] = True
    assert_array_equal(decode_rle([rle])[0], expected)


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        (5, "rles\\[1\\] must have 'size' and 'counts', got 5"),
        ({"size": [2, 2]}, "must have 'size' and 'counts'"),
        ({"size": [2], "counts": [4]}, r"rles\[1\]: size must be \[height, width\]"),
        ({"size": [2, 1.5], "counts": [3]}, "size must be"),
        ({"size": [2**30, 2**30], "counts": [3]}, "size must be"),
        ({"size": [2, 2], "counts": [3]}, r"counts must add up to 2·2 = 4 pixels, got 3"),
        ({"size": [2, 2], "counts": [5, -1]}, "counts must be >= 0, got -1"),
        ({"size": [2, 2], "counts": [1.5, 2.5]}, "counts must be whole numbers or a text"),
        ({"size": [2, 2], "counts": None}, "counts must be whole numbers or a text"),
        ({"size": [2, 2], "counts": "4 "}, "counts must be COCO's text, got b'4 '"),
        ({"size": [2, 2], "counts": "P"}, "counts must be COCO's text"),  # more must follow
        ({"size": [2, 2], "counts": "P" * 11 + "0"}, "counts must be COCO's text"),
        ({"size": [2, 2], "counts": ""}, "counts must add up to 2·2 = 4 pixels, got 0"),
        ({"size": [2, 3], "counts": [6]}, r"rles must be of one size, got \[2, 2\], and \[2, 3\]"),
    ],
)
def test_broken_encodings_are_named(rle, message):
    with pytest.raises(ValueError, match=message):
        decode_rle([{"size": [2, 2], "counts": [4]}, rle])


@pytest.mark.parametrize(
    ("polygons", "size", "message"),
    [
        ([[0, 0, 1, 1]], (3, 3), r"polygons must be polygons \[x1, y1, x2, y2, x3, y3"),
        ([[0, 0, 1, 1, 2, 2, 3]], (3, 3), "must be polygons"),
        ([0, 0, 1, 1, 2, 2], (3, 3), "must be polygons"),  # one list too few
        ([[0, 0, 1, 1, 2, float("nan")]], (3, 3), "must have coordinates up to 131072"),
        ([], (3, 3), "must be a list of polygons"),
        ([[0, 0, 1, 1, 2, 2]], 3, "size must be"),
    ],
)
def test_broken_polygons_are_named(polygons, size, message):
    with pytest.raises(ValueError, match=message):
        polygons_to_rle(polygons, size)
