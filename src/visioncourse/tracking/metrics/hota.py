"""HOTA: how well boxes are found and how well they are kept together, at 19 thresholds."""

from dataclasses import dataclass

import numpy as np

from .clear_mot import EPSILON
from .counts import Counts, ratio
from .pairs import Sequence

HOTA_THRESHOLDS = np.arange(0.05, 0.99, 0.05)  # 0.05, 0.10, ..., 0.95 with TrackEval's rounding
HOTA_THRESHOLDS.setflags(write=False)


@dataclass(frozen=True, eq=False, kw_only=True)
class Hota(Counts):
    """Matches at each threshold; the scores are means over the thresholds."""

    hota_matches: np.ndarray  # (19,)
    hota_association_sums: np.ndarray  # (19,) of the matches' A(c)
    hota_overlap_sums: np.ndarray  # (19,) of the matches' IoU

    def __post_init__(self) -> None:
        for counts in (self.hota_matches, self.hota_association_sums, self.hota_overlap_sums):
            _fixed(counts)

    @property
    def hota_per_threshold(self) -> np.ndarray:
        """(19,) √(DetA · AssA)."""
        return _fixed(np.sqrt(self.deta_per_threshold * self.assa_per_threshold))

    @property
    def deta_per_threshold(self) -> np.ndarray:
        """(19,) matches / (matches + misses + false positives)."""
        boxes = self.num_ground_truth + self.num_predictions - self.hota_matches
        return _fixed(ratio(self.hota_matches, boxes))

    @property
    def assa_per_threshold(self) -> np.ndarray:
        """(19,) mean A(c) of the matches."""
        return _fixed(ratio(self.hota_association_sums, self.hota_matches))

    @property
    def loca_per_threshold(self) -> np.ndarray:
        """(19,) mean IoU of the matches, 1 without a match."""
        overlaps = ratio(self.hota_overlap_sums, self.hota_matches)
        return _fixed(np.where(self.hota_matches > 0, overlaps, 1.0))

    @property
    def hota(self) -> float:
        """Mean of √(DetA · AssA)."""
        return float(np.mean(self.hota_per_threshold))

    @property
    def deta(self) -> float:
        """How well boxes are found."""
        return float(np.mean(self.deta_per_threshold))

    @property
    def assa(self) -> float:
        """How well they are kept together."""
        return float(np.mean(self.assa_per_threshold))

    @property
    def loca(self) -> float:
        """How well boxes fit."""
        return float(np.mean(self.loca_per_threshold))


def _fixed(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def hota_counts(sequence: Sequence) -> Hota:
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
    levels = len(HOTA_THRESHOLDS) + 1
    reached = np.searchsorted(HOTA_THRESHOLDS - EPSILON, iou, side="right")
    table = np.bincount(of_match * levels + reached, minlength=len(sizes) * levels)
    tpa = _at_each_threshold(table.reshape(-1, levels))  # (T, 19)
    overlaps = np.bincount(reached, weights=iou, minlength=levels)
    return Hota(
        num_ground_truth=len(sequence.truth),
        num_predictions=len(sequence.predictions),
        hota_matches=tpa.sum(axis=0),
        hota_association_sums=np.sum(tpa * (tpa / np.maximum(1, sizes[:, None] - tpa)), axis=0),
        hota_overlap_sums=_at_each_threshold(overlaps),
    )


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

    return sequence.matched(pairs, scores)
