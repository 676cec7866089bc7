"""The formulas of segmentation alone: the array namespace, then arrays that were checked."""

from math import prod
from typing import Any

import array_api_compat

from ..arrays import Array

# A dot product of so many float32 numbers keeps their digits; of millions Torch's keeps two.
PIECE = 2**16


def dice(
    xp: Any,
    p: Array,
    g: Array,
    axes: tuple[int, ...],
    *,
    squared: bool,
    smooth: float,
    weight: Array | None = None,
) -> Array:
    """The Dice coefficient 2 Σ p g / (Σ p² + Σ g²), or 2 Σ p g / (Σ p + Σ g), over `axes`.

    Every sum takes the class weights along, shaped to be multiplied with p and g.
    """
    wp, wg = (p, g) if weight is None else (weight * p, weight * g)
    overlap = inner(xp, wp, g, axes)
    if squared:
        sizes = inner(xp, wp, p, axes) + inner(xp, wg, g, axes)
    else:
        sizes = xp.sum(wp, axis=axes) + xp.sum(wg, axis=axes)
    empty = sizes + smooth == 0
    denominator = xp.where(empty, xp.ones_like(sizes), sizes + smooth)
    quotient = xp.where(empty, xp.ones_like(sizes), (2 * overlap + smooth) / denominator)
    return xp.clip(quotient, 0, 1)  # a rounding can lead beyond


def inner(xp: Any, a: Array, b: Array, axes: tuple[int, ...]) -> Array:
    """Σ a b over `axes`."""
    kept = a.ndim - len(axes)
    length = prod(a.shape[kept:])
    if (
        array_api_compat.is_torch_array(a)
        and not (a.requires_grad or b.requires_grad)
        and set(axes) == set(range(kept, a.ndim))
        and length > 0
        and length % PIECE == 0
    ):
        # Without an array of products in memory: half the time.
        pieces = zip(*(xp.unstack(xp.reshape(x, (-1, PIECE))) for x in (a, b)), strict=True)
        dots = xp.stack([xp.dot(*pair) for pair in pieces])
        return xp.sum(xp.reshape(dots, (*a.shape[:kept], -1)), axis=-1)
    return xp.sum(a * b, axis=axes)


def iou(xp: Any, confusion: Array, absent: float) -> Array:
    """TP / (TP + FP + FN) of each class of a confusion matrix (K, K), and of one without pixels."""
    intersection, sizes = _intersection_and_sizes(xp, confusion)
    return _ratio(xp, intersection, sizes - intersection, absent)


def dice_of_counts(xp: Any, confusion: Array, absent: float) -> Array:
    """2 TP / (2 TP + FP + FN) of each class of a confusion matrix (K, K)."""
    intersection, sizes = _intersection_and_sizes(xp, confusion)
    return _ratio(xp, 2 * intersection, sizes, absent)


def mean_iou(xp: Any, confusion: Array, absent: float | None) -> float:
    """The mean IoU, for None of the classes that occur; 0 if there are none."""
    if absent is not None:
        return xp.mean(iou(xp, confusion, absent)).item()
    present = xp.count_nonzero(_intersection_and_sizes(xp, confusion)[1]).item()
    return xp.sum(iou(xp, confusion, 0.0)).item() / max(present, 1)


def frequency_weighted_iou(xp: Any, confusion: Array) -> float:
    """Σ_k n_k IoU_k / Σ_k n_k, n_k the true pixels of class k; 0 for no pixel."""
    true = xp.sum(confusion, axis=1)
    total = xp.sum(true).item()
    return xp.sum(true * iou(xp, confusion, 0.0)).item() / total if total else 0.0


def precision(xp: Any, confusion: Array, absent: float) -> Array:
    """TP / (TP + FP) of each class of a confusion matrix (K, K), and of one never predicted."""
    return _ratio(xp, xp.linalg.diagonal(confusion), xp.sum(confusion, axis=0), absent)


def recall(xp: Any, confusion: Array, absent: float) -> Array:
    """TP / (TP + FN) of each class of a confusion matrix (K, K), and of one without true pixels."""
    return _ratio(xp, xp.linalg.diagonal(confusion), xp.sum(confusion, axis=1), absent)


def pixel_accuracy(xp: Any, confusion: Array) -> float:
    """The share of pixels on the diagonal of a confusion matrix (K, K); 0 for no pixel."""
    total = xp.sum(confusion).item()
    return xp.sum(xp.linalg.diagonal(confusion)).item() / total if total else 0.0


def _intersection_and_sizes(xp: Any, confusion: Array) -> tuple[Array, Array]:
    """Per class: pixels that both have, and true plus predicted pixels, (K,) each."""
    sizes = xp.sum(confusion, axis=0) + xp.sum(confusion, axis=1)
    return xp.linalg.diagonal(confusion), sizes


def _ratio(xp: Any, numerator: Array, denominator: Array, empty: float) -> Array:
    nothing = denominator == 0
    ones = xp.ones_like(denominator)
    return xp.where(nothing, empty * ones, numerator / xp.where(nothing, ones, denominator))
