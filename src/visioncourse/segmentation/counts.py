"""Counts of pixels that add up, the scores that follow from them, and a meter that counts on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._validation import check_label, check_num_classes, check_shape
from ..arrays import Array, to_numpy
from ..results import Result
from . import formulas, metrics
from .confusion import confusion_matrix, read_confusion
from .tables import ClassTable, read_class_names


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationCounts(Result):
    """The pixels of images, counted by class; the scores are properties, and a mapping.

    Counts of several batches add up with `+` or `sum` to those of all images together; scores do
    not. `as_dict()` gives every score by its name.

    Attributes:
        confusion: (K, K) int64, rows are truth, columns are predictions.
    """

    confusion: Array

    keys_ = (
        "pixel_accuracy",
        "mean_iou",
        "frequency_weighted_iou",
        "iou_per_class",
        "dice_per_class",
    )

    @classmethod
    def of(
        cls, *, predictions: Array, labels: Array, num_classes: int, ignore_index: int | None = None
    ) -> "SegmentationCounts":
        """Count label maps; arguments, by keyword, and errors as :py:func:`confusion_matrix`."""
        return cls(confusion_matrix(predictions, labels, num_classes, ignore_index=ignore_index))

    def __add__(self, other: "SegmentationCounts") -> "SegmentationCounts":
        if not isinstance(other, SegmentationCounts):
            return NotImplemented
        check_shape(tuple(self.confusion.shape), "as many classes", confusion=other.confusion)
        return SegmentationCounts(self.confusion + other.confusion)

    def __radd__(self, start: int) -> "SegmentationCounts":
        return self if isinstance(start, int) and start == 0 else NotImplemented  # for `sum`

    @property
    def pixel_accuracy(self) -> float:
        """As :py:func:`pixel_accuracy`."""
        return metrics.pixel_accuracy(self.confusion)

    @property
    def mean_iou(self) -> float:
        """As :py:func:`mean_iou`: the mean over the classes that occur."""
        return metrics.mean_iou(self.confusion)

    @property
    def frequency_weighted_iou(self) -> float:
        """As :py:func:`frequency_weighted_iou`: weighted by the true pixels of each class."""
        return metrics.frequency_weighted_iou(self.confusion)

    @property
    def iou_per_class(self) -> Array:
        """As :py:func:`iou_per_class`, (K,); 1 for a class without pixels."""
        return metrics.iou_per_class(self.confusion)

    @property
    def dice_per_class(self) -> Array:
        """As :py:func:`dice_per_class`, (K,); 1 for a class without pixels."""
        return metrics.dice_per_class(self.confusion)

    def table(self, class_names: Sequence[str] | None = None) -> ClassTable:
        """IoU, Dice, precision and recall of each class, and their means.

        Precision is the share of the pixels predicted as a class that are of it, recall the share
        of its true pixels that are predicted. A class without pixels has no score and is left out
        of the mean, as in :py:func:`mean_iou`; precision needs predicted pixels, recall true ones.

        Args:
            class_names: K names; None shows the indices.

        Returns:
            A table that prints within 40 columns, and shows as one in a notebook.

        Raises:
            ValueError: not K names.
        """
        xp, confusion = read_confusion(self.confusion, None, None, None)
        names = read_class_names(class_names, confusion.shape[0])
        columns = {
            "IoU": formulas.iou(xp, confusion, np.nan),
            "Dice": formulas.dice_of_counts(xp, confusion, np.nan),
            "precision": formulas.precision(xp, confusion, np.nan),
            "recall": formulas.recall(xp, confusion, np.nan),
        }
        return ClassTable(names, {name: _or_none(scores) for name, scores in columns.items()})


class SegmentationMeter:
    """Counts one batch after another, where a loop wants something to update.

    Two meters, of two parts of the data, add up with `+`. The names are those of torchmetrics::

        meter = SegmentationMeter(num_classes=7, ignore_index=255)
        for images, labels in batches:
            meter.update(network.predict(images), labels)
        meter.compute().mean_iou

    Args:
        num_classes, ignore_index: as for :py:func:`confusion_matrix`.

    Raises:
        ValueError: as for :py:func:`confusion_matrix`.
    """

    def __init__(self, num_classes: int, *, ignore_index: int | None = None) -> None:
        check_num_classes(1, num_classes)
        if ignore_index is not None:
            check_label(ignore_index=ignore_index)
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        self.reset()

    def reset(self) -> None:
        """Forget every batch."""
        self._counts: SegmentationCounts | int = 0

    def update(self, predictions: Array, labels: Array) -> None:
        """Count one batch; arguments and errors as for :py:func:`confusion_matrix`."""
        self._counts += SegmentationCounts.of(
            predictions=predictions,
            labels=labels,
            num_classes=self.num_classes,
            ignore_index=self.ignore_index,
        )

    def compute(self) -> SegmentationCounts:
        """All counts so far, with their scores."""
        nothing = SegmentationCounts(np.zeros((self.num_classes,) * 2, dtype=np.int64))
        return self._counts or nothing

    def __add__(self, other: "SegmentationMeter") -> "SegmentationMeter":
        if not isinstance(other, SegmentationMeter):
            return NotImplemented
        mine, its = ((m.num_classes, m.ignore_index) for m in (self, other))
        if mine != its:
            raise ValueError(
                f"meters must have one num_classes and ignore_index to add up, got {mine} and {its}"
            )
        total = SegmentationMeter(self.num_classes, ignore_index=self.ignore_index)
        total._counts = self._counts + other._counts
        return total

    def __repr__(self) -> str:
        return f"SegmentationMeter(num_classes={self.num_classes}, {self.compute()!r})"


def _or_none(scores: Array) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(score) else score for score in to_numpy(scores).tolist())
