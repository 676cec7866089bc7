"""Bands along contours and their IoU, against loops and SciPy's erosion."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from visioncourse.segmentation import (
    boundary_band,
    boundary_iou,
    boundary_iou_per_class,
    iou_per_class,
)

BLOCK = np.zeros((12, 14), int)
BLOCK[2:10, 3:11] = 1


def random_maps(shape=(2, 9, 11), num_classes=3, seed=0):
    """Predictions and labels in patches, as regions are."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, num_classes, (2, shape[0], 1 + shape[1] // 3, 1 + shape[2] // 3))
    return coarse.repeat(3, axis=2).repeat(3, axis=3)[:, :, : shape[1], : shape[2]]


def band_by_loops(labels, d):
    """The pixels that see another label, or the world beyond, within d rows and columns."""
    height, width = labels.shape
    band = np.zeros(labels.shape, bool)
    for r in range(height):
        for c in range(width):
            for i in range(r - d, r + d + 1):
                for j in range(c - d, c + d + 1):
                    inside = 0 <= i < height and 0 <= j < width
                    band[r, c] |= not inside or labels[i, j] != labels[r, c]
    return band


@pytest.mark.parametrize("d", [1, 2, 3, 20])
def test_a_band_is_its_definition(d):
    for labels in random_maps()[0]:
        expected = band_by_loops(labels, d)
        assert_array_equal(boundary_band(labels, distance=d), expected)
        as_torch = boundary_band(torch.tensor(labels, dtype=torch.uint8), distance=d)
        assert_array_equal(as_torch.numpy(), expected)
        assert_array_equal(boundary_band(labels + 2**60, distance=d), expected)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_band_is_what_an_erosion_takes_away(d):
    for mask in random_maps(shape=(8, 20, 30), num_classes=2)[0]:
        square = np.ones((3, 3), bool)
        eroded = ndimage.binary_erosion(mask, square, iterations=d, border_value=0)
        assert_array_equal(mask & boundary_band(mask, distance=d), mask & ~eroded)


def test_boundary_iou_by_hand():
    moved = np.roll(BLOCK, 1, axis=1)
    assert_array_equal(np.sum(BLOCK & boundary_band(BLOCK, distance=1)), 28)
    # Both rings have 28 pixels: they share the top and the bottom, 7 pixels each.
    assert_allclose(boundary_iou(moved, BLOCK, distance=1), 14 / (28 + 28 - 14), rtol=1e-15)
    eroded = ndimage.binary_erosion(BLOCK, np.ones((3, 3)))
    assert boundary_iou(eroded, BLOCK, distance=1) == 0
    assert boundary_iou(BLOCK, BLOCK) == 1


def eroded_band(mask, dilation_ratio):
    """As Cheng et al. define it: erode d times with a square, zeros beyond the image."""
    d = max(1, round(dilation_ratio * np.hypot(*mask.shape)))
    framed = ndimage.binary_erosion(np.pad(mask, 1), np.ones((3, 3)), iterations=d)
    return (mask == 1) & ~framed[1:-1, 1:-1]


@pytest.mark.parametrize("dilation_ratio", [0.0, 0.02, 0.05, 0.2])
def test_boundary_iou_equals_its_definition_by_erosions(dilation_ratio):
    predictions, targets = random_maps(shape=(20, 40, 60), num_classes=2)
    got = boundary_iou(predictions, targets, dilation_ratio=dilation_ratio)
    for n in range(20):
        p, g = (eroded_band(m[n], dilation_ratio) for m in (predictions, targets))
        assert_allclose(got[n], np.sum(p & g) / np.sum(p | g), rtol=1e-15)
    convert = torch.tensor
    by_torch = boundary_iou(convert(predictions), convert(targets), dilation_ratio=dilation_ratio)
    assert by_torch.dtype == torch.float64
    assert_array_equal(by_torch.numpy(), got)


@pytest.mark.parametrize("ignore_index", [None, 255, -1])
@pytest.mark.parametrize("d", [1, 2])
def test_each_class_is_the_masks_of_all_images_together(ignore_index, d):
    predictions, labels = random_maps(shape=(6, 12, 15), num_classes=4)
    labels = labels.copy()
    if ignore_index is not None:
        labels[:, 3:6] = ignore_index
    got = boundary_iou_per_class(predictions, labels, 5, distance=d, ignore_index=ignore_index)
    known = labels != ignore_index
    for k in range(4):
        bands = [
            [mask & band_by_loops(mask, d) for mask in (maps == k) & known]
            for maps in (predictions, labels)
        ]
        p, g = np.array(bands)
        assert_allclose(got[k], np.sum(p & g) / np.sum(p | g), rtol=1e-15)
    assert got[4] == 1
    options = {"distance": d, "ignore_index": ignore_index, "absent": 0.0}
    assert boundary_iou_per_class(predictions, labels, 5, **options)[4] == 0
    as_torch = torch.tensor(predictions), torch.tensor(labels)
    assert_array_equal(boundary_iou_per_class(*as_torch, 5, **options).numpy()[:4], got[:4])


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_boundary_iou_is_symmetric_bounded_and_the_iou_of_a_band_that_reaches_all(seed, d):
    p, g = random_maps(seed=seed, num_classes=2)
    iou = boundary_iou(p, g, distance=d)
    assert np.all((iou >= 0) & (iou <= 1))
    assert_array_equal(boundary_iou(g, p, distance=d), iou)
    assert_array_equal(boundary_iou(p[:, ::-1], g[:, ::-1], distance=d), iou)
    whole = [iou_per_class(*pair, 2)[1] for pair in zip(p, g, strict=True)]
    assert_array_equal(boundary_iou(p, g, distance=11), whole)


def test_the_larger_an_object_the_less_the_iou_sees_a_lost_ring():
    seen = []
    for side in (10, 20, 40):
        mask = np.zeros((60, 60), int)
        mask[5 : 5 + side, 5 : 5 + side] = 1
        eroded = ndimage.binary_erosion(mask, np.ones((3, 3))).astype(int)
        seen.append((iou_per_class(eroded, mask, 2)[1], boundary_iou(eroded, mask, distance=2)))
    iou, boundary = np.array(seen).T
    assert_allclose(iou, [(1 - 2 / side) ** 2 for side in (10, 20, 40)])
    assert np.ptp(boundary) < 0.05 < np.ptp(iou)


def test_masks_without_pixels():
    nothing = np.zeros((2, 5, 5), int)
    assert_array_equal(boundary_iou(nothing, nothing), [1, 1])
    assert_array_equal(boundary_iou(nothing, 1 - nothing), [0, 0])
    assert boundary_iou(np.zeros((0, 5, 5), int), np.zeros((0, 5, 5), int)).shape == (0,)
    assert boundary_iou(np.zeros((5, 0), int), np.zeros((5, 0), int)) == 1
    assert_array_equal(boundary_iou_per_class(nothing[:0], nothing[:0], 2), [1, 1])
    assert_array_equal(boundary_iou_per_class(nothing, nothing + 9, 2, ignore_index=9), [1, 1])


@pytest.mark.parametrize(
    ("function", "arguments", "options", "message"),
    [
        (boundary_band, [[0, 1]], {}, r"must have shape \(\.\.\., H, W\), got \(2,\)"),
        (boundary_band, [BLOCK], {"distance": 0}, "distance must be a whole number >= 1, got 0"),
        (boundary_band, [BLOCK], {"distance": 1.5}, "distance must be a whole number >= 1"),
        (boundary_band, [BLOCK], {"dilation_ratio": 2}, r"dilation_ratio must lie in \[0, 1\]"),
        (boundary_iou, [2 * BLOCK, BLOCK], {}, "predictions must contain only 0 and 1, got 2"),
        (boundary_iou, [BLOCK, BLOCK[1:]], {}, r"targets must have shape \(12, 14\)"),
        (boundary_iou_per_class, [BLOCK, BLOCK, 1], {}, "must contain class indices 0 to 0, got 1"),
        (boundary_iou_per_class, [BLOCK, BLOCK[1:], 2], {}, r"labels must have shape \(12, 14\)"),
        (
            boundary_iou_per_class,
            [np.where(BLOCK, 2, 0), BLOCK, 2],
            {"ignore_index": 0},
            "predictions must contain class indices 0 to 1, got 2",
        ),
        (boundary_iou_per_class, [BLOCK, BLOCK, 2], {"absent": 2}, r"absent must lie in \[0, 1\]"),
    ],
)
def test_what_is_wrong_is_named(function, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments, **options)
