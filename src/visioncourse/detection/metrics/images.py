"""The boxes of many images laid end to end, which is how the benchmarks walk through them.

A table is a dict of arrays with one row a box. Lists of images come in, are checked once, and go
on as two tables: no later step looks at a single image.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import array_api_compat.numpy as xp
import numpy as np

from ...arrays import to_numpy
from ..boxes import LARGEST_COORDINATE
from ..overlap import area, corners

Table = dict[str, np.ndarray]
Images = Iterable[Mapping[str, Any]]

WHOLE = "whole numbers from 0 to 2^63 - 1"


def _flag(values: np.ndarray) -> np.ndarray:
    return (values == 0) | (values == 1)


# What every field must satisfy, row by row. A NaN satisfies none of them.
RULES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "boxes": (
        f"x1, y1, x2, y2 up to {LARGEST_COORDINATE:g} in size with x2 >= x1 and y2 >= y1",
        lambda boxes: (
            (np.abs(boxes) <= LARGEST_COORDINATE) & (boxes[:, [2, 3, 2, 3]] >= boxes)
        ).all(axis=1),
    ),
    "labels": (WHOLE, lambda labels: labels >= 0),
    "scores": ("finite", np.isfinite),
    "iscrowd": ("0 or 1", _flag),
    "difficult": ("0 or 1", _flag),
    "area": ("finite and >= 0", lambda area: np.isfinite(area) & (area >= 0)),
    "mask": ("a row", np.isfinite),
}


def read_images(
    predictions: Images,
    targets: Images,
    *,
    prediction_fields: Sequence[str] = (),
    target_fields: Sequence[str] = (),
    class_agnostic: bool = False,
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
    predictions, targets = (
        list_of_images(name, images)
        for name, images in (("predictions", predictions), ("targets", targets))
    )
    if len(predictions) != len(targets):
        raise ValueError(
            "predictions and targets must list the same images, "
            f"got {len(predictions)} and {len(targets)} of them"
        )
    detections = end_to_end("predictions", predictions, ("labels", "scores"), prediction_fields)
    truth = end_to_end("targets", targets, ("labels",), target_fields)
    if class_agnostic:
        detections, truth = (_of_one_class(table) for table in (detections, truth))
    classes = np.unique(np.concatenate([detections["labels"], truth["labels"]]))
    for table in (detections, truth):
        table["class"] = np.searchsorted(classes, table["labels"])
        table["group"] = table["class"] * len(targets) + table["image"]
    by_score = np.lexsort((-detections["scores"], detections["group"]))  # stable: ties keep order
    by_group = np.argsort(truth["group"], kind="stable")
    return classes, take(detections, by_score), take(truth, by_group)


def list_of_images(name: str, images: Any) -> list[Any]:
    """The images as a list; `name` stands in the message."""
    if not isinstance(images, Mapping | str):
        with suppress(TypeError):  # a number, None
            return list(images)
    raise ValueError(f"{name} must be a list with one mapping for each image, got {images!r:.80}")


def end_to_end(
    name: str,
    images: Sequence[Mapping[str, Any]],
    required: Sequence[str],
    optional: Sequence[str] = (),
) -> Table:
    """Check a list of images and lay its boxes end to end, in the order given.

    `name` stands in the messages; every image has `boxes` and the required fields. The column
    `image` says where a row comes from, `place` counts the rows of all images. Labels
    are int64, everything else is float64.
    """
    fields = ("boxes", *required, *optional)
    parts: dict[str, list[np.ndarray]] = {field: [] for field in fields}
    counts, without_area = [], []
    for index, image in enumerate(images):
        boxes = _boxes(name, index, image)
        n = len(boxes)
        counts.append(n)
        parts["boxes"].append(boxes)
        for field in fields[1:]:
            if field in optional and _lacks(image, field):
                parts[field].append(np.zeros(n))
            else:
                parts[field].append(_column(name, index, field, image, n))
        without_area.append("area" in optional and _lacks(image, "area"))
    table = {field: _joined(field, arrays) for field, arrays in parts.items()}
    table["image"] = np.repeat(np.arange(len(counts)), counts)
    table["place"] = np.arange(len(table["image"]))
    for field in fields:
        expected, satisfied = RULES[field]
        _check_rows(name, field, table[field], expected, satisfied, table["image"])
    if "area" in optional:
        lacking = np.repeat(np.array(without_area, dtype=bool), counts)
        table["area"] = np.where(lacking, area(corners(xp, table["boxes"])), table["area"])
    return table


def _of_one_class(table: Table) -> Table:
    """All labels 0, the boxes of each image in the order of their classes, as COCO has them."""
    table = take(table, np.lexsort((table["labels"], table["image"])))
    return table | {"labels": np.zeros_like(table["labels"])}


def take(table: Table, rows: np.ndarray) -> Table:
    """The chosen rows of every column."""
    return {name: column[rows] for name, column in table.items()}


def _boxes(name: str, index: int, image: Mapping[str, Any]) -> np.ndarray:
    boxes = _array(name, index, "boxes", image)
    if boxes.size == 0:
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name}[{index}]['boxes'] must have shape (N, 4), got {boxes.shape}")
    return boxes


def _column(name: str, index: int, field: str, image: Mapping[str, Any], n: int) -> np.ndarray:
    array = _array(name, index, field, image)
    if array.shape != (n,):
        raise ValueError(
            f"{name}[{index}]['{field}'] must have shape ({n},) (one entry for each box or mask), "
            f"got {array.shape}"
        )
    if field == "labels" and array.dtype != np.int64:
        # Before they become int64, which could not tell them from others.
        _check_rows(name, field, array, WHOLE, _is_index, np.full(n, index))
        array = array.astype(np.int64)
    return array


def _is_index(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind != "f":
        return (values >= 0) & (values < 2**63)
    # From 2^53 on (in float32 from 2^24) a float is not the only whole number that it stands for.
    limit = 2 / float(np.finfo(values.dtype).eps)
    return (values >= 0) & (values < limit) & (values == np.floor(values))


def _lacks(image: Mapping[str, Any], field: str) -> bool:
    return field not in image or image[field] is None


def area_of(image: Mapping[str, Any], otherwise: np.ndarray) -> Any:
    """The area that is given, or another."""
    return otherwise if _lacks(image, "area") else image["area"]


def entry_of(name: str, index: int, field: str, image: Mapping[str, Any]) -> Any:
    """What an image has under a key that it must have."""
    try:
        return image[field]
    except (KeyError, TypeError, IndexError, ValueError):
        raise ValueError(
            f"{name}[{index}] must be a mapping with the key '{field}', got {image!r:.80}"
        ) from None


def _array(name: str, index: int, field: str, image: Mapping[str, Any]) -> np.ndarray:
    value = entry_of(name, index, field, image)
    try:
        array = to_numpy(value)
    except (ValueError, TypeError, RuntimeError) as error:  # such as rows of different lengths
        raise ValueError(f"{name}[{index}]['{field}'] must be an array, got {error}") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(
            f"{name}[{index}]['{field}'] must hold real numbers, got dtype {array.dtype}"
        )
    return array


def _joined(field: str, arrays: list[np.ndarray]) -> np.ndarray:
    empty = np.zeros((0, 4) if field == "boxes" else 0, dtype=np.int64)
    dtype = np.int64 if field == "labels" else np.float64
    return np.concatenate([empty, *arrays], dtype=dtype)


def _check_rows(
    name: str,
    field: str,
    column: np.ndarray,
    expected: str,
    satisfied: Callable[[np.ndarray], np.ndarray],
    image: np.ndarray,
) -> None:
    wrong = np.flatnonzero(~satisfied(column))
    if wrong.size:
        index = image[wrong[0]]
        row = wrong[0] - np.searchsorted(image, index)
        got = column[wrong[0]].tolist()
        raise ValueError(f"{name}[{index}]['{field}'] must be {expected}, got {got} in row {row}")
