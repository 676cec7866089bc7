"""Which box belongs to which: anchors to truth, and duplicates to the detection they repeat."""

from typing import Any, Literal

import array_api_compat
import array_api_compat.numpy as numpy_namespace
import numpy as np

from .._validation import (
    check_ndim,
    check_one_of,
    check_positive,
    check_probabilities,
    check_shape,
    check_shares,
)
from ..arrays import Array, float_arrays, integer_arrays, like, to_numpy, wide_arrays
from . import overlap
from .boxes import box_arrays
from .suppression import suppress

BACKGROUND = -1
IGNORED = -2

BLOCK_PAIRS = 2**20  # of an anchor and a box, in memory at once


def assign_anchors(
    anchors: Array,
    boxes: Array,
    *,
    foreground_threshold: float = 0.5,
    background_threshold: float = 0.4,
    allow_low_quality: bool = True,
) -> Array:
    """Which true box each anchor shall learn to predict, by three rules.

    Rules 1 and 2 are :eq:`eq-anchor-thresholds`, rule 3 is :eq:`eq-anchor-low-quality`.

    1. An anchor takes the box with which its IoU is highest, if that is >= foreground_threshold.
    2. It is background if that is < background_threshold, and ignored in between.
    3. With `allow_low_quality`, every box also takes the anchor with the highest IoU for it (all
       of them in a tie), whatever rules 1 and 2 gave to that anchor. An anchor taken by several
       boxes goes to the one with the highest IoU. A box that overlaps no anchor takes none.

    Of equal IoUs the box with the lower index wins. The defaults are RetinaNet's (Lin et al. 2017,
    section 4; it does without rule 3); region proposals use 0.7 and 0.3 with rule 3 (Ren et al.
    2015, section 3.1.2). In torchvision, rule 3 lets an anchor keep the box it overlaps most, so
    that a true box may stay without one.

    Args:
        anchors: (A, 4) as x1, y1, x2, y2.
        boxes: (M, 4) truth, likewise.
        foreground_threshold, background_threshold: in [0, 1], the first not below the second.
        allow_low_quality: whether rule 3 holds.

    Returns:
        (A,) integers, an index into `boxes`, -1 for background, -2 for an anchor to be ignored.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, another shape, or
            thresholds out of range or order.
    """
    check_shares(
        foreground_threshold=foreground_threshold, background_threshold=background_threshold
    )
    if foreground_threshold < background_threshold:
        raise ValueError(
            "foreground_threshold must be at least background_threshold, "
            f"got {foreground_threshold} < {background_threshold}"
        )
    xp, anchors, boxes = box_arrays(anchors=anchors, boxes=boxes)
    check_ndim(2, "(n, 4)", anchors=anchors, boxes=boxes)
    if array_api_compat.is_torch_array(anchors):  # a choice has no gradient
        anchors, boxes = anchors.detach(), boxes.detach()
    if anchors.shape[0] == 0 or boxes.shape[0] == 0:
        return _background(xp, anchors)
    step = max(1, BLOCK_PAIRS // boxes.shape[0])
    blocks = [anchors[start : start + step] for start in range(0, anchors.shape[0], step)]
    best, choice, peaks = _highest(xp, blocks, boxes)
    assigned = xp.where(best < background_threshold, _background(xp, anchors), IGNORED)
    assigned = xp.where(best >= foreground_threshold, choice, assigned)
    if allow_low_quality:
        claims = _claims(xp, blocks, boxes, peaks)
        assigned = xp.where(claims == BACKGROUND, assigned, claims)
    return assigned


def _background(xp: Any, anchors: Array) -> Array:
    device = array_api_compat.device(anchors)
    return xp.full(anchors.shape[0], BACKGROUND, dtype=xp.int64, device=device)


def _highest(xp: Any, blocks: list[Array], boxes: Array) -> tuple[Array, Array, Array]:
    """The highest IoU of each anchor (A,), its box (A,), and that of each box in each block.

    The matrix (A, M) is never there as a whole.
    """
    overlaps = (overlap.matrix(xp, overlap.iou, block, boxes) for block in blocks)
    peaks = [(xp.max(iou, axis=1), xp.argmax(iou, axis=1), xp.max(iou, axis=0)) for iou in overlaps]
    best, choice, of_boxes = zip(*peaks, strict=True)
    return xp.concat(best), xp.concat(choice), xp.stack(of_boxes)


def _claims(xp: Any, blocks: list[Array], boxes: Array, peaks: Array) -> Array:
    """Rule 3: the box that takes an anchor (A,), -1 for none; `peaks` (blocks, M) say where."""
    highest = xp.max(peaks, axis=0)  # (M,)
    claims = []
    for block, peak in zip(blocks, peaks, strict=True):
        claims.append(_background(xp, block))
        if xp.any((peak == highest) & (peak > 0)):
            iou = overlap.matrix(xp, overlap.iou, block, boxes)
            taken = (iou == highest) & (iou > 0)
            strongest = xp.argmax(xp.where(taken, iou, 0.0), axis=1)
            claims[-1] = xp.where(xp.any(taken, axis=1), strongest, claims[-1])
    return xp.concat(claims)


def nms(boxes: Array, scores: Array, iou_threshold: float) -> Array:
    """Non-maximum suppression: the detections that repeat no better one.

    Walk through the boxes, the best score first; keep a box unless its IoU with a kept one is
    above the threshold. Equal scores keep their order. IoUs are computed in float64.

    Args:
        boxes: (N, 4) as x1, y1, x2, y2.
        scores: (N,) in [0, 1].
        iou_threshold: in [0, 1]; a box with exactly this IoU stays.

    Returns:
        (K,) integers, indices of the kept boxes, the best score first.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, scores or a
            threshold outside [0, 1], or shapes that do not fit.
    """
    check_shares(iou_threshold=iou_threshold)
    reference, rows, scores = _detections(boxes, scores)
    return like(reference, suppress(rows, scores, iou_threshold))


def batched_nms(boxes: Array, scores: Array, labels: Array, iou_threshold: float) -> Array:
    """Non-maximum suppression within each class: boxes of two classes leave each other alone.

    Args:
        boxes, scores, iou_threshold: as for :py:func:`nms`.
        labels: (N,) whole numbers, the class (or the image, or both in one number) of each box.

    Returns:
        (K,) integers, indices of the kept boxes of all classes, the best score first; equal scores
        keep their order.

    Raises:
        ValueError: the errors of :py:func:`nms`, or labels that are not whole numbers.
    """
    check_shares(iou_threshold=iou_threshold)
    reference, rows, scores = _detections(boxes, scores)
    _, labels = integer_arrays(labels=_on_host(labels))
    check_shape(scores.shape, "one label for each box", labels=labels)
    _, groups = np.unique(labels, return_inverse=True)
    return like(reference, suppress(rows, scores, iou_threshold, groups))


def soft_nms(
    boxes: Array,
    scores: Array,
    *,
    method: Literal["linear", "gaussian"] = "linear",
    iou_threshold: float = 0.3,
    sigma: float = 0.5,
    score_threshold: float = 0.001,
) -> tuple[Array, Array]:
    """Non-maximum suppression that lowers scores instead of removing boxes.

    Again and again the box with the highest score is kept, and each one that is left has its score
    multiplied by a factor of their IoU (Bodla et al. 2017, "Soft-NMS", section 3):

    - "linear": 1 - IoU where IoU >= iou_threshold, else 1;
    - "gaussian": exp(-IoU² / sigma).

    Of equal scores the box with the lower index goes first.

    Args:
        boxes: (N, 4) as x1, y1, x2, y2.
        scores: (N,) in [0, 1].
        method: which factor.
        iou_threshold: in [0, 1], for "linear".
        sigma: > 0, for "gaussian".
        score_threshold: in [0, 1]; a box whose score falls below it is removed.

    Returns:
        (K,) integers, indices of the boxes in the order they were kept, and (K,) their lowered
        scores, which do not increase.

    Raises:
        ValueError: the errors of :py:func:`nms`, an unknown method, or a sigma that is not > 0.
    """
    check_shares(iou_threshold=iou_threshold, score_threshold=score_threshold)
    check_one_of(("linear", "gaussian"), method=method)
    check_positive(sigma=sigma)
    _, dtype, _, _ = wide_arrays(boxes=boxes, scores=scores)
    reference, rows, lowered = _detections(boxes, scores)
    left = np.flatnonzero(lowered >= score_threshold)
    kept = []
    while len(left):
        best = left[np.argmax(lowered[left])]
        kept.append(best)
        left = left[left != best]
        iou = overlap.matrix(numpy_namespace, overlap.iou, rows[best][None], rows[left])[0]
        if method == "linear":
            lowered[left] *= np.where(iou >= iou_threshold, 1 - iou, 1.0)
        else:
            lowered[left] *= np.exp(-(iou**2) / sigma)
        left = left[lowered[left] >= score_threshold]
    chosen = np.asarray(kept, dtype=np.int64)
    return like(reference, chosen), like(reference, lowered[chosen], dtype)


def _detections(boxes: Any, scores: Any) -> tuple[Array, np.ndarray, np.ndarray]:
    """An array in the library of the result; checked boxes (N, 4) and scores (N,) in float64."""
    _, _, reference, _ = wide_arrays(boxes=boxes, scores=scores)
    # From the caller's own arrays: whole coordinates may have more digits than Torch's float32.
    _, rows = box_arrays(boxes=_on_host(boxes))
    xp, values = float_arrays(scores=_on_host(scores))
    check_ndim(2, "(N, 4)", boxes=rows)
    check_shape(rows.shape[:1], "one score for each box", scores=values)
    check_probabilities(xp, scores=values)
    return reference, rows.astype(np.float64), values.astype(np.float64)


def _on_host(array: Any) -> Any:
    return to_numpy(array) if array_api_compat.is_array_api_obj(array) else array
