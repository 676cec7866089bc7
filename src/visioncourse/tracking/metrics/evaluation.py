"""All measures of one sequence, or of several."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self

from ..._validation import check_positive, check_shares
from ...arrays import Array
from .clear_mot import ClearMot, clear_mot_counts
from .hota import Hota, hota_counts
from .identity import Identity, identity_counts
from .pairs import read_sequence

# TrackEval's names, which are also most of py-motmetrics' and of the MOTChallenge's tables.
USUAL_NAMES = {
    "HOTA": "hota",
    "DetA": "deta",
    "AssA": "assa",
    "LocA": "loca",
    "MOTA": "mota",
    "MOTP": "motp",
    "IDF1": "idf1",
    "IDP": "idp",
    "IDR": "idr",
    "CLR_TP": "matches",
    "CLR_FN": "misses",
    "CLR_FP": "false_positives",
    "IDSW": "id_switches",
    "Frag": "fragmentations",
    "MT": "mostly_tracked",
    "PT": "partially_tracked",
    "ML": "mostly_lost",
    "IDTP": "id_true_positives",
    "Dets": "num_predictions",
    "GT_Dets": "num_ground_truth",
}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TrackingResult(ClearMot, Identity, Hota):
    """What was counted in one sequence or in several, and the scores that follow from it.

    Results add up with `+` and `sum` to that of all their sequences: counts are added, scores are
    never averaged. Scores are fractions, not per cent. One whose denominator is 0 is 0 itself,
    except loca and motp_distance: 1.

    .. code-block:: text

        boxes      num_ground_truth, num_predictions
        CLEAR MOT  mota, motp, motp_distance; matches, misses, false_positives, id_switches,
                   fragmentations, mostly_tracked, partially_tracked, mostly_lost, overlap_sum
        identity   idf1, idp, idr; id_true_positives
        HOTA       hota, deta, assa, loca; (19,) at each of HOTA_THRESHOLDS: hota_per_threshold,
                   deta_per_threshold, assa_per_threshold, loca_per_threshold, hota_matches,
                   hota_association_sums, hota_overlap_sums
    """

    def __add__(self, other: Self) -> "TrackingResult":
        if not isinstance(other, TrackingResult):
            return NotImplemented
        names = [field.name for field in fields(TrackingResult)]
        return TrackingResult(
            **{name: getattr(self, name) + getattr(other, name) for name in names}
        )

    def __radd__(self, other: int) -> Self:
        """`sum` begins with 0."""
        return self if other == 0 else NotImplemented

    def as_dict(self) -> dict[str, float]:
        """Scores and counts under TrackEval's names, those of HOTA as means over thresholds."""
        return {name: getattr(self, attribute) for name, attribute in USUAL_NAMES.items()}

    def __repr__(self) -> str:
        scores = ", ".join(f"{name}={getattr(self, name):.4g}" for name in ("mota", "idf1", "hota"))
        return f"TrackingResult({scores})"


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
        predictions: (N, >= 6) MOT rows in any order: frame, identity, x, y, w, h in pixels, of any
            kind of array. Frames and identities are whole numbers, an identity at most once in a
            frame; no number is so large that its type could not tell it from the next, 2⁵³ in
            float64, 2²⁴ in float32. Further columns are ignored.
        ground_truth: (M, >= 6) likewise. All rows count: what a benchmark does not score is to be
            taken out before. For a file of MOT16, MOT17 or MOT20 that is
            :py:func:`remove_distractors`, which takes out predictions, too; for one of MOT15
            `rows[rows[:, 6] != 0]`.
        iou_threshold: in (0, 1], for CLEAR MOT and IDF1.

    Returns:
        The counts and scores; those of several sequences add up with `+`. Without predictions all
        truth is missed: MOTA, IDF1 and HOTA are 0. Without truth MOTA is 0 as well, whatever the
        number of false positives. Without either all is 0 but loca = 1 and motp_distance = 1.

    Raises:
        ValueError: too few columns, no numbers, NaN, frames or identities that are no such whole
            numbers, w or h < 0, the same identity twice in a frame; iou_threshold outside (0, 1].
            The message names argument, row (from 0) and column.
    """
    check_positive(iou_threshold=iou_threshold)
    check_shares(iou_threshold=iou_threshold)
    sequence = read_sequence(predictions, ground_truth)
    parts = (
        clear_mot_counts(sequence, iou_threshold),
        identity_counts(sequence, iou_threshold),
        hota_counts(sequence),
    )
    return _OneSequence(**{name: count for part in parts for name, count in vars(part).items()})


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class _OneSequence(TrackingResult):
    """TrackEval's rule for one sequence. Added to others, false positives count in full."""

    @property
    def mota(self) -> float:
        """As ever, but 0 without truth."""
        return super().mota if self.num_ground_truth else 0.0


def combine(results: Iterable[TrackingResult]) -> TrackingResult:
    """The result of several sequences, as `sum(results)`; none at all is an empty sequence.

    It equals TrackEval's `combine_sequences`: IDF1 from the summed IDTP, AssA as a mean over all
    matches. Where no sequence has any truth, MOTA is minus the number of false positives.

    Args:
        results: one for each sequence, of the same iou_threshold.

    Raises:
        ValueError: something that is no result of :py:func:`evaluate`.
    """
    results = list(results) if isinstance(results, Iterable) else [results]
    for index, result in enumerate(results):
        if not isinstance(result, TrackingResult):
            raise ValueError(f"results[{index}] must be a TrackingResult, got {result!r}")
    return sum(results, start=evaluate([], []))
