"""How good a detector is: precision against recall, and the averages that benchmarks publish."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import array_api_compat
import numpy as np

from .._validation import check_binary, check_finite, check_probabilities, check_shape
from ..arrays import Array, float_arrays
from . import _coco
from ._tables import Table, overlaps, pairs_within_groups, read_images

Images = Sequence[Mapping[str, Any]]
Method = Literal["area", "11-point", "101-point"]

LEVELS = {
    # k / 10 in one rounding, so that 3 boxes of 10 reach 0.3; np.arange(0, 1.1, 0.1) loses them.
    "11-point": np.arange(11) / 10,
    "101-point": _coco.RECALL_LEVELS,
}


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
        point i. Recall is 0 where there is nothing to find.

    Raises:
        ValueError: NaN, an infinite score, matches other than 0 and 1, shapes that do not fit,
            or fewer targets than matches.
    """
    xp, scores, matches = float_arrays(scores=scores, matches=matches)
    check_finite(xp, scores=scores)
    check_binary(xp, matches=matches)
    if scores.ndim != 1:
        raise ValueError(f"scores must have shape (n,), got {tuple(scores.shape)}")
    check_shape(scores.shape, "one entry for each score", matches=matches)
    if not num_targets >= float(xp.sum(matches)):
        raise ValueError(
            f"num_targets must be at least the number of matches, {float(xp.sum(matches)):g}, "
            f"got {num_targets}"
        )
    order = xp.argsort(scores, descending=True, stable=True)
    true_positives = xp.cumulative_sum(matches[order])
    detections = xp.cumulative_sum(xp.ones_like(scores))
    return true_positives / max(num_targets, 1), true_positives / detections, scores[order]


def average_precision(recall: Array, precision: Array, *, method: Method = "area") -> Array:
    """The average over recall r of the interpolated precision p(r).

    p(r) = max of the precisions at recall >= r, and 0 beyond the highest recall.

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
    if method != "area" and method not in LEVELS:
        known = ["area", *LEVELS]
        raise ValueError(f"method must be one of {known}, got {method!r}")
    xp, recall, precision = float_arrays(recall=recall, precision=precision)
    check_probabilities(xp, recall=recall, precision=precision)
    if recall.ndim != 1:
        raise ValueError(f"recall must have shape (n,), got {tuple(recall.shape)}")
    check_shape(recall.shape, "one entry for each recall", precision=precision)
    falls = recall[1:] < recall[:-1]
    if xp.any(falls):
        row = int(xp.argmax(xp.astype(falls, xp.int64))) + 1
        raise ValueError(f"recall must not fall, but it does at entry {row}: {recall[row]:g}")
    device = array_api_compat.device(recall)
    zero = xp.zeros(1, dtype=recall.dtype, device=device)
    if method == "area":
        steps = recall - xp.concat([zero, recall[:-1]]) if recall.shape[0] else recall
        return xp.sum(steps * _interpolated(xp, precision))
    interpolated = xp.concat([_interpolated(xp, precision), zero])  # 0 where out of reach
    levels = xp.asarray(LEVELS[method], dtype=recall.dtype, device=device)
    return xp.mean(xp.take(interpolated, xp.searchsorted(recall, levels)))


def mean_average_precision(predictions: Images, targets: Images) -> dict[str, Any]:
    """COCO's twelve numbers, and average precision and recall of each class.

    Per class: match at ten IoU thresholds 0.50, 0.55, ..., 0.95, take the average precision at
    101 recalls, and average; then the mean over classes (Lin et al., "Microsoft COCO", ECCV 2014;
    cocodataset.org, "Detection evaluation"). Equal to pycocotools' `COCOeval`, rule for rule:

    - A detection takes the free true box with the highest IoU; of two, the last one listed.
    - A crowd (`iscrowd`) and a box outside the area range are neither found nor missed: who
      matches one, after all others, is not counted. A crowd may be matched again and again.
    - The 100 best detections of a class in an image count; equal scores keep their order.
    - small, medium and large split areas at 32² and 96² pixels; a border belongs to both sides.

    Args:
        predictions: for each image a mapping of `boxes` (N, 4) as (x1, y1, x2, y2), `scores` (N,)
            in [0, 1], `labels` (N,), whole numbers >= 0; optionally `area` (N,).
        targets: for each image, in the same order, `boxes` (M, 4), `labels` (M,); optionally
            `iscrowd` (M,), 0 or 1, and `area` (M,), such as that of a mask. An area that is not
            given is that of the box. Arrays, lists and Torch tensors may be mixed.

    Returns:
        The numbers under torchmetrics' keys, floats in [0, 1], or -1 where there is no true box
        to find:

        - `map`, `map_50`, `map_75`: average precision over all thresholds, at 0.5 and at 0.75;
          `map_small`, `map_medium`, `map_large` by area.
        - `mar_1`, `mar_10`, `mar_100`: recall with that many detections a class and image, over
          all thresholds; `mar_small`, `mar_medium`, `mar_large` with 100.
        - `classes` (K,), every label that occurs, `map_per_class` and `mar_100_per_class` (K,):
          NumPy arrays. A class without truth has -1 and stays out of the means.

    Raises:
        ValueError: lists of different lengths, a missing key, shapes that do not fit, or an entry
            out of range; the message names the image and the row.
    """
    classes, detections, truth = read_images(
        predictions, targets, prediction_fields=("area",), target_fields=("iscrowd", "area")
    )
    outcome, scores = _coco.evaluate(detections, truth, len(classes))
    present = outcome.num_truth.T > 0  # (K, A)

    def mean(values: np.ndarray, area: int = 0) -> float:
        """Over thresholds, where they are (K, T), and over the classes that have truth."""
        values = values[present[:, area]]
        return float(values.mean()) if values.size else -1.0

    result: dict[str, Any] = {
        "map": mean(scores.precision[:, 0]),
        "map_50": mean(scores.precision[:, 0, 0]),
        "map_75": mean(scores.precision[:, 0, 5]),
    }
    for m, limit in enumerate(_coco.MAX_DETECTIONS):
        result[f"mar_{limit}"] = mean(scores.recall_of_few[:, m])
    for area, name in enumerate(_coco.AREA_NAMES[1:], start=1):
        result[f"map_{name}"] = mean(scores.precision[:, area], area)
        result[f"mar_{name}"] = mean(scores.recall[:, area], area)
    result["classes"] = classes
    result["map_per_class"] = np.where(present[:, 0], scores.precision[:, 0].mean(axis=1), -1.0)
    result["mar_100_per_class"] = np.where(present[:, 0], scores.recall[:, 0].mean(axis=1), -1.0)
    return result


def voc_average_precision(
    predictions: Images,
    targets: Images,
    *,
    iou_threshold: float = 0.5,
    method: Method = "area",
) -> dict[str, Any]:
    """Average precision as in PASCAL VOC: at one IoU threshold.

    In the order of scores, a detection belongs to the true box with the highest IoU in its image
    (of two, the first listed). It is a true positive if IoU >= iou_threshold and no detection
    came before it: a duplicate is a false positive, even where COCO would have moved it on to the
    next best box (Everingham et al., IJCV 2010, section 4.2). Boxes are continuous: the
    development kit's "+1 pixel" is not added.

    Args:
        predictions, targets: as for :py:func:`mean_average_precision`, without `iscrowd` and
            `area`. Targets may carry `difficult` (M,), 0 or 1: such a box need not be found, and
            detections of it are not counted.
        iou_threshold: in (0, 1].
        method: as for :py:func:`average_precision`.

    Returns:
        `map`, the mean over the classes that have truth, -1 without any; `classes` (K,);
        `map_per_class` (K,), -1 for a class without truth; and the curves behind them, `recall`
        and `precision`, lists of K arrays, the best score first.

    Raises:
        ValueError: as for :py:func:`mean_average_precision`, or a threshold out of range.
    """
    if not 0 < iou_threshold <= 1:
        raise ValueError(f"iou_threshold must lie in (0, 1], got {iou_threshold}")
    classes, detections, truth = read_images(predictions, targets, target_fields=("difficult",))
    matches, counted = _voc_matches(detections, truth, iou_threshold)
    num_targets = np.bincount(truth["class"][truth["difficult"] == 0], minlength=len(classes))
    recall, precision, averages = [], [], np.full(len(classes), -1.0)
    for k in range(len(classes)):
        rows = counted & (detections["class"] == k)
        curve = precision_recall_curve(
            detections["scores"][rows], matches[rows], num_targets=int(num_targets[k])
        )
        recall.append(curve[0])
        precision.append(curve[1])
        if num_targets[k]:
            averages[k] = average_precision(curve[0], curve[1], method=method)
    present = averages[num_targets > 0]
    return {
        "map": float(present.mean()) if present.size else -1.0,
        "classes": classes,
        "map_per_class": averages,
        "recall": recall,
        "precision": precision,
    }


def _voc_matches(
    detections: Table, truth: Table, iou_threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which detections are the first at their true box, and which count at all, (D,) each."""
    d, g = pairs_within_groups(detections, truth)
    iou = overlaps(detections["boxes"][d], truth["boxes"][g], np.zeros(len(d)))
    by_iou = np.lexsort((g, -iou, d))
    d, g, iou = d[by_iou], g[by_iou], iou[by_iou]
    best = (np.diff(d, prepend=-1) != 0) & (iou >= iou_threshold)
    d, g = d[best], g[best]
    counted = np.ones(len(detections["class"]), dtype=bool)
    counted[d] = truth["difficult"][g] == 0
    _, first = np.unique(g, return_index=True)  # rows stand in the order of scores
    matches = np.zeros(len(counted), dtype=bool)
    matches[d[first]] = True
    return matches, counted


def _interpolated(xp: Any, precision: Array) -> Array:
    """At each point, the highest precision from there on, (n,)."""
    falling = xp.flip(precision)
    if array_api_compat.is_torch_array(precision):  # the standard has no running maximum
        return xp.flip(xp.cummax(falling, 0).values)
    return xp.flip(np.maximum.accumulate(falling))
