"""CLEAR MOT: matches that last from frame to frame, and the errors counted on them."""

from dataclasses import dataclass

import numpy as np

from .counts import Counts, ratio
from .pairs import Pairs, Sequence

EPSILON = np.finfo(np.float64).eps
KEEP = 1000.0  # TrackEval's number: worth more than all overlaps of 1,000 objects


@dataclass(frozen=True, eq=False, kw_only=True)
class ClearMot(Counts):
    """Matches and errors."""

    matches: int
    misses: int
    false_positives: int
    id_switches: int  # matches with another identity than the true track's last match had
    fragmentations: int  # times that a true track is found again after a pause
    mostly_tracked: int  # true tracks matched in more than 80 % of their frames
    partially_tracked: int  # neither of both
    mostly_lost: int  # true tracks matched in less than 20 % of their frames
    overlap_sum: float  # of the matches' IoU

    @property
    def mota(self) -> float:
        """1 - (misses + false_positives + id_switches) / num_ground_truth, <= 1."""
        errors = self.misses + self.false_positives + self.id_switches
        return float(ratio(self.num_ground_truth - errors, self.num_ground_truth))

    @property
    def motp(self) -> float:
        """Mean IoU of the matches, the MOTChallenge's MOTP: higher is better."""
        return float(ratio(self.overlap_sum, self.matches))

    @property
    def motp_distance(self) -> float:
        """Mean 1 - IoU of the matches, the paper's MOTP: lower is better; 1 without a match."""
        return 1 - self.motp


def clear_mot_counts(sequence: Sequence, iou_threshold: float) -> ClearMot:
    """The counts of Bernardin & Stiefelhagen (2008), with the rules of the MOTChallenge."""
    pairs = sequence.pairs.take(np.flatnonzero(sequence.pairs.iou >= iou_threshold - EPSILON))
    matches = pairs.take(np.flatnonzero(_matched(sequence, pairs)))
    matches = matches.take(np.argsort(matches.truth_track, kind="stable"))  # each track in time
    same = matches.truth_track[1:] == matches.truth_track[:-1]
    switched = matches.prediction_track[1:] != matches.prediction_track[:-1]
    paused = matches.frame[1:] - matches.frame[:-1] > 1

    sizes = sequence.truth.track_sizes
    tracked = np.bincount(matches.truth_track, minlength=len(sizes)) / sizes
    mostly_tracked, not_lost = int(np.sum(tracked > 0.8)), int(np.sum(tracked >= 0.2))
    return ClearMot(
        num_ground_truth=len(sequence.truth),
        num_predictions=len(sequence.predictions),
        matches=len(matches),
        misses=len(sequence.truth) - len(matches),
        false_positives=len(sequence.predictions) - len(matches),
        id_switches=int(np.sum(same & switched)),
        fragmentations=int(np.sum(same & paused)),
        mostly_tracked=mostly_tracked,
        partially_tracked=not_lost - mostly_tracked,
        mostly_lost=len(sizes) - not_lost,
        overlap_sum=float(np.sum(matches.iou)),
    )


def _matched(sequence: Sequence, pairs: Pairs) -> np.ndarray:
    """Which of the pairs over the threshold are matched, (K,).

    One assignment a frame: first as many pairs of the frame before as possible, then overlap.
    """
    matched = np.ones(len(pairs), dtype=bool)
    previous = np.full(sequence.truth.num_tracks, -1)  # each true track's partner a frame ago
    places = sequence.places(pairs)
    for frame in sequence.contested_frames(pairs):
        now, before = places[frame], places[frame - 1] if frame else slice(0)
        kept = matched[before]
        previous[:] = -1
        previous[pairs.truth_track[before][kept]] = pairs.prediction_track[before][kept]
        continues = previous[pairs.truth_track[now]] == pairs.prediction_track[now]
        scores = KEEP * continues + pairs.iou[now]
        matched[now] = sequence.match(frame, pairs, now, scores)
    return matched
