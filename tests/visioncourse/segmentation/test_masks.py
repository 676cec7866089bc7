"""Masks of objects: IoU against COCO's code, components against a flood fill."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from pycocotools import mask as coco

from visioncourse.scenes import WORLDS, make_scene
from visioncourse.segmentation import connected_components, mask_iou, panoptic_map

rng = np.random.default_rng(0)


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
@pytest.mark.parametrize("crowd", [None, [0, 1, 1, 0]])
def test_mask_iou_is_that_of_coco(kind, crowd):
    a, b = rng.random((5, 9, 7)) < 0.4, rng.random((4, 9, 7)) < 0.6
    encoded = [
        coco.encode(np.asfortranarray(m.transpose(1, 2, 0).astype(np.uint8))) for m in (a, b)
    ]
    expected = coco.iou(*encoded, crowd or [0] * 4)
    result = mask_iou(kind(a), kind(b), crowd=None if crowd is None else kind(np.array(crowd)))
    assert isinstance(result, type(kind(a)))
    assert_allclose(result, expected, rtol=1e-14)


def test_mask_iou_of_nothing():
    empty = np.zeros((1, 3, 3), dtype=bool)
    assert_array_equal(mask_iou(empty, empty), [[0.0]])
    assert mask_iou(empty[:0], empty).shape == (0, 1)
    assert mask_iou(empty, empty[:0]).shape == (1, 0)
    assert_array_equal(mask_iou(np.zeros((2, 0, 3)), np.zeros((1, 0, 3))), [[0.0], [0.0]])


def flood(labels, stuff, steps):
    """The regions of each class as sets of pixels, by walking from pixel to pixel."""
    left = {place for place, k in np.ndenumerate(labels) if k not in stuff}
    regions = []
    while left:
        region, front = set(), {left.pop()}
        while front:
            y, x = front.pop()
            region.add((y, x))
            near = {(y + dy, x + dx) for dy, dx in steps} & left
            near = {place for place in near if labels[place] == labels[y, x]}
            front |= near
            left -= near
        regions.append(frozenset(region))
    return set(regions)


SIDES = [(0, 1), (1, 0), (0, -1), (-1, 0)]
CORNERS = [(1, 1), (1, -1), (-1, 1), (-1, -1)]


@pytest.mark.parametrize(("connectivity", "steps"), [(1, SIDES), (2, SIDES + CORNERS)])
@pytest.mark.parametrize("stuff", [(0,), (), (0, 2)])
def test_components_are_what_a_flood_fill_finds(connectivity, steps, stuff):
    labels = rng.integers(0, 3, (9, 11))
    result = connected_components(labels, stuff=stuff, connectivity=connectivity)
    assert_array_equal(result[..., 0], labels)
    assert not result[np.isin(labels, stuff), 1].any()
    found = {}
    for place, k in np.ndenumerate(labels):
        if k not in stuff:
            found.setdefault((k, result[place][1]), set()).add(place)
    assert set(map(frozenset, found.values())) == flood(labels, stuff, steps)


def test_components_of_a_batch_of_tensors():
    labels = torch.from_numpy(rng.integers(0, 3, (2, 6, 6)))
    result = connected_components(labels)
    assert isinstance(result, torch.Tensor) and result.shape == (2, 6, 6, 2)
    assert_array_equal(result[1], connected_components(labels[1].numpy()))
    assert connected_components(np.zeros((0, 4), int)).shape == (0, 4, 2)


def test_the_panoptic_map_of_a_scene():
    scene = make_scene(3, **WORLDS["segmentation"])
    result = panoptic_map(scene.semantic_mask, scene.instance_masks)
    assert_array_equal(result[..., 0], scene.semantic_mask)
    for number, mask in enumerate(scene.instance_masks, start=1):
        assert_array_equal(result[..., 1] == number, mask)
    assert panoptic_map(np.zeros((2, 3), int), np.zeros((0, 2, 3), int)).shape == (2, 3, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mask_iou([[0, 1]], [[[0, 1]]]), r"masks1 must have shape \(N, H, W\)"),
        (lambda: mask_iou([[[0, 1]]], [[[0, 1, 0]]]), r"masks2 must have shape \(1, 1, 2\)"),
        (lambda: mask_iou([[[0, 2]]], [[[0, 1]]]), "masks1 must contain only 0 and 1, got 2"),
        (lambda: mask_iou([[[0]]], [[[1]]], crowd=[1, 0]), r"crowd must have shape \(1,\)"),
        (lambda: connected_components([0, 1]), r"labels must have shape \(\.\.\., H, W\)"),
        (lambda: connected_components([[0, -1]]), "labels must be class indices >= 0, got -1"),
        (lambda: connected_components([[0]], connectivity=3), "connectivity must be 1 or 2, got 3"),
        (lambda: panoptic_map([[0, 1]], [[[1, 1]], [[0, 1]]]), "masks must not overlap"),
        (lambda: panoptic_map([[0, 1]], [[[1]]]), r"masks must have shape \(1, 1, 2\)"),
        (lambda: panoptic_map([[0, 1]], [[[1, 3]]]), "masks must contain only 0 and 1, got 3"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
