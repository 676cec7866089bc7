"""How much two regions overlap, hard or soft: the Dice coefficient, and its loss."""

from typing import Any

import array_api_compat

from .._validation import check_axis, check_factors, check_probabilities, check_shape
from ..arrays import Array, narrow, unread_arrays
from .formulas import dice
from .pixels import MANY, along, read_class_weights

Axes = int | tuple[int, ...] | None


def dice_coefficient(
    predictions: Array,
    targets: Array,
    *,
    axis: Axes = None,
    squared: bool = True,
    smooth: float = 0.0,
    weight: Array | None = None,
    class_axis: int = -1,
) -> Array:
    """Twice the overlap of two regions, divided by the sum of their sizes.

    Squared (Milletari et al., "V-Net", 2016): D = 2 Σ p g / (Σ p² + Σ g²). Plain, for
    squared=False (Sudre et al., "Generalised Dice overlap", 2017): D = 2 Σ p g / (Σ p + Σ g). On
    masks of 0 and 1 both are `2 |P ∩ G| / (|P| + |G|)`; on probabilities they differ, and so do
    sums over everything and means of smaller sums. The default pools everything into one pair of
    sums; for a mean over images and classes of (N, K, H, W) take `axis=(2, 3)` and average the
    result.

    Class weights w enter both sums, `2 Σ_k w_k Σ p g / Σ_k w_k (Σ p + Σ g)`: Sudre's generalised
    Dice for w_k = 1 / (Σ g_k)², plain. For a weighted mean of the classes' coefficients, which is
    another number, take one for each class and `numpy.average`.

    Args:
        predictions: any shape, probabilities in [0, 1]. A rounding error beyond, of four units in
            the last place, is allowed: interpolated probabilities reach 1.0000001.
        targets: the same shape, in [0, 1] likewise: one-hot labels, or a soft truth.
        axis: the axes to sum over; None for all.
        squared: which denominator.
        smooth: >= 0, added to numerator and denominator.
        weight: (K,) finite, >= 0; 1 for every class by default.
        class_axis: the axis of the K classes that `weight` belongs to, one of those summed over.

    Returns:
        In [0, 1], the shape of predictions without `axis`. 1 where both regions are empty, as they
        are equal, and it is the limit of a vanishing `smooth`; the gradient there is 0. Computed
        in at least float32, and returned in the dtype of the arguments.

    Raises:
        ValueError: NaN, an entry outside [0, 1], shapes that differ, an axis that is not there, or
            a negative or infinite `smooth` or weight, or a weight of classes that are not summed.
    """
    xp, dtype, coefficient = _dice(predictions, targets, axis, squared, smooth, weight, class_axis)
    return narrow(xp, coefficient, dtype)


def dice_loss(
    predictions: Array,
    targets: Array,
    *,
    axis: Axes = None,
    squared: bool = True,
    smooth: float = 0.0,
    weight: Array | None = None,
    class_axis: int = -1,
) -> Array:
    """1 - :py:func:`dice_coefficient`, with the same arguments and errors; 0 for empty regions."""
    xp, dtype, coefficient = _dice(predictions, targets, axis, squared, smooth, weight, class_axis)
    return narrow(xp, 1 - coefficient, dtype)


def _dice(
    predictions: Array,
    targets: Array,
    axis: Axes,
    squared: bool,
    smooth: float,
    weight: Array | None,
    class_axis: int,
) -> tuple[Any, Any, Array]:
    """The namespace, the caller's dtype, and the coefficient in at least float32."""
    xp, dtype, predictions, targets = unread_arrays(predictions=predictions, targets=targets)
    check_shape(predictions.shape, "one target for each prediction", targets=targets)
    axes = checked_axes(axis, predictions.ndim)
    check_factors(smooth=smooth)
    if weight is not None:
        weight = _weight_in_sums(xp, predictions, weight, class_axis, axes)

    def coefficient(p: Array, g: Array, axes: tuple[int, ...], w: Array | None) -> Array:
        check_probabilities(xp, dtype, predictions=p, targets=g)
        return dice(xp, p, g, axes, squared=squared, smooth=smooth, weight=w)

    if 0 not in axes and array_api_compat.size(predictions) > MANY * predictions.shape[0] > 0:
        # One image at a time: it is still in the processor's cache after the check.
        images = zip(xp.unstack(predictions), xp.unstack(targets), strict=True)
        within = tuple(one - 1 for one in axes)
        w = None if weight is None else weight[0]
        result = xp.stack([coefficient(p, g, within, w) for p, g in images])
    else:
        result = coefficient(predictions, targets, axes, weight)
    return xp, dtype, result


def _weight_in_sums(
    xp: Any, predictions: Array, weight: Array, class_axis: int, axes: tuple[int, ...]
) -> Array:
    """The class weights, shaped to be multiplied with the predictions."""
    check_axis(predictions.ndim, class_axis=class_axis)
    class_axis = class_axis % predictions.ndim
    if class_axis not in axes:
        raise ValueError(
            f"class_axis must be one of the axes summed over, {axes}, for a weight to matter, "
            f"got {class_axis}"
        )
    weight = read_class_weights(predictions, predictions.shape[class_axis], weight)
    return along(xp, weight, class_axis, predictions.ndim)


def checked_axes(axis: Axes, ndim: int, name: str = "axis") -> tuple[int, ...]:
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
