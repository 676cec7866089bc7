"""What a segmentation network is trained to make small: cross-entropy, Dice, and their sum."""

from typing import Any, NamedTuple

import array_api_compat

from .._validation import (
    check_axis,
    check_class_indices,
    check_class_logits,
    check_finite,
    check_not_negative,
    check_one_of,
    check_probabilities,
    check_shape,
    check_whole,
)
from ..arrays import Array, float_arrays, integer_arrays
from ..logistic import formulas
from ..logistic.formulas import Reduction

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
    check_whole(1, num_classes=num_classes)
    xp, labels = integer_arrays(labels=labels)
    check_class_indices(xp, num_classes, labels=labels)
    return formulas.one_hot(xp, labels, num_classes, xp.int64)


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
    Σ_p w[l_p] nll_p / Σ_p w[l_p]; an ignored pixel has weight 0.

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
        finite logits always cost a finite amount.

    Raises:
        ValueError: NaN or +infinity, labels out of range, shapes that do not fit, a negative or
            infinite weight, or an unknown reduction.
    """
    check_one_of(("mean", "sum", "none"), reduction=reduction)
    pixels = _pixels(logits, labels, axis, weights, ignore_index)
    nll = formulas.class_nll(pixels.xp, pixels.logits, pixels.labels, pixels.axis)
    return _weighted(pixels, nll, reduction)


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
        predictions: any shape, probabilities in [0, 1].
        targets: the same shape, in [0, 1]: one-hot labels, or a soft truth.
        axis: the axes to sum over; None for all.
        squared: which denominator.
        smooth: >= 0, added to numerator and denominator.

    Returns:
        In [0, 1], the shape of predictions without `axis`. 1 where both regions are empty, as they
        are equal, and it is the limit of a vanishing `smooth`; the gradient there is 0.

    Raises:
        ValueError: NaN, an entry outside [0, 1], shapes that differ, an axis that is not there, or
            a negative or infinite `smooth`.
    """
    xp, predictions, targets = float_arrays(predictions=predictions, targets=targets)
    check_shape(predictions.shape, "one target for each prediction", targets=targets)
    check_probabilities(xp, predictions=predictions, targets=targets)
    axes = _checked_axes(axis, predictions.ndim)
    check_not_negative(smooth=smooth)
    return _dice(xp, predictions, targets, axes, squared, smooth)


def dice_loss(
    predictions: Array,
    targets: Array,
    *,
    axis: Axes = None,
    squared: bool = True,
    smooth: float = 0.0,
) -> Array:
    """1 - :py:func:`dice_coefficient`, with the same arguments and errors; 0 for empty regions."""
    coefficient = dice_coefficient(predictions, targets, axis=axis, squared=squared, smooth=smooth)
    return 1 - coefficient


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
    check_not_negative(
        cross_entropy_weight=cross_entropy_weight, dice_weight=dice_weight, smooth=smooth
    )
    pixels = _pixels(logits, labels, axis, weights, ignore_index)
    dice_axes = _checked_axes(dice_axis, pixels.logits.ndim, "dice_axis")
    xp, axis = pixels.xp, pixels.axis
    log_p = formulas.log_softmax(xp, pixels.logits, axis)
    nll = -formulas.of_label(xp, log_p, pixels.labels, axis)
    keep = xp.expand_dims(pixels.keep, axis=axis)
    true = formulas.one_hot(xp, pixels.labels, log_p.shape[axis], xp.bool, axis)
    targets = xp.astype(keep & true, log_p.dtype)
    predictions = xp.where(keep, xp.exp(log_p), xp.zeros_like(log_p))
    overlaps = _dice(xp, predictions, targets, dice_axes, squared, smooth)
    # Without a pixel there may be no coefficient at all, and no mean of them.
    dice = 1 - (xp.mean(overlaps) if array_api_compat.size(overlaps) else 1.0)
    return cross_entropy_weight * _weighted(pixels, nll, "mean") + dice_weight * dice


class _Pixels(NamedTuple):
    """Checked arguments: labels are in range everywhere, `keep` says where they count."""

    xp: Any
    logits: Array
    labels: Array
    keep: Array
    weights: Array | None
    axis: int


def _pixels(
    logits: Array, labels: Array, axis: int, weights: Array | None, ignore_index: int | None
) -> _Pixels:
    xp, logits = float_arrays(logits=logits)
    check_class_logits(xp, axis, logits=logits)
    axis = axis % logits.ndim
    num_classes = logits.shape[axis]
    if num_classes == 0:
        raise ValueError("logits must have at least one class along axis, got 0")
    labels = xp.astype(integer_arrays(logits, labels=labels)[1], xp.int64, copy=False)
    expected = (*logits.shape[:axis], *logits.shape[axis + 1 :])
    check_shape(expected, "one label for each pixel of logits", labels=labels)
    keep = xp.ones_like(labels, dtype=xp.bool)
    if ignore_index is not None:
        keep = labels != ignore_index
        labels = xp.where(keep, labels, xp.zeros_like(labels))
    check_class_indices(xp, num_classes, labels=labels)
    if weights is not None:
        _, _, weights = float_arrays(logits=logits, weights=weights)
        check_shape((num_classes,), "one weight for each class of logits", weights=weights)
        check_finite(xp, weights=weights)
        if xp.any(weights < 0):
            raise ValueError(f"weights must be >= 0, got {float(xp.min(weights)):g}")
    return _Pixels(xp, logits, labels, keep, weights, axis)


def _weighted(pixels: _Pixels, nll: Array, reduction: Reduction) -> Array:
    xp = pixels.xp
    weights = xp.astype(pixels.keep, nll.dtype)
    if pixels.weights is not None:
        weights = weights * pixels.weights[pixels.labels]
    # `where` first: 0 times a loss of infinity would be NaN.
    losses = xp.where(weights > 0, nll, xp.zeros_like(nll)) * weights
    if reduction == "none":
        return losses
    total = xp.sum(weights)
    norm = xp.where(total > 0, total, xp.ones_like(total)) if reduction == "mean" else 1
    return xp.sum(losses) / norm


def _checked_axes(axis: Axes, ndim: int, name: str = "axis") -> tuple[int, ...]:
    """The axes to sum over, counted from 0."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    for one in axes:
        check_axis(ndim, **{name: one})
    axes = tuple(one % ndim for one in axes)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{name} must name each axis once, got {axis}")
    return axes


def _dice(
    xp: Any, p: Array, g: Array, axes: tuple[int, ...], squared: bool, smooth: float
) -> Array:
    def total(values: Array) -> Array:
        return xp.sum(values, axis=axes)

    # Products and sums, not dot products: those lose digits of long float32 arrays, in Torch all
    # but two. One array at a time: the next one finds the memory of the last.
    overlap = total(p * g)
    sizes = total(p * p) + total(g * g) if squared else total(p) + total(g)
    empty = sizes + smooth == 0
    denominator = xp.where(empty, xp.ones_like(sizes), sizes + smooth)
    return xp.where(empty, xp.ones_like(sizes), (2 * overlap + smooth) / denominator)
