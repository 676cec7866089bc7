"""How well contours agree, which the IoU of a large region hardly sees: boundary IoU."""

import math

import numpy as np

from .._validation import (
    check_binary,
    check_class_indices,
    check_label,
    check_num_classes,
    check_shape,
    check_shares,
    check_whole,
)
from ..arrays import Array, integer_arrays, like, to_numpy
from .confusion import confusion_matrix
from .metrics import iou_per_class

EXACT = 2**53  # SciPy compares in float64, which holds whole numbers up to here


def boundary_band(
    labels: Array, *, distance: int | None = None, dilation_ratio: float = 0.02
) -> Array:
    """Where a pixel of another label, or the edge of the image, is at most d pixels away.

    Distances are counted in rows or columns, whichever are more, as by d erosions with a square
    of 3 x 3 pixels: what an erosion takes away from each region is its band.

    Args:
        labels: (..., H, W) class indices, or a mask of 0 and 1.
        distance: d >= 1, in pixels; None takes `dilation_ratio`.
        dilation_ratio: d as a share, in [0, 1], of the diagonal of the image, rounded and at
            least 1 pixel: 0.02 in the reference implementation.

    Returns:
        (..., H, W) bool.

    Raises:
        ValueError: something that is no whole number, fewer than two axes, a distance below 1 or
            a ratio outside [0, 1].
    """
    _, maps = integer_arrays(labels=labels)
    d = _distance(tuple(maps.shape), distance, dilation_ratio)
    return like(maps, _band(to_numpy(maps), d))


def boundary_iou(
    predictions: Array,
    targets: Array,
    *,
    distance: int | None = None,
    dilation_ratio: float = 0.02,
) -> Array:
    """The IoU of what lies in two masks within d pixels of their own contours.

    `|P_d ∩ G_d| / |P_d ∪ G_d|`, P_d the pixels of the mask P in its :py:func:`boundary_band`, and
    G_d those of G (Cheng et al., "Boundary IoU", 2021). A mask that ends at the edge of the image
    has a contour there. Where d reaches all pixels it is the IoU.

    Args:
        predictions: (..., H, W) masks of 0 and 1.
        targets: the same shape.
        distance, dilation_ratio: as for :py:func:`boundary_band`.

    Returns:
        (...) float64 in [0, 1]; 1 where both masks are empty.

    Raises:
        ValueError: entries other than 0 and 1, shapes that differ, and as for
            :py:func:`boundary_band`.
    """
    xp, predictions, targets = integer_arrays(predictions=predictions, targets=targets)
    check_shape(predictions.shape, "one target for each prediction", targets=targets)
    check_binary(xp, predictions=predictions, targets=targets)
    d = _distance(tuple(predictions.shape), distance, dilation_ratio)
    p, g = ((m == 1) & _band(m, d) for m in (to_numpy(predictions), to_numpy(targets)))
    intersection, union = (np.count_nonzero(m, axis=(-2, -1)) for m in (p & g, p | g))
    return like(predictions, np.where(union == 0, 1.0, intersection / np.maximum(union, 1)))


def boundary_iou_per_class(
    predictions: Array,
    labels: Array,
    num_classes: int,
    *,
    distance: int | None = None,
    dilation_ratio: float = 0.02,
    ignore_index: int | None = None,
    absent: float = 1.0,
) -> Array:
    """:py:func:`boundary_iou` of each class, the pixels of all images counted together.

    Args:
        predictions: (..., H, W) predicted class indices 0 to num_classes - 1.
        labels: the same shape, true class indices, or `ignore_index`.
        num_classes: K >= 1.
        distance, dilation_ratio: as for :py:func:`boundary_band`.
        ignore_index: pixels with this label belong to no region, neither of the truth nor of the
            prediction; where they begin, both have a contour.
        absent: the value, in [0, 1], of a class with no pixel in truth or predictions.

    Returns:
        (K,) float64 in [0, 1].

    Raises:
        ValueError: as for :py:func:`confusion_matrix` and :py:func:`boundary_band`, or `absent`
            outside [0, 1].
    """
    check_num_classes(1, num_classes)
    check_shares(absent=absent)
    _, predictions, labels = integer_arrays(predictions=predictions, labels=labels)
    check_shape(predictions.shape, "one label for each prediction", labels=labels)
    d = _distance(tuple(labels.shape), distance, dilation_ratio)
    p, g = (to_numpy(m).astype(np.int64) for m in (predictions, labels))
    if ignore_index is not None:
        check_label(ignore_index=ignore_index)
        void = g == ignore_index
        p, g = (np.where(void, num_classes, m) for m in (p, g))
        check_class_indices(np, num_classes, predictions=p[~void], labels=g[~void])
        p, g = (np.where(void, num_classes, m) for m in (p, g))
    else:
        check_class_indices(np, num_classes, predictions=p, labels=g)
    # What lies in no band is of one more class, and so are ignored pixels.
    p, g = (np.where(_band(m, d), m, num_classes) for m in (p, g))
    confusion = confusion_matrix(p, g, num_classes + 1)
    return like(labels, iou_per_class(confusion, absent=absent)[:num_classes])


def _distance(shape: tuple[int, ...], distance: int | None, dilation_ratio: float) -> int:
    """d in pixels, for maps of this shape; no more than their longer side."""
    if len(shape) < 2:
        raise ValueError(f"labels and predictions must have shape (..., H, W), got {shape}")
    check_shares(dilation_ratio=dilation_ratio)
    if distance is None:
        distance = max(1, round(dilation_ratio * math.hypot(*shape[-2:])))
    check_whole(1, distance=distance)
    return min(distance, max(shape[-2:]))


def _band(maps: np.ndarray, d: int) -> np.ndarray:
    # Imported here: it takes longer than all other imports together, and few pages need it.
    from scipy import ndimage

    if maps.size == 0:
        return np.zeros(maps.shape, dtype=bool)
    if maps.dtype.itemsize == 8 and not -EXACT <= maps.min() <= maps.max() <= EXACT:
        maps = np.unique(maps, return_inverse=True)[1]
    window = {"size": (2 * d + 1,) * 2, "mode": "nearest", "axes": (-2, -1)}
    band = ndimage.minimum_filter(maps, **window) != ndimage.maximum_filter(maps, **window)
    band[..., :d, :] = band[..., -d:, :] = True
    band[..., :, :d] = band[..., :, -d:] = True
    return band
