"""Non-maximum suppression without a comparison of every pair.

A choice among boxes has no gradient, so this is NumPy alone, in float64.
"""

import array_api_compat.numpy as xp
import numpy as np

from .overlap import Corners, corners, iou

FIRST_BLOCK = 256  # boxes
ROWS = 64


def suppress(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """Indices of the boxes (N, 4) that no kept box of a higher score overlaps, best score first.

    Blocks of the ranking are settled one after the other: first what is already kept removes its
    duplicates, then the block's boxes remove each other. A block as long as all before it keeps
    the number of blocks small, and a short first one the number of pairs where all boxes overlap.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = boxes[order]
    reach = _reach(ranked, threshold)
    alive = np.ones(len(order), dtype=bool)
    start = 0
    while start < len(order):
        end = max(2 * start, FIRST_BLOCK)
        kept = np.flatnonzero(alive[:start])
        block = np.arange(start, min(end, len(order)))
        _, duplicates = _overlapping(ranked, reach, kept, block, threshold)
        alive[duplicates] = False
        block = block[alive[block]]
        stronger, weaker = _overlapping(ranked, reach, block, block, threshold)
        ordered = stronger < weaker
        _settle(alive, stronger[ordered], weaker[ordered])
        start = end
    return order[alive]


def _settle(alive: np.ndarray, stronger: np.ndarray, weaker: np.ndarray) -> None:
    """Clear `alive` for the boxes that go, given all overlapping pairs of a block, as ranks."""
    while len(weaker):
        # At least the strongest of the boxes in question has nothing stronger to fear.
        safe = np.ones(len(alive), dtype=bool)
        safe[weaker] = False
        alive[weaker[safe[stronger]]] = False
        open_question = alive[stronger] & alive[weaker] & ~safe[stronger]
        stronger, weaker = stronger[open_question], weaker[open_question]


def _overlapping(
    boxes: np.ndarray, reach: np.ndarray, first: np.ndarray, second: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of an index in `first` and one in `second` whose boxes have IoU > threshold."""
    i, j = _candidates(reach, first, second)
    chosen = iou(xp, corners(xp, boxes[i]), corners(xp, boxes[j])) > threshold
    return i[chosen], j[chosen]


def _reach(boxes: np.ndarray, threshold: float) -> np.ndarray:
    """x1, y1 and, as x2, y2, the end of the range where a box with IoU > threshold begins.

    Where IoU > t, the common width exceeds t times either width. So each of the two boxes begins
    left of the other's x2 - t·(x2 - x1), and likewise in y.
    """
    if len(boxes) == 0:
        return boxes
    # Rounding may not lose a pair that the division will find just above the threshold.
    slack = 16 * np.finfo(boxes.dtype).eps * np.max(np.abs(boxes))
    ends = boxes[:, 2:] - threshold * (boxes[:, 2:] - boxes[:, :2]) + slack
    return np.concatenate([boxes[:, :2], ends], axis=1)


def _candidates(
    reach: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs whose ranges say that they may overlap enough: all that do, and some more."""
    if len(first) == 0 or len(second) == 0:
        return first[:0], second[:0]
    first, second = (index[np.argsort(reach[index, 0])] for index in (first, second))
    a, b = corners(xp, reach[first]), corners(xp, reach[second])
    # Both are sorted by their left side: a block of rows meets only a range of columns.
    starts = np.arange(0, len(first), ROWS)
    low = np.searchsorted(np.maximum.accumulate(b.x2), a.x1[starts])
    high = np.searchsorted(b.x1, np.maximum.reduceat(a.x2, starts))
    rows, columns = [first[:0]], [second[:0]]
    for start, begin, end in zip(starts, low, np.maximum(low, high), strict=True):
        block = Corners(*(corner[start : start + ROWS, None] for corner in a))
        near = block.x1 < b.x2[begin:end]
        near &= block.x2 > b.x1[begin:end]
        near &= block.y1 < b.y2[begin:end]
        near &= block.y2 > b.y1[begin:end]
        row, column = np.divmod(np.flatnonzero(near), max(end - begin, 1))
        rows.append(first[start + row])
        columns.append(second[begin + column])
    return np.concatenate(rows), np.concatenate(columns)
