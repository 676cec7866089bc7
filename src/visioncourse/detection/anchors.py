"""Anchors, the boxes a detector starts from, and the code for what lies between them and truth.

An aspect ratio is height / width, as in Faster R-CNN's code and torchvision: 2 is a standing box,
0.5 a lying one. (Other texts mean width / height.)
"""

import math
from collections.abc import Sequence
from typing import Any

import array_api_compat

from .._validation import check_finite, check_ndim, check_positive, check_shape
from ..arrays import Array, float_arrays, narrow, wide_arrays
from . import formulas
from .boxes import checked_boxes, quadruples

# A prediction of more would make a box of e^delta times its anchor's size; 1000/16 is Detectron's.
LARGEST_LOG_SCALE = math.log(1000 / 16)


def anchor_grid(
    feature_size: tuple[int, int], *, stride: float, scales: Array, aspect_ratios: Array
) -> Array:
    """The anchors of one feature map: boxes of every scale and aspect ratio in every cell.

    A box of scale s and aspect ratio r = height / width has, :eq:`eq-anchor-sides`,

        width = s / √r,  height = s·√r:

    its area is s² for every r (Ren et al. 2015, "Faster R-CNN", section 3.1.1). The centre is that
    of its cell, ((column + 1/2)·stride, (row + 1/2)·stride), as in SSD (Liu et al. 2016, section
    2.2); torchvision has column·stride and row·stride instead. Anchors may leave the image.

    Args:
        feature_size: (H, W) cells.
        stride: pixels of the image from one cell to the next, > 0.
        scales: (S,) side of the square of the same area in pixels, > 0.
        aspect_ratios: (R,) height / width, > 0.

    Returns:
        (H·W·S·R, 4) as x1, y1, x2, y2, row by row, within a cell scale by scale, within a scale
        ratio by ratio. The library, dtype and device are those of `scales` and `aspect_ratios`.

    Raises:
        ValueError: a size that is not two whole numbers >= 0, or an entry that is not positive.
    """
    xp, dtype, scales, aspect_ratios = wide_arrays(scales=scales, aspect_ratios=aspect_ratios)
    check_ndim(1, "(n,)", scales=scales, aspect_ratios=aspect_ratios)
    check_finite(xp, scales=scales, aspect_ratios=aspect_ratios)
    for name, array in (("scales", scales), ("aspect_ratios", aspect_ratios)):
        if xp.any(array <= 0):
            raise ValueError(f"{name} must be positive, got {array[array <= 0][0].item():g}")
    check_positive(stride=stride)
    num_rows, num_columns = _feature_size(feature_size)
    root = xp.sqrt(aspect_ratios)
    width = xp.reshape(scales[:, None] / root, (-1,))  # (S·R,)
    height = xp.reshape(scales[:, None] * root, (-1,))
    corner = xp.stack([-width, -height, width, height], axis=-1) / 2  # (S·R, 4)

    rows, columns = (
        xp.arange(side, dtype=scales.dtype, device=array_api_compat.device(scales))
        for side in (num_rows, num_columns)
    )
    y, x = xp.meshgrid(
        (rows + 0.5) * float(stride), (columns + 0.5) * float(stride), indexing="ij"
    )  # (H, W)
    centre = xp.stack([x, y, x, y], axis=-1)  # (H, W, 4)
    return narrow(xp, xp.reshape(centre[:, :, None, :] + corner, (-1, 4)), dtype)


def encode_boxes(boxes: Array, anchors: Array, *, weights: Sequence[float] = (1, 1, 1, 1)) -> Array:
    """What a network should predict for an anchor so that it becomes the box.

    With centre x, y, width w and height h of the box, and xₐ, yₐ, wₐ, hₐ of the anchor,
    :eq:`eq-box-encode`:

        dx = (x - xₐ) / wₐ,  dy = (y - yₐ) / hₐ,  dw = log(w / wₐ),  dh = log(h / hₐ),

    each times its weight (Girshick et al. 2014, "Rich feature hierarchies", appendix C, equations
    6 to 9). Fast and Faster R-CNN weigh by 10, 10, 5, 5; SSD's variances 0.1 and 0.2 do the same.

    Args:
        boxes: (..., 4) as x1, y1, x2, y2.
        anchors: (..., 4), likewise, the anchor of each box.
        weights: four numbers > 0.

    Returns:
        (..., 4) as dx, dy, dw, dh.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, a box or an anchor
            without area (its logarithm is infinite), shapes that differ, weights that are not
            positive.
    """
    xp, dtype, boxes, anchors = wide_arrays(boxes=boxes, anchors=anchors)
    boxes, anchors = checked_boxes(xp, boxes=boxes, anchors=anchors)
    check_shape(boxes.shape, "one anchor for each box", anchors=anchors)
    _check_area(xp, boxes=boxes, anchors=anchors)
    deltas = formulas.encode(xp, boxes, anchors) * _weights(xp, weights, boxes)
    return narrow(xp, deltas, dtype)


def decode_boxes(
    deltas: Array,
    anchors: Array,
    *,
    weights: Sequence[float] = (1, 1, 1, 1),
    max_log_scale: float = LARGEST_LOG_SCALE,
) -> Array:
    """The boxes that deltas make of anchors, the inverse of :py:func:`encode_boxes`.

    x = xₐ + dx·wₐ, y = yₐ + dy·hₐ, w = wₐ·e^dw, h = hₐ·e^dh, :eq:`eq-box-decode`, each delta
    divided by its weight first. So that no exponential explodes, dw and dh count at most
    `max_log_scale`: a box more than 62.5 times as wide or high as its anchor does not come back.

    Args:
        deltas: (..., 4) as dx, dy, dw, dh, finite.
        anchors: (..., 4) as x1, y1, x2, y2.
        weights: four numbers > 0, those of the encoding.
        max_log_scale: log(1000/16), as in Detectron and torchvision, unless told otherwise.

    Returns:
        (..., 4) as x1, y1, x2, y2, with x2 >= x1 and y2 >= y1.

    Raises:
        ValueError: deltas that are NaN, infinite or too large to be multiplied, the errors of
            :py:func:`encode_boxes` in the anchors and weights, or a `max_log_scale` whose
            exponential is infinite.
    """
    xp, dtype, deltas, anchors = wide_arrays(deltas=deltas, anchors=anchors)
    (anchors,) = checked_boxes(xp, anchors=anchors)
    deltas = quadruples(xp, "deltas", deltas)
    check_shape(anchors.shape, "four deltas for each anchor", deltas=deltas)
    _check_area(xp, anchors=anchors)
    _, limit = float_arrays(max_log_scale=max_log_scale)
    check_shape((), "one number", max_log_scale=limit)
    if not limit < math.log(float(xp.finfo(deltas.dtype).max)) / 2:
        raise ValueError(f"max_log_scale must not lead to infinity, got {max_log_scale}")
    deltas = deltas / _weights(xp, weights, deltas)
    return narrow(xp, formulas.decode(xp, deltas, anchors, float(limit)), dtype)


def _check_area(xp: Any, **boxes: Array) -> None:
    for name, array in boxes.items():
        _, size = formulas.centre_and_size(xp, array)
        if xp.any(size <= 0):
            raise ValueError(f"{name} must have a positive width and height, got one of 0")


def _feature_size(size: Any) -> tuple[int, int]:
    try:
        sides = [int(side) for side in size]
        legal = len(sides) == 2 and all(
            whole == side >= 0 for whole, side in zip(sides, size, strict=True)
        )
    except (TypeError, ValueError, OverflowError):
        legal = False
    if not legal:
        raise ValueError(f"feature_size must be (H, W), whole numbers >= 0, got {size!r}")
    return sides[0], sides[1]


def _weights(xp: Any, weights: Sequence[float], like: Array) -> Array:
    try:
        numbers = [float(weight) for weight in weights]
    except (TypeError, ValueError):
        numbers = []
    array = xp.asarray(numbers, dtype=like.dtype, device=array_api_compat.device(like))
    if len(numbers) != 4 or not xp.all((array > 0) & xp.isfinite(array)):
        raise ValueError(f"weights must be four finite numbers > 0, got {weights!r}")
    return array
