"""How much two boxes agree: the formulas alone, unchecked.

They broadcast: boxes against boxes one by one (losses), or as rows and columns (matrices).

At a kink (an edge that both boxes share, corners that touch) `minimum` and `maximum` split the
gradient between their arguments, so that autograd returns the mean of both one-sided derivatives.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import array_api_compat

from ..arrays import Array

BLOCK_PAIRS = 2**15


class Corners(NamedTuple):
    """The coordinates of boxes, each (...)."""

    x1: Array
    y1: Array
    x2: Array
    y2: Array


def matrix(xp: Any, measure: Callable[..., Array], boxes1: Array, boxes2: Array) -> Array:
    """A measure of every pair of boxes (N, 4) and (M, 4), one of the four below: (N, M)."""
    rows = corners(xp, boxes1[:, None, :])  # (N, 1) each
    columns = corners(xp, boxes2)  # (M,) each
    pairs = boxes1.shape[0] * boxes2.shape[0]
    if pairs <= BLOCK_PAIRS or not array_api_compat.is_numpy_array(boxes1):
        return measure(xp, rows, columns)
    # Blocks whose intermediate results stay in the processor's cache: four times as fast as whole
    # matrices. Torch would have to record every block for its gradients.
    result = xp.empty((boxes1.shape[0], boxes2.shape[0]), dtype=boxes1.dtype)
    step = max(1, BLOCK_PAIRS // max(1, boxes2.shape[0]))
    for start in range(0, boxes1.shape[0], step):
        block = slice(start, start + step)
        result[block] = measure(xp, Corners(*(corner[block] for corner in rows)), columns)
    return result


def corners(xp: Any, boxes: Array) -> Corners:
    """The columns of boxes (..., 4)."""
    # A copy of each column: arithmetic on every fourth number is slow.
    return Corners(*(xp.astype(boxes[..., k], boxes.dtype, copy=True) for k in range(4)))


def area(box: Corners) -> Array:
    """Width times height."""
    return (box.x2 - box.x1) * (box.y2 - box.y1)


def _ratio(xp: Any, part: Array, whole: Array) -> Array:
    """part / whole, and 0 where both are 0; below the smallest normal number counts as 0."""
    return part / xp.where(whole >= xp.finfo(whole.dtype).smallest_normal, whole, 1.0)


def _intersection(xp: Any, a: Corners, b: Corners) -> Array:
    """|A ∩ B|."""
    width = xp.minimum(a.x2, b.x2) - xp.maximum(a.x1, b.x1)
    height = xp.minimum(a.y2, b.y2) - xp.maximum(a.y1, b.y1)
    # NumPy is slower with a single 0.
    zeros = xp.zeros_like(width)
    return xp.maximum(width, zeros) * xp.maximum(height, zeros)


def _hull(xp: Any, a: Corners, b: Corners) -> tuple[Array, Array]:
    """Width and height of the smallest box around both."""
    width = xp.maximum(a.x2, b.x2) - xp.minimum(a.x1, b.x1)
    height = xp.maximum(a.y2, b.y2) - xp.minimum(a.y1, b.y1)
    return width, height


def iou(xp: Any, a: Corners, b: Corners, crowd: Array | None = None) -> Array:
    """|A ∩ B| / |A ∪ B|, and 0 where neither box has an area.

    Where `crowd` is true, B is a region full of objects, COCO's `iscrowd`: |A ∩ B| / |A|, since a
    detection lies inside it as far as its own area does.
    """
    intersection = _intersection(xp, a, b)
    union = area(a) + area(b) - intersection
    if crowd is not None:
        union = xp.where(crowd, area(a), union)
    return _ratio(xp, intersection, union)


def generalized_iou(xp: Any, a: Corners, b: Corners) -> Array:
    """IoU - |C - (A ∪ B)| / |C|."""
    intersection = _intersection(xp, a, b)
    union = area(a) + area(b) - intersection
    width, height = _hull(xp, a, b)
    hull = width * height
    return _ratio(xp, intersection, union) - _ratio(xp, hull - union, hull)


def distance_iou(xp: Any, a: Corners, b: Corners) -> Array:
    """IoU - ρ²/c²."""
    return iou(xp, a, b) - _squared_distance(xp, a, b)


def complete_iou(xp: Any, a: Corners, b: Corners) -> Array:
    """IoU - ρ²/c² - α·v, with α constant in the backward pass."""
    overlap = iou(xp, a, b)
    difference = _angle(xp, b) - _angle(xp, a)
    v = 4 / math.pi**2 * (difference * difference)
    alpha = _ratio(xp, v, 1 - overlap + v)
    if array_api_compat.is_torch_array(alpha):
        alpha = alpha.detach()
    return overlap - _squared_distance(xp, a, b) - alpha * v


def _squared_distance(xp: Any, a: Corners, b: Corners) -> Array:
    """ρ²/c², the distance of the centres in units of the enclosing box's diagonal."""
    width, height = _hull(xp, a, b)
    dx, dy = (end - start for start, end in zip(_centre(a), _centre(b), strict=True))
    return _ratio(xp, dx * dx + dy * dy, width * width + height * height)


def _centre(box: Corners) -> tuple[Array, Array]:
    return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2


def _angle(xp: Any, box: Corners) -> Array:
    """arctan(width / height); of a point 0, and so is the gradient that Torch gives it."""
    return xp.atan2(box.x2 - box.x1, box.y2 - box.y1)
