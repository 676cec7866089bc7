"""COCO's measure: average precision over classes, IoU thresholds and areas."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ...results import Result
from .coco_matching import AREA_RANGES, IOU_THRESHOLDS, match, unpack
from .images import Images, box_iou_of_pairs, positions_in_runs, read_images, take

# Bit for bit COCO's: a recall of 0.57 does not reach the level 0.5700000000000001.
RECALL_LEVELS = np.linspace(0.0, 1.0, 101)  # (R,)
MAX_DETECTIONS = (1, 10, 100)  # of one class in one image
ALL, SMALL, MEDIUM, LARGE = range(len(AREA_RANGES))


class ClassScores(NamedTuple):
    """Average precision and recall of K classes; meaningless where there is no truth."""

    precision: np.ndarray  # (K, A, T) average precision, of at most 100 detections an image
    recall: np.ndarray  # (K, A, T) highest recall, likewise
    recall_of_few: np.ndarray  # (K, len(MAX_DETECTIONS), T) highest recall for any area


@dataclass(frozen=True, eq=False, repr=False)
class MeanAveragePrecision(Result):
    """What became of every detection, and the scores that follow from it.

    Two results add up with `+` to that of all their images together: the ranking is made anew,
    and of equal scores those of the first result go first. So a data set can be evaluated batch
    by batch; the result of no images, `mean_average_precision([], [])`, is the neutral start.

    Scores are in [0, 1], or -1 where there is no true box to find. `result["map"]`, `**result`
    and `as_dict()` give them under torchmetrics' names.

    Attributes:
        classes: (K,) every label that occurs, ascending.
        num_truth: (A, K) true boxes to be found of each area range (all, small, medium, large).
        labels: (D,) of the detections that count.
        scores: (D,) likewise.
        ranks: (D,) place among the detections of the same class in the same image, from 0.
        true_positive: (A, D) bits, the thresholds at which a detection found a true box.
        counted: (A, D) bits, those at which it is a true or a false positive and not ignored.
    """

    classes: np.ndarray
    num_truth: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    ranks: np.ndarray
    true_positive: np.ndarray
    counted: np.ndarray

    keys_ = (
        "map", "map_50", "map_75", "mar_1", "mar_10", "mar_100",
        "map_small", "mar_small", "map_medium", "mar_medium", "map_large", "mar_large",
        "classes", "map_per_class", "mar_100_per_class",
    )  # fmt: skip

    def __add__(self, other: "MeanAveragePrecision") -> "MeanAveragePrecision":
        if not isinstance(other, MeanAveragePrecision):
            return NotImplemented
        classes = np.union1d(self.classes, other.classes)
        num_truth = np.zeros((len(AREA_RANGES), len(classes)), dtype=np.int64)
        for part in (self, other):
            num_truth[:, np.searchsorted(classes, part.classes)] += part.num_truth
        fields = ("labels", "scores", "ranks", "true_positive", "counted")
        return MeanAveragePrecision(
            classes,
            num_truth,
            *(np.concatenate([getattr(self, f), getattr(other, f)], axis=-1) for f in fields),
        )

    @property
    def map(self) -> float:
        """Average precision, the mean over classes and thresholds."""
        return self._mean(self._by_class.precision[:, ALL])

    @property
    def map_50(self) -> float:
        """Average precision at the IoU threshold 0.5, the mean over classes."""
        return self._mean(self._by_class.precision[:, ALL, 0])

    @property
    def map_75(self) -> float:
        """Average precision at the IoU threshold 0.75, the mean over classes."""
        return self._mean(self._by_class.precision[:, ALL, 5])

    @property
    def map_small(self) -> float:
        """Average precision of boxes up to 32² pixels."""
        return self._mean(self._by_class.precision[:, SMALL], SMALL)

    @property
    def map_medium(self) -> float:
        """Average precision of boxes from 32² to 96² pixels."""
        return self._mean(self._by_class.precision[:, MEDIUM], MEDIUM)

    @property
    def map_large(self) -> float:
        """Average precision of boxes from 96² pixels on."""
        return self._mean(self._by_class.precision[:, LARGE], LARGE)

    @property
    def mar_1(self) -> float:
        """Recall with one detection an image and class, the mean over classes and thresholds."""
        return self._mean(self._by_class.recall_of_few[:, 0])

    @property
    def mar_10(self) -> float:
        """Recall with ten detections an image and class."""
        return self._mean(self._by_class.recall_of_few[:, 1])

    @property
    def mar_100(self) -> float:
        """Recall with a hundred detections an image and class."""
        return self._mean(self._by_class.recall_of_few[:, 2])

    @property
    def mar_small(self) -> float:
        """Recall of boxes up to 32² pixels, with a hundred detections."""
        return self._mean(self._by_class.recall[:, SMALL], SMALL)

    @property
    def mar_medium(self) -> float:
        """Recall of boxes from 32² to 96² pixels, with a hundred detections."""
        return self._mean(self._by_class.recall[:, MEDIUM], MEDIUM)

    @property
    def mar_large(self) -> float:
        """Recall of boxes from 96² pixels on, with a hundred detections."""
        return self._mean(self._by_class.recall[:, LARGE], LARGE)

    @property
    def map_per_class(self) -> np.ndarray:
        """(K,) average precision over all thresholds; -1 for a class without truth."""
        return np.where(self.num_truth[ALL] > 0, self._by_class.precision[:, ALL].mean(axis=1), -1)

    @property
    def mar_100_per_class(self) -> np.ndarray:
        """(K,) recall over all thresholds; -1 for a class without truth."""
        return np.where(self.num_truth[ALL] > 0, self._by_class.recall[:, ALL].mean(axis=1), -1)

    def _mean(self, values: np.ndarray, area: int = ALL) -> float:
        """Over thresholds, where they are (K, T), and over the classes that have truth."""
        values = values[self.num_truth[area] > 0]
        return float(values.mean()) if values.size else -1.0

    @cached_property
    def _by_class(self) -> ClassScores:
        # Along the scores of a class; a tie keeps the order of the images.
        order = np.lexsort((-self.scores, self.labels))
        ends = np.searchsorted(self.labels[order], self.classes, side="right")
        shape = (len(self.classes), len(AREA_RANGES), len(IOU_THRESHOLDS))
        precision, recall = np.zeros(shape), np.zeros(shape)
        recall_of_few = np.zeros((shape[0], len(MAX_DETECTIONS), shape[2]))
        for k, rows in enumerate(np.split(order, ends[:-1]) if len(ends) else ()):
            num_truth = self.num_truth[:, k]
            hit = unpack(self.true_positive[:, rows])  # (A, T, n)
            precision[k] = _average_precision(hit, unpack(self.counted[:, rows]), num_truth)
            found = np.maximum(num_truth, 1)
            recall[k] = hit.sum(axis=2) / found[:, None]
            for m, limit in enumerate(MAX_DETECTIONS):
                few = hit[ALL][:, self.ranks[rows] < limit]
                recall_of_few[k, m] = few.sum(axis=1) / found[ALL]
        return ClassScores(precision, recall, recall_of_few)


def mean_average_precision(predictions: Images, targets: Images) -> MeanAveragePrecision:
    """COCO's twelve numbers, and average precision and recall of each class.

    Per class: match at ten IoU thresholds 0.50, 0.55, ..., 0.95, take the average precision at
    101 recalls, and average; then the mean over classes (Lin et al., "Microsoft COCO", ECCV 2014;
    cocodataset.org, "Detection evaluation"). Equal to pycocotools' `COCOeval`, rule for rule:

    - A detection takes the free true box with the highest IoU; of two, the last one listed.
    - A crowd (`iscrowd`) and a box outside the area range are neither found nor missed. A
      detection that is left over for one of them counts as neither right nor wrong. A crowd may
      be matched again and again.
    - The 100 best detections of a class in an image count; equal scores keep their order.
    - small, medium and large split areas at 32² and 96² pixels; a border belongs to both sides.

    Args:
        predictions: for each image a mapping of `boxes` (N, 4) as (x1, y1, x2, y2), `scores` (N,)
            in [0, 1], `labels` (N,), whole numbers >= 0; optionally `area` (N,).
        targets: for each image, in the same order, `boxes` (M, 4), `labels` (M,); optionally
            `iscrowd` (M,), 0 or 1, and `area` (M,), such as that of a mask. An area that is not
            given is that of the box. Arrays, lists and Torch tensors may be mixed.

    Returns:
        A :py:class:`MeanAveragePrecision`, whose properties are the numbers.

        - `map`, `map_50`, `map_75`: average precision over all thresholds, at 0.5 and at 0.75;
          `map_small`, `map_medium`, `map_large` by area.
        - `mar_1`, `mar_10`, `mar_100`: recall with that many detections a class and image, over
          all thresholds; `mar_small`, `mar_medium`, `mar_large` with 100.
        - `classes` (K,), every label that occurs, `map_per_class` and `mar_100_per_class` (K,):
          NumPy arrays. A class without truth has -1 and stays out of the means.

    Raises:
        ValueError: lists of different lengths, a missing key, shapes that do not fit, or an entry
            out of range; the message names the image and the row.
    """
    classes, detections, truth = read_images(
        predictions, targets, prediction_fields=("area",), target_fields=("iscrowd", "area")
    )
    ranks = positions_in_runs(detections["group"])
    kept = ranks < MAX_DETECTIONS[-1]
    detections = take(detections, kept)
    outcome = match(detections, truth, len(classes), box_iou_of_pairs(detections, truth))
    return MeanAveragePrecision(
        classes,
        outcome.num_truth,
        detections["labels"],
        detections["scores"],
        ranks[kept],
        outcome.true_positive,
        outcome.counted,
    )


def _average_precision(hit: np.ndarray, counted: np.ndarray, num_truth: np.ndarray) -> np.ndarray:
    """AP (A, T) of one class: the interpolated precision at COCO's 101 levels, averaged.

    Precision rises only at true positives, so that the n-th of them is all one needs to know:
    it has recall n / num_truth, and its precision is n out of the detections counted so far.
    """
    num_areas, num_thresholds, _ = hit.shape
    a, t, _ = np.nonzero(hit)
    nth = positions_in_runs(a * num_thresholds + t)
    envelope = np.zeros((num_areas, num_thresholds, num_truth.max(initial=0) + 1))
    envelope[a, t, nth] = (nth + 1) / np.cumsum(counted, axis=2)[hit]
    envelope = np.maximum.accumulate(envelope[:, :, ::-1], axis=2)[:, :, ::-1]
    average = np.empty((num_areas, num_thresholds))
    for area, total in enumerate(num_truth):  # a level that is out of reach has precision 0
        recalls = np.arange(1, total + 1) / max(total, 1)
        average[area] = envelope[area][:, np.searchsorted(recalls, RECALL_LEVELS)].mean(axis=1)
    return average
