"""How well tracks follow the truth: CLEAR MOT, identity measures and HOTA."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Array
from ._clear import clear_counts
from ._hota import THRESHOLDS as HOTA_THRESHOLDS
from ._hota import hota_counts
from ._identity import identity_counts
from ._sequences import read_sequence

__all__ = ["HOTA_THRESHOLDS", "TrackingResult", "combine", "evaluate"]

# What adds up over sequences; every score follows from these.
COUNTS = (
    "num_ground_truth",
    "num_predictions",
    "matches",
    "misses",
    "false_positives",
    "id_switches",
    "fragmentations",
    "mostly_tracked",
    "partially_tracked",
    "mostly_lost",
    "overlap_sum",
    "id_true_positives",
    "hota_matches",
    "hota_association_sums",
    "hota_overlap_sums",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackingResult:
    """The scores of one sequence or of several, and the counts they follow from.

    Scores are fractions, not per cent. One whose denominator is 0 is 0 itself, except loca: 1.
    """

    num_ground_truth: int  # boxes
    num_predictions: int

    # CLEAR MOT
    mota: float  # 1 - (misses + false_positives + id_switches) / num_ground_truth, <= 1
    motp: float  # mean IoU of the matches, the MOTChallenge's: higher is better
    motp_distance: float  # mean 1 - IoU of the matches, the paper's: lower; 1 without a match
    matches: int
    misses: int
    false_positives: int
    id_switches: int  # matches with another identity than the true track's last match had
    fragmentations: int  # times that a true track is found again after a pause
    mostly_tracked: int  # true tracks matched in more than 80 % of their frames
    partially_tracked: int  # neither of both
    mostly_lost: int  # true tracks matched in less than 20 % of their frames
    overlap_sum: float  # of the matches' IoU

    # Identity
    idf1: float  # 2 IDTP / (num_ground_truth + num_predictions)
    idp: float  # IDTP / num_predictions
    idr: float  # IDTP / num_ground_truth
    id_true_positives: int  # IDTP

    # HOTA: means over HOTA_THRESHOLDS, and (19,) the values at each of them
    hota: float
    deta: float
    assa: float
    loca: float
    hota_per_threshold: np.ndarray  # √(DetA · AssA)
    deta_per_threshold: np.ndarray  # matches / (matches + misses + false positives)
    assa_per_threshold: np.ndarray  # mean A(c) of the matches
    loca_per_threshold: np.ndarray  # mean IoU of the matches
    hota_matches: np.ndarray
    hota_association_sums: np.ndarray  # of the matches' A(c)
    hota_overlap_sums: np.ndarray  # of the matches' IoU


def evaluate(
    predictions: Array, ground_truth: Array, *, iou_threshold: float = 0.5
) -> TrackingResult:
    """Score the tracks of one sequence by CLEAR MOT, IDF1 and HOTA.

    Every field equals TrackEval's, the MOTChallenge's reference.

    CLEAR MOT (Bernardin & Stiefelhagen, "Evaluating Multiple Object Tracking Performance", 2008)
    matches boxes with IoU >= iou_threshold frame by frame: as many pairs of the frame before as
    possible go on, then the sum of overlaps is the largest. MOTA = 1 - (misses + false positives +
    switches) / boxes, from minus infinity to 1.
    IDF1 (Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera
    Tracking", 2016) pairs whole trajectories, one to one, once for the sequence.
    HOTA (Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", 2021)
    = √(DetA · AssA), averaged over 19 thresholds; iou_threshold plays no part. One matching a frame
    serves all thresholds (TrackEval's code), where the paper has one for each.

    py-motmetrics has the same IDF1, IDP and IDR, but for CLEAR MOT

    - it keeps every earlier pair that is still close enough, however old: its matches, and all
      that is counted on them, may differ. Here only the pairs of the frame before are preferred;
    - its MOTP is `motp_distance`, and what has no denominator is NaN;
    - a track found in exactly 80 % of its frames is mostly tracked; here it is partially tracked;
    - only misses interrupt a track. Here an absent truth does so too, while a frame without any
      prediction or without any truth does not.

    Args:
        predictions: (N, >= 6) MOT rows in any order: frame, id, x, y, w, h in pixels. Frames and
            ids are whole numbers, an id at most once in a frame. Further columns are ignored.
        ground_truth: (M, >= 6) likewise. The seventh column of a MOTChallenge file marks boxes
            not to be scored with 0: leave those rows out, `rows[rows[:, 6] != 0]`.
        iou_threshold: in (0, 1], for CLEAR MOT and IDF1.

    Returns:
        The scores; :py:func:`combine` joins those of several sequences. Without predictions all
        truth is missed: MOTA, IDF1 and HOTA are 0. Without truth MOTA is 0 as well, whatever the
        number of false positives. Without either all is 0 but loca = 1 and motp_distance = 1.

    Raises:
        ValueError: too few columns, no numbers, NaN, frames or ids that are no whole numbers,
            w or h < 0, the same id twice in a frame; iou_threshold outside (0, 1]. The message
            names argument, row (from 0) and frame.
    """
    if not 0 < iou_threshold <= 1:
        raise ValueError(f"iou_threshold must lie in (0, 1], got {iou_threshold}")
    sequence = read_sequence(predictions, ground_truth)
    result = _result(
        num_ground_truth=len(sequence.truth),
        num_predictions=len(sequence.predictions),
        **clear_counts(sequence, iou_threshold),
        **identity_counts(sequence, iou_threshold),
        **hota_counts(sequence),
    )
    # TrackEval's rule. Joined with other sequences, the false positives count in full.
    return result if result.num_ground_truth else replace(result, mota=0.0)


def combine(results: Iterable[TrackingResult]) -> TrackingResult:
    """The result of several sequences: their counts are added, scores are never averaged.

    It equals TrackEval's `combine_sequences`: IDF1 from the summed IDTP, AssA as a mean over all
    matches. Where no sequence has any truth, MOTA is minus the number of false positives.

    Args:
        results: one for each sequence, of the same iou_threshold. None at all is like sequences
            with neither predictions nor truth.
    """
    results = [evaluate([], []), *results]
    return _result(**{name: sum(getattr(result, name) for result in results) for name in COUNTS})


def _result(**counts: Any) -> TrackingResult:
    """The scores that follow from the counts."""
    matches, truth = counts["matches"], counts["num_ground_truth"]
    predictions, idtp = counts["num_predictions"], counts["id_true_positives"]
    errors = counts["misses"] + counts["false_positives"] + counts["id_switches"]
    motp = counts["overlap_sum"] / max(matches, 1)
    hota = _hota_scores(counts)
    arrays = {f"{name}_per_threshold": values for name, values in hota.items()}
    for array in [*arrays.values(), *(counts[name] for name in COUNTS if name.startswith("hota"))]:
        array.setflags(write=False)
    return TrackingResult(
        mota=(truth - errors) / max(truth, 1),
        motp=motp,
        motp_distance=1 - motp,
        idf1=2 * idtp / max(truth + predictions, 1),
        idp=idtp / max(predictions, 1),
        idr=idtp / max(truth, 1),
        **{name: float(np.mean(values)) for name, values in hota.items()},
        **arrays,
        **counts,
    )


def _hota_scores(counts: dict[str, Any]) -> dict[str, np.ndarray]:
    """HOTA = √(DetA · AssA) and its parts at each threshold, (19,)."""
    found = counts["hota_matches"]
    boxes = counts["num_ground_truth"] + counts["num_predictions"] - found
    deta = found / np.maximum(boxes, 1)
    assa = counts["hota_association_sums"] / np.maximum(found, 1)
    loca = np.where(found > 0, counts["hota_overlap_sums"] / np.maximum(found, 1), 1.0)
    return {"hota": np.sqrt(deta * assa), "deta": deta, "assa": assa, "loca": loca}
