"""Counts of pixels that add up, and the scores that follow from them."""

from dataclasses import dataclass

from .._validation import check_shape
from ..arrays import Array
from ..results import Result
from . import metrics


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationCounts(Result):
    """The pixels of images, counted by class; the scores are properties, and a mapping.

    Counts of several batches add up with `+` or `sum` to those of all images together; scores do
    not. `as_dict()` gives every score by its name.

    Attributes:
        confusion: (K, K) int64, rows are truth, columns are predictions.
    """

    confusion: Array

    keys_ = ("pixel_accuracy", "mean_iou", "iou_per_class", "dice_per_class")

    @classmethod
    def of(
        cls, *, predictions: Array, labels: Array, num_classes: int, ignore_index: int | None = None
    ) -> "SegmentationCounts":
        """Count label maps; arguments, by keyword, and errors as :py:func:`confusion_matrix`."""
        return cls(
            metrics.confusion_matrix(predictions, labels, num_classes, ignore_index=ignore_index)
        )

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
    def iou_per_class(self) -> Array:
        """As :py:func:`iou_per_class`, (K,); 1 for a class without pixels."""
        return metrics.iou_per_class(self.confusion)

    @property
    def dice_per_class(self) -> Array:
        """As :py:func:`dice_per_class`, (K,); 1 for a class without pixels."""
        return metrics.dice_per_class(self.confusion)
