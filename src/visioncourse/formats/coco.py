"""COCO's JSON: annotations of images, and results of a detector."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import to_numpy
from ..detection.boxes import LARGEST_COORDINATE
from ..detection.metrics.images import Table, end_to_end, list_of_images
from .json_entries import FilePath, by_id, check_distinct, number, read_json, whole

Images = Sequence[Mapping[str, Any]]
OPTIONAL = ("iscrowd", "area")
RANGES = {"iscrowd": (0, 1), "area": (0, math.inf), "score": (-math.inf, math.inf)}

Row = tuple[float, ...]  # image index, category id, x, y, w, h, further fields


@dataclass(frozen=True)
class CocoTruth:
    """The images, categories and boxes of a COCO file.

    Attributes:
        images: the entries of the file, by ascending `id`.
        categories: the name of each category id.
        targets: for each image `boxes` (M, 4) as (x1, y1, x2, y2), `labels` (M,) category ids,
            `iscrowd` (M,) and `area` (M,), as `mean_average_precision` takes them.
    """

    images: Sequence[Mapping[str, Any]]
    categories: Mapping[int, str]
    targets: Images

    @property
    def image_ids(self) -> list[int]:
        """The `id` of each image, ascending."""
        return [image["id"] for image in self.images]


def read_coco(path: FilePath) -> CocoTruth:
    """Read COCO's annotations of boxes.

    A box without `iscrowd` is no crowd, and one without `area` has the area of its rectangle.

    Raises:
        ValueError: no JSON, or an entry that cannot be right: a box of negative size, an unknown
            image or category, an id that occurs twice.
    """
    data = read_json(path)
    parts = ("images", "categories", "annotations")
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in parts):
        raise ValueError(f"{path} must hold an object with the lists {', '.join(parts)}")
    images, categories = (by_id(path, key, data[key]) for key in parts[:2])
    check_distinct(path, "annotations", data["annotations"])
    rows = _box_rows(path, "annotations", data["annotations"], list(images), OPTIONAL)
    for index, row in enumerate(rows):
        if row[1] not in categories:
            raise ValueError(f"{path}, annotations[{index}]: unknown category_id {row[1]}")
    return CocoTruth(
        images=list(images.values()),
        categories={key: str(entry.get("name", key)) for key, entry in categories.items()},
        targets=_split_by_image(rows, len(images), OPTIONAL),
    )


def read_coco_results(path: FilePath, image_ids: Sequence[int]) -> list[dict[str, np.ndarray]]:
    """Read a detector's boxes in COCO's format of results.

    Args:
        path: the file.
        image_ids: the images in the order of the result, such as `CocoTruth.image_ids`; whole
            numbers, no two the same.

    Returns:
        For each image `boxes` (N, 4) as (x1, y1, x2, y2), `labels` (N,) category ids, `scores`
        (N,) and `area` (N,); no rows for an image without detections.

    Raises:
        ValueError: no JSON, an entry that cannot be right, an image that is not in `image_ids`, or
            an id that is in it twice.
    """
    image_ids = _ids("image_ids", image_ids)
    data = read_json(path)
    if not isinstance(data, list):
        raise ValueError(f"{path} must hold a list of results, got {type(data).__name__}")
    rows = _box_rows(path, "results", data, image_ids, ("score",))
    return _split_by_image(rows, len(image_ids), ("scores",))


def write_coco(path: FilePath, truth: CocoTruth) -> None:
    """Write annotations for :py:func:`read_coco` and pycocotools; their ids count from 1.

    Raises:
        ValueError: targets that `mean_average_precision` would not take, or not one an image, a
            label without a category, an id that is no whole number or occurs twice, or an entry of
            `truth.images` that JSON cannot hold.
    """
    table = end_to_end("targets", list_of_images("targets", truth.targets), ("labels",), OPTIONAL)
    category_ids = _ids("truth.categories", truth.categories)
    unknown = set(table["labels"].tolist()) - set(category_ids)
    if unknown:
        raise ValueError(f"truth.categories must name every label, got none for {min(unknown)}")
    try:
        image_ids = _ids("truth.image_ids", truth.image_ids)
    except (KeyError, TypeError):
        raise ValueError("truth.images must be mappings with an 'id' each") from None
    annotations = _entries(table, image_ids, len(truth.targets), "targets")
    for row, entry in enumerate(annotations):
        entry |= {"id": row + 1, "iscrowd": int(table["iscrowd"][row])}
        entry["area"] = float(table["area"][row])
    names = zip(category_ids, truth.categories.values(), strict=True)
    data = {
        "images": list(truth.images),
        "categories": [{"id": key, "name": name} for key, name in names],
        "annotations": annotations,
    }
    Path(path).write_text(_json("truth", data), encoding="utf-8")


def write_coco_results(path: FilePath, predictions: Images, image_ids: Sequence[int]) -> None:
    """Write predictions in COCO's format of results; `image_ids` names the image of each.

    Raises:
        ValueError: predictions that `mean_average_precision` would not take, or not one an image,
            or an id of an image that is no whole number or occurs twice.
    """
    predictions = list_of_images("predictions", predictions)
    table = end_to_end("predictions", predictions, ("labels", "scores"))
    results = _entries(table, _ids("image_ids", image_ids), len(predictions), "predictions")
    for entry, score in zip(results, table["scores"].tolist(), strict=True):
        entry["score"] = score
    Path(path).write_text(_json("predictions", results), encoding="utf-8")


def _ids(name: str, ids: Any) -> list[int]:
    """Whole numbers of any kind, no two the same, as Python's."""
    ids = list(ids) if isinstance(ids, Iterable) else [ids]
    numbers = [_whole_or_none(value) for value in ids]
    for value, known in zip(ids, numbers, strict=True):
        if known is None:
            raise ValueError(f"{name} must be whole numbers, got {value!r:.80}")
    twice = [known for known, count in Counter(numbers).items() if count > 1]
    if twice:
        raise ValueError(f"{name} must differ from each other, got {twice[0]} twice")
    return numbers


def _whole_or_none(value: Any) -> int | None:
    try:
        return int(value) if int(value) == value else None
    except (TypeError, ValueError, OverflowError):
        return None


def _json(name: str, data: Any) -> str:
    try:
        return json.dumps(data, default=lambda value: to_numpy(value).tolist())
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold what JSON can, got {error}") from None


def _box_rows(
    path: FilePath,
    part: str,
    entries: Sequence[Any],
    image_ids: Sequence[int],
    fields: Sequence[str],
) -> list[Row]:
    index_of = {image_id: index for index, image_id in enumerate(image_ids)}
    rows = []
    for index, entry in enumerate(entries):
        where = f"{path}, {part}[{index}]"
        image_id = whole(where, entry, "image_id")
        if image_id not in index_of:
            raise ValueError(f"{where}: unknown image_id {image_id}")
        category = whole(where, entry, "category_id")
        if not -(2**63) <= category < 2**63:
            raise ValueError(f"{where}: category_id must fit into 64 bits, got {category}")
        box = entry.get("bbox")
        if not isinstance(box, list) or len(box) != 4:
            raise ValueError(f"{where}: bbox must be [x, y, w, h], got {box!r:.80}")
        x, y, w, h = (number(where, "bbox", value) for value in box)
        if w < 0 or h < 0:
            raise ValueError(f"{where}: bbox must have w, h >= 0, got {box}")
        if max(abs(x), abs(y), x + w, y + h) > LARGEST_COORDINATE:
            raise ValueError(f"{where}: bbox must be up to {LARGEST_COORDINATE:g}, got {box}")
        defaults = {"area": w * h, "iscrowd": 0}
        further = [number(where, field, entry.get(field, defaults.get(field))) for field in fields]
        for field, value in zip(fields, further, strict=True):
            low, high = RANGES[field]
            if not low <= value <= high:
                raise ValueError(f"{where}: {field} must be in [{low}, {high:g}], got {value}")
        rows.append((index_of[image_id], category, x, y, w, h, *further))
    return rows


def _split_by_image(
    rows: Sequence[Row], num_images: int, fields: Sequence[str]
) -> list[dict[str, np.ndarray]]:
    """For each image, its boxes in the order of the file."""
    rows = sorted(rows, key=lambda row: row[0])  # stable
    labels = np.array([row[1] for row in rows], dtype=np.int64)  # which float64 would round
    image = np.array([row[0] for row in rows], dtype=np.int64)
    table = np.array([row[2:] for row in rows], dtype=np.float64).reshape(-1, 4 + len(fields))
    area = table[:, 2] * table[:, 3]  # not from x2, y2, which are rounded
    table[:, 2:4] += table[:, :2]  # w, h become x2, y2
    columns = {"boxes": table[:, :4], "labels": labels, "area": area}
    columns |= {field: table[:, 4 + column] for column, field in enumerate(fields)}
    ends = np.searchsorted(image, np.arange(num_images + 1))
    return [
        {field: column[start:end] for field, column in columns.items()}
        for start, end in pairwise(ends)
    ]


def _entries(
    table: Table, image_ids: Sequence[int], num_images: int, name: str
) -> list[dict[str, Any]]:
    """What annotations and results have in common, an entry for each box."""
    if len(image_ids) != num_images:
        raise ValueError(
            f"{name} must be one for each of {len(image_ids)} images, got {num_images}"
        )
    boxes = table["boxes"].copy()
    boxes[:, 2:] -= boxes[:, :2]
    return [
        {"image_id": image_ids[image], "category_id": label, "bbox": box}
        for image, label, box in zip(
            *(column.tolist() for column in (table["image"], table["labels"], boxes)), strict=True
        )
    ]
