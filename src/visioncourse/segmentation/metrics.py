"""How good a segmentation is: counts of pixels, and the measures that are read off them.

Every measure takes either label maps, `mean_iou(predictions, labels, num_classes)`, or alone the
confusion matrix of a data set that went by in batches. :py:class:`SegmentationCounts` holds all
of them::

    counts = sum(SegmentationCounts.of(predictions=p, labels=l, num_classes=5) for p, l in batches)
    counts.mean_iou

Predictions come first and labels second, as in Torch's losses and torchmetrics. scikit-learn has
the truth first; written as keywords, `confusion_matrix(labels=l, predictions=p, ...)`, the order
does not matter.
"""

from typing import Any

import array_api_compat

from .._validation import (
    check_class_indices,
    check_finite,
    check_label,
    check_num_classes,
    check_probabilities,
    check_shape,
    check_shares,
)
from ..arrays import (
    Array,
    float_arrays,
    integer_arrays,
    narrow,
    wide_arrays,
    without_gradient,
)
from . import formulas

BLOCK_PIXELS = 32768  # two blocks of int64 labels and their sums stay in the processor's cache


def confusion_matrix(
    predictions: Array, labels: Array, num_classes: int, *, ignore_index: int | None = None
) -> Array:
    """How often each true class was predicted as each class.

    Matrices of several images add up to the matrix of all of them. With the arguments exchanged,
    in scikit-learn's order, the result would be the transpose.

    Args:
        predictions: (...) predicted class indices 0 to num_classes - 1.
        labels: the same shape, true class indices, or `ignore_index`.
        num_classes: K >= 1.
        ignore_index: pixels with this label are left out (255 in PASCAL VOC), whatever their
            prediction is.

    Returns:
        (K, K) int64, rows are truth, columns are predictions; zeros for no pixel.

    Raises:
        ValueError: something that is no whole number or out of range, or shapes that differ.
    """
    check_num_classes(1, num_classes)
    if ignore_index is not None:
        check_label(ignore_index=ignore_index)
    xp, predictions, labels = integer_arrays(predictions=predictions, labels=labels)
    check_shape(predictions.shape, "one label for each prediction", labels=labels)
    predictions, labels = xp.reshape(predictions, (-1,)), xp.reshape(labels, (-1,))
    counts = xp.zeros(num_classes**2, dtype=xp.int64, device=array_api_compat.device(labels))
    # A block no shorter than the K² counts that it adds up: K does not multiply the time.
    length = max(BLOCK_PIXELS, num_classes**2)
    for start in range(0, labels.shape[0], length):
        block = slice(start, start + length)
        predicted = xp.astype(predictions[block], xp.int64, copy=False)
        true = xp.astype(labels[block], xp.int64, copy=False)
        if ignore_index is not None:
            keep = true != ignore_index
            predicted, true = predicted[keep], true[keep]
        _check_classes(xp, num_classes, predicted, true, ignore_index)
        counts += xp.bincount(true * num_classes + predicted, minlength=num_classes**2)
    return xp.reshape(counts, (num_classes, num_classes))


def pixel_accuracy(
    predictions: Array,
    labels: Array | None = None,
    num_classes: int | None = None,
    *,
    ignore_index: int | None = None,
) -> float:
    """The share of pixels whose class is right: Σ_k C_kk / Σ_jk C_jk.

    Args:
        predictions, labels, num_classes, ignore_index: as for :py:func:`confusion_matrix`; or a
            confusion matrix (K, K), finite and >= 0, as the only argument.

    Returns:
        In [0, 1]; 0 for no pixel.

    Raises:
        ValueError: as for :py:func:`confusion_matrix`; a matrix that is not square or has a
            negative entry; a matrix together with other arguments, or label maps without them.
    """
    xp, confusion = _confusion(predictions, labels, num_classes, ignore_index)
    return formulas.pixel_accuracy(xp, confusion)


def iou_per_class(
    predictions: Array,
    labels: Array | None = None,
    num_classes: int | None = None,
    *,
    ignore_index: int | None = None,
    absent: float = 1.0,
) -> Array:
    """Intersection over union of each class, TP / (TP + FP + FN), all pixels counted together.

    Args:
        predictions, labels, num_classes, ignore_index: as for :py:func:`pixel_accuracy`.
        absent: the value, in [0, 1], of a class with no pixel in truth or predictions. The
            default says that two empty regions are equal, as :py:func:`dice_coefficient` does.

    Returns:
        (K,) float64 in [0, 1]. A class that is predicted but never true has 0.

    Raises:
        ValueError: as for :py:func:`pixel_accuracy`, or `absent` outside [0, 1].
    """
    xp, confusion = _confusion(predictions, labels, num_classes, ignore_index)
    check_shares(absent=absent)
    return formulas.iou(xp, confusion, absent)


def mean_iou(
    predictions: Array,
    labels: Array | None = None,
    num_classes: int | None = None,
    *,
    ignore_index: int | None = None,
    absent: float | None = None,
) -> float:
    """The mean over classes of :py:func:`iou_per_class`, of the data set as a whole.

    That is PASCAL VOC's and Cityscapes' measure: one confusion matrix for all images. The mean
    over images of each image's mean IoU is another number.

    Args:
        predictions, labels, num_classes, ignore_index: as for :py:func:`pixel_accuracy`.
        absent: None leaves a class with no pixel in truth or predictions out of the mean; a
            number in [0, 1] counts as its IoU (scikit-learn takes 0).

    Returns:
        In [0, 1]; 0 where every class is left out.

    Raises:
        ValueError: as for :py:func:`iou_per_class`.
    """
    xp, confusion = _confusion(predictions, labels, num_classes, ignore_index)
    if absent is not None:
        check_shares(absent=absent)
    return formulas.mean_iou(xp, confusion, absent)


def dice_per_class(
    predictions: Array,
    labels: Array | None = None,
    num_classes: int | None = None,
    *,
    ignore_index: int | None = None,
    absent: float = 1.0,
) -> Array:
    """The Dice coefficient of each class, 2 TP / (2 TP + FP + FN), all pixels counted together.

    Arguments, result and errors as for :py:func:`iou_per_class`.
    """
    xp, confusion = _confusion(predictions, labels, num_classes, ignore_index)
    check_shares(absent=absent)
    return formulas.dice_of_counts(xp, confusion, absent)


def dice_from_iou(iou: Array) -> Array:
    """D = 2 J / (1 + J).

    It holds for one pair of regions, hard or soft, when both measures use the same intersection
    and sizes; not for means over classes or images.

    Args:
        iou: (...) in [0, 1]; a rounding error beyond counts as 0 or 1.

    Returns:
        (...) in [0, 1].

    Raises:
        ValueError: NaN, or an entry outside [0, 1].
    """
    xp, dtype, iou = wide_arrays(iou=iou)
    check_probabilities(xp, dtype, iou=iou)
    iou = xp.clip(iou, 0, 1)
    return narrow(xp, 2 * iou / (1 + iou), dtype)


def iou_from_dice(dice: Array) -> Array:
    """J = D / (2 - D), the inverse of :py:func:`dice_from_iou`, with the same limits and errors.

    Args:
        dice: (...) in [0, 1].

    Returns:
        (...) in [0, 1].
    """
    xp, dtype, dice = wide_arrays(dice=dice)
    check_probabilities(xp, dtype, dice=dice)
    dice = xp.clip(dice, 0, 1)
    return narrow(xp, dice / (2 - dice), dtype)


def _confusion(
    predictions: Array, labels: Array | None, num_classes: int | None, ignore_index: int | None
) -> tuple[Any, Array]:
    """The namespace and the (K, K) float64 counts, from either kind of arguments."""
    if (labels is None) != (num_classes is None) or (labels is None and ignore_index is not None):
        raise ValueError(
            "expected predictions, labels and num_classes, or a confusion matrix alone, got "
            f"labels {'missing' if labels is None else 'given'}, num_classes={num_classes}, "
            f"ignore_index={ignore_index}"
        )
    if labels is not None:
        confusion = confusion_matrix(predictions, labels, num_classes, ignore_index=ignore_index)
        xp = array_api_compat.array_namespace(confusion)
        return xp, xp.astype(confusion, xp.float64)
    confusion = predictions
    if array_api_compat.is_array_api_obj(confusion):
        xp = array_api_compat.array_namespace(confusion)
        if xp.isdtype(confusion.dtype, ("integral", "real floating")):
            # Torch's default float32 would lose counts above 2²⁴.
            confusion = xp.astype(without_gradient(confusion), xp.float64)
    xp, confusion = float_arrays(confusion=confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"a confusion matrix must have shape (K, K), got {tuple(confusion.shape)}")
    check_finite(xp, confusion=confusion)
    if xp.any(confusion < 0):
        raise ValueError(f"a confusion matrix must be >= 0, got {xp.min(confusion).item():g}")
    return xp, confusion


def _check_classes(
    xp: Any, num_classes: int, predictions: Array, labels: Array, ignore_index: int | None
) -> None:
    try:
        check_class_indices(xp, num_classes, predictions=predictions, labels=labels)
    except ValueError as error:
        if ignore_index is not None and xp.any(predictions == ignore_index):
            raise ValueError(f"{error}; predictions come first, labels second") from None
        raise
