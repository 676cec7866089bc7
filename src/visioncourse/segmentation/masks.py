"""Masks of single objects: their IoU, and two ways to a map that numbers objects.

A **panoptic map** gives every pixel two whole numbers, its class and the object it belongs to:
(H, W, 2), as in torchmetrics. Objects are told apart by their number within a class.
"""

import math
import operator
from collections.abc import Collection

import numpy as np
from scipy import ndimage

from .._validation import (
    check_binary,
    check_class_indices,
    check_ndim,
    check_shape,
    check_whole,
)
from ..arrays import Array, integer_arrays, like, to_numpy


def mask_iou(masks1: Array, masks2: Array, *, crowd: Array | None = None) -> Array:
    """Intersection over union of every pair of masks, `|A ∩ B| / |A ∪ B|`.

    Args:
        masks1: (N, H, W) of 0 and 1, or booleans.
        masks2: (M, H, W), likewise.
        crowd: (M,) of 0 and 1: where 1, the mask of `masks2` is a region full of objects, COCO's
            `iscrowd`, and the pair has `|A ∩ B| / |A|`.

    Returns:
        (N, M) float64 in [0, 1]; 0 where both masks are empty.

    Raises:
        ValueError: entries other than 0 and 1, or other shapes.
    """
    given = {"masks1": masks1, "masks2": masks2} | ({} if crowd is None else {"crowd": crowd})
    xp, *arrays = integer_arrays(**given)
    check_binary(xp, **dict(zip(given, arrays, strict=True)))
    check_ndim(3, "(N, H, W)", masks1=arrays[0], masks2=arrays[1])
    first, second = arrays[:2]
    check_shape((second.shape[0], *first.shape[1:]), "the size of masks1", masks2=second)
    pixels = math.prod(first.shape[1:])
    rows, columns = (
        xp.astype(xp.reshape(masks, (masks.shape[0], pixels)), xp.float64)
        for masks in (first, second)
    )
    intersection = rows @ columns.T  # whole numbers: exact
    area1, area2 = xp.sum(rows, axis=1)[:, None], xp.sum(columns, axis=1)[None, :]
    union = area1 + area2 - intersection
    if crowd is not None:
        check_shape((columns.shape[0],), "one for each of masks2", crowd=arrays[2])
        union = xp.where(arrays[2] == 1, area1, union)
    return intersection / xp.where(union > 0, union, 1.0)


def connected_components(
    labels: Array, *, stuff: Collection[int] = (0,), connectivity: int = 1
) -> Array:
    """Call every connected region of one class an object: the simplest way to single objects.

    Args:
        labels: (..., H, W) class indices >= 0.
        stuff: classes that are not divided into objects; all their pixels have the number 0.
        connectivity: 1 connects a pixel with its four neighbours at the sides, 2 also with the
            four at the corners.

    Returns:
        (..., H, W, 2) int64, a panoptic map: classes, and in each image the objects of a class
        numbered 1, 2, ... row by row.

    Raises:
        ValueError: something that is no whole number or negative, fewer than two axes, or another
            connectivity.
    """
    _, given = integer_arrays(labels=labels)
    check_whole(1, connectivity=connectivity)
    if connectivity > 2:
        raise ValueError(f"connectivity must be 1 or 2, got {connectivity}")
    ground = read_stuff(stuff)
    if given.ndim < 2:
        raise ValueError(f"labels must have shape (..., H, W), got {tuple(given.shape)}")
    classes = to_numpy(given, dtype=np.int64)
    if classes.size and classes.min() < 0:
        raise ValueError(f"labels must be class indices >= 0, got {classes.min()}")
    neighbours = ndimage.generate_binary_structure(2, connectivity)
    numbers = np.zeros_like(classes)
    for index in np.ndindex(classes.shape[:-2]):
        for k in set(np.unique(classes[index]).tolist()) - ground:
            regions, _ = ndimage.label(classes[index] == k, structure=neighbours)
            numbers[index] += regions
    return like(given, np.stack([classes, numbers], axis=-1))


def panoptic_map(labels: Array, masks: Array) -> Array:
    """The panoptic map of a scene whose objects have a mask each.

    Args:
        labels: (H, W) class indices, such as a scene's `semantic_mask`.
        masks: (N, H, W) of 0 and 1, such as its `instance_masks`; no two overlap.

    Returns:
        (H, W, 2) int64: classes, and the number of the mask, 1 to N, or 0 where there is none.

    Raises:
        ValueError: something that is no whole number, masks of another size or that overlap.
    """
    xp, labels, masks = integer_arrays(labels=labels, masks=masks)
    check_ndim(2, "(H, W)", labels=labels)
    check_ndim(3, "(N, H, W)", masks=masks)
    check_shape((masks.shape[0], *labels.shape), "the size of labels", masks=masks)
    check_binary(xp, masks=masks)
    check_class_indices(xp, 2**31, labels=labels)
    masks = xp.astype(masks, xp.int64, copy=False)
    depth = xp.sum(masks, axis=0)
    if xp.any(depth > 1):
        raise ValueError(f"masks must not overlap, got a pixel in {xp.max(depth).item()} of them")
    order = xp.arange(1, masks.shape[0] + 1, dtype=xp.int64)
    numbers = xp.sum(masks * order[:, None, None], axis=0)
    return xp.stack([xp.astype(labels, xp.int64), numbers], axis=-1)


def read_stuff(stuff: Collection[int]) -> set[int]:
    """The classes that are not divided into objects."""
    try:
        indices = list(stuff)
    except TypeError:
        raise ValueError(f"stuff must be class indices, got {stuff!r}") from None
    check_whole(0, **{f"stuff[{place}]": index for place, index in enumerate(indices)})
    return set(map(operator.index, indices))
