"""What a segmentation network is trained to make small: cross-entropy, and its sum with Dice."""

import array_api_compat

from .._validation import (
    check_class_indices,
    check_factors,
    check_num_classes,
    check_one_of,
    check_shares,
)
from ..arrays import Array, integer_arrays, narrow
from ..logistic.formulas import Reduction, mean, of_label
from ..logistic.formulas import one_hot as one_hot_of
from .dice import Axes, checked_axes
from .formulas import dice
from .pixels import (
    check_logits,
    log_p_of,
    nll_of,
    read_pixels,
    reduced_by_weight,
    smoothed,
    weighted,
)


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
    weight: Array | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    weights: Array | None = None,
) -> Array:
    """The negative log-probability of the true class of every pixel.

    For logits z and label l, nll_l = -log softmax(z)[l] = log(Σ_k e^{z_k}) - z_l. Class weights w
    and label smoothing ε make it (1 - ε) w_l nll_l + ε/K Σ_k w_k nll_k: the cross-entropy of a
    truth that leaves the share ε to all K classes alike. The mean divides the sum over pixels by
    Σ_p w[l_p]; an ignored pixel has weight 0. All as in `torch.nn.functional.cross_entropy`. From
    logits nothing is lost to rounding; :py:func:`visioncourse.logistic.cross_entropy` starts from
    probabilities.

    Args:
        logits: any shape, any real value; -infinity gives a class probability 0.
        labels: the shape of logits without `axis`: class indices 0 to K - 1, or `ignore_index`.
        axis: the axis of the K classes: -1 for (H, W, K), 1 for (N, K, H, W).
        weight: (K,) finite, >= 0; 1 for every class by default.
        ignore_index: a label of pixels that count for nothing, such as 255 or -100.
        label_smoothing: ε in [0, 1].
        reduction: "mean", "sum", or "none" for one loss per pixel.
        weights: another name of `weight`.

    Returns:
        () >= 0, or for "none" an array like labels, 0 where ignored. The mean is 0 where the
        weights sum to 0: no pixel, or all ignored. A label of probability 0 costs infinity, with
        smoothing any class of probability 0; finite logits always cost a finite amount. Computed
        in at least float32, and returned in the dtype of the logits.

    Raises:
        ValueError: NaN or +infinity, labels out of range, shapes that do not fit, a negative or
            infinite weight, a smoothing outside [0, 1], or an unknown reduction.
    """
    check_one_of(("mean", "sum", "none"), reduction=reduction)
    check_shares(label_smoothing=label_smoothing)
    pixels = read_pixels(logits, labels, axis, _one_name(weight, weights), ignore_index)
    if label_smoothing == 0:
        nll = nll_of(pixels)
        losses = weighted(pixels, nll)
    else:
        log_p = log_p_of(pixels)
        nll = -of_label(pixels.xp, log_p, pixels.labels, pixels.axis)
        losses = smoothed(pixels, weighted(pixels, nll), log_p, label_smoothing)
    loss = reduced_by_weight(pixels, losses, reduction)
    # Where every pixel counts, a NaN of any pixel is in the sum.
    check_logits(pixels, loss if pixels.weights is None else nll)
    return narrow(pixels.xp, loss, pixels.dtype)


def combined_loss(
    logits: Array,
    labels: Array,
    *,
    axis: int = -1,
    cross_entropy_weight: float = 1.0,
    dice_weight: float = 1.0,
    weight: Array | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    dice_axis: Axes = None,
    squared: bool = True,
    smooth: float = 0.0,
    weights: Array | None = None,
) -> Array:
    """cross_entropy_weight · mean cross-entropy + dice_weight · Dice loss of the softmax.

    Args:
        logits, labels, axis, ignore_index: as for :py:func:`cross_entropy`; an ignored pixel is
            left out of both terms. Logits without an infinity where the label needs one.
        cross_entropy_weight, dice_weight: finite, >= 0.
        weight, label_smoothing: of the cross-entropy alone, as there.
        dice_axis: the axes of logits that one Dice coefficient sums over, None for all; the loss
            takes the mean over the coefficients. (2, 3) with axis=1 is one for each image and
            class of (N, K, H, W).
        squared, smooth: as for :py:func:`dice_coefficient`.
        weights: another name of `weight`.

    Returns:
        () >= 0; 0 for no pixel.

    Raises:
        ValueError: as for :py:func:`cross_entropy` and :py:func:`dice_coefficient`.
    """
    check_factors(cross_entropy_weight=cross_entropy_weight, dice_weight=dice_weight, smooth=smooth)
    check_shares(label_smoothing=label_smoothing)
    pixels = read_pixels(logits, labels, axis, _one_name(weight, weights), ignore_index)
    dice_axes = checked_axes(dice_axis, pixels.logits.ndim, "dice_axis")
    xp, axis = pixels.xp, pixels.axis
    log_p = log_p_of(pixels)
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
    losses = weighted(pixels, nll)
    if label_smoothing > 0:
        losses = smoothed(pixels, losses, log_p, label_smoothing)
    cross_entropy_term = reduced_by_weight(pixels, losses, "mean")
    total = cross_entropy_weight * cross_entropy_term + dice_weight * dice_term
    return narrow(xp, total, pixels.dtype)


def _one_name(weight: Array | None, weights: Array | None) -> Array | None:
    """The class weights, which have two names."""
    if weight is not None and weights is not None:
        raise ValueError("weight must come under one name, got weight and weights")
    return weights if weight is None else weight
