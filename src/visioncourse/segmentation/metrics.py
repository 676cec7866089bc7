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

from .._validation import check_probabilities, check_shares
from ..arrays import Array, narrow, wide_arrays
from . import formulas
from .confusion import read_confusion


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
    xp, confusion = read_confusion(predictions, labels, num_classes, ignore_index)
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
    xp, confusion = read_confusion(predictions, labels, num_classes, ignore_index)
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
    xp, confusion = read_confusion(predictions, labels, num_classes, ignore_index)
    if absent is not None:
        check_shares(absent=absent)
    return formulas.mean_iou(xp, confusion, absent)


def frequency_weighted_iou(
    predictions: Array,
    labels: Array | None = None,
    num_classes: int | None = None,
    *,
    ignore_index: int | None = None,
) -> float:
    """The mean of :py:func:`iou_per_class` weighted by the true pixels of each class.

    Σ_k n_k IoU_k / Σ_k n_k for n_k true pixels of class k (Long et al., "Fully convolutional
    networks", 2015). A large background decides it, as it decides the pixel accuracy.

    Args:
        predictions, labels, num_classes, ignore_index: as for :py:func:`pixel_accuracy`.

    Returns:
        In [0, 1]; 0 for no pixel.

    Raises:
        ValueError: as for :py:func:`pixel_accuracy`.
    """
    xp, confusion = read_confusion(predictions, labels, num_classes, ignore_index)
    return formulas.frequency_weighted_iou(xp, confusion)


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
    xp, confusion = read_confusion(predictions, labels, num_classes, ignore_index)
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
