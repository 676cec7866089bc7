"""From probabilities to decisions: what a threshold gets right, and every threshold at once."""

from typing import Any, NamedTuple

from .._validation import check_binary, check_ndim, check_shape
from ..arrays import Array, float_arrays, narrow, wide_arrays
from . import formulas


class ConfusionCounts(NamedTuple):
    """How many examples fall into each pair of prediction and truth, :eq:`eq-confusion`."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


def confusion_counts(predictions: Array, labels: Array) -> ConfusionCounts:
    """Count right and wrong decisions, :eq:`eq-confusion`.

    Predictions come first; scikit-learn's functions have the labels first. By keyword,
    `confusion_counts(labels=..., predictions=...)`, the order does not matter.

    Args:
        predictions: (...) predicted classes, 0 or 1.
        labels: (...) true classes, 0 or 1.

    Returns:
        Four counts; all 0 for no example.

    Raises:
        ValueError: NaN, entries other than 0 and 1, or shapes that differ.
    """
    xp, predictions, labels = float_arrays(predictions=predictions, labels=labels)
    check_binary(xp, predictions=predictions, labels=labels)
    check_shape(predictions.shape, "one label for each prediction", labels=labels)

    def count(prediction: int, label: int) -> int:
        return int(xp.count_nonzero((predictions == prediction) & (labels == label)))

    return ConfusionCounts(count(1, 1), count(1, 0), count(0, 1), count(0, 0))


def precision(predictions: Array, labels: Array) -> float:
    """The share of predicted positives that are positive, :eq:`eq-precision`; 0 if there are none.

    Arguments and errors as for :py:func:`confusion_counts`.
    """
    counts = confusion_counts(predictions, labels)
    return counts.true_positives / max(counts.true_positives + counts.false_positives, 1)


def recall(predictions: Array, labels: Array) -> float:
    """The share of positives that are predicted positive, :eq:`eq-recall`; 0 if there are none.

    Arguments and errors as for :py:func:`confusion_counts`.
    """
    counts = confusion_counts(predictions, labels)
    return counts.true_positives / max(counts.true_positives + counts.false_negatives, 1)


def accuracy(predictions: Array, labels: Array) -> float:
    """The share of right decisions, :eq:`eq-accuracy`; 0 for no example.

    Arguments and errors as for :py:func:`confusion_counts`.
    """
    counts = confusion_counts(predictions, labels)
    return (counts.true_positives + counts.true_negatives) / max(sum(counts), 1)


def roc_curve(scores: Array, labels: Array) -> tuple[Array, Array, Array]:
    """False and true positive rates at every threshold, :eq:`eq-roc`.

    One point for each distinct score, largest first: predict positive where score >= threshold.
    Examples with equal scores move together, so the curve does not depend on their order.

    Args:
        scores: (n,) larger is more positive; probabilities or logits.
        labels: (n,) true classes, 0 or 1.

    Returns:
        false_positive_rates, true_positive_rates, thresholds, each (m + 1,) for m distinct
        scores; the first point is (0, 0) at threshold infinity. The rate of a class without
        examples is 0. The rates have the dtype of the scores and labels, and are counted exactly.

    Raises:
        ValueError: NaN, labels other than 0 and 1, or shapes that do not fit.
    """
    xp, dtype, scores, labels = _ranking(scores, labels)
    true_positives, false_positives, thresholds = formulas.roc_counts(xp, scores, labels)

    def rate(counts: Array) -> Array:
        return narrow(xp, xp.astype(counts, xp.float64) / max(int(counts[-1]), 1), dtype)

    return rate(false_positives), rate(true_positives), narrow(xp, thresholds, dtype)


def roc_auc(scores: Array, labels: Array) -> float:
    """The area under the ROC curve, :eq:`eq-auc`.

    It is the probability that a random positive scores higher than a random negative, a tie
    counting one half.

    Args:
        scores, labels: as for :py:func:`roc_curve`.

    Returns:
        In [0, 1].

    Raises:
        ValueError: as for :py:func:`roc_curve`, or a class without examples: there is no pair to
            compare, and the area has no value.
    """
    xp, _, scores, labels = _ranking(scores, labels)
    true_positives, false_positives, _ = formulas.roc_counts(xp, scores, labels)
    pairs = int(true_positives[-1]) * int(false_positives[-1])
    if pairs == 0:
        raise ValueError("labels must contain both classes: the area compares pairs of them")
    widths = false_positives[1:] - false_positives[:-1]
    twice_the_heights = true_positives[1:] + true_positives[:-1]
    return int(xp.sum(widths * twice_the_heights)) / (2 * pairs)


def _ranking(scores: Array, labels: Array) -> tuple[Any, Any, Array, Array]:
    """The namespace, the caller's dtype, scores (n,) and int64 labels (n,)."""
    xp, dtype, scores, labels = wide_arrays(scores=scores, labels=labels)
    check_binary(xp, labels=labels)
    check_ndim(1, "(n,)", scores=scores)
    check_shape(scores.shape, "one label for each score", labels=labels)
    return xp, dtype, scores, xp.astype(labels, xp.int64)
