"""The boxes of many images laid end to end, which is how the benchmarks walk through them.

A table is a dict of arrays with one row a box. Lists of images come in, are checked once, and go
on as two tables: no later step looks at a single image.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import array_api_compat
import numpy as np

Table = dict[str, np.ndarray]


def _in_range(values: np.ndarray) -> np.ndarray:
    return (values >= 0) & (values <= 1)


def _flag(values: np.ndarray) -> np.ndarray:
    return (values == 0) | (values == 1)


# What every field must satisfy, row by row. A NaN satisfies none of them.
RULES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "boxes": (
        "x1, y1, x2, y2 below 1e150 with x2 >= x1 and y2 >= y1",  # the area must be a number
        lambda boxes: ((np.abs(boxes) < 1e150) & (boxes[:, [2, 3, 2, 3]] >= boxes)).all(axis=1),
    ),
    "labels": (
        "whole numbers >= 0",
        lambda labels: (labels >= 0) & (labels < 2**53) & (labels == np.floor(labels)),
    ),
    "scores": ("in [0, 1]", _in_range),
    "iscrowd": ("0 or 1", _flag),
    "difficult": ("0 or 1", _flag),
    "area": ("finite and >= 0", lambda area: np.isfinite(area) & (area >= 0)),
}


def read_images(
    predictions: Sequence[Mapping[str, Any]],
    targets: Sequence[Mapping[str, Any]],
    *,
    prediction_fields: Sequence[str] = (),
    target_fields: Sequence[str] = (),
) -> tuple[np.ndarray, Table, Table]:
    """Check both lists of images and lay them out as tables sorted by class, then image.

    Args:
        predictions, targets: one mapping an image.
        prediction_fields, target_fields: the optional fields to read besides boxes, labels and
            scores. Where an image lacks one, `area` is that of its boxes and a flag is 0.

    Returns:
        classes (K,), every label that occurs, ascending; then the detections, the best score
        first within a class and image, and the truth. Added columns are `class`, an index into
        `classes`, and `group`, which numbers the pairs of class and image.
    """
    if len(predictions) != len(targets):
        raise ValueError(
            "predictions and targets must list the same images, "
            f"got {len(predictions)} and {len(targets)} of them"
        )
    detections = end_to_end("predictions", predictions, ("labels", "scores"), prediction_fields)
    truth = end_to_end("targets", targets, ("labels",), target_fields)
    classes = np.unique(np.concatenate([detections["labels"], truth["labels"]]))
    for table in (detections, truth):
        table["class"] = np.searchsorted(classes, table["labels"])
        table["group"] = table["class"] * len(targets) + table["image"]
    by_score = np.lexsort((-detections["scores"], detections["group"]))  # stable: ties keep order
    by_group = np.argsort(truth["group"], kind="stable")
    return classes.astype(np.int64), take(detections, by_score), take(truth, by_group)


def end_to_end(
    name: str,
    images: Sequence[Mapping[str, Any]],
    required: Sequence[str],
    optional: Sequence[str] = (),
) -> Table:
    """Check a list of images and lay its boxes end to end, in the order given.

    `name` stands in the messages; every image has `boxes` and the required fields. The column
    `image` says where a row comes from.
    """
    parts: dict[str, list[np.ndarray]] = {field: [] for field in ("boxes", *required, *optional)}
    counts, absent = [], {field: [] for field in optional}
    for index, image in enumerate(images):
        boxes = _array(name, index, "boxes", image)
        if boxes.size == 0:
            boxes = boxes.reshape(0, 4)
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ValueError(
                f"{name}[{index}]['boxes'] must have shape (N, 4), got {tuple(boxes.shape)}"
            )
        n = len(boxes)
        counts.append(n)
        parts["boxes"].append(boxes)
        for field in required:
            parts[field].append(_column(name, index, field, image, n))
        for field in optional:
            present = image.get(field) is not None
            absent[field].append(not present)
            parts[field].append(_column(name, index, field, image, n) if present else np.zeros(n))
    empty = {field: np.zeros((0, 4) if field == "boxes" else 0) for field in parts}
    table = {
        field: np.concatenate([empty[field], *arrays], dtype=np.float64)
        for field, arrays in parts.items()
    }
    table["image"] = np.repeat(np.arange(len(counts)), counts)
    for field in parts:
        _check_rows(name, field, table[field], table["image"])
    if "area" in absent:
        lacking = np.repeat(np.array(absent["area"], dtype=bool), counts)
        table["area"] = np.where(lacking, box_areas(table["boxes"]), table["area"])
    return table


def take(table: Table, rows: np.ndarray) -> Table:
    """The chosen rows of every column."""
    return {name: column[rows] for name, column in table.items()}


def positions_in_runs(keys: np.ndarray) -> np.ndarray:
    """For sorted keys, the place of each entry among its equals: 0, 1, 2, 0, 0, 1, ..."""
    return np.arange(len(keys)) - np.searchsorted(keys, keys, side="left")


def pairs_within_groups(detections: Table, truth: Table) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of a detection and a true box of the same class and image, as row indices."""
    first = np.searchsorted(truth["group"], detections["group"], side="left")
    counts = np.searchsorted(truth["group"], detections["group"], side="right") - first
    d = np.repeat(np.arange(len(counts)), counts)  # (P,)
    g = np.arange(len(d)) - np.repeat(np.cumsum(counts) - counts - first, counts)
    return d, g


def overlaps(boxes: np.ndarray, true_boxes: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """IoU of row i with row i, (P,); a crowd's divides by the area of the detection alone.

    A detection lies inside a crowd as far as its own area does: COCO's `iscrowd`.
    """
    sides = np.minimum(boxes[:, 2:], true_boxes[:, 2:])
    sides -= np.maximum(boxes[:, :2], true_boxes[:, :2])  # (P, 2)
    intersection = np.maximum(sides[:, 0], 0) * np.maximum(sides[:, 1], 0)
    area = box_areas(boxes)
    union = np.where(crowd != 0, area, area + box_areas(true_boxes) - intersection)
    return np.divide(intersection, union, out=np.zeros(len(union)), where=intersection > 0)


def box_areas(boxes: np.ndarray) -> np.ndarray:
    """Areas (P,) of boxes (P, 4)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _column(name: str, index: int, field: str, image: Mapping[str, Any], n: int) -> np.ndarray:
    array = _array(name, index, field, image)
    if array.shape != (n,):
        raise ValueError(
            f"{name}[{index}]['{field}'] must have shape ({n},) (one entry for each box), "
            f"got {tuple(array.shape)}"
        )
    return array


def _array(name: str, index: int, field: str, image: Mapping[str, Any]) -> np.ndarray:
    try:
        value = image[field]
    except (KeyError, TypeError, IndexError):
        raise ValueError(
            f"{name}[{index}] must be a mapping with the key '{field}', got {image!r:.80}"
        ) from None
    if array_api_compat.is_torch_array(value):
        value = value.detach().cpu().double()  # NumPy has no bfloat16
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name}[{index}]['{field}'] must be an array, got {error}") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(
            f"{name}[{index}]['{field}'] must hold real numbers, got dtype {array.dtype}"
        )
    return array


def _check_rows(name: str, field: str, column: np.ndarray, image: np.ndarray) -> None:
    expectation, satisfied = RULES[field]
    wrong = np.flatnonzero(~satisfied(column))
    if wrong.size:
        index = image[wrong[0]]
        row = wrong[0] - np.searchsorted(image, index)
        got = column[wrong[0]].tolist()
        raise ValueError(
            f"{name}[{index}]['{field}'] must be {expectation}, got {got} in row {row}"
        )
