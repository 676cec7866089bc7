"""Identity measures: every true trajectory is given at most one predicted one, for good."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from .counts import Counts, ratio
from .pairs import Sequence


@dataclass(frozen=True, eq=False, kw_only=True)
class Identity(Counts):
    """Boxes whose identity is right, IDTP."""

    id_true_positives: int

    @property
    def idf1(self) -> float:
        """2 IDTP / (num_ground_truth + num_predictions), the harmonic mean of both below."""
        return float(
            ratio(2 * self.id_true_positives, self.num_ground_truth + self.num_predictions)
        )

    @property
    def idp(self) -> float:
        """IDTP / num_predictions, the precision."""
        return float(ratio(self.id_true_positives, self.num_predictions))

    @property
    def idr(self) -> float:
        """IDTP / num_ground_truth, the recall."""
        return float(ratio(self.id_true_positives, self.num_ground_truth))


def identity_counts(sequence: Sequence, iou_threshold: float) -> Identity:
    """IDTP of Ristani et al. (2016): boxes matched under the best pairing of trajectories.

    They minimise IDFN + IDFP = (truth - IDTP) + (predictions - IDTP), which is to maximise IDTP:
    the sum over paired trajectories of the frames in which they overlap enough.
    """
    truth_tracks, prediction_tracks, of_pair = sequence.track_pairs
    enough = sequence.pairs.iou >= iou_threshold
    frames = np.bincount(of_pair[enough], minlength=len(truth_tracks))  # (T,)
    met = frames > 0
    return Identity(
        num_ground_truth=len(sequence.truth),
        num_predictions=len(sequence.predictions),
        id_true_positives=_best_sum(truth_tracks[met], prediction_tracks[met], frames[met]),
    )


def _best_sum(rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> int:
    """The largest sum of `values` (T,) > 0 no two of which share a row or a column.

    Only the T pairs take memory: in a long sequence most trajectories never meet.
    """
    if not len(values):
        return 0
    rows, row = np.unique(rows, return_inverse=True)
    columns, column = np.unique(columns, return_inverse=True)
    alone = np.arange(len(rows))
    # A column more for each row, in which it stays alone; 1 more everywhere, for 0 is no entry.
    weights = np.concatenate([values + 1, np.ones(len(rows))])
    places = np.concatenate([row, alone]), np.concatenate([column, len(columns) + alone])
    matrix = coo_array((weights, places), shape=(len(rows), len(columns) + len(rows))).tocsr()
    best = min_weight_full_bipartite_matching(matrix, maximize=True)
    return int(matrix[best].sum()) - len(rows)
