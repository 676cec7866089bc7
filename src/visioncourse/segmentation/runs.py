"""Masks as runs: where each begins and ends, which is how COCO's files store them.

The pixels of an H × W mask are read column by column. Its **edges** are the places at which it
begins and ends, in turn: a mask of the pixels 3, 4 and 7 has the edges 3, 5, 7, 8. Masks of many
images lie end to end in one array, so that one step of NumPy serves all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

BLOCK_EDGES = 2**18  # of masks whose intersections are counted, in memory at once


@dataclass(frozen=True, eq=False)
class Runs:
    """N masks, of one size or of different ones.

    Attributes:
        edges: (E,) int64, an even number for each mask, none falling.
        ends: (N,) where the edges of each mask end.
        sizes: (N, 2) height and width.
    """

    edges: np.ndarray
    ends: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.ends)

    @classmethod
    def of_masks(cls, masks: np.ndarray) -> "Runs":
        """Those of masks (N, H, W), booleans."""
        n, h, w = masks.shape
        columns = np.zeros((n, h * w + 2), dtype=bool)  # nothing before and behind
        columns[:, 1:-1] = masks.swapaxes(1, 2).reshape(n, h * w)
        rows, edges = np.nonzero(columns[:, 1:] != columns[:, :-1])
        return cls(edges, np.searchsorted(rows, np.arange(1, n + 1)), np.tile([h, w], (n, 1)))

    @classmethod
    def of_counts(cls, counts: np.ndarray, lengths: np.ndarray, sizes: np.ndarray) -> "Runs":
        """Those of COCO's counts of pixels, 0 and 1 in turn, `lengths` (N,) of them a mask."""
        stops = np.cumsum(lengths)
        totals = np.concatenate([[0], np.cumsum(counts)])
        starts = np.repeat(totals[stops - lengths], lengths)
        places = np.arange(len(counts)) - np.repeat(stops - lengths, lengths)
        # The last of an odd number ends the background, not the mask.
        inside = (places < np.repeat(lengths, lengths) - 1) | (places % 2 == 1)
        edges = (totals[1:] - starts)[inside]
        ends = np.cumsum(lengths - lengths % 2)
        begin, end = edges[::2], edges[1::2]
        kept = np.repeat(begin < end, 2)  # runs of no pixel are legal there
        return cls(edges[kept], np.concatenate([[0], np.cumsum(kept)])[ends], sizes)

    @classmethod
    def joined(cls, parts: Sequence["Runs"]) -> "Runs":
        """The masks of several, one after the other."""
        nothing = cls(*(np.zeros(shape, dtype=np.int64) for shape in (0, 0, (0, 2))))
        parts = [nothing, *parts]
        before = np.cumsum([0, *(len(part.edges) for part in parts[:-1])])
        return cls(
            np.concatenate([part.edges for part in parts]),
            np.concatenate([part.ends + start for part, start in zip(parts, before, strict=True)]),
            np.concatenate([part.sizes for part in parts]),
        )

    def taken(self, rows: np.ndarray) -> "Runs":
        """The masks of these rows."""
        lengths = (self.ends - self.starts)[rows]
        ends = np.cumsum(lengths, dtype=np.int64)
        edges = np.arange(lengths.sum()) + np.repeat(self.starts[rows] - (ends - lengths), lengths)
        return Runs(self.edges[edges], ends, self.sizes[rows])

    @cached_property
    def starts(self) -> np.ndarray:
        """(N,) where the edges of each mask start."""
        return np.concatenate([[0], self.ends]).astype(np.int64)[:-1]

    @cached_property
    def area(self) -> np.ndarray:
        """(N,) pixels of each mask."""
        return self._before[self.ends] - self._before[self.starts]

    @cached_property
    def boxes(self) -> np.ndarray:
        """(N, 4) the smallest box around each mask, x1, y1, x2, y2; zeros for an empty one."""
        begin, last = self.edges[::2], self.edges[1::2] - 1
        height = np.repeat(self.sizes[:, 0], (self.ends - self.starts) // 2)
        left, right = begin // height, last // height
        within = left == right  # else the run fills the end of a column and the start of the next
        top, bottom = np.where(within, begin % height, 0), np.where(within, last % height, height)
        bottom = np.where(within, bottom + 1, height)
        boxes = np.zeros((len(self), 4), dtype=np.int64)
        filled = self.ends > self.starts
        if filled.any():
            first = self.starts[filled] // 2
            boxes[filled] = np.stack(
                [
                    np.minimum.reduceat(left, first),
                    np.minimum.reduceat(top, first),
                    np.maximum.reduceat(right + 1, first),
                    np.maximum.reduceat(bottom, first),
                ],
                axis=1,
            )
        return boxes

    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """COCO's counts of pixels, 0 and 1 in turn, and how many of them each mask has, (N,)."""
        n, edges_of_each = len(self), self.ends - self.starts
        owner = np.repeat(np.arange(n), edges_of_each)
        bounds = np.zeros(len(self.edges) + 2 * n, dtype=np.int64)  # 0, the edges, H·W
        bounds[np.arange(len(self.edges)) + 2 * owner + 1] = self.edges
        last = self.ends + 2 * np.arange(1, n + 1) - 1
        bounds[last] = self.sizes.prod(axis=1)
        # Without the step from one mask to the next, and without an empty rest behind the last 1.
        kept = np.ones(len(bounds), dtype=bool)
        kept[last - edges_of_each - 1] = False
        steps = np.diff(bounds, prepend=0)
        kept[last] = (steps[last] > 0) | (edges_of_each == 0)
        return steps[kept], edges_of_each + kept[last]

    def masks(self) -> np.ndarray:
        """(N, H, W) booleans, of masks of one size."""
        h, w = self.sizes[0] if len(self) else (0, 0)
        counts, lengths = self.counts()
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        pixels = np.repeat((np.arange(len(counts)) - starts) % 2 == 1, counts)
        return pixels.reshape(len(self), w, h).swapaxes(1, 2)

    def union(self, groups: np.ndarray, sizes: np.ndarray) -> "Runs":
        """One mask of all those of a group; `groups` (N,) numbers them from 0, `sizes` are its."""
        owner = np.repeat(groups, self.ends - self.starts)
        step = np.tile([1, -1], len(self.edges) // 2)
        order = np.lexsort((-step, self.edges, owner))  # what touches does not part
        depth = np.cumsum(step[order])
        edge = (depth == 0) | (depth - step[order] == 0)
        ends = np.searchsorted(owner[order][edge], np.arange(1, len(sizes) + 1))
        return Runs(self.edges[order][edge], ends, sizes)

    def intersections(self, other: "Runs", mine: np.ndarray, its: np.ndarray) -> np.ndarray:
        """Pixels in both of mask mine[p] here and its[p] there, (P,); they must be of one size.

        A run [a, b) shares C(b) - C(a) pixels with a mask that has C(p) pixels before place p.
        """
        lengths = (self.ends - self.starts)[mine]
        blocks = np.cumsum(lengths) // BLOCK_EDGES
        starts = np.flatnonzero(np.diff(blocks, prepend=-1))
        both = np.zeros(len(mine), dtype=np.int64)
        for start, end in pairwise([*starts, len(mine)]):
            block = slice(start, end)
            both[block] = self._shared(other, mine[block], its[block], lengths[block])
        return both

    def _shared(
        self, other: "Runs", mine: np.ndarray, its: np.ndarray, lengths: np.ndarray
    ) -> np.ndarray:
        ends = np.cumsum(lengths)
        rows = np.arange(lengths.sum()) + np.repeat(self.starts[mine] - (ends - lengths), lengths)
        places, partner = self.edges[rows], np.repeat(its, lengths)
        keys, stride = other._keys
        found = np.searchsorted(keys, partner * stride + places, side="right")
        before = other._before[found] + np.where(found % 2 == 1, places, 0)  # in a run, or between
        totals = np.concatenate([[0], np.cumsum(np.where(rows % 2 == 1, before, -before))])
        return totals[ends] - totals[ends - lengths]

    @cached_property
    def _keys(self) -> tuple[np.ndarray, int]:
        """(E,) the edges of all masks one after the other, and how far apart masks lie."""
        stride = int(self.sizes.prod(axis=1).max(initial=0)) + 1
        owner = np.repeat(np.arange(len(self)), self.ends - self.starts)
        return owner * stride + self.edges, stride

    @cached_property
    def _before(self) -> np.ndarray:
        """(E + 1,) the edges added up, the ends minus the begins."""
        signed = np.where(np.arange(len(self.edges)) % 2 == 1, self.edges, -self.edges)
        return np.concatenate([[0], np.cumsum(signed)])
