"""Non-maximum suppression without a comparison of every pair.

A choice among boxes has no gradient, so this is NumPy alone, in float64. What it computes stands
as a loop of ten lines in :py:func:`visioncourse.plain.nms`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import array_api_compat.numpy as xp
import numpy as np

from .overlap import Corners, corners, iou, matrix

FIRST_BLOCK, PAIRED_BLOCK = 64, 1024  # boxes
ROWS = 64
DENSE = 1 / 4  # of the pairs of a block


class _Ranking(NamedTuple):
    """Boxes by falling score, the best first, and which of them are still there."""

    boxes: np.ndarray  # (N, 4)
    reach: Corners  # of (N,), as `_reach` has it
    threshold: float
    alive: np.ndarray  # (N,) booleans


def suppress(
    boxes: np.ndarray, scores: np.ndarray, threshold: float, groups: np.ndarray | None = None
) -> np.ndarray:
    """Indices of the boxes (N, 4) that no kept box of a higher score overlaps, best score first.

    Boxes of different `groups` (N,), whole numbers from 0 on, leave each other alone.
    """
    order = np.argsort(-scores, kind="stable")
    reach = _reach(boxes[order], threshold, None if groups is None else groups[order])
    ranking = _Ranking(boxes[order], reach, threshold, np.ones(len(order), dtype=bool))
    _thin_out(ranking, np.argsort(reach.x1), FIRST_BLOCK)
    return order[ranking.alive]


def _thin_out(ranking: _Ranking, left: np.ndarray, size: int) -> None:
    """Clear `alive` for all boxes that go, of the ranks `left`, sorted by their left side.

    The best boxes settle among themselves which of them are kept; those remove what they overlap
    from all the others, and so on with twice as many. The first blocks are short: where many
    boxes repeat few objects, they remove nearly everything.
    """
    while len(left):
        last = np.partition(left, size)[size] if size < len(left) else len(ranking.alive)
        block, left = left[left < last], left[left >= last]
        if len(block) > PAIRED_BLOCK:
            _thin_out(ranking, block, PAIRED_BLOCK)
        else:
            _settle(ranking.alive, list(_overlapping(ranking, block, block)))
        for _, repeated in _overlapping(ranking, block[ranking.alive[block]], left):
            ranking.alive[repeated] = False
        left = left[ranking.alive[left]]
        size *= 2


def _settle(alive: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Clear `alive` for the boxes of a block that go, given all its overlapping pairs."""
    if not pairs:
        return
    stronger, weaker = (np.concatenate(ranks) for ranks in zip(*pairs, strict=True))
    ordered = np.flatnonzero(stronger < weaker)
    ordered = ordered[np.argsort(stronger[ordered])]
    fate = memoryview(alive)  # single entries of an array are slow
    for i, j in zip(stronger[ordered].tolist(), weaker[ordered].tolist(), strict=True):
        if fate[i]:  # all that could remove i have had their turn
            fate[j] = False


def _reach(boxes: np.ndarray, threshold: float, groups: np.ndarray | None) -> Corners:
    """x1, y1 and, as x2, y2, the end of the range where a box with IoU > threshold begins.

    Where IoU > t, the common width exceeds t times either width. So each of the two boxes begins
    left of the other's x2 - t·(x2 - x1), and likewise in y. Groups stand side by side, apart.
    """
    x1, y1, x2, y2 = corners(xp, boxes)
    if groups is not None and len(boxes):
        shift = groups * (2 * (np.max(x2) - np.min(x1)))
        x1, x2 = x1 + shift, x2 + shift
    return Corners(x1, y1, _end(x1, x2, threshold), _end(y1, y2, threshold))


def _end(low: np.ndarray, high: np.ndarray, threshold: float) -> np.ndarray:
    # Rounding may not lose a pair that the division will find just above the threshold.
    slack = 32 * np.finfo(np.float64).eps * np.maximum(np.abs(low), np.abs(high))
    return high - threshold * (high - low) + slack


def _overlapping(
    ranking: _Ranking, first: np.ndarray, second: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The pairs of a box in `first` and one in `second` with IoU > threshold, ROWS at a time.

    Both are sorted by their left side, so that these rows meet only a range of columns.
    """
    if len(first) == 0 or len(second) == 0:
        return
    boxes, threshold = ranking.boxes, ranking.threshold
    a, b = (Corners(*(side[ranks] for side in ranking.reach)) for ranks in (first, second))
    starts = np.arange(0, len(first), ROWS)
    low = np.searchsorted(np.maximum.accumulate(b.x2), a.x1[starts])
    high = np.searchsorted(b.x1, np.maximum.reduceat(a.x2, starts))
    for start, begin, end in zip(starts, low, np.maximum(low, high), strict=True):
        rows, columns = first[start : start + ROWS], second[begin:end]
        block = Corners(*(side[start : start + ROWS, None] for side in a))
        near = block.x1 < b.x2[begin:end]
        near &= block.x2 > b.x1[begin:end]
        near &= block.y1 < b.y2[begin:end]
        near &= block.y2 > b.y1[begin:end]
        candidates = np.flatnonzero(near)
        if len(candidates) > DENSE * near.size:  # picking pairs out would cost more than it saves
            near &= matrix(xp, iou, boxes[rows], boxes[columns]) > threshold
            i, j = np.divmod(np.flatnonzero(near), len(columns))
            yield rows[i], columns[j]
        elif len(candidates):
            i, j = np.divmod(candidates, len(columns))
            i, j = rows[i], columns[j]
            chosen = iou(xp, corners(xp, boxes[i]), corners(xp, boxes[j])) > threshold
            yield i[chosen], j[chosen]
