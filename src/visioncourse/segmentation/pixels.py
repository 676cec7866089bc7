"""Logits and labels of pixels, checked once for every loss that takes them."""

from typing import Any, NamedTuple

import array_api_compat
import numpy as np

from .._validation import (
    check_axis,
    check_class_indices,
    check_class_logits,
    check_finite,
    check_label,
    check_shape,
)
from ..arrays import Array, check_no_nan, float_arrays, integer_arrays, unread_arrays
from ..logistic.formulas import Reduction, class_nll, reduced

MANY = 2**19  # numbers in an image that is worth a turn of its own


class Pixels(NamedTuple):
    """Checked arguments: labels are in range everywhere; `keep` and `weights` None are all 1."""

    xp: Any
    dtype: Any  # the caller's
    logits: Array
    labels: Array
    keep: Array | None  # where a pixel counts
    weights: Array | None  # of each pixel
    axis: int


def read_pixels(
    logits: Array, labels: Array, axis: int, weights: Array | None, ignore_index: int | None
) -> Pixels:
    xp, dtype, logits = unread_arrays(logits=logits)
    check_axis(logits.ndim, axis=axis)
    axis = axis % logits.ndim
    num_classes = logits.shape[axis]
    if num_classes == 0:
        raise ValueError("logits must have at least one class along axis, got 0")
    labels = xp.astype(integer_arrays(logits, labels=labels)[1], xp.int64, copy=False)
    expected = (*logits.shape[:axis], *logits.shape[axis + 1 :])
    check_shape(expected, "one label for each pixel of logits", labels=labels)
    keep = pixel_weights = None
    if ignore_index is not None:
        check_label(ignore_index=ignore_index)
        keep = labels != ignore_index
        labels = xp.where(keep, labels, 0)
        pixel_weights = xp.astype(keep, logits.dtype)
    check_class_indices(xp, num_classes, labels=labels)
    if weights is not None:
        class_weights = _class_weights(logits, num_classes, weights)
        pixel_weights = class_weights[labels] * (1.0 if keep is None else pixel_weights)
    return Pixels(xp, dtype, logits, labels, keep, pixel_weights, axis)


def _class_weights(logits: Array, num_classes: int, weights: Array) -> Array:
    xp, _, weights = float_arrays(logits=logits[:0], weights=weights)
    check_shape((num_classes,), "one weight for each class of logits", weights=weights)
    check_finite(xp, weights=weights)
    if xp.any(weights < 0):
        raise ValueError(f"weights must be >= 0, got {xp.min(weights).item():g}")
    return weights


def nll_of(pixels: Pixels) -> Array:
    """The negative log-likelihood of each pixel's label; NaN for logits that are not allowed."""
    xp, axis, logits, labels = pixels.xp, pixels.axis, pixels.logits, pixels.labels
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        if axis == 0 or array_api_compat.size(logits) <= MANY * logits.shape[0]:
            return class_nll(xp, logits, labels, axis)
        # One image of a batch at a time: what lies in between stays in the processor's cache.
        images = zip(xp.unstack(logits), xp.unstack(labels), strict=True)
        return xp.stack([class_nll(xp, image, truth, axis - 1) for image, truth in images])


def check_logits(pixels: Pixels, losses: Array) -> None:
    """Refuse logits that made a loss NaN; those of finite losses need no pass of their own."""
    xp = pixels.xp
    if array_api_compat.size(losses) and xp.isnan(xp.min(losses)):
        check_no_nan(xp, logits=pixels.logits)
        check_class_logits(xp, pixels.axis, logits=pixels.logits)


def weighted(pixels: Pixels, nll: Array, reduction: Reduction) -> Array:
    xp, weights = pixels.xp, pixels.weights
    if weights is None:
        return reduced(xp, nll, reduction)
    # `where` first: 0 times a loss of infinity would be NaN.
    losses = xp.where(weights > 0, nll, 0.0) * weights
    if reduction != "mean":
        return reduced(xp, losses, reduction)
    total = xp.sum(weights)
    return xp.sum(losses) / xp.where(total > 0, total, 1.0)
