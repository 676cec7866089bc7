"""The confusion matrix: counted from label maps, or read as it is given."""

from typing import Any

import array_api_compat

from .._validation import (
    check_class_indices,
    check_finite,
    check_label,
    check_num_classes,
    check_shape,
)
from ..arrays import Array, float_arrays, integer_arrays, without_gradient

BLOCK_PIXELS = 32768  # two blocks of int64 labels and their sums stay in the processor's cache


def confusion_matrix(
    predictions: Array, labels: Array, num_classes: int, *, ignore_index: int | None = None
) -> Array:
    """How often each true class was predicted as each class.

    Matrices of several images add up to the matrix of all of them. With the arguments exchanged,
    in scikit-learn's order, the result would be the transpose.

    Args:
        predictions: (...) predicted class indices 0 to num_classes - 1.
        labels: the same shape, true class indices, or `ignore_index`.
        num_classes: K >= 1.
        ignore_index: pixels with this label are left out (255 in PASCAL VOC), whatever their
            prediction is.

    Returns:
        (K, K) int64, rows are truth, columns are predictions; zeros for no pixel.

    Raises:
        ValueError: something that is no whole number or out of range, or shapes that differ.
    """
    check_num_classes(1, num_classes)
    if ignore_index is not None:
        check_label(ignore_index=ignore_index)
    xp, predictions, labels = integer_arrays(predictions=predictions, labels=labels)
    check_shape(predictions.shape, "one label for each prediction", labels=labels)
    predictions, labels = xp.reshape(predictions, (-1,)), xp.reshape(labels, (-1,))
    counts = xp.zeros(num_classes**2, dtype=xp.int64, device=array_api_compat.device(labels))
    # A block no shorter than the K² counts that it adds up: K does not multiply the time.
    length = max(BLOCK_PIXELS, num_classes**2)
    for start in range(0, labels.shape[0], length):
        block = slice(start, start + length)
        predicted = xp.astype(predictions[block], xp.int64, copy=False)
        true = xp.astype(labels[block], xp.int64, copy=False)
        if ignore_index is not None:
            keep = true != ignore_index
            predicted, true = predicted[keep], true[keep]
        _check_classes(xp, num_classes, predicted, true, ignore_index)
        counts += xp.bincount(true * num_classes + predicted, minlength=num_classes**2)
    return xp.reshape(counts, (num_classes, num_classes))


def read_confusion(
    predictions: Array, labels: Array | None, num_classes: int | None, ignore_index: int | None
) -> tuple[Any, Array]:
    """The namespace and the (K, K) float64 counts, from either kind of arguments."""
    if (labels is None) != (num_classes is None) or (labels is None and ignore_index is not None):
        raise ValueError(
            "expected predictions, labels and num_classes, or a confusion matrix alone, got "
            f"labels {'missing' if labels is None else 'given'}, num_classes={num_classes}, "
            f"ignore_index={ignore_index}"
        )
    if labels is not None:
        confusion = confusion_matrix(predictions, labels, num_classes, ignore_index=ignore_index)
        xp = array_api_compat.array_namespace(confusion)
        return xp, xp.astype(confusion, xp.float64)
    confusion = predictions
    if array_api_compat.is_array_api_obj(confusion):
        xp = array_api_compat.array_namespace(confusion)
        if xp.isdtype(confusion.dtype, ("integral", "real floating")):
            # Torch's default float32 would lose counts above 2²⁴.
            confusion = xp.astype(without_gradient(confusion), xp.float64)
    xp, confusion = float_arrays(confusion=confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"a confusion matrix must have shape (K, K), got {tuple(confusion.shape)}")
    check_finite(xp, confusion=confusion)
    if xp.any(confusion < 0):
        raise ValueError(f"a confusion matrix must be >= 0, got {xp.min(confusion).item():g}")
    return xp, confusion


def _check_classes(
    xp: Any, num_classes: int, predictions: Array, labels: Array, ignore_index: int | None
) -> None:
    try:
        check_class_indices(xp, num_classes, predictions=predictions, labels=labels)
    except ValueError as error:
        if ignore_index is not None and xp.any(predictions == ignore_index):
            raise ValueError(f"{error}; predictions come first, labels second") from None
        raise
