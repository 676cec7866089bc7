"""What the MOTChallenge does to rows before it scores them."""

from typing import Any

import numpy as np

from ..._validation import check_one_of
from .clear_mot import EPSILON
from .pairs import read_sequence
from .rows import read_table

IOU_THRESHOLD = 0.5
PEDESTRIAN = 1
# Those that a tracker may follow or leave, unpunished: person on a vehicle, static person,
# distractor, reflection; in MOT20 a vehicle without a motor too.
DISTRACTORS = {
    "MOT15": (),
    "MOT16": (2, 7, 8, 12),
    "MOT17": (2, 7, 8, 12),
    "MOT20": (2, 6, 7, 8, 12),
}
CLASSES = range(1, 14)


def remove_distractors(
    predictions: Any, ground_truth: Any, *, benchmark: str = "MOT17"
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that the MOTChallenge scores, ready for :py:func:`evaluate`.

    In every frame predictions are matched with all true boxes (IoU >= 0.5, one assignment), those
    of other classes among them. Predictions matched with a distractor go, and so do all true rows
    that are no pedestrians or are marked with 0 in the seventh column. What then stands alone is
    a false positive. MOT15 has no classes: there, only the rows marked with 0 go.

    It equals TrackEval's preprocessing. Source: Milan et al. 2016, "MOT16: A Benchmark for
    Multi-Object Tracking", section 4.

    Args:
        predictions: (N, >= 6) MOT rows, as for :py:func:`evaluate`.
        ground_truth: (M, >= 8) all rows of the file, with the mark in the seventh column and the
            class in the eighth; >= 7 columns for MOT15.
        benchmark: "MOT15", "MOT16", "MOT17" or "MOT20".

    Returns:
        The rows of both that stay, in their order and with all their columns.

    Raises:
        ValueError: as for :py:func:`evaluate`; too few columns, a class that is not 1 to 13, an
            unknown benchmark.
    """
    check_one_of(tuple(DISTRACTORS), benchmark=benchmark)
    sequence = read_sequence(predictions, ground_truth)
    found, _ = read_table("predictions", predictions)
    truth, _ = read_table("ground_truth", ground_truth)
    columns = 7 if benchmark == "MOT15" else 8
    if truth.shape[1] < columns:
        raise ValueError(f"ground_truth must have shape (N, >= {columns}), got {truth.shape}")
    if benchmark == "MOT15":
        return found, truth[truth[:, 6] != 0]
    wrong = np.flatnonzero(~np.isin(truth[:, 7], CLASSES))
    if wrong.size:
        got = truth[wrong[0], 7]
        raise ValueError(f"ground_truth[{wrong[0]}]: the class must be 1 to 13, got {got:g}")

    near = sequence.pairs.take(np.flatnonzero(sequence.pairs.iou >= IOU_THRESHOLD - EPSILON))
    matches = near.take(np.flatnonzero(sequence.matched(near, near.iou)))
    classes = truth[sequence.truth.order[matches.truth], 7]
    distracted = matches.prediction[np.isin(classes, DISTRACTORS[benchmark])]
    kept = np.ones(len(found), dtype=bool)
    kept[sequence.predictions.order[distracted]] = False
    return found[kept], truth[(truth[:, 6] != 0) & (truth[:, 7] == PEDESTRIAN)]
