"""Truth and predictions of one sequence, and the pairs of boxes that overlap.

Of all pairs in a frame few overlap. Only these are kept, as parallel arrays in the order of the
frames: what the measures share is found once, and most of each measure needs no loop.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import array_api_compat.numpy as xp
import numpy as np
from scipy.optimize import linear_sum_assignment

from ...detection.overlap import Corners, iou
from .rows import Rows, read_rows


@dataclass(frozen=True)
class Pairs:
    """A true and a predicted box of the same frame that overlap, in each entry."""

    frame: np.ndarray  # (K,) ascending: the frame's place among those with rows on both sides
    truth: np.ndarray  # (K,) row of the truth
    prediction: np.ndarray  # (K,) row of the predictions
    truth_track: np.ndarray  # (K,) identity of that row
    prediction_track: np.ndarray  # (K,)
    iou: np.ndarray  # (K,) in (0, 1]

    def __len__(self) -> int:
        return len(self.iou)

    def take(self, indices: np.ndarray) -> "Pairs":
        """The pairs at these places."""
        return Pairs(*(getattr(self, field.name)[indices] for field in fields(self)))


@dataclass(frozen=True)
class Sequence:
    """Both sides and their overlaps; S frames have rows on both sides."""

    truth: Rows
    predictions: Rows
    truth_blocks: np.ndarray  # (S, 2) first row and number of rows of each such frame
    prediction_blocks: np.ndarray  # (S, 2)
    pairs: Pairs

    @cached_property
    def track_pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The T pairs of identities that ever overlap, truth (T,) and prediction (T,).

        Then for each of the pairs of boxes (K,) which of the T it belongs to.
        """
        width = max(self.predictions.num_tracks, 1)
        keys = self.pairs.truth_track * width + self.pairs.prediction_track
        keys, inverse = np.unique(keys, return_inverse=True)
        return keys // width, keys % width, inverse

    def places(self, pairs: Pairs) -> list[slice]:
        """Where in `pairs` those of each of the S frames stand."""
        edges = np.searchsorted(pairs.frame, np.arange(len(self.truth_blocks) + 1)).tolist()
        return list(map(slice, edges[:-1], edges[1:]))

    def contested_frames(self, pairs: Pairs) -> list[int]:
        """Frames in which some row is in two of `pairs`; in all others every pair is a match."""
        truth_counts = np.bincount(pairs.truth, minlength=len(self.truth))
        prediction_counts = np.bincount(pairs.prediction, minlength=len(self.predictions))
        contested = (truth_counts[pairs.truth] > 1) | (prediction_counts[pairs.prediction] > 1)
        return np.unique(pairs.frame[contested]).tolist()

    def matched(self, pairs: Pairs, scores: np.ndarray) -> np.ndarray:
        """Which of `pairs` (K,) are matched, one assignment with the largest sum in every frame."""
        matched = np.ones(len(pairs), dtype=bool)
        places = self.places(pairs)
        for frame in self.contested_frames(pairs):
            now = places[frame]
            matched[now] = self.match(frame, pairs, now, scores[now])
        return matched

    def match(self, frame: int, pairs: Pairs, place: slice, scores: np.ndarray) -> np.ndarray:
        """Which of `pairs[place]` are in the frame's matching with the largest sum of `scores`.

        The whole frame is solved, not only what is contested: where two matchings are equally
        good, the choice is then the same as TrackEval's.
        """
        first_row, num_rows = self.truth_blocks[frame]
        first_column, num_columns = self.prediction_blocks[frame]
        rows, columns = pairs.truth[place] - first_row, pairs.prediction[place] - first_column
        matrix = np.zeros((num_rows, num_columns))
        matrix[rows, columns] = scores
        matrix[linear_sum_assignment(matrix, maximize=True)] = -1.0  # no score is negative
        return matrix[rows, columns] < 0


def read_sequence(predictions: Any, ground_truth: Any) -> Sequence:
    """Check both sides' MOT rows and find the overlaps."""
    detected, truth = read_rows("predictions", predictions), read_rows("ground_truth", ground_truth)
    _, here, there = np.intersect1d(
        truth.frames, detected.frames, assume_unique=True, return_indices=True
    )
    truth_blocks = np.stack([truth.starts[here], truth.sizes[here]], axis=1)
    blocks = np.stack([detected.starts[there], detected.sizes[there]], axis=1)
    pairs = _overlapping_pairs(truth, detected, truth_blocks, blocks)
    return Sequence(truth, detected, truth_blocks, blocks, pairs)


def _overlapping_pairs(
    truth: Rows, predictions: Rows, truth_blocks: np.ndarray, prediction_blocks: np.ndarray
) -> Pairs:
    (left, _, right, _), (other_left, _, other_right, _) = truth.boxes, predictions.boxes
    near = [np.empty(0, dtype=np.intp)]
    for (a, rows), (b, columns) in zip(
        truth_blocks.tolist(), prediction_blocks.tolist(), strict=True
    ):
        # Most pairs are already apart from left to right; only the others need their IoU.
        close = left[a : a + rows, None] < other_right[b : b + columns]
        close &= other_left[b : b + columns] < right[a : a + rows, None]
        near.append(np.flatnonzero(close))
    frame = np.repeat(np.arange(len(near) - 1), [len(places) for places in near[1:]])
    row, column = np.divmod(np.concatenate(near), prediction_blocks[frame, 1])
    row, column = row + truth_blocks[frame, 0], column + prediction_blocks[frame, 0]
    overlaps = iou(
        xp,
        Corners(*truth.boxes.take(row, axis=1)),
        Corners(*predictions.boxes.take(column, axis=1)),
    )
    pairs = Pairs(frame, row, column, truth.tracks[row], predictions.tracks[column], overlaps)
    return pairs.take(np.flatnonzero(overlaps > 0))
