"""COCO's matching for all images, classes, areas and IoU thresholds at once.

The rules are those of pycocotools' `COCOeval`. A step there visits one threshold, one detection
and one true box; here one step handles every threshold and many images together:

1. Only pairs of a detection and a true box that reach the lowest threshold can ever match: a short
   list of edges.
2. The thresholds that an edge reaches are the bits of one integer, so that "and" and "or" decide
   about all thresholds together.
3. Matching is greedy along the scores within one class of one image. Different images do not
   influence each other: round r treats the r-th edge of every class and image at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .images import Table
from .pairs import PairIou, pairs_within_groups, positions_in_runs

NEARLY_ONE = 1 - 1e-10  # what COCO asks of an IoU where the threshold is 1


@dataclass(frozen=True)
class Outcome:
    """What became of each detection, and the number of true boxes to be found.

    Attributes:
        true_positive: (A, D) bits, the thresholds at which a detection found a true box.
        counted: (A, D) bits, the thresholds at which it is a true or a false positive; at the
            others it is ignored.
        num_truth: (A, K) true boxes of each class that are neither crowd nor out of range.
        partners: (D,) in the first area range and at the lowest threshold, the row of the true
            box or crowd that was matched, -1 for none.
    """

    true_positive: np.ndarray
    counted: np.ndarray
    num_truth: np.ndarray
    partners: np.ndarray


def match(
    detections: Table,
    truth: Table,
    num_classes: int,
    pair_iou: PairIou,
    thresholds: Sequence[float],
    ranges: np.ndarray,
) -> Outcome:
    """Match tables as :py:func:`.images.read_images` returns them.

    `pair_iou` tells the IoU of rows d and g of the tables, (P,) each: that of boxes, or of masks.
    `thresholds` (T,) ascend, `ranges` (A, 2) are of areas.
    """
    crowd = truth["iscrowd"] != 0
    ignored = crowd | _out_of_range(truth["area"], ranges)  # (A, G)
    num_truth = np.stack(
        [np.bincount(truth["class"][~row], minlength=num_classes) for row in ignored]
    )
    first_bits = _first_bits(len(thresholds))  # of 0 to T thresholds
    none, every = first_bits[0], first_bits[-1]
    unmatched = np.full((len(ranges), len(detections["class"])), every)
    free = np.full(ignored.shape, every)
    true_positive = np.zeros_like(unmatched)
    partners = np.full(len(detections["class"]), -1)
    areas = np.arange(len(ranges))[:, None]
    levels = np.minimum(thresholds, NEARLY_ONE)
    for pairs in pairs_within_groups(detections, truth, whole_groups=True):
        d, g, num_reached = _edges(*pairs, pair_iou(*pairs), levels)
        # Boxes that are not ignored come first, however small their IoU: an order for each range.
        preference = np.argsort(2 * d + ignored[:, g], axis=1, kind="stable")  # (A, E)
        g, reached = g[preference], first_bits[num_reached][preference]
        regular = np.where(np.take_along_axis(ignored, g, axis=1), none, every)
        exclusive = np.where(crowd[g], none, every)
        for edges in _equal_runs(positions_in_runs(detections["group"][d])):  # of all groups
            di, gi = (areas, d[edges]), (areas, g[:, edges])  # (A, B) entries, no two the same
            matched = reached[:, edges] & unmatched[di] & free[gi]
            unmatched[di] ^= matched
            free[gi] ^= matched & exclusive[:, edges]
            true_positive[di] |= matched & regular[:, edges]
            lowest = matched[0] & 1 == 1
            partners[d[edges][lowest]] = g[0, edges][lowest]
    false_positive = np.where(_out_of_range(detections["area"], ranges), none, unmatched)
    return Outcome(true_positive, true_positive | false_positive, num_truth, partners)


def unpack(bits: np.ndarray, num_thresholds: int) -> np.ndarray:
    """Bits (A, n) as booleans (A, T, n), a threshold each."""
    places = np.arange(num_thresholds, dtype=bits.dtype)
    return (bits[:, None, :] >> places[:, None]) & 1 == 1


def no_bits(num_thresholds: int, *shape: int) -> np.ndarray:
    """Zeros with a bit for each threshold."""
    return np.zeros(shape, dtype=_first_bits(num_thresholds).dtype)


def _first_bits(num_thresholds: int) -> np.ndarray:
    """(T + 1,) the numbers whose first 0, 1, ..., T bits are set."""
    dtype = np.min_scalar_type(2**num_thresholds - 1)
    return np.array([2**n - 1 for n in range(num_thresholds + 1)], dtype=dtype)


def _edges(
    d: np.ndarray, g: np.ndarray, iou: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all pairs those that can match, (E,): detection, true box, number of levels reached.

    Detections stand in the order of their scores, and each has its best box first; of equal ones
    the last in the file.
    """
    close = np.flatnonzero(iou >= levels[0])
    close = close[np.lexsort((-g[close], -iou[close], d[close]))]
    return d[close], g[close], np.searchsorted(levels, iou[close], side="right")


def _out_of_range(area: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """Which of n areas lie outside each range, (A, n). Both ends belong to a range."""
    low, high = ranges[:, :1], ranges[:, 1:]
    return (area < low) | (area > high)


def _equal_runs(values: np.ndarray) -> list[np.ndarray]:
    """For each distinct value, where it occurs."""
    order = np.argsort(values, kind="stable")
    return np.split(order, np.cumsum(np.bincount(values))[:-1]) if len(values) else []
