"""PASCAL VOC's measure: average precision at one IoU threshold."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..._validation import check_one_of, check_positive, check_shares
from ...results import Result
from .curves import METHODS, Method, average_precision, precision_recall_curve
from .images import Images, Table, read_images
from .pairs import box_iou_of_pairs, pairs_within_groups


@dataclass(frozen=True, eq=False, repr=False)
class VocAveragePrecision(Result):
    """What became of every detection, and the scores that follow from it.

    Two results of the same threshold and method add up with `+` to that of all their images
    together; of equal scores those of the first result go first. `result["map"]`, `**result` and
    `as_dict()` give the scores.

    Attributes:
        classes: (K,) every label that occurs, ascending.
        num_targets: (K,) true boxes to be found.
        labels: (D,) of the detections that count.
        scores: (D,) likewise.
        matches: (D,) whether a detection is a true positive.
        iou_threshold: as it was asked for.
        method: likewise.
    """

    classes: np.ndarray
    num_targets: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    matches: np.ndarray
    iou_threshold: float
    method: Method

    keys_ = ("map", "classes", "map_per_class", "recall", "precision")

    def __add__(self, other: "VocAveragePrecision") -> "VocAveragePrecision":
        if not isinstance(other, VocAveragePrecision):
            return NotImplemented
        mine, theirs = ((part.iou_threshold, part.method) for part in (self, other))
        if mine != theirs:
            raise ValueError(f"results must be of one threshold and method, got {mine}, {theirs}")
        classes = np.union1d(self.classes, other.classes)
        num_targets = np.zeros(len(classes), dtype=np.int64)
        for part in (self, other):
            num_targets[np.searchsorted(classes, part.classes)] += part.num_targets
        fields = ("labels", "scores", "matches")
        return VocAveragePrecision(
            classes,
            num_targets,
            *(np.concatenate([getattr(self, f), getattr(other, f)]) for f in fields),
            *mine,
        )

    @property
    def map(self) -> float:
        """The mean over the classes that have truth, -1 without any."""
        present = self.map_per_class[self.num_targets > 0]
        return float(present.mean()) if present.size else -1.0

    @property
    def map_per_class(self) -> np.ndarray:
        """(K,) average precisions, -1 for a class without truth."""
        averages = [average_precision(r, p, method=self.method) for r, p in self._curves]
        return np.where(self.num_targets > 0, np.array(averages, dtype=np.float64), -1.0)

    @property
    def recall(self) -> list[np.ndarray]:
        """For each class the recall after each detection, the best score first."""
        return [recall for recall, _ in self._curves]

    @property
    def precision(self) -> list[np.ndarray]:
        """For each class the precision after each detection, the best score first."""
        return [precision for _, precision in self._curves]

    @cached_property
    def _curves(self) -> list[tuple[np.ndarray, np.ndarray]]:
        order = np.argsort(self.labels, kind="stable")
        starts = np.searchsorted(self.labels[order], self.classes)
        members = np.split(order, starts)[1:]
        return [
            precision_recall_curve(self.scores[rows], self.matches[rows], num_targets=int(n))[:2]
            for rows, n in zip(members, self.num_targets, strict=True)
        ]


def voc_average_precision(
    predictions: Images,
    targets: Images,
    *,
    iou_threshold: float = 0.5,
    method: Method = "area",
) -> VocAveragePrecision:
    """Average precision as in PASCAL VOC: at one IoU threshold.

    In the order of scores, a detection belongs to the true box with the highest IoU in its image
    (of two, the first listed). It is a true positive if IoU >= iou_threshold and no detection
    came before it: a duplicate is a false positive, even where COCO would have moved it on to the
    next best box (Everingham et al., IJCV 2010, section 4.2). Boxes are continuous: the
    development kit's "+1 pixel" is not added.

    Args:
        predictions, targets: as for :py:func:`mean_average_precision`, without `iscrowd` and
            `area`. Targets may carry `difficult` (M,), 0 or 1: such a box need not be found, and
            detections of it are not counted.
        iou_threshold: in (0, 1].
        method: as for :py:func:`average_precision`.

    Returns:
        A :py:class:`VocAveragePrecision`: `map`, the mean over the classes that have truth, -1
        without any; `classes` (K,); `map_per_class` (K,), -1 for a class without truth; and the
        curves behind them, `recall` and `precision`, lists of K arrays, the best score first.

    Raises:
        ValueError: lists of different lengths, a missing key, shapes that do not fit, an entry, a
            threshold or a method out of range; the message names the image and the row.
    """
    check_shares(iou_threshold=iou_threshold)
    check_positive(iou_threshold=iou_threshold)
    check_one_of(METHODS, method=method)
    classes, detections, truth = read_images(predictions, targets, target_fields=("difficult",))
    matches, counted = _matches(detections, truth, iou_threshold)
    num_targets = np.bincount(truth["class"][truth["difficult"] == 0], minlength=len(classes))
    columns = (detections["labels"], detections["scores"], matches)
    return VocAveragePrecision(
        classes, num_targets, *(column[counted] for column in columns), iou_threshold, method
    )


def _matches(
    detections: Table, truth: Table, iou_threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which detections are the first at their true box, and which count at all, (D,) each."""
    pair_iou = box_iou_of_pairs(detections, truth)
    best = [(np.empty(0, dtype=int), np.empty(0, dtype=int))]
    for d, g in pairs_within_groups(detections, truth):
        iou = pair_iou(d, g)
        by_iou = np.lexsort((g, -iou, d))
        d, g, iou = d[by_iou], g[by_iou], iou[by_iou]
        chosen = (np.diff(d, prepend=-1) != 0) & (iou >= iou_threshold)
        best.append((d[chosen], g[chosen]))
    d, g = (np.concatenate(columns) for columns in zip(*best, strict=True))
    counted = np.ones(len(detections["class"]), dtype=bool)
    counted[d] = truth["difficult"][g] == 0
    _, first = np.unique(g, return_index=True)  # rows stand in the order of scores
    matches = np.zeros(len(counted), dtype=bool)
    matches[d[first]] = True
    return matches, counted
