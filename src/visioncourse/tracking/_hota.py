"""HOTA: how well boxes are found and how well they are kept together, at 19 thresholds."""

from typing import Any

import numpy as np

from ._clear import EPSILON
from ._sequences import Sequence

THRESHOLDS = np.arange(0.05, 0.99, 0.05)  # 0.05, 0.10, ..., 0.95 with TrackEval's rounding
THRESHOLDS.setflags(write=False)


def hota_counts(sequence: Sequence) -> dict[str, Any]:
    """For each threshold the matches, the sum of their A(c), and the sum of their overlaps.

    Luiten et al. (2021): A(c) = TPA / (TPA + FNA + FPA) for a match c of two trajectories, where
    TPA counts the frames in which the two are matched, and TPA + FNA + FPA those in which either
    of them is present (a frame with both counts once if they are matched, else twice).
    """
    pairs, (truth_tracks, prediction_tracks, of_pair) = sequence.pairs, sequence.track_pairs
    sizes = sequence.truth.track_sizes[truth_tracks]  # (T,)
    sizes = sizes + sequence.predictions.track_sizes[prediction_tracks]
    matched = _matched(sequence, of_pair, sizes)
    iou, of_match = pairs.iou[matched], of_pair[matched]

    # A match counts at every threshold up to its overlap: at the first `reached` of them.
    levels = len(THRESHOLDS) + 1
    reached = np.searchsorted(THRESHOLDS - EPSILON, iou, side="right")
    table = np.bincount(of_match * levels + reached, minlength=len(sizes) * levels)
    tpa = _at_each_threshold(table.reshape(-1, levels))  # (T, 19)
    overlaps = np.bincount(reached, weights=iou, minlength=levels)
    return {
        "hota_matches": tpa.sum(axis=0),
        "hota_association_sums": np.sum(tpa * (tpa / np.maximum(1, sizes[:, None] - tpa)), axis=0),
        "hota_overlap_sums": _at_each_threshold(overlaps),
    }


def _at_each_threshold(by_reached: np.ndarray) -> np.ndarray:
    """From (..., 20), sorted by the number of thresholds reached, to sums (..., 19) at each."""
    return np.cumsum(by_reached[..., :0:-1], axis=-1)[..., ::-1]


def _matched(sequence: Sequence, of_pair: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Which of the sequence's pairs are matched, (K,): one assignment a frame for all thresholds.

    It prefers trajectories that fit together over the whole sequence. In a frame, a pair's share
    of what its two boxes overlap is a soft match; the sum of the shares makes a soft Jaccard index
    of the two trajectories, by which every overlap is weighted.
    """
    pairs = sequence.pairs
    truth_sums = np.bincount(pairs.truth, weights=pairs.iou, minlength=len(sequence.truth))
    sums = np.bincount(pairs.prediction, weights=pairs.iou, minlength=len(sequence.predictions))
    union = sums[pairs.prediction] + truth_sums[pairs.truth] - pairs.iou
    # Boxes that touch may overlap by a rounding error: that is not to count as a full share.
    share = np.where(union > EPSILON, pairs.iou / union, 0.0)
    shared = np.bincount(of_pair, weights=share, minlength=len(sizes))
    scores = (shared / (sizes - shared))[of_pair] * pairs.iou  # (K,)

    matched = np.ones(len(pairs), dtype=bool)
    places = sequence.places(pairs)
    for frame in sequence.contested_frames(pairs):
        now = places[frame]
        matched[now] = sequence.match(frame, pairs, now, scores[now])
    return matched
