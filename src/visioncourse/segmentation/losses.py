"""What a segmentation network is trained to make small: cross-entropy, Dice, and their sum."""

from typing import Any

import array_api_compat
import numpy as np

from .._validation import (
    check_axis,
    check_class_indices,
    check_factors,
    check_num_classes,
    check_one_of,
    check_probabilities,
    check_shape,
)
from ..arrays import Array, integer_arrays, narrow, unread_arrays
from ..logistic.formulas import Reduction, log_softmax, mean, of_label
from ..logistic.formulas import one_hot as one_hot_of
from .formulas import dice
from .pixels import MANY, check_logits, nll_of, read_pixels, weighted

Axes = int | tuple[int, ...] | None


def one_hot(labels: Array, num_classes: int) -> Array:
    """Each label k as a row of zeros with a 1 at place k.

    Args:
        labels: (...) class indices 0 to num_classes - 1.
        num_classes: K >= 1.

    Returns:
        (..., K) int64, as `torch.nn.functional.one_hot`.

    Raises:
        ValueError: a label that is no whole number or is out of range, or num_classes < 1.
    """
    check_num_classes(1, num_classes)
    xp, labels = integer_arrays(labels=labels)
    check_class_indices(xp, num_classes, labels=labels)
    return one_hot_of(xp, labels, num_classes, xp.int64)


def cross_entropy(
    logits: Array,
    labels: Array,
    *,
    axis: int = -1,
    weights: Array | None = None,
    ignore_index: int | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """The negative log-probability of the true class of every pixel.

    For logits z and label l, nll = -log softmax(z)[l] = log(Σ_k e^{z_k}) - z_l. The mean with
    class weights w is a weighted one, as in `torch.nn.functional.cross_entropy`:
    Σ_p w[l_p] nll_p / Σ_p w[l_p]; an ignored pixel has weight 0. From logits nothing is lost to
    rounding; :py:func:`visioncourse.logistic.cross_entropy` starts from probabilities.

    Args:
        logits: any shape, any real value; -infinity gives a class probability 0.
        labels: the shape of logits without `axis`: class indices 0 to K - 1, or `ignore_index`.
        axis: the axis of the K classes: -1 for (H, W, K), 1 for (N, K, H, W).
        weights: (K,) finite, >= 0; 1 for every class by default.
        ignore_index: a label of pixels that count for nothing, such as 255 or -100.
        reduction: "mean", "sum", or "none" for one loss per pixel.

    Returns:
        () >= 0, or for "none" an array like labels, 0 where ignored. The mean is 0 where the
        weights sum to 0: no pixel, or all ignored. A label of probability 0 costs infinity;
        finite logits always cost a finite amount. Computed in at least float32, and returned in
        the dtype of the logits.

    Raises:
        ValueError: NaN or +infinity, labels out of range, shapes that do not fit, a negative or
            infinite weight, or an unknown reduction.
    """
    check_one_of(("mean", "sum", "none"), reduction=reduction)
    pixels = read_pixels(logits, labels, axis, weights, ignore_index)
    nll = nll_of(pixels)
    loss = weighted(pixels, nll, reduction)
    # Where every pixel counts, a NaN of any pixel is in the sum.
    check_logits(pixels, loss if pixels.weights is None else nll)
    return narrow(pixels.xp, loss, pixels.dtype)


def dice_coefficient(
    predictions: Array,
    targets: Array,
    *,
    axis: Axes = None,
    squared: bool = True,
    smooth: float = 0.0,
) -> Array:
    """Twice the overlap of two regions, divided by the sum of their sizes.

    Squared (Milletari et al., "V-Net", 2016): D = 2 Σ p g / (Σ p² + Σ g²). Plain, for
    squared=False (Sudre et al., "Generalised Dice overlap", 2017): D = 2 Σ p g / (Σ p + Σ g). On
    masks of 0 and 1 both are `2 |P ∩ G| / (|P| + |G|)`; on probabilities they differ, and so do
    sums over everything and means of smaller sums. The default pools everything into one pair of
    sums; for a mean over images and classes of (N, K, H, W) take `axis=(2, 3)` and average the
    result.

    Args:
        predictions: any shape, probabilities in [0, 1]. A rounding error beyond, of four units in
            the last place, is allowed: interpolated probabilities reach 1.0000001.
        targets: the same shape, in [0, 1] likewise: one-hot labels, or a soft truth.
        axis: the axes to sum over; None for all.
        squared: which denominator.
        smooth: >= 0, added to numerator and denominator.

    Returns:
        In [0, 1], the shape of predictions without `axis`. 1 where both regions are empty, as they
        are equal, and it is the limit of a vanishing `smooth`; the gradient there is 0. Computed
        in at least float32, and returned in the dtype of the arguments.

    Raises:
        ValueError: NaN, an entry outside [0, 1], shapes that differ, an axis that is not there, or
            a negative or infinite `smooth`.
    """
    xp, dtype, coefficient = _dice(predictions, targets, axis, squared, smooth)
    return narrow(xp, coefficient, dtype)


def dice_loss(
    predictions: Array,
    targets: Array,
    *,
    axis: Axes = None,
    squared: bool = True,
    smooth: float = 0.0,
) -> Array:
    """1 - :py:func:`dice_coefficient`, with the same arguments and errors; 0 for empty regions."""
    xp, dtype, coefficient = _dice(predictions, targets, axis, squared, smooth)
    return narrow(xp, 1 - coefficient, dtype)


def combined_loss(
    logits: Array,
    labels: Array,
    *,
    axis: int = -1,
    cross_entropy_weight: float = 1.0,
    dice_weight: float = 1.0,
    weights: Array | None = None,
    ignore_index: int | None = None,
    dice_axis: Axes = None,
    squared: bool = True,
    smooth: float = 0.0,
) -> Array:
    """cross_entropy_weight · mean cross-entropy + dice_weight · Dice loss of the softmax.

    Args:
        logits, labels, axis, ignore_index: as for :py:func:`cross_entropy`; an ignored pixel is
            left out of both terms. Logits without an infinity where the label needs one.
        cross_entropy_weight, dice_weight: finite, >= 0.
        weights: (K,) class weights of the cross-entropy alone.
        dice_axis: the axes of logits that one Dice coefficient sums over, None for all; the loss
            takes the mean over the coefficients. (2, 3) with axis=1 is one for each image and
            class of (N, K, H, W).
        squared, smooth: as for :py:func:`dice_coefficient`.

    Returns:
        () >= 0; 0 for no pixel.

    Raises:
        ValueError: as for :py:func:`cross_entropy` and :py:func:`dice_coefficient`.
    """
    check_factors(cross_entropy_weight=cross_entropy_weight, dice_weight=dice_weight, smooth=smooth)
    pixels = read_pixels(logits, labels, axis, weights, ignore_index)
    dice_axes = _checked_axes(dice_axis, pixels.logits.ndim, "dice_axis")
    xp, axis = pixels.xp, pixels.axis
    with np.errstate(invalid="ignore"):  # infinity minus infinity is refused below
        log_p = log_softmax(xp, pixels.logits, axis)
    nll = -of_label(xp, log_p, pixels.labels, axis)
    check_logits(pixels, nll)
    predictions = xp.exp(log_p)
    targets = one_hot_of(xp, pixels.labels, log_p.shape[axis], log_p.dtype, axis)
    if pixels.keep is not None:
        keep = xp.expand_dims(pixels.keep, axis=axis)
        predictions = xp.where(keep, predictions, 0.0)
        targets = xp.where(keep, targets, 0.0)
    overlaps = dice(xp, predictions, targets, dice_axes, squared=squared, smooth=smooth)
    # Without a pixel there may be no coefficient at all, and no mean of them.
    dice_term = 1 - (mean(xp, overlaps) if array_api_compat.size(overlaps) else 1.0)
    cross_entropy_term = weighted(pixels, nll, "mean")
    total = cross_entropy_weight * cross_entropy_term + dice_weight * dice_term
    return narrow(xp, total, pixels.dtype)


def _dice(
    predictions: Array, targets: Array, axis: Axes, squared: bool, smooth: float
) -> tuple[Any, Any, Array]:
    """The namespace, the caller's dtype, and the coefficient in at least float32."""
    xp, dtype, predictions, targets = unread_arrays(predictions=predictions, targets=targets)
    check_shape(predictions.shape, "one target for each prediction", targets=targets)
    axes = _checked_axes(axis, predictions.ndim)
    check_factors(smooth=smooth)

    def coefficient(p: Array, g: Array, axes: tuple[int, ...]) -> Array:
        check_probabilities(xp, dtype, predictions=p, targets=g)
        return dice(xp, p, g, axes, squared=squared, smooth=smooth)

    if 0 not in axes and array_api_compat.size(predictions) > MANY * predictions.shape[0] > 0:
        # One image at a time: it is still in the processor's cache after the check.
        images = zip(xp.unstack(predictions), xp.unstack(targets), strict=True)
        within = tuple(one - 1 for one in axes)
        result = xp.stack([coefficient(p, g, within) for p, g in images])
    else:
        result = coefficient(predictions, targets, axes)
    return xp, dtype, result


def _checked_axes(axis: Axes, ndim: int, name: str = "axis") -> tuple[int, ...]:
    """The axes to sum over, counted from 0."""
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    for one in axes:
        check_axis(ndim, **{name: one})
    axes = tuple(one % ndim for one in axes)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{name} must name each axis once, got {axis}")
    return axes
