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
from ..logistic.formulas import Reduction, class_nll, log_softmax, reduced

MANY = 2**19  # numbers in an image that is worth a turn of its own


class Pixels(NamedTuple):
    """Checked arguments: labels are in range everywhere; `keep` and `weights` None are all 1."""

    xp: Any
    dtype: Any  # the caller's
    logits: Array
    labels: Array
    keep: Array | None  # where a pixel counts
    class_weights: Array | None  # (K,)
    weights: Array | None  # of each pixel
    axis: int


def read_pixels(
    logits: Array, labels: Array, axis: int, weight: Array | None, ignore_index: int | None
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
    keep = class_weights = pixel_weights = None
    if ignore_index is not None:
        check_label(ignore_index=ignore_index)
        keep = labels != ignore_index
        labels = xp.where(keep, labels, 0)
        pixel_weights = xp.astype(keep, logits.dtype)
    check_class_indices(xp, num_classes, labels=labels)
    if weight is not None:
        class_weights = read_class_weights(logits, num_classes, weight)
        pixel_weights = class_weights[labels] * (1.0 if keep is None else pixel_weights)
    return Pixels(xp, dtype, logits, labels, keep, class_weights, pixel_weights, axis)


def read_class_weights(values: Array, num_classes: int, weight: Array) -> Array:
    """One weight for each class, (K,), in the library and dtype of `values`."""
    xp, _, weight = float_arrays(values=values[:0], weight=weight)
    check_shape((num_classes,), "one weight for each class", weight=weight)
    check_finite(xp, weight=weight)
    if xp.any(weight < 0):
        raise ValueError(f"weight must be >= 0, got {xp.min(weight).item():g}")
    return weight


def nll_of(pixels: Pixels) -> Array:
    """The negative log-likelihood of each pixel's label; NaN for logits that are not allowed."""
    xp, axis, logits, labels = pixels.xp, pixels.axis, pixels.logits, pixels.labels
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        if axis == 0 or array_api_compat.size(logits) <= MANY * logits.shape[0]:
            return class_nll(xp, logits, labels, axis)
        # One image of a batch at a time: what lies in between stays in the processor's cache.
        images = zip(xp.unstack(logits), xp.unstack(labels), strict=True)
        return xp.stack([class_nll(xp, image, truth, axis - 1) for image, truth in images])


def log_p_of(pixels: Pixels) -> Array:
    """The logarithm of every class's probability; NaN for logits that are not allowed."""
    with np.errstate(invalid="ignore"):
        return log_softmax(pixels.xp, pixels.logits, pixels.axis)


def check_logits(pixels: Pixels, losses: Array) -> None:
    """Refuse logits that made a loss NaN; those of finite losses need no pass of their own."""
    xp = pixels.xp
    if array_api_compat.size(losses) and xp.isnan(xp.min(losses)):
        check_no_nan(xp, logits=pixels.logits)
        check_class_logits(xp, pixels.axis, logits=pixels.logits)


def weighted(pixels: Pixels, nll: Array) -> Array:
    """Each pixel's loss times its weight, 0 where ignored."""
    if pixels.weights is None:
        return nll
    # `where` first: 0 times a loss of infinity would be NaN.
    return pixels.xp.where(pixels.weights > 0, nll, 0.0) * pixels.weights


def smoothed(pixels: Pixels, losses: Array, log_p: Array, label_smoothing: float) -> Array:
    """(1 - ε) times the weighted losses, plus ε/K Σ_k w_k nll_k where a pixel counts."""
    xp, weight = pixels.xp, pixels.class_weights
    every = -log_p
    if weight is not None:
        weight = along(xp, weight, pixels.axis, log_p.ndim)
        every = xp.where(weight > 0, every, 0.0) * weight
    uniform = xp.mean(every, axis=pixels.axis)
    if pixels.keep is not None:
        uniform = xp.where(pixels.keep, uniform, 0.0)
    if label_smoothing == 1:
        return uniform  # 0 times a loss of infinity would be NaN
    return (1 - label_smoothing) * losses + label_smoothing * uniform


def reduced_by_weight(pixels: Pixels, losses: Array, reduction: Reduction) -> Array:
    """The sum of the losses, their mean over the sum of the pixels' weights, or themselves."""
    xp = pixels.xp
    if reduction != "mean" or pixels.weights is None:
        return reduced(xp, losses, reduction)
    total = xp.sum(pixels.weights)
    return xp.where(total > 0, xp.sum(losses) / xp.where(total > 0, total, 1.0), 0.0)


def along(xp: Any, values: Array, axis: int, ndim: int) -> Array:
    """(K,) values, shaped to be multiplied along one of `ndim` axes."""
    return xp.reshape(values, tuple(-1 if one == axis else 1 for one in range(ndim)))
