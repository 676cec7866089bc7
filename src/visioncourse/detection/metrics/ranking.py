"""Average precision and recall of ranked detections, for all thresholds and areas at once."""

from typing import NamedTuple

import numpy as np

from .coco_matching import unpack
from .pairs import positions_in_runs

# Bit for bit COCO's: a recall of 0.57 does not reach the level 0.5700000000000001.
RECALL_LEVELS = np.linspace(0.0, 1.0, 101)  # (R,)


class ClassScores(NamedTuple):
    """Average precision and recall of K classes; meaningless where there is no truth."""

    num_truth: np.ndarray  # (A, K) what is to be found
    precision: np.ndarray  # (K, A, T) average precision
    recall: np.ndarray  # (K, A, M, T) highest recall, of so many detections an image


class Ranked(NamedTuple):
    """Detections of K classes, in the order of their scores within a class."""

    hit: np.ndarray  # (A, D) bits, the thresholds at which each is a true positive
    counted: np.ndarray  # (A, D) bits, those at which it counts at all
    ranks: np.ndarray  # (D,) its place in its image
    ends: np.ndarray  # (K,) where the detections of each class end


def score_classes(
    ranked: Ranked, num_truth: np.ndarray, limits: tuple[int, ...], num_thresholds: int
) -> ClassScores:
    """Score each class; `num_truth` is (A, K), `limits` (M,) the numbers of detections."""
    num_areas, num_classes = num_truth.shape
    precision = np.zeros((num_classes, num_areas, num_thresholds))
    recall = np.zeros((num_classes, num_areas, len(limits), num_thresholds))
    starts = [0, *ranked.ends[:-1].tolist()]
    for k, (start, end) in enumerate(zip(starts, ranked.ends.tolist(), strict=False)):
        rows = slice(start, end)
        hit = unpack(ranked.hit[:, rows], num_thresholds)  # (A, T, n)
        counted = unpack(ranked.counted[:, rows], num_thresholds)
        precision[k] = _average_precision(hit, counted, num_truth[:, k])
        first = np.searchsorted(limits, ranked.ranks[rows], side="right")  # limit that sees it
        found = np.maximum(num_truth[:, k], 1)[:, None]
        for m in range(len(limits)):
            seen = hit if m == len(limits) - 1 else hit[:, :, first <= m]
            recall[k, :, m] = seen.sum(axis=2) / found
    return ClassScores(num_truth, precision, recall)


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
