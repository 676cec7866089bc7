"""Precision, recall and F1 where a detector is used: at one confidence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..._validation import check_between
from ...results import Result
from ...segmentation.tables import ClassTable
from .class_names import names_of_labels


@dataclass(frozen=True, eq=False, repr=False)
class OperatingPoint(Result):
    """Detections with at least some score, counted by class; the scores are properties.

    Attributes:
        classes: (K,) labels, ascending.
        tp: (K,) detections that found a true box of their class.
        fp: (K,) the others.
        fn: (K,) true boxes that were not found.
        score_threshold: a detection with exactly this score stays; infinite where none stays.
        iou_threshold: what a match needs.
    """

    classes: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    score_threshold: float
    iou_threshold: float

    keys_ = ("precision", "recall", "f1", "score_threshold", "iou_threshold")

    @property
    def precision(self) -> float:
        """TP / (TP + FP) of all classes together; 0 without detections."""
        return float(_ratio(self.tp.sum(), self.tp.sum() + self.fp.sum(), 0.0))

    @property
    def recall(self) -> float:
        """TP / (TP + FN) of all classes together; 0 without truth."""
        return float(_ratio(self.tp.sum(), self.tp.sum() + self.fn.sum(), 0.0))

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN) of all classes together; 0 without detections and truth."""
        errors = self.fp.sum() + self.fn.sum()
        return float(_ratio(2 * self.tp.sum(), 2 * self.tp.sum() + errors, 0.0))

    @property
    def precision_per_class(self) -> np.ndarray:
        """(K,), NaN for a class without detections."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall_per_class(self) -> np.ndarray:
        """(K,), NaN for a class without truth."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1_per_class(self) -> np.ndarray:
        """(K,), NaN for a class without either."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    def table(self, class_names: Mapping[int, str] | Sequence[str] | None = None) -> ClassTable:
        """Precision, recall and F1 of each class, and their means over the classes that have them.

        Args:
            class_names: the name of each label; a list is counted from 0; None shows the labels.

        Raises:
            ValueError: a label without a name.
        """
        columns = {
            "precision": self.precision_per_class,
            "recall": self.recall_per_class,
            "F1": self.f1_per_class,
        }
        return ClassTable(
            names_of_labels(class_names, self.classes),
            {
                name: tuple(None if math.isnan(v) else v for v in values.tolist())
                for name, values in columns.items()
            },
        )


def point_at(
    score_threshold: float,
    labels: np.ndarray,
    scores: np.ndarray,
    hits: np.ndarray,
    num_truth: np.ndarray,
    classes: np.ndarray,
    iou_threshold: float,
) -> OperatingPoint:
    """The point of one threshold; detections (D,) that count, truth (K,) by class."""
    check_between(-math.inf, math.inf, score_threshold=score_threshold)
    kept = scores >= score_threshold
    of_class = np.searchsorted(classes, labels[kept])
    tp, detected = (
        np.bincount(rows, minlength=len(classes)) for rows in (of_class[hits[kept]], of_class)
    )
    score = float(score_threshold)
    return OperatingPoint(classes, tp, detected - tp, num_truth - tp, score, iou_threshold)


def best_point(
    labels: np.ndarray,
    scores: np.ndarray,
    hits: np.ndarray,
    num_truth: np.ndarray,
    classes: np.ndarray,
    iou_threshold: float,
) -> OperatingPoint:
    """The point with the highest F1 of all classes together; the higher score of two."""
    order = np.argsort(-scores, kind="stable")
    tp = np.cumsum(hits[order])
    f1 = 2 * tp / (np.arange(1, len(tp) + 1) + num_truth.sum())
    whole = np.diff(scores[order], append=-np.inf) < 0  # a score stays or goes with its equals
    f1 = np.where(whole, f1, -1)
    best = scores[order][np.argmax(f1)] if len(f1) else math.inf
    return point_at(best, labels, scores, hits, num_truth, classes, iou_threshold)


def _ratio(part: np.ndarray, whole: np.ndarray, otherwise: float = math.nan) -> np.ndarray:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), otherwise)
