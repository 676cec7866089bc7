"""Anchors, the boxes a detector starts from, and the code for what lies between them and truth.

An aspect ratio is height / width, as in Faster R-CNN's code and torchvision: 2 is a standing box,
0.5 a lying one. (Other texts mean width / height.)
"""

import math
from collections.abc import Sequence
from typing import Any

import array_api_compat

from .._validation import check_finite, check_shape
from ..arrays import Array, float_arrays
from .boxes import box_arrays, from_xyxy, quadruples, to_xyxy

# A prediction of more would make a box of e^delta times its anchor's size; 1000/16 is Detectron's.
LARGEST_LOG_SCALE = math.log(1000 / 16)


def anchor_grid(
    feature_size: tuple[int, int], *, stride: float, scales: Array, aspect_ratios: Array
) -> Array:
    """The anchors of one feature map: boxes of every scale and aspect ratio in every cell.

    A box of scale s and aspect ratio r = height / width has

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
    xp, scales, aspect_ratios = float_arrays(scales=scales, aspect_ratios=aspect_ratios)
    for name, array in (("scales", scales), ("aspect_ratios", aspect_ratios)):
        if array.ndim != 1:
            raise ValueError(f"{name} must have shape (n,), got {tuple(array.shape)}")
        check_finite(xp, **{name: array})
        if xp.any(array <= 0):
            raise ValueError(f"{name} must be positive, got {float(array[array <= 0][0]):g}")
    if not 0 < stride < math.inf:
        raise ValueError(f"stride must be a finite number > 0, got {stride}")
    if len(feature_size) != 2 or any(side < 0 or side != int(side) for side in feature_size):
        raise ValueError(f"feature_size must be (H, W), whole numbers >= 0, got {feature_size}")
    root = xp.sqrt(aspect_ratios)
    width = xp.reshape(scales[:, None] / root, (-1,))  # (S·R,)
    height = xp.reshape(scales[:, None] * root, (-1,))
    corner = xp.stack([-width, -height, width, height], axis=-1) / 2  # (S·R, 4)

    rows, columns = (
        xp.arange(int(side), dtype=scales.dtype, device=array_api_compat.device(scales))
        for side in feature_size
    )
    y, x = xp.meshgrid((rows + 0.5) * stride, (columns + 0.5) * stride, indexing="ij")  # (H, W)
    centre = xp.stack([x, y, x, y], axis=-1)  # (H, W, 4)
    return xp.reshape(centre[:, :, None, :] + corner, (-1, 4))


def encode_boxes(boxes: Array, anchors: Array, *, weights: Sequence[float] = (1, 1, 1, 1)) -> Array:
    """What a network should predict for an anchor so that it becomes the box.

    With centre x, y, width w and height h of the box, and xₐ, yₐ, wₐ, hₐ of the anchor:

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
        ValueError: as for :py:func:`.box_area`, a box or an anchor without area (its
            logarithm is infinite), shapes that differ, weights that are not positive.
    """
    xp, boxes, anchors = box_arrays(boxes=boxes, anchors=anchors)
    check_shape(boxes.shape, "one anchor for each box", anchors=anchors)
    weights = _weights(xp, weights, boxes)
    centre, size = _centre_and_size(xp, "boxes", boxes)
    anchor_centre, anchor_size = _centre_and_size(xp, "anchors", anchors)
    moves = (centre - anchor_centre) / anchor_size
    return xp.concat([moves, xp.log(size / anchor_size)], axis=-1) * weights


def decode_boxes(
    deltas: Array,
    anchors: Array,
    *,
    weights: Sequence[float] = (1, 1, 1, 1),
    max_log_scale: float = LARGEST_LOG_SCALE,
) -> Array:
    """The boxes that deltas make of anchors, the inverse of :py:func:`encode_boxes`.

    x = xₐ + dx·wₐ, y = yₐ + dy·hₐ, w = wₐ·e^dw, h = hₐ·e^dh, each delta divided by its weight
    first. So that no exponential explodes, dw and dh count at most `max_log_scale`: a box more
    than 62.5 times as wide or high as its anchor does not come back.

    Args:
        deltas: (..., 4) as dx, dy, dw, dh, finite.
        anchors: (..., 4) as x1, y1, x2, y2.
        weights: four numbers > 0, those of the encoding.
        max_log_scale: log(1000/16), as in Detectron and torchvision, unless told otherwise.

    Returns:
        (..., 4) as x1, y1, x2, y2, with x2 >= x1 and y2 >= y1.

    Raises:
        ValueError: as for :py:func:`encode_boxes`, or deltas that are NaN,
            infinite or too large to be multiplied.
    """
    xp, deltas, anchors = float_arrays(deltas=deltas, anchors=anchors)
    _, anchors = box_arrays(anchors=anchors)
    deltas = quadruples(xp, "deltas", deltas)
    check_shape(anchors.shape, "four deltas for each anchor", deltas=deltas)
    if not max_log_scale < math.log(float(xp.finfo(deltas.dtype).max)) / 2:
        raise ValueError(f"max_log_scale must not lead to infinity, got {max_log_scale}")
    anchor_centre, anchor_size = _centre_and_size(xp, "anchors", anchors)
    deltas = deltas / _weights(xp, weights, deltas)
    centre = anchor_centre + deltas[..., :2] * anchor_size
    size = anchor_size * xp.exp(xp.minimum(deltas[..., 2:], max_log_scale))
    return to_xyxy(xp, xp.concat([centre, size], axis=-1), "cxcywh")


def _centre_and_size(xp: Any, name: str, boxes: Array) -> tuple[Array, Array]:
    """(x, y) and (w, h) of boxes that have an area."""
    boxes = from_xyxy(xp, boxes, "cxcywh")
    size = boxes[..., 2:]
    if xp.any(size <= 0):
        raise ValueError(f"{name} must have a positive width and height, got one of 0")
    return boxes[..., :2], size


def _weights(xp: Any, weights: Sequence[float], like: Array) -> Array:
    if len(weights) != 4 or not all(0 < weight < math.inf for weight in weights):
        raise ValueError(f"weights must be four finite numbers > 0, got {weights}")
    return xp.asarray(weights, dtype=like.dtype, device=array_api_compat.device(like))
