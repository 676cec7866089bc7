"""Precision against recall, and the average precision that stands for the curve."""

from typing import Any, Literal

import array_api_compat
import numpy as np

from ..._validation import (
    check_binary,
    check_finite,
    check_ndim,
    check_not_negative,
    check_one_of,
    check_probabilities,
    check_shape,
)
from ...arrays import Array, at_least_float32, float_arrays, narrow, wide_arrays

Method = Literal["area", "11-point", "101-point"]

LEVELS = {
    # k / 10 in one rounding, so that 3 boxes of 10 reach 0.3; np.arange(0, 1.1, 0.1) loses them.
    "11-point": np.arange(11) / 10,
    "101-point": np.linspace(0, 1, 101),
}
METHODS = ("area", *LEVELS)


def precision_recall_curve(
    scores: Array, matches: Array, *, num_targets: int
) -> tuple[Array, Array, Array]:
    """Recall and precision after each detection, the best score first.

    After n detections, TP of which are matches: recall = TP / num_targets, precision = TP / n
    (Everingham et al., "The PASCAL VOC Challenge", IJCV 2010, section 4.2). Unlike in a
    classification, boxes that no detection found appear in no row: their number must be told.
    Detections with equal scores keep their order and make one point each, as in VOC and COCO.

    Args:
        scores: (n,) finite; larger is surer.
        matches: (n,) 1 where a detection is a true positive, 0 where it is a false positive.
        num_targets: true boxes to be found, at least as many as there are matches.

    Returns:
        recall, precision, thresholds, each (n,), keep what scores >= thresholds[i] to stand at
        point i. Recall is 0 where there is nothing to find. Recall and precision are of float32
        at least: they are ratios of counts, which float16 rounds.

    Raises:
        ValueError: NaN, an infinite score, matches other than 0 and 1, shapes that do not fit,
            or fewer targets than matches.
    """
    xp, scores, matches = float_arrays(scores=scores, matches=matches)
    check_finite(xp, scores=scores)
    check_binary(xp, matches=matches)
    check_ndim(1, "(n,)", scores=scores)
    check_shape(scores.shape, "one entry for each score", matches=matches)
    check_not_negative(num_targets=num_targets)
    num_matches = int(xp.sum(matches != 0))
    if num_targets < num_matches:
        raise ValueError(
            f"num_targets must be at least the number of matches, {num_matches}, got {num_targets}"
        )
    order = xp.argsort(scores, descending=True, stable=True)
    # Counted in integers: a sum of float32 ends at 2^24, one of float16 at 2^11.
    found = xp.cumulative_sum(xp.astype(matches[order] != 0, xp.int64))
    detections = xp.cumulative_sum(xp.ones_like(found))
    found, detections = (xp.astype(counts, xp.float64) for counts in (found, detections))
    recall, precision = (
        xp.astype(ratio, at_least_float32(xp, scores).dtype)
        for ratio in (found / max(float(num_targets), 1.0), found / detections)
    )
    return recall, precision, scores[order]


def average_precision(recall: Array, precision: Array, *, method: Method = "area") -> Array:
    """The average over recall r of the interpolated precision p(r).

    p(r) = max of the precisions at recall >= r, and 0 beyond the highest recall,
    :eq:`eq-interpolated-precision`. The three averages are :eq:`eq-average-precision`.

    - "area": the integral of p over [0, 1], VOC's measure since 2010.
    - "11-point": the mean of p at 0, 0.1, ..., 1, VOC's measure until 2009
      (Everingham et al., IJCV 2010, equations 1 and 2).
    - "101-point": the mean of p at 0, 0.01, ..., 1, COCO's measure; the levels are
      `np.linspace(0, 1, 101)` in float64, as in pycocotools.

    Args:
        recall: (n,) in [0, 1], never falling.
        precision: (n,) in [0, 1], at those recalls.
        method: which average.

    Returns:
        () in [0, 1]; 0 for an empty curve.

    Raises:
        ValueError: NaN, entries outside [0, 1], a recall that falls, shapes that do not fit, or
            an unknown method.
    """
    check_one_of(METHODS, method=method)
    xp, dtype, recall, precision = wide_arrays(recall=recall, precision=precision)
    check_probabilities(xp, dtype, recall=recall, precision=precision)
    recall, precision = (xp.clip(array, 0, 1) for array in (recall, precision))  # a rounding above
    check_ndim(1, "(n,)", recall=recall)
    check_shape(recall.shape, "one entry for each recall", precision=precision)
    falls = recall[1:] < recall[:-1]
    if xp.any(falls):
        row = int(xp.argmax(xp.astype(falls, xp.int64))) + 1
        raise ValueError(f"recall must not fall, but it does at entry {row}: {recall[row]:g}")
    device = array_api_compat.device(recall)
    zero = xp.zeros(1, dtype=recall.dtype, device=device)
    if method == "area":
        steps = recall - xp.concat([zero, recall[:-1]]) if recall.shape[0] else recall
        return narrow(xp, xp.sum(steps * _interpolated(xp, precision)), dtype)
    interpolated = xp.concat([_interpolated(xp, precision), zero])  # 0 where out of reach
    # Rounded as the recalls are, so that a recall of 0.3 reaches 0.3 in float16 too.
    levels = xp.astype(xp.asarray(LEVELS[method], dtype=dtype, device=device), recall.dtype)
    return narrow(xp, xp.mean(xp.take(interpolated, xp.searchsorted(recall, levels))), dtype)


def _interpolated(xp: Any, precision: Array) -> Array:
    """At each point, the highest precision from there on, (n,)."""
    falling = xp.flip(precision)
    if array_api_compat.is_torch_array(precision):  # the standard has no running maximum
        return xp.flip(xp.cummax(falling, 0).values)
    return xp.flip(np.maximum.accumulate(falling))
