"""COCO's matching for all images, classes, areas and IoU thresholds at once.

The rules are those of pycocotools' `COCOeval`. A step there visits one threshold, one detection
and one true box; here one step handles every threshold and many images together:

1. Only pairs of a detection and a true box with IoU >= 0.5 can ever match: a short list of edges.
2. The thresholds that an edge reaches are the bits of one integer, so that "and" and "or" decide
   about all thresholds together.
3. Matching is greedy along the scores within one class of one image. Different images do not
   influence each other: round r treats the r-th edge of every class and image at once.
"""

from dataclasses import dataclass

import numpy as np

from .images import PairIou, Table, pairs_within_groups, positions_in_runs

# COCO's own grids, bit for bit.
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)  # (T,)
AREA_RANGES = np.array([[0, 1e5**2], [0, 32**2], [32**2, 96**2], [96**2, 1e5**2]])  # (A, 2)

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


def match(detections: Table, truth: Table, num_classes: int, pair_iou: PairIou) -> Outcome:
    """Match tables as :py:func:`.images.read_images` returns them.

    `pair_iou` tells the IoU of rows d and g of the tables, (P,) each: that of boxes, or of masks.
    """
    crowd = truth["iscrowd"] != 0
    ignored = crowd | _out_of_range(truth["area"])  # (A, G)
    num_truth = np.stack(
        [np.bincount(truth["class"][~row], minlength=num_classes) for row in ignored]
    )
    unmatched = np.full((len(AREA_RANGES), len(detections["class"])), ALL_THRESHOLDS)
    free = np.full(ignored.shape, ALL_THRESHOLDS)
    true_positive = np.zeros_like(unmatched)
    areas = np.arange(len(AREA_RANGES))[:, None]
    for pairs in pairs_within_groups(detections, truth, whole_groups=True):
        d, g, reached = _edges(*pairs, pair_iou(*pairs))
        # Boxes that are not ignored come first, however small their IoU: an order for each range.
        preference = np.argsort(2 * d + ignored[:, g], axis=1, kind="stable")  # (A, E)
        g, reached = g[preference], reached[preference]
        regular = np.where(np.take_along_axis(ignored, g, axis=1), NONE, ALL_THRESHOLDS)
        exclusive = np.where(crowd[g], NONE, ALL_THRESHOLDS)
        for edges in _equal_runs(positions_in_runs(detections["group"][d])):  # of all groups
            di, gi = (areas, d[edges]), (areas, g[:, edges])  # (A, B) entries, no two the same
            matched = reached[:, edges] & unmatched[di] & free[gi]
            unmatched[di] ^= matched
            free[gi] ^= matched & exclusive[:, edges]
            true_positive[di] |= matched & regular[:, edges]
    false_positive = np.where(_out_of_range(detections["area"]), NONE, unmatched)
    return Outcome(true_positive, true_positive | false_positive, num_truth)


def unpack(bits: np.ndarray) -> np.ndarray:
    """Bits (A, n) as booleans (A, T, n), a threshold each."""
    return (bits[:, None, :] >> BIT[:, None]) & 1 == 1


def _edges(
    d: np.ndarray, g: np.ndarray, iou: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all pairs those that can match, (E,): detection, true box, thresholds reached in bits.

    Detections stand in the order of their scores, and each has its best box first; of equal ones
    the last in the file.
    """
    close = np.flatnonzero(iou >= IOU_THRESHOLDS[0])
    close = close[np.lexsort((-g[close], -iou[close], d[close]))]
    # An IoU of 0.62 reaches three thresholds: 0b111.
    reached = 2 ** np.searchsorted(IOU_THRESHOLDS, iou[close], side="right") - 1
    return d[close], g[close], reached.astype(np.uint16)


def _out_of_range(area: np.ndarray) -> np.ndarray:
    """Which of n areas lie outside each range, (A, n). Both ends belong to a range."""
    low, high = AREA_RANGES[:, :1], AREA_RANGES[:, 1:]
    return (area < low) | (area > high)


def _equal_runs(values: np.ndarray) -> list[np.ndarray]:
    """For each distinct value, where it occurs."""
    order = np.argsort(values, kind="stable")
    return np.split(order, np.cumsum(np.bincount(values))[:-1]) if len(values) else []
