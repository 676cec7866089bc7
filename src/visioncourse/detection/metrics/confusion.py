"""The confusion matrix of a detector at one confidence: what was taken for what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..._validation import check_between, check_one_of, check_positive, check_shares
from ...results import Result
from ...segmentation.tables import ClassTable
from .coco_matching import NEARLY_ONE, match
from .images import Images, Table, take
from .objects import Overlap, by_image, read_objects
from .operating_point import OperatingPoint
from .pairs import pairs_within_groups
from .settings import IouType


@dataclass(frozen=True, eq=False, repr=False)
class DetectionConfusion(Result):
    """Objects and detections counted by class; those of several images add up with `+` or `sum`.

    Attributes:
        classes: (K,) every label that occurs, ascending.
        matrix: (K + 1, K + 1), rows are truth, columns are predictions. The last column counts
            objects that were missed, the last row detections where there is no object.
        score_threshold: a detection with exactly this score stays.
        iou_threshold: what a match needs.
    """

    classes: np.ndarray
    matrix: np.ndarray
    score_threshold: float
    iou_threshold: float

    keys_ = ("precision", "recall", "f1", "classes", "matrix")

    def __add__(self, other: "DetectionConfusion") -> "DetectionConfusion":
        if not isinstance(other, DetectionConfusion):
            return NotImplemented
        mine, theirs = ((part.score_threshold, part.iou_threshold) for part in (self, other))
        if mine != theirs:
            raise ValueError(f"results must be of the same thresholds, got {mine} and {theirs}")
        classes = np.union1d(self.classes, other.classes)
        matrix = np.zeros((len(classes) + 1,) * 2, dtype=np.int64)
        for part in (self, other):
            places = np.append(np.searchsorted(classes, part.classes), len(classes))
            matrix[np.ix_(places, places)] += part.matrix
        return DetectionConfusion(classes, matrix, *mine)

    def __radd__(self, start: int) -> "DetectionConfusion":
        return self if isinstance(start, int) and start == 0 else NotImplemented  # for `sum`

    @property
    def point(self) -> OperatingPoint:
        """True and false positives and misses of each class (diagonal, column, row)."""
        tp = np.diagonal(self.matrix)[:-1]
        fp, fn = self.matrix.sum(axis=0)[:-1] - tp, self.matrix.sum(axis=1)[:-1] - tp
        return OperatingPoint(self.classes, tp, fp, fn, self.score_threshold, self.iou_threshold)

    @property
    def precision(self) -> float:
        """TP / (TP + FP) of all classes together; 0 without detections."""
        return self.point.precision

    @property
    def recall(self) -> float:
        """TP / (TP + FN) of all classes together; 0 without truth."""
        return self.point.recall

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN) of all classes together; 0 without detections and truth."""
        return self.point.f1

    def table(self, class_names: Mapping[int, str] | Sequence[str] | None = None) -> ClassTable:
        """Precision, recall and F1 of each class; as :py:meth:`OperatingPoint.table`."""
        return self.point.table(class_names)


def detection_confusion(
    predictions: Images,
    targets: Images,
    *,
    score_threshold: float = 0.5,
    iou_threshold: float = 0.5,
    iou_type: IouType = "box",
) -> DetectionConfusion:
    """Which classes a detector takes for which, finds where nothing is, or misses.

    First, detections and objects of the same class are matched by COCO's rules, so that the
    diagonal holds exactly the true positives behind an average precision. What is left over is
    matched whatever its class, the pair with the highest IoU first. A detection that COCO would
    ignore, in a crowd of its class, is not counted, nor is the crowd.

    Args:
        predictions, targets: as for :py:func:`mean_average_precision`.
        score_threshold: a number; a detection with exactly this score stays.
        iou_threshold: in (0, 1].
        iou_type: "box" or "mask".

    Returns:
        A :py:class:`DetectionConfusion`.

    Raises:
        ValueError: as for :py:func:`mean_average_precision`.
    """
    check_between(-np.inf, np.inf, score_threshold=score_threshold)
    check_shares(iou_threshold=iou_threshold)
    check_positive(iou_threshold=iou_threshold)
    check_one_of(("box", "mask"), iou_type=iou_type)
    classes, detections, truth, overlap = read_objects(predictions, targets, iou_type=iou_type)
    detections = take(detections, detections["scores"] >= score_threshold)
    everything = np.array([[0, np.inf]])
    pair_iou = overlap(detections, truth)
    outcome = match(detections, truth, len(classes), pair_iou, [iou_threshold], everything)
    partners, free = outcome.partners, truth["iscrowd"] == 0
    matched = partners >= 0
    hits = matched & (outcome.true_positive[0] == 1)  # not a crowd
    free[partners[hits]] = False
    background = len(classes)
    matrix = np.zeros((background + 1,) * 2, dtype=np.int64)
    np.add.at(matrix, (truth["class"][partners[hits]], detections["class"][hits]), 1)
    left, lost = (
        by_image(table, np.flatnonzero(rows))
        for table, rows in ((detections, ~matched), (truth, free))
    )
    d, g = _across_classes(left, lost, overlap, min(iou_threshold, NEARLY_ONE))
    np.add.at(matrix, (lost["class"][g], left["class"][d]), 1)
    np.add.at(matrix, (background, np.delete(left["class"], d)), 1)
    np.add.at(matrix, (np.delete(lost["class"], g), background), 1)
    return DetectionConfusion(classes, matrix, float(score_threshold), float(iou_threshold))


def _across_classes(
    detections: Table, truth: Table, overlap: Overlap, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of rows that take each other, the highest IoU first; the first wins a tie."""
    pair_iou = overlap(detections, truth)
    edges = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for d, g in pairs_within_groups(detections, truth):
        iou = pair_iou(d, g)
        close = iou >= level
        edges.append((d[close], g[close], iou[close]))
    d, g, iou = (np.concatenate(column) for column in zip(*edges, strict=True))
    pairs: dict[int, int] = {}
    taken = set()
    for row in np.lexsort((g, d, -iou)).tolist():
        if d[row] not in pairs and g[row] not in taken:
            pairs[int(d[row])] = int(g[row])
            taken.add(g[row])
    return np.array(list(pairs), dtype=np.int64), np.array(list(pairs.values()), dtype=np.int64)
