"""Identity measures: every true trajectory is given at most one predicted one, for good."""

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from ._sequences import Sequence


def identity_counts(sequence: Sequence, iou_threshold: float) -> dict[str, Any]:
    """IDTP of Ristani et al. (2016): boxes matched under the best pairing of trajectories.

    They minimise IDFN + IDFP = (truth - IDTP) + (predictions - IDTP), which is to maximise IDTP:
    the sum over paired trajectories of the frames in which they overlap enough.
    """
    truth_tracks, prediction_tracks, of_pair = sequence.track_pairs
    enough = sequence.pairs.iou >= iou_threshold
    frames = np.bincount(of_pair[enough], minlength=len(truth_tracks))  # (T,)
    # Identities that never overlap enough stay out: fragments of tracks are many.
    met = frames > 0
    rows, row = np.unique(truth_tracks[met], return_inverse=True)
    columns, column = np.unique(prediction_tracks[met], return_inverse=True)
    overlaps = np.zeros((len(rows), len(columns)))
    overlaps[row, column] = frames[met]
    best = linear_sum_assignment(overlaps, maximize=True)
    return {"id_true_positives": int(overlaps[best].sum())}
