"""Which box belongs to which: anchors to truth, and duplicates to the detection they repeat."""

from typing import Literal

import array_api_compat
import array_api_compat.numpy as numpy_namespace
import numpy as np

from .._validation import check_probabilities, check_shape, check_shares
from ..arrays import Array, float_arrays
from . import overlap
from ._suppression import suppress
from .boxes import _pairwise, box_arrays

BACKGROUND = -1
IGNORED = -2


def assign_anchors(
    anchors: Array,
    boxes: Array,
    *,
    foreground_threshold: float = 0.5,
    background_threshold: float = 0.4,
    allow_low_quality: bool = True,
) -> Array:
    """Which true box each anchor shall learn to predict.

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
        ValueError: as for :py:func:`.box_iou`, or thresholds out of range or order.
    """
    check_shares(
        foreground_threshold=foreground_threshold, background_threshold=background_threshold
    )
    if foreground_threshold < background_threshold:
        raise ValueError(
            "foreground_threshold must be at least background_threshold, "
            f"got {foreground_threshold} < {background_threshold}"
        )
    iou = _pairwise(overlap.iou, anchors=anchors, boxes=boxes)  # (A, M)
    xp, device = array_api_compat.array_namespace(iou), array_api_compat.device(iou)
    background = xp.full(iou.shape[0], BACKGROUND, dtype=xp.int64, device=device)
    if iou.shape[0] == 0 or iou.shape[1] == 0:
        return background
    best = xp.max(iou, axis=1)
    assigned = xp.where(best < background_threshold, background, IGNORED)
    assigned = xp.where(best >= foreground_threshold, xp.argmax(iou, axis=1), assigned)
    if not allow_low_quality:
        return assigned
    taken = (iou == xp.max(iou, axis=0)) & (iou > 0)  # (A, M)
    strongest = xp.argmax(xp.where(taken, iou, 0.0), axis=1)
    return xp.where(xp.any(taken, axis=1), strongest, assigned)


def nms(boxes: Array, scores: Array, *, iou_threshold: float) -> Array:
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
        ValueError: as for :py:func:`.box_area`, scores or a threshold outside [0, 1], or
            shapes that do not fit.
    """
    boxes, scores, like = _detections(boxes, scores)
    check_shares(iou_threshold=iou_threshold)
    return _as(like, suppress(boxes, scores, iou_threshold))


def batched_nms(boxes: Array, scores: Array, labels: Array, *, iou_threshold: float) -> Array:
    """Non-maximum suppression within each class: boxes of two classes leave each other alone.

    Args:
        boxes, scores, iou_threshold: as for :py:func:`nms`.
        labels: (N,) whole numbers, the class (or the image, or both in one number) of each box.

    Returns:
        (K,) integers, indices of the kept boxes of all classes, the best score first; equal scores
        keep their order.

    Raises:
        ValueError: as for :py:func:`nms`, or labels that are not whole numbers.
    """
    boxes, scores, like = _detections(boxes, scores)
    check_shares(iou_threshold=iou_threshold)
    _, labels = float_arrays(labels=_on_host(labels))
    check_shape(scores.shape, "one label for each box", labels=labels)
    if np.any(labels != np.floor(labels)):
        wrong = labels[labels != np.floor(labels)][0]
        raise ValueError(f"labels must be whole numbers, got {wrong:g}")
    kept = np.zeros(len(scores), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        kept[members[suppress(boxes[members], scores[members], iou_threshold)]] = True
    kept = np.flatnonzero(kept)
    return _as(like, kept[np.argsort(-scores[kept], kind="stable")])


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
        ValueError: as for :py:func:`nms`, an unknown method, or a sigma that is not positive.
    """
    boxes, scores, like = _detections(boxes, scores)
    check_shares(iou_threshold=iou_threshold, score_threshold=score_threshold)
    if method not in ("linear", "gaussian"):
        raise ValueError(f"method must be 'linear' or 'gaussian', got {method!r}")
    if not 0 < sigma < np.inf:
        raise ValueError(f"sigma must be a finite number > 0, got {sigma}")

    scores = scores.copy()
    left = np.flatnonzero(scores >= score_threshold)
    kept = []
    while len(left):
        best = left[np.argmax(scores[left])]
        kept.append(best)
        left = left[left != best]
        iou = overlap.matrix(numpy_namespace, overlap.iou, boxes[best][None], boxes[left])[0]
        if method == "linear":
            scores[left] *= np.where(iou >= iou_threshold, 1 - iou, 1.0)
        else:
            scores[left] *= np.exp(-(iou**2) / sigma)
        left = left[scores[left] >= score_threshold]
    chosen = np.asarray(kept, dtype=np.int64)
    xp = array_api_compat.array_namespace(like)
    return _as(like, chosen), xp.astype(_as(like, scores[chosen]), like.dtype)


def _detections(boxes: Array, scores: Array) -> tuple[np.ndarray, np.ndarray, Array]:
    """Checked boxes (N, 4) and scores (N,) in NumPy's float64, and the scores as they came."""
    xp, boxes, scores = float_arrays(boxes=boxes, scores=scores)
    _, boxes = box_arrays(boxes=boxes)
    if boxes.ndim != 2:
        raise ValueError(f"boxes must have shape (N, 4), got {tuple(boxes.shape)}")
    check_shape(boxes.shape[:1], "one score for each box", scores=scores)
    check_probabilities(xp, scores=scores)
    return _on_host(boxes), _on_host(scores), scores


def _on_host(array: Array) -> np.ndarray:
    if array_api_compat.is_torch_array(array):
        array = array.detach().cpu().double()  # NumPy has no bfloat16
    return np.asarray(array, dtype=np.float64)


def _as(like: Array, array: np.ndarray) -> Array:
    """A NumPy array in the library and on the device of another."""
    xp = array_api_compat.array_namespace(like)
    return xp.asarray(array, device=array_api_compat.device(like))
