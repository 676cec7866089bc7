"""Panoptic quality: one number for which objects were found and how well they were drawn.

Kirillov et al., "Panoptic Segmentation", 2019. The rules for void pixels and crowds are those of
COCO's `panopticapi`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from .._validation import (
    check_binary,
    check_class_indices,
    check_label,
    check_num_classes,
    check_shape,
)
from ..arrays import Array, integer_arrays, to_numpy
from ..results import Result
from .masks import read_stuff
from .tables import ClassTable, read_class_names


@dataclass(frozen=True, eq=False, repr=False)
class PanopticQuality(Result):
    """Matched and unmatched segments, counted by class; the scores are properties, and a mapping.

    Those of several images add up with `+` or `sum` to that of all images together; scores do not.

    Attributes:
        iou_sum: (K,) the IoUs of the matched pairs of each class, added up.
        tp: (K,) matched pairs.
        fp: (K,) predicted segments without a partner.
        fn: (K,) true segments without a partner.
        things: (K,) whether the objects of the class are told apart.
    """

    iou_sum: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    things: np.ndarray

    keys_ = ("pq", "sq", "rq", "pq_things", "pq_stuff", "pq_per_class")

    def __add__(self, other: "PanopticQuality") -> "PanopticQuality":
        if not isinstance(other, PanopticQuality):
            return NotImplemented
        if not np.array_equal(self.things, other.things):
            raise ValueError(
                "results must have the same classes and things to add up, got things "
                f"{np.flatnonzero(self.things).tolist()} of {len(self.things)} and "
                f"{np.flatnonzero(other.things).tolist()} of {len(other.things)}"
            )
        return PanopticQuality(
            self.iou_sum + other.iou_sum,
            self.tp + other.tp,
            self.fp + other.fp,
            self.fn + other.fn,
            self.things,
        )

    def __radd__(self, start: int) -> "PanopticQuality":
        return self if isinstance(start, int) and start == 0 else NotImplemented  # for `sum`

    @property
    def pq_per_class(self) -> np.ndarray:
        """Σ IoU / (TP + ½ FP + ½ FN), (K,) in [0, 1]; NaN for a class without segments."""
        return _ratio(self.iou_sum, self.tp + (self.fp + self.fn) / 2)

    @property
    def sq_per_class(self) -> np.ndarray:
        """The segmentation quality Σ IoU / TP of each class, (K,); 0 where nothing matched."""
        absent = self.tp + self.fp + self.fn == 0
        return np.where(absent, np.nan, self.iou_sum / np.maximum(self.tp, 1))

    @property
    def rq_per_class(self) -> np.ndarray:
        """The recognition quality TP / (TP + ½ FP + ½ FN) of each class, (K,), an F1 score."""
        return _ratio(self.tp, self.tp + (self.fp + self.fn) / 2)

    @property
    def pq(self) -> float:
        """The mean of `pq_per_class` over the classes that occur; 0 for none."""
        return _mean(self.pq_per_class)

    @property
    def sq(self) -> float:
        """The mean of `sq_per_class`. The product of two means is not the mean of products."""
        return _mean(self.sq_per_class)

    @property
    def rq(self) -> float:
        """The mean of `rq_per_class`."""
        return _mean(self.rq_per_class)

    @property
    def pq_things(self) -> float:
        """The mean of `pq_per_class` over the things that occur."""
        return _mean(self.pq_per_class[self.things])

    @property
    def pq_stuff(self) -> float:
        """The mean of `pq_per_class` over the stuff that occurs."""
        return _mean(self.pq_per_class[~self.things])

    def table(self, class_names: Sequence[str] | None = None) -> ClassTable:
        """PQ, SQ and RQ of each class, and their means; none for a class without segments.

        Args:
            class_names: K names; None shows the indices.

        Raises:
            ValueError: not K names.
        """
        names = read_class_names(class_names, len(self.things))
        scores = {"PQ": self.pq_per_class, "SQ": self.sq_per_class, "RQ": self.rq_per_class}
        columns = {
            name: tuple(None if np.isnan(value) else value for value in values.tolist())
            for name, values in scores.items()
        }
        return ClassTable(names, columns)


def panoptic_quality(
    predictions: Array,
    labels: Array,
    num_classes: int,
    *,
    stuff: Collection[int] = (0,),
    ignore_index: int | None = None,
    crowd: Array | None = None,
) -> PanopticQuality:
    """Match predicted and true segments of each image, and count.

    A **segment** is an object of a thing, or all pixels of one stuff class in an image. Two
    segments of one class match if their IoU is above ½; no segment can match two, because the
    segments of a map do not overlap. Pixels whose truth is void count in no IoU, and a segment
    that matches nothing and lies to more than half in void pixels, or in the crowd of its class,
    is no mistake.

    Args:
        predictions: (..., H, W, 2) for each pixel its class and the number of its object, any
            whole number, which is ignored for stuff. A class of `ignore_index` is no prediction.
        labels: the same shape, truth.
        num_classes: K >= 1.
        stuff: classes whose objects are not told apart; all others are things.
        ignore_index: the class of void pixels.
        crowd: (..., H, W) of 0 and 1: where 1, the pixel lies in a region of its class whose
            objects were not told apart, COCO's `iscrowd`. Such a region is never missed.

    Returns:
        A :py:class:`PanopticQuality`.

    Raises:
        ValueError: something that is no whole number or out of range, or shapes that differ.
    """
    check_num_classes(1, num_classes)
    ground = read_stuff(stuff)
    if max(ground, default=0) >= num_classes:
        raise ValueError(f"stuff must be classes below {num_classes}, got {max(ground)}")
    if ignore_index is not None:
        check_label(ignore_index=ignore_index)
    xp, predictions, labels = integer_arrays(predictions=predictions, labels=labels)
    if labels.ndim < 3 or labels.shape[-1] != 2:
        raise ValueError(f"labels must have shape (..., H, W, 2), got {tuple(labels.shape)}")
    check_shape(labels.shape, "as labels", predictions=predictions)
    regions = np.zeros(labels.shape[:-1], dtype=np.int64)
    if crowd is not None:
        xp, crowd = integer_arrays(labels, crowd=crowd)
        check_binary(xp, crowd=crowd)
        check_shape(labels.shape[:-1], "one for each pixel of labels", crowd=crowd)
        regions = to_numpy(crowd, dtype=np.int64)
    things = ~np.isin(np.arange(num_classes), list(ground))
    maps = [
        _without_void(name, to_numpy(given, dtype=np.int64), num_classes, ignore_index)
        for name, given in (("predictions", predictions), ("labels", labels))
    ]
    counts = np.zeros((4, num_classes))
    for image in np.ndindex(labels.shape[:-3]):
        counts += _match(maps[0][image], maps[1][image], regions[image], things)
    iou_sum, (tp, fp, fn) = counts[0], counts[1:].astype(np.int64)
    return PanopticQuality(iou_sum, tp, fp, fn, things)


def _without_void(name: str, pixels: np.ndarray, void: int, ignore_index: int | None) -> np.ndarray:
    """The map with the class K for void; all other classes are checked."""
    classes = pixels[..., 0]
    ignored = (
        np.zeros(classes.shape, dtype=bool) if ignore_index is None else classes == ignore_index
    )
    check_class_indices(np, void, **{name: classes[~ignored]})
    return np.stack([np.where(ignored, void, classes), pixels[..., 1]], axis=-1)


def _match(
    predicted: np.ndarray, true: np.ndarray, crowd: np.ndarray, things: np.ndarray
) -> np.ndarray:
    """The sum of IoUs, TP, FP and FN of one image: (4, K).

    Kinds of segments: the classes 0 to K - 1, K for void, and K + 1 + k for the crowd of class k.
    """
    void = len(things)
    kinds = np.where((crowd == 1) & (true[..., 0] < void), void + 1 + true[..., 0], true[..., 0])
    p, p_kind = _segments(predicted[..., 0], predicted[..., 1], things)
    t, t_kind = _segments(kinds, true[..., 1], things)
    shape = (len(t_kind), len(p_kind))
    both = np.bincount(t * shape[1] + p, minlength=shape[0] * shape[1]).reshape(shape)
    in_void = both[t_kind == void].sum(axis=0)
    in_crowd = np.where(t_kind[:, None] == void + 1 + p_kind, both, 0).sum(axis=0)
    union = both.sum(axis=1)[:, None] + both.sum(axis=0) - in_void - both
    # 2·both > union is IoU > ½ without a division.
    matches = (t_kind < void)[:, None] & (t_kind[:, None] == p_kind) & (2 * both > union)
    missed = (t_kind < void) & ~matches.any(axis=1)
    excused = 2 * (in_void + in_crowd) > both.sum(axis=0)
    invented = (p_kind < void) & ~matches.any(axis=0) & ~excused
    rows, columns = np.nonzero(matches)
    iou = both[rows, columns] / union[rows, columns]
    return np.stack([
        np.bincount(t_kind[rows], iou, minlength=void),
        *(np.bincount(k, minlength=void) for k in (t_kind[rows], p_kind[invented], t_kind[missed])),
    ])  # fmt: skip


def _segments(
    kinds: np.ndarray, numbers: np.ndarray, things: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The segment of each pixel, counted from 0, and the kind of each segment."""
    kinds, numbers = kinds.ravel(), np.unique(numbers, return_inverse=True)[1].ravel()
    is_thing = np.append(things, np.zeros(len(things) + 1, dtype=bool))
    key = kinds * (numbers.max(initial=0) + 1) + np.where(is_thing[kinds], numbers, 0)
    _, first, segments = np.unique(key, return_index=True, return_inverse=True)
    return segments.ravel(), kinds[first]


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)


def _mean(scores: np.ndarray) -> float:
    """Over the classes that occur, as COCO takes it."""
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if known.size else 0.0
