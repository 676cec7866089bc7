"""Pairs of a detection and a true box that might belong together, and how much they overlap."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import array_api_compat.numpy as xp
import numpy as np

from ..overlap import Corners, corners, iou
from .images import Table

PairIou = Callable[[np.ndarray, np.ndarray], np.ndarray]

BLOCK_PAIRS = 2**18  # of a detection and a true box, in memory at once


def positions_in_runs(keys: np.ndarray) -> np.ndarray:
    """For sorted keys, the place of each entry among its equals: 0, 1, 2, 0, 0, 1, ..."""
    return np.arange(len(keys)) - np.searchsorted(keys, keys, side="left")


def pairs_within_groups(
    detections: Table, truth: Table, *, whole_groups: bool = False
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every pair of a detection and a true box of the same class and image, as row indices.

    They come in blocks of about BLOCK_PAIRS, the pairs of one detection always together, or those
    of a class in an image.
    """
    first = np.searchsorted(truth["group"], detections["group"], side="left")
    counts = np.searchsorted(truth["group"], detections["group"], side="right") - first
    ends = np.cumsum(counts)
    total = ends[-1] if len(ends) else 0
    starts = np.searchsorted(ends, np.arange(0, total, BLOCK_PAIRS), side="right")
    if whole_groups:
        starts = np.searchsorted(detections["group"], detections["group"][starts])
    for start, end in pairwise([*np.unique(starts), len(counts)]):
        block = slice(start, end)
        d = np.repeat(np.arange(start, end), counts[block])  # (P,)
        before = ends[block] - counts[block] - (ends[start] - counts[start])
        yield d, np.arange(len(d)) - np.repeat(before - first[block], counts[block])


def box_iou_of_pairs(detections: Table, truth: Table) -> PairIou:
    """The IoU of row d with row g, for pairs of rows (P,) and (P,); of a crowd as COCO has it."""
    boxes, true_boxes = corners(xp, detections["boxes"]), corners(xp, truth["boxes"])
    crowd = truth["iscrowd"] != 0 if "iscrowd" in truth else None

    def of_pairs(d: np.ndarray, g: np.ndarray) -> np.ndarray:
        a, b = (
            Corners(*(side[rows] for side in box)) for box, rows in ((boxes, d), (true_boxes, g))
        )
        return iou(xp, a, b, None if crowd is None else crowd[g])

    return of_pairs
