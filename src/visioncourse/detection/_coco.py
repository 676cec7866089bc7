"""COCO's evaluation for all images, classes, areas and IoU thresholds at once.

The rules are those of pycocotools' `COCOeval` for boxes. A step there visits one threshold, one
detection and one true box; here one step handles every threshold and many images together:

1. Only pairs of a detection and a true box with IoU >= 0.5 can ever match: a short list of edges.
2. The thresholds that an edge reaches are the bits of one integer, so that "and" and "or" decide
   about all thresholds together.
3. Matching is greedy along the scores within one class of one image. Different images do not
   influence each other: round r treats the r-th edge of every class and image at once.
"""

from dataclasses import dataclass

import numpy as np

from ._tables import Table, overlaps, pairs_within_groups, positions_in_runs, take

# COCO's own grids, bit for bit: a recall of 0.57 does not reach the level 0.5700000000000001.
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)  # (T,)
RECALL_LEVELS = np.linspace(0.0, 1.0, 101)  # (R,)
AREA_RANGES = np.array([[0, 1e5**2], [0, 32**2], [32**2, 96**2], [96**2, 1e5**2]])  # (A, 2)
AREA_NAMES = ("all", "small", "medium", "large")
MAX_DETECTIONS = (1, 10, 100)  # of one class in one image

BIT = np.arange(len(IOU_THRESHOLDS), dtype=np.uint16)
NONE, ALL_THRESHOLDS = np.uint16(0), np.uint16(2 ** len(IOU_THRESHOLDS) - 1)


@dataclass(frozen=True)
class Outcome:
    """What became of each detection, and the number of true boxes to be found.

    Attributes:
        true_positive: (A, D) bits, the thresholds at which a detection found a true box.
        counted: (A, D) bits, the thresholds at which it is a true or a false positive; at the
            others it is ignored.
        num_truth: (A, K) true boxes of each class that are neither crowd nor out of range.
    """

    true_positive: np.ndarray
    counted: np.ndarray
    num_truth: np.ndarray


@dataclass(frozen=True)
class ClassScores:
    """Average precision and recall of K classes; meaningless where `num_truth` is 0.

    Attributes:
        precision: (K, A, T) average precision, of at most 100 detections a class and image.
        recall: (K, A, T) highest recall, likewise.
        recall_of_few: (K, len(MAX_DETECTIONS), T) highest recall for any area.
    """

    precision: np.ndarray
    recall: np.ndarray
    recall_of_few: np.ndarray


def evaluate(detections: Table, truth: Table, num_classes: int) -> tuple[Outcome, ClassScores]:
    """Match and score tables as :py:func:`._tables.read_images` returns them."""
    rank = positions_in_runs(detections["group"])  # place among its class and image
    kept = rank < MAX_DETECTIONS[-1]
    detections, rank = take(detections, kept), rank[kept]
    outcome = _match(detections, truth, num_classes)
    # Along the scores of a class; a tie keeps the order of the images.
    order = np.lexsort((-detections["scores"], detections["class"]))
    scores = _score(outcome, detections["class"][order], rank[order], order)
    return outcome, scores


def _match(detections: Table, truth: Table, num_classes: int) -> Outcome:
    crowd = truth["iscrowd"] != 0
    ignored = crowd | _out_of_range(truth["area"])  # (A, G)
    num_truth = np.stack(
        [np.bincount(truth["class"][~row], minlength=num_classes) for row in ignored]
    )
    d, g, reached = _edges(detections, truth)
    # Boxes that are not ignored come first, however small their IoU: an order for each range.
    preference = np.argsort(2 * d + ignored[:, g], axis=1, kind="stable")  # (A, E)
    g, reached = g[preference], reached[preference]
    regular = np.where(np.take_along_axis(ignored, g, axis=1), NONE, ALL_THRESHOLDS)
    exclusive = np.where(crowd[g], NONE, ALL_THRESHOLDS)

    unmatched = np.full((len(AREA_RANGES), len(detections["class"])), ALL_THRESHOLDS)
    free = np.full(ignored.shape, ALL_THRESHOLDS)
    true_positive = np.zeros_like(unmatched)
    areas = np.arange(len(AREA_RANGES))[:, None]
    for edges in _equal_runs(positions_in_runs(detections["group"][d])):  # (B,) of all groups
        di, gi = (areas, d[edges]), (areas, g[:, edges])  # (A, B) entries, no two the same
        matched = reached[:, edges] & unmatched[di] & free[gi]
        unmatched[di] ^= matched
        free[gi] ^= matched & exclusive[:, edges]
        true_positive[di] |= matched & regular[:, edges]
    false_positive = np.where(_out_of_range(detections["area"]), NONE, unmatched)
    return Outcome(true_positive, true_positive | false_positive, num_truth)


def _edges(detections: Table, truth: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs that can match, (E,): detection, true box, and the thresholds reached, in bits.

    Detections stand in the order of their scores, and each has its best box first; of equal ones
    the last in the file.
    """
    d, g = pairs_within_groups(detections, truth)
    iou = overlaps(detections["boxes"][d], truth["boxes"][g], truth["iscrowd"][g])
    close = np.flatnonzero(iou >= IOU_THRESHOLDS[0])
    close = close[np.lexsort((-g[close], -iou[close], d[close]))]
    d, g, iou = d[close], g[close], iou[close]
    # An IoU of 0.62 reaches three thresholds: 0b111.
    reached = 2 ** np.searchsorted(IOU_THRESHOLDS, iou, side="right") - 1
    return d, g, reached.astype(np.uint16)


def _out_of_range(area: np.ndarray) -> np.ndarray:
    """Which of n areas lie outside each range, (A, n). Both ends belong to a range."""
    low, high = AREA_RANGES[:, :1], AREA_RANGES[:, 1:]
    return (area < low) | (area > high)


def _equal_runs(values: np.ndarray) -> list[np.ndarray]:
    """For each distinct value, where it occurs."""
    order = np.argsort(values, kind="stable")
    return np.split(order, np.cumsum(np.bincount(values))[:-1]) if len(values) else []


def _score(
    outcome: Outcome, classes: np.ndarray, rank: np.ndarray, order: np.ndarray
) -> ClassScores:
    num_areas, num_classes = outcome.num_truth.shape
    num_thresholds = len(IOU_THRESHOLDS)
    precision = np.zeros((num_classes, num_areas, num_thresholds))
    recall = np.zeros((num_classes, num_areas, num_thresholds))
    recall_of_few = np.zeros((num_classes, len(MAX_DETECTIONS), num_thresholds))
    ends = np.searchsorted(classes, np.arange(num_classes + 1))
    for k in range(num_classes):
        rows = slice(ends[k], ends[k + 1])
        num_truth = outcome.num_truth[:, k]
        hit = _unpack(outcome.true_positive[:, order[rows]])  # (A, T, n)
        counted = _unpack(outcome.counted[:, order[rows]])
        precision[k] = _average_precision(hit, counted, num_truth)
        found = np.maximum(num_truth, 1)
        recall[k] = hit.sum(axis=2) / found[:, None]
        for m, limit in enumerate(MAX_DETECTIONS):
            recall_of_few[k, m] = hit[0][:, rank[rows] < limit].sum(axis=1) / found[0]
    return ClassScores(precision, recall, recall_of_few)


def _unpack(bits: np.ndarray) -> np.ndarray:
    """Bits (A, n) as booleans (A, T, n), a threshold each."""
    return (bits[:, None, :] >> BIT[:, None]) & 1 == 1


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
