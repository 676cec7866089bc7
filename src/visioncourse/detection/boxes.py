"""Boxes and how much two of them agree.

A box is (x1, y1, x2, y2) in pixels with x2 >= x1 and y2 >= y1. Coordinates are continuous: the
width is x2 - x1, without the +1 of codes that count whole pixels. Names follow torchvision.

Boxes of half precision are computed in float32, which holds areas and sums of coordinates; boxes
and overlaps come back in the caller's type.
"""

import math
from collections.abc import Callable
from typing import Any, Literal

import array_api_compat

from .._validation import check_ndim, check_one_of, check_rows
from ..arrays import Array, narrow, wide_arrays
from . import overlap

BoxFormat = Literal["xyxy", "cxcywh", "xywh"]

LARGEST_COORDINATE = 1e150  # in float64: every area, and the sum of many, is still a number
FORMATS = ("xyxy", "cxcywh", "xywh")


def box_arrays(**boxes: Any) -> tuple[Any, ...]:
    """Return the arguments' array namespace, then each as boxes (..., 4) = x1, y1, x2, y2.

    They are of float32 at least, since half precision holds no area and no sum of coordinates.
    An empty list counts as no boxes, (0, 4).

    Raises:
        ValueError: arrays of two libraries, something that is no real number, NaN, another shape,
            a number too large to be squared, x2 < x1 or y2 < y1.
    """
    xp, _, *arrays = wide_arrays(**boxes)
    return xp, *checked_boxes(xp, **dict(zip(boxes, arrays, strict=True)))


def checked_boxes(xp: Any, **boxes: Array) -> list[Array]:
    """Return arrays of float32 or wider as boxes (..., 4); `box_arrays` has the errors."""
    arrays = [quadruples(xp, name, array) for name, array in boxes.items()]
    for name, array in zip(boxes, arrays, strict=True):
        wrong = (array[..., 2] < array[..., 0]) | (array[..., 3] < array[..., 1])
        check_rows(xp, wrong, "x1, y1, x2, y2 with x2 >= x1 and y2 >= y1", **{name: array})
    return arrays


def quadruples(xp: Any, name: str, array: Array) -> Array:
    """Return four numbers a row, (..., 4), none so large that an area or a distance overflows.

    Raises:
        ValueError: another shape, or a number that is infinite or too large.
    """
    if array.shape == (0,):
        return xp.reshape(array, (0, 4))
    if array.ndim == 0 or array.shape[-1] != 4:
        raise ValueError(f"{name} must have shape (..., 4), got {tuple(array.shape)}")
    limit = xp.finfo(array.dtype).max ** 0.5 / 4
    wrong = xp.any(xp.abs(array) > limit, axis=-1)
    check_rows(xp, wrong, f"finite and at most {limit:.0e} in size", **{name: array})
    return array


def box_area(boxes: Array) -> Array:
    """Width times height, (x2 - x1)·(y2 - y1).

    Args:
        boxes: (..., 4) as x1, y1, x2, y2.

    Returns:
        (...) in square pixels, >= 0, in float32 at least.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, another shape.
    """
    xp, boxes = box_arrays(boxes=boxes)
    return overlap.area(overlap.corners(xp, boxes))


def box_convert(boxes: Array, in_fmt: BoxFormat, out_fmt: BoxFormat) -> Array:
    """The same boxes in another format.

    "xyxy" is two corners x1, y1, x2, y2; "cxcywh" centre, width, height, as most networks predict;
    "xywh" upper left corner, width, height, as COCO and MOTChallenge store them.

    Args:
        boxes: (..., 4) in `in_fmt`.
        in_fmt, out_fmt: "xyxy", "cxcywh" or "xywh".

    Returns:
        (..., 4) in `out_fmt`.

    Raises:
        ValueError: NaN, a negative width or height, another shape, or an unknown format.
    """
    check_one_of(FORMATS, in_fmt=in_fmt, out_fmt=out_fmt)
    xp, dtype, boxes = wide_arrays(boxes=boxes)
    if in_fmt == "xyxy":
        (boxes,) = checked_boxes(xp, boxes=boxes)
    else:
        boxes = quadruples(xp, "boxes", boxes)
        wrong = xp.any(boxes[..., 2:] < 0, axis=-1)
        check_rows(xp, wrong, f"{in_fmt} with width and height >= 0", boxes=boxes)
    if in_fmt != out_fmt:
        boxes = from_xyxy(xp, to_xyxy(xp, boxes, in_fmt), out_fmt)
    return narrow(xp, boxes, dtype)


def to_xyxy(xp: Any, boxes: Array, in_fmt: BoxFormat) -> Array:
    """Boxes (..., 4) in `in_fmt` as two corners, unchecked."""
    if in_fmt == "xyxy":
        return boxes
    start, size = boxes[..., :2], boxes[..., 2:]
    if in_fmt == "cxcywh":
        start = start - size / 2
    return xp.concat([start, start + size], axis=-1)


def from_xyxy(xp: Any, boxes: Array, out_fmt: BoxFormat) -> Array:
    """Boxes (..., 4) from two corners to `out_fmt`, unchecked."""
    if out_fmt == "xyxy":
        return boxes
    start, size = boxes[..., :2], boxes[..., 2:] - boxes[..., :2]
    if out_fmt == "cxcywh":
        start = start + size / 2
    return xp.concat([start, size], axis=-1)


def clip_boxes(boxes: Array, size: tuple[float, float]) -> Array:
    """The part of each box that lies in the image.

    Args:
        boxes: (..., 4) as x1, y1, x2, y2.
        size: (H, W) of the image, as the shape of an array has it.

    Returns:
        (..., 4) with x in [0, W] and y in [0, H]; a box outside becomes one without area at the
        image's edge.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, another shape, or
            a size that is not two finite numbers >= 0.
    """
    xp, dtype, boxes = wide_arrays(boxes=boxes)
    (boxes,) = checked_boxes(xp, boxes=boxes)
    try:
        height, width = (float(side) for side in size)
    except (TypeError, ValueError):
        height = width = math.nan
    if not (0 <= height < math.inf and 0 <= width < math.inf):
        raise ValueError(f"size must be (H, W), two finite numbers >= 0, got {size!r}")
    limits = xp.asarray(
        [width, height, width, height], dtype=boxes.dtype, device=array_api_compat.device(boxes)
    )
    return narrow(xp, xp.minimum(xp.maximum(boxes, 0.0), limits), dtype)


def box_iou(boxes1: Array, boxes2: Array) -> Array:
    """Intersection over union of every pair, `|A ∩ B| / |A ∪ B|`.

    Args:
        boxes1: (N, 4) as x1, y1, x2, y2.
        boxes2: (M, 4), likewise.

    Returns:
        (N, M) in [0, 1]; 0 where neither box has an area.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, or shapes other
            than (N, 4) and (M, 4).
    """
    return pairwise(overlap.iou, boxes1=boxes1, boxes2=boxes2)


def generalized_box_iou(boxes1: Array, boxes2: Array) -> Array:
    """Generalized IoU of every pair, `IoU - |C - (A ∪ B)| / |C|`; C is the smallest enclosing box.

    It still tells near from far where boxes do not overlap and their IoU is 0
    (Rezatofighi et al. 2019, "Generalized Intersection over Union", algorithm 1).

    Arguments and errors as for :py:func:`box_iou`.

    Returns:
        (N, M) in [-1, 1]; the second term counts as 0 where C has no area.
    """
    return pairwise(overlap.generalized_iou, boxes1=boxes1, boxes2=boxes2)


def distance_box_iou(boxes1: Array, boxes2: Array) -> Array:
    """Distance IoU of every pair, IoU - ρ²/c².

    ρ is the distance of the centres and c the diagonal of the smallest enclosing box
    (Zheng et al. 2020, "Distance-IoU Loss", equation 6).

    Arguments and errors as for :py:func:`box_iou`.

    Returns:
        (N, M) in [-1, 1]; the second term counts as 0 for two boxes that are one point.
    """
    return pairwise(overlap.distance_iou, boxes1=boxes1, boxes2=boxes2)


def complete_box_iou(boxes1: Array, boxes2: Array) -> Array:
    """Complete IoU of every pair, IoU - ρ²/c² - α·v.

    v = 4/π²·(arctan(w₂/h₂) - arctan(w₁/h₁))² compares the aspect ratios; α = v / ((1 - IoU) + v)
    weighs it the more, the better the boxes overlap (Zheng et al. 2020, "Distance-IoU Loss",
    equations 8 to 11). As in the authors' code and torchvision, α is a constant in the backward
    pass. The second paper's rule, α = 0 where IoU < 0.5, is not applied.

    Arguments and errors as for :py:func:`box_iou`.

    Returns:
        (N, M) in [-2, 1], and 1 only for equal boxes. arctan(w/0) counts as π/2, that of a box
        which is a point as 0.
    """
    return pairwise(overlap.complete_iou, boxes1=boxes1, boxes2=boxes2)


def pairwise(measure: Callable[..., Array], **boxes: Array) -> Array:
    """The matrix (N, M) of a formula of `overlap` for two named arguments, checked."""
    xp, dtype, *arrays = wide_arrays(**boxes)
    first, second = checked_boxes(xp, **dict(zip(boxes, arrays, strict=True)))
    check_ndim(2, "(n, 4)", **dict(zip(boxes, (first, second), strict=True)))
    return narrow(xp, overlap.matrix(xp, measure, first, second), dtype)
