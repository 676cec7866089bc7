"""HOTA, one threshold, one frame and one pair at a time."""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scipy.optimize import linear_sum_assignment

from .detection import Box, iou

EPSILON = sys.float_info.epsilon

Row = Sequence[float]  # of a MOT table: frame, identity, x, y, w, h
Frames = Mapping[float, Mapping[float, Box]]  # the boxes of a frame by identity


@dataclass
class Hota:
    """HOTA and its parts at each threshold."""

    hota: list[float]  # √(DetA · AssA)
    deta: list[float]
    assa: list[float]
    loca: list[float]


def hota(
    predictions: Sequence[Row], ground_truth: Sequence[Row], thresholds: Sequence[float]
) -> Hota:
    """HOTA of one sequence from MOT rows, one threshold after the other.

    The definition behind `evaluate(...).hota` of :py:mod:`visioncourse.tracking`: Luiten et al.
    2021, "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking".
    """
    found, truth = _frames(predictions), _frames(ground_truth)
    candidates = list(_matches(found, truth))
    result = Hota([], [], [], [])
    for threshold in thresholds:
        least = threshold - EPSILON  # as in TrackEval: 3 of 20 pixels reach 0.15
        matches = [match for match in candidates if match[2] >= least]
        tp = len(matches)
        deta = tp / max(1, len(ground_truth) + len(predictions) - tp)
        assa = sum(_association(g, p, matches, found, truth) for g, p, _ in matches) / max(1, tp)
        result.deta.append(deta)
        result.assa.append(assa)
        result.hota.append(math.sqrt(deta * assa))
        result.loca.append(sum(overlap for *_, overlap in matches) / tp if tp else 1.0)
    return result


def _association(
    g: float, p: float, matches: list[tuple[float, float, float]], found: Frames, truth: Frames
) -> float:
    """A(c) = TPA / (TPA + FNA + FPA) of a match of the identities g and p."""
    tpa = sum((g, p) == match[:2] for match in matches)
    fna = sum(g in boxes for boxes in truth.values()) - tpa  # g without p
    fpa = sum(p in boxes for boxes in found.values()) - tpa  # p without g
    return tpa / (tpa + fna + fpa)


def _matches(found: Frames, truth: Frames) -> Iterator[tuple[float, float, float]]:
    """True and predicted identity and overlap of each match, one assignment in every frame.

    As in TrackEval's code it serves all thresholds, and prefers trajectories that fit together
    over the whole sequence.
    """
    alignment = _alignment(found, truth)
    for frame in sorted(found.keys() & truth.keys()):
        rows, columns = list(truth[frame]), list(found[frame])
        overlaps = [[iou(truth[frame][g], found[frame][p]) for p in columns] for g in rows]
        scores = [
            [overlap * alignment.get((g, p), 0.0) for p, overlap in zip(columns, row, strict=True)]
            for g, row in zip(rows, overlaps, strict=True)
        ]
        for i, j in zip(*linear_sum_assignment(scores, maximize=True), strict=True):
            if scores[i][j] > 0:
                yield rows[i], columns[j], overlaps[i][j]


def _alignment(found: Frames, truth: Frames) -> dict[tuple[float, float], float]:
    """How well two trajectories fit together: the soft Jaccard index of their overlaps.

    In a frame, the share of a pair is its overlap, divided by all that its two boxes overlap.
    """
    shared: dict[tuple[float, float], float] = {}
    for frame in found.keys() & truth.keys():
        for g, box in truth[frame].items():
            for p, other in found[frame].items():
                overlap = iou(box, other)
                of_g = sum(iou(box, each) for each in found[frame].values())
                of_p = sum(iou(each, other) for each in truth[frame].values())
                union = of_g + of_p - overlap
                if union > EPSILON:  # boxes that touch may overlap by a rounding error
                    shared[g, p] = shared.get((g, p), 0.0) + overlap / union
    return {
        (g, p): share / (_length(g, truth) + _length(p, found) - share)
        for (g, p), share in shared.items()
    }


def _length(identity: float, frames: Frames) -> int:
    return sum(identity in boxes for boxes in frames.values())


def _frames(rows: Sequence[Row]) -> Frames:
    frames: dict[float, dict[float, Box]] = {}
    for frame, identity, x, y, w, h, *_ in rows:
        frames.setdefault(frame, {})[identity] = (x, y, x + w, y + h)
    return frames
