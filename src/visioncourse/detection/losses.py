"""What a detector is trained on: where the box is, what is in it, and whether anything is."""

from collections.abc import Callable
from typing import Any

from .._validation import (
    check_axis,
    check_binary,
    check_class_indices,
    check_finite,
    check_not_negative,
    check_one_of,
    check_probabilities,
    check_shape,
    check_shares,
)
from ..arrays import Array, integer_arrays, wide_arrays
from ..logistic.formulas import Reduction, reduced, signed
from . import formulas, overlap
from .boxes import checked_boxes

REDUCTIONS = ("mean", "sum", "none")


def smooth_l1_loss(
    predictions: Array, targets: Array, *, beta: float = 1.0, reduction: Reduction = "mean"
) -> Array:
    """Smooth L1: a parabola for small errors and a straight line for large ones.

    With Δ = prediction - target: Δ²/(2·beta) where `|Δ| < beta`, else `|Δ| - beta/2`
    (Girshick 2015, "Fast R-CNN", equation 3, has beta = 1; region proposals use 1/9). It is 1/beta
    times the Huber loss with delta = beta; beta = 0 is the absolute error.

    Args:
        predictions: any shape: coordinates, or the deltas of :py:func:`.encode_boxes`.
        targets: the same shape.
        beta: where the line begins, >= 0.
        reduction: "mean" or "sum" over all entries, or "none".

    Returns:
        () >= 0, and 0 for no entry; the shape of `predictions` for "none".

    Raises:
        ValueError: NaN, an infinite entry, shapes that differ, beta < 0, an unknown reduction.
    """
    xp, dtype, predictions, targets = wide_arrays(predictions=predictions, targets=targets)
    check_finite(xp, predictions=predictions, targets=targets)
    check_shape(predictions.shape, "the shape of predictions", targets=targets)
    check_not_negative(beta=beta)
    check_one_of(REDUCTIONS, reduction=reduction)
    error = formulas.smooth_l1(xp, predictions - targets, beta)
    return _reduced(xp, error, reduction, dtype)


def iou_loss(predictions: Array, targets: Array, *, reduction: Reduction = "mean") -> Array:
    """1 - IoU of each prediction and its target (see :py:func:`.box_iou`).

    Its gradient is 0 where the boxes do not touch: nothing pulls them together.

    Args:
        predictions: (..., 4) as x1, y1, x2, y2.
        targets: (..., 4), the box that each one should be.
        reduction: "mean" or "sum" over all boxes, or "none".

    Returns:
        () in [0, 1] for "mean", and 0 for no box; (...) for "none". The loss of two boxes without
        area is 1.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, shapes that
            differ, an unknown reduction.
    """
    return _box_loss(overlap.iou, predictions, targets, reduction)


def generalized_iou_loss(
    predictions: Array, targets: Array, *, reduction: Reduction = "mean"
) -> Array:
    """1 - GIoU of each prediction and its target (see :py:func:`.generalized_box_iou`).

    Arguments and errors as for :py:func:`iou_loss`.

    Returns:
        () in [0, 2] for "mean", and 0 for no box; (...) for "none".
    """
    return _box_loss(overlap.generalized_iou, predictions, targets, reduction)


def distance_iou_loss(
    predictions: Array, targets: Array, *, reduction: Reduction = "mean"
) -> Array:
    """1 - DIoU = 1 - IoU + ρ²/c² of each pair (see :py:func:`.distance_box_iou`).

    Arguments and errors as for :py:func:`iou_loss`.

    Returns:
        () in [0, 2] for "mean", and 0 for no box; (...) for "none".
    """
    return _box_loss(overlap.distance_iou, predictions, targets, reduction)


def complete_iou_loss(
    predictions: Array, targets: Array, *, reduction: Reduction = "mean"
) -> Array:
    """1 - CIoU = 1 - IoU + ρ²/c² + α·v of each pair (see :py:func:`.complete_box_iou`).

    α is a constant in the backward pass. Arguments and errors as for :py:func:`iou_loss`.

    Returns:
        () in [0, 3] for "mean", and 0 for no box; (...) for "none".
    """
    return _box_loss(overlap.complete_iou, predictions, targets, reduction)


def focal_loss(
    logits: Array,
    targets: Array,
    *,
    alpha: float = 0.25,
    gamma: float = 2.0,
    reduction: Reduction = "mean",
) -> Array:
    """Binary cross-entropy in which easy examples count less: -αₜ·(1 - pₜ)^γ·log pₜ.

    p = σ(logit); pₜ is p where the target is 1 and 1 - p where it is 0, αₜ likewise alpha and
    1 - alpha (Lin et al. 2017, "Focal Loss for Dense Object Detection", equation 5). RetinaNet has
    one logit for each anchor and class, takes the sum, and divides it by the number of anchors
    assigned to a box, not by the number of entries as "mean" does.

    Args:
        logits: any shape, finite.
        targets: the same shape, 0 or 1.
        alpha: weight of the targets 1, in [0, 1]; -1 weighs no target, as in torchvision.
        gamma: how fast easy examples fade, >= 0; 0 is cross-entropy.
        reduction: "mean" or "sum" over all entries, or "none".

    Returns:
        () >= 0, and 0 for no entry; the shape of `logits` for "none".

    Raises:
        ValueError: NaN, an infinite logit, other targets, shapes that differ, alpha or gamma out
            of range, an unknown reduction.
    """
    xp, dtype, logits, targets = wide_arrays(logits=logits, targets=targets)
    check_finite(xp, logits=logits)
    check_shape(logits.shape, "one target for each logit", targets=targets)
    check_binary(xp, targets=targets)
    check_not_negative(gamma=gamma)
    check_one_of(REDUCTIONS, reduction=reduction)
    weighted = not (getattr(alpha, "ndim", 0) == 0 and alpha == -1)
    if weighted:
        check_shares(alpha=alpha)
    loss = formulas.focal(xp, signed(xp, logits, targets), gamma)
    if weighted:
        loss = loss * xp.where(targets == 1, xp.full_like(loss, alpha), 1 - alpha)
    return _reduced(xp, loss, reduction, dtype)


def categorical_focal_loss(
    logits: Array,
    labels: Array,
    *,
    alpha: Array = 1.0,
    gamma: float = 2.0,
    axis: int = -1,
    reduction: Reduction = "mean",
) -> Array:
    """Categorical cross-entropy in which easy examples count less: -α·(1 - p_c)^γ·log p_c.

    p = softmax(logits) and c is the true class. Unlike :py:func:`focal_loss`, the classes compete,
    and alpha has no counterpart 1 - alpha: one number scales the loss, K numbers balance classes.

    Args:
        logits: (..., K) with K >= 2 classes along `axis`, finite.
        labels: (...) class indices 0 to K - 1.
        alpha: () or (K,) weights of the classes, >= 0.
        gamma: how fast easy examples fade, >= 0; 0 is cross-entropy.
        axis: the axis of the classes.
        reduction: "mean" (over examples, whatever their weight) or "sum", or "none".

    Returns:
        () >= 0, and 0 for no example; (...) for "none".

    Raises:
        ValueError: NaN, an infinite logit, labels out of range, shapes that do not fit, a negative
            alpha or gamma, an unknown reduction.
    """
    xp, dtype, logits, alpha = wide_arrays(logits=logits, alpha=alpha)
    _, labels = integer_arrays(logits, labels=labels)
    check_finite(xp, logits=logits, alpha=alpha)
    check_not_negative(gamma=gamma)
    check_one_of(REDUCTIONS, reduction=reduction)
    check_axis(logits.ndim, axis=axis)
    logits = xp.moveaxis(logits, axis, -1)  # (..., K)
    num_classes = logits.shape[-1]
    if num_classes < 2:
        raise ValueError(f"logits must have at least two classes along axis, got {num_classes}")
    check_shape(logits.shape[:-1], "one label for each example", labels=labels)
    if alpha.ndim > 0:
        check_shape((num_classes,), "one weight for each class", alpha=alpha)
    if xp.any(alpha < 0):
        raise ValueError(f"alpha must be >= 0, got {xp.min(alpha).item():g}")
    check_class_indices(xp, num_classes, labels=labels)
    labels = xp.astype(labels, xp.int64)
    weights = xp.broadcast_to(alpha, (num_classes,))[labels]
    loss = weights * formulas.categorical_focal(xp, logits, labels, gamma)
    return _reduced(xp, loss, reduction, dtype)


def objectness_loss(logits: Array, targets: Array, *, reduction: Reduction = "mean") -> Array:
    """Binary cross-entropy of "there is an object here", -[t·log p + (1 - t)·log(1 - p)].

    p = σ(logit). The target t is 1 for a box with an object and 0 for one without; some detectors
    take the IoU of the predicted box and the truth instead of 1 (Redmon et al. 2016, "You Only
    Look Once", section 2). With such a target the least loss is above 0.

    Args:
        logits: any shape, finite.
        targets: the same shape, in [0, 1].
        reduction: "mean" or "sum" over all entries, or "none".

    Returns:
        () >= 0, and 0 for no entry; the shape of `logits` for "none".

    Raises:
        ValueError: NaN, an infinite logit, targets outside [0, 1], shapes that differ, an unknown
            reduction.
    """
    xp, dtype, logits, targets = wide_arrays(logits=logits, targets=targets)
    check_finite(xp, logits=logits)
    check_shape(logits.shape, "one target for each logit", targets=targets)
    check_probabilities(xp, dtype, targets=targets)
    check_one_of(REDUCTIONS, reduction=reduction)
    return _reduced(xp, formulas.objectness(xp, logits, targets), reduction, dtype)


def detection_loss(
    bbox_loss: Array,
    cls_loss: Array,
    obj_loss: Array,
    *,
    lambda_bbox: float = 1.0,
    lambda_cls: float = 1.0,
    lambda_obj: float = 1.0,
) -> Array:
    """The weighted total λ_bbox·L_bbox + λ_cls·L_cls + λ_obj·L_obj.

    Args:
        bbox_loss, cls_loss, obj_loss: the three parts, >= 0, of one shape: usually () each.
        lambda_bbox, lambda_cls, lambda_obj: their weights, >= 0; 0 leaves a part out.

    Returns:
        The shape of the parts, >= 0.

    Raises:
        ValueError: a part that is NaN, infinite or negative, shapes that differ, or a negative
            weight.
    """
    xp, dtype, *parts = wide_arrays(bbox_loss=bbox_loss, cls_loss=cls_loss, obj_loss=obj_loss)
    check_not_negative(lambda_bbox=lambda_bbox, lambda_cls=lambda_cls, lambda_obj=lambda_obj)
    for name, part in zip(("bbox_loss", "cls_loss", "obj_loss"), parts, strict=True):
        check_finite(xp, **{name: part})
        check_shape(parts[0].shape, "the shape of bbox_loss", **{name: part})
        if xp.any(part < 0):
            raise ValueError(f"{name} must be >= 0, got {part[part < 0][0].item():g}")
    total = lambda_bbox * parts[0] + lambda_cls * parts[1] + lambda_obj * parts[2]
    return xp.astype(total, dtype, copy=False)


def _box_loss(
    measure: Callable[..., Array], predictions: Array, targets: Array, reduction: Reduction
) -> Array:
    check_one_of(REDUCTIONS, reduction=reduction)
    xp, dtype, predictions, targets = wide_arrays(predictions=predictions, targets=targets)
    predictions, targets = checked_boxes(xp, predictions=predictions, targets=targets)
    check_shape(predictions.shape, "one target for each prediction", targets=targets)
    agreement = measure(xp, overlap.corners(xp, predictions), overlap.corners(xp, targets))
    return _reduced(xp, 1 - agreement, reduction, dtype)


def _reduced(xp: Any, values: Array, reduction: Reduction, dtype: Any) -> Array:
    """In the caller's dtype at the very end: float16 holds no sum beyond 65504."""
    return xp.astype(reduced(xp, values, reduction), dtype, copy=False)
