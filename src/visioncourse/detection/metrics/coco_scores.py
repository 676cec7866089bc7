"""COCO's numbers by name, a table of classes, and what a detector is worth at one confidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..._validation import check_whole
from ...segmentation.tables import ClassTable
from .class_names import names_of_labels
from .coco_result import ALL, CocoResult
from .curves import precision_recall_curve
from .operating_point import OperatingPoint, best_point, point_at


@dataclass(frozen=True, eq=False, repr=False)
class MeanAveragePrecision(CocoResult):
    """What became of every detection, and the scores that follow from it.

    Two results of the same settings add up with `+` or `sum` to that of all their images together:
    the ranking is made anew, and of equal scores those of the first result go first. So a data set
    can be evaluated batch by batch, or with :py:class:`DetectionMeter`; the result of no images,
    `mean_average_precision([], [])`, is the neutral start.

    Scores are in [0, 1], or -1 where there is no true box to find. `result["map"]`, `**result`
    and `as_dict()` give them under torchmetrics' names; for own settings these follow them, such
    as `result["mar_300"]` or `result["map_tiny"]`.

    Attributes:
        classes: (K,) every label that occurs, ascending.
        num_truth: (A, K) true boxes to be found of each area range (all, small, medium, large).
        labels: (D,) of the detections that count.
        scores: (D,) likewise.
        ranks: (D,) place among the detections of the same class in the same image, from 0.
        true_positive: (A, D) bits, the thresholds at which a detection found a true box.
        counted: (A, D) bits, those at which it is a true or a false positive and not ignored.
        settings: what was asked for.
    """

    @property
    def map(self) -> float:
        """Average precision, the mean over classes and thresholds."""
        return self.average_precision()

    @property
    def map_50(self) -> float:
        """Average precision at the IoU threshold 0.5, the mean over classes."""
        return self.average_precision(iou_threshold=0.5)

    @property
    def map_75(self) -> float:
        """Average precision at the IoU threshold 0.75, the mean over classes."""
        return self.average_precision(iou_threshold=0.75)

    @property
    def map_small(self) -> float:
        """Average precision of boxes up to 32² pixels."""
        return self.average_precision(area="small")

    @property
    def map_medium(self) -> float:
        """Average precision of boxes from 32² to 96² pixels."""
        return self.average_precision(area="medium")

    @property
    def map_large(self) -> float:
        """Average precision of boxes from 96² pixels on."""
        return self.average_precision(area="large")

    @property
    def mar_1(self) -> float:
        """Recall with one detection an image and class, the mean over classes and thresholds."""
        return self.average_recall(max_detections=1)

    @property
    def mar_10(self) -> float:
        """Recall with ten detections an image and class."""
        return self.average_recall(max_detections=10)

    @property
    def mar_100(self) -> float:
        """Recall with a hundred detections an image and class."""
        return self.average_recall(max_detections=100)

    @property
    def mar_small(self) -> float:
        """Recall of boxes up to 32² pixels, with a hundred detections."""
        return self.average_recall(area="small")

    @property
    def mar_medium(self) -> float:
        """Recall of boxes from 32² to 96² pixels, with a hundred detections."""
        return self.average_recall(area="medium")

    @property
    def mar_large(self) -> float:
        """Recall of boxes from 96² pixels on, with a hundred detections."""
        return self.average_recall(area="large")

    @property
    def map_per_class(self) -> np.ndarray:
        """(K,) average precision over all thresholds; -1 for a class without truth."""
        return self.of_classes(self.by_class.precision[:, 0])

    @property
    def mar_100_per_class(self) -> np.ndarray:
        """(K,) recall over all thresholds; -1 for a class without truth."""
        place = self.settings.place_of_limit(100)
        return self.of_classes(self.by_class.recall[:, 0, place])

    def table(self, class_names: Mapping[int, str] | Sequence[str] | None = None) -> ClassTable:
        """AP over all thresholds, at the lowest and the middle one, and recall of each class.

        The mean over the classes is `map` and so on, where the average is "macro".

        Args:
            class_names: the name of each label, such as `CocoTruth.categories`; a list is counted
                from 0; None shows the labels.

        Returns:
            A table that prints within 40 columns, and shows as one in a notebook. A class without
            truth has no score.

        Raises:
            ValueError: a label without a name.
        """
        names = names_of_labels(class_names, self.classes)
        thresholds = self.settings.iou_thresholds
        precision, recall = self.by_class.precision[:, 0], self.by_class.recall[:, 0, -1]
        columns = {"AP": precision.mean(axis=1)}
        for t in dict.fromkeys((0, len(thresholds) // 2)):
            columns[f"AP{100 * thresholds[t]:.0f}"] = precision[:, t]
        columns[f"AR{self.settings.max_detections[-1]}"] = recall.mean(axis=1)
        present = (self.num_truth[0] > 0).tolist()
        return ClassTable(
            names,
            {
                name: tuple(v if there else None for v, there in zip(values, present, strict=True))
                for name, values in ((name, column.tolist()) for name, column in columns.items())
            },
        )

    def curve(
        self, label: int, *, iou_threshold: float = 0.5, area: str = ALL
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Recall and precision of a class after each detection, and its score.

        Arguments and errors as for `average_precision`; a label that does not occur has an empty
        curve. Returns as :py:func:`precision_recall_curve`, (n,) each.
        """
        check_whole(0, label=label)
        t = self.settings.place_of_threshold(iou_threshold)
        a = self.settings.place_of_area(area)
        counts = (self.labels == label) & _bit(self.counted[a], t)
        total = int(self.num_truth[a][self.classes == label].sum())
        hits = _bit(self.true_positive[a], t)[counts]
        return precision_recall_curve(self.scores[counts], hits, num_targets=total)

    def at_score(self, score_threshold: float, *, iou_threshold: float = 0.5) -> OperatingPoint:
        """Precision, recall and F1 of the detections with at least this score.

        Args:
            score_threshold: a number; a detection with exactly this score stays.
            iou_threshold: one of the result's.

        Raises:
            ValueError: a threshold that the result does not have, or a score that is no number.
        """
        return point_at(score_threshold, *self._outcome(iou_threshold), self.classes, iou_threshold)

    def best_f1(self, *, iou_threshold: float = 0.5) -> OperatingPoint:
        """The point with the highest F1 of all classes together, among all scores.

        It is chosen on the data that it is measured on: choose on validation data, and report
        `at_score` of test data.
        """
        return best_point(*self._outcome(iou_threshold), self.classes, iou_threshold)

    def _outcome(self, iou_threshold: float) -> tuple[np.ndarray, ...]:
        """Labels, scores and hits of the detections that count, and the truth of each class."""
        t = self.settings.place_of_threshold(iou_threshold)
        counts = _bit(self.counted[0], t)
        hits = _bit(self.true_positive[0], t)
        return self.labels[counts], self.scores[counts], hits[counts], self.num_truth[0]


def _bit(bits: np.ndarray, place: int) -> np.ndarray:
    return (bits >> bits.dtype.type(place)) & 1 == 1
