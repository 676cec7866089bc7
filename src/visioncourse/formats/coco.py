"""COCO's JSON: annotations of images, and results of a detector."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..detection.metrics.images import Table, end_to_end

FilePath = str | PathLike[str]
Images = Sequence[Mapping[str, Any]]
HIGHEST = {"iscrowd": 1, "area": math.inf, "score": 1}

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
    """Read COCO's annotations of boxes; without `iscrowd` a box is none, `area` is then the box's.

    Raises:
        ValueError: no JSON, or an entry that cannot be right: a box of negative size, an unknown
            image or category, an id that occurs twice.
    """
    data = _read_json(path)
    parts = ("images", "categories", "annotations")
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in parts):
        raise ValueError(f"{path} must hold an object with the lists {', '.join(parts)}")
    images, categories = (_by_id(path, key, data[key]) for key in parts[:2])
    rows = _box_rows(path, "annotations", data["annotations"], list(images), ("iscrowd", "area"))
    for index, row in enumerate(rows):
        if row[1] not in categories:
            raise ValueError(f"{path}, annotations[{index}]: unknown category_id {row[1]}")
    return CocoTruth(
        images=list(images.values()),
        categories={key: str(entry.get("name", key)) for key, entry in categories.items()},
        targets=_split_by_image(rows, len(images), ("iscrowd", "area")),
    )


def read_coco_results(path: FilePath, image_ids: Sequence[int]) -> list[dict[str, np.ndarray]]:
    """Read a detector's boxes in COCO's format of results.

    Args:
        path: the file.
        image_ids: the images in the order of the result, such as `CocoTruth.image_ids`.

    Returns:
        For each image `boxes` (N, 4) as (x1, y1, x2, y2), `labels` (N,) category ids, `scores`
        (N,) and `area` (N,); no rows for an image without detections.

    Raises:
        ValueError: no JSON, an entry that cannot be right, or an image that is not in `image_ids`.
    """
    data = _read_json(path)
    if not isinstance(data, list):
        raise ValueError(f"{path} must hold a list of results, got {type(data).__name__}")
    rows = _box_rows(path, "results", data, image_ids, ("score",))
    return _split_by_image(rows, len(image_ids), ("scores",))


def write_coco(path: FilePath, truth: CocoTruth) -> None:
    """Write annotations for :py:func:`read_coco` and pycocotools; their ids count from 1.

    Raises:
        ValueError: targets that `mean_average_precision` would not take, or not one an image,
            or a label without a category.
    """
    table = end_to_end("targets", truth.targets, ("labels",), ("iscrowd", "area"))
    unknown = set(table["labels"].tolist()) - set(truth.categories)
    if unknown:
        raise ValueError(f"truth.categories must name every label, got none for {min(unknown):g}")
    annotations = _entries(table, truth.image_ids, len(truth.targets), "targets")
    for row, entry in enumerate(annotations):
        entry |= {"id": row + 1, "iscrowd": int(table["iscrowd"][row])}
        entry["area"] = float(table["area"][row])
    categories = [{"id": key, "name": name} for key, name in truth.categories.items()]
    data = {"images": list(truth.images), "categories": categories, "annotations": annotations}
    Path(path).write_text(json.dumps(data), encoding="utf-8")


def write_coco_results(path: FilePath, predictions: Images, image_ids: Sequence[int]) -> None:
    """Write predictions in COCO's format of results; `image_ids` names the image of each.

    Raises:
        ValueError: predictions that `mean_average_precision` would not take, or not one an image.
    """
    table = end_to_end("predictions", predictions, ("labels", "scores"))
    results = _entries(table, image_ids, len(predictions), "predictions")
    for entry, score in zip(results, table["scores"].tolist(), strict=True):
        entry["score"] = score
    Path(path).write_text(json.dumps(results), encoding="utf-8")


def _by_id(path: FilePath, part: str, entries: Sequence[Any]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for index, entry in enumerate(entries):
        where = f"{path}, {part}[{index}]"
        key = _whole(where, entry, "id")
        if key in found:
            raise ValueError(f"{where}: id {key} occurs twice")
        found[key] = {**entry, "id": key}
    return dict(sorted(found.items()))


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
        image_id = _whole(where, entry, "image_id")
        if image_id not in index_of:
            raise ValueError(f"{where}: unknown image_id {image_id}")
        category = _whole(where, entry, "category_id")
        box = entry.get("bbox")
        if not isinstance(box, list) or len(box) != 4:
            raise ValueError(f"{where}: bbox must be [x, y, w, h], got {box!r:.80}")
        x, y, w, h = (_number(where, "bbox", value) for value in box)
        if w < 0 or h < 0:
            raise ValueError(f"{where}: bbox must have w, h >= 0, got {box}")
        defaults = {"area": w * h, "iscrowd": 0}
        further = [_number(where, field, entry.get(field, defaults.get(field))) for field in fields]
        for field, number in zip(fields, further, strict=True):
            if not 0 <= number <= HIGHEST[field]:
                raise ValueError(f"{where}: {field} must be in [0, {HIGHEST[field]}], got {number}")
        rows.append((index_of[image_id], category, x, y, w, h, *further))
    return rows


def _split_by_image(
    rows: Sequence[Row], num_images: int, fields: Sequence[str]
) -> list[dict[str, np.ndarray]]:
    """For each image, its boxes in the order of the file."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 6 + len(fields))
    table = table[np.argsort(table[:, 0], kind="stable")]
    area = table[:, 4] * table[:, 5]  # not from x2, y2, which are rounded
    table[:, 4:6] += table[:, 2:4]  # w, h become x2, y2
    table = np.column_stack([table, area])
    ends = np.searchsorted(table[:, 0], np.arange(1, num_images))
    return [
        {
            "boxes": part[:, 2:6],
            "labels": part[:, 1].astype(np.int64),
            "area": part[:, -1],
            **{field: part[:, 6 + column] for column, field in enumerate(fields)},
        }
        for part in np.split(table, ends)[:num_images]
    ]


def _entries(
    table: Table, image_ids: Sequence[int], num_images: int, name: str
) -> list[dict[str, Any]]:
    """What annotations and results have in common, an entry for each box."""
    if len(image_ids) != num_images:
        raise ValueError(
            f"{name} must be one for each of {len(image_ids)} images, got {num_images}"
        )
    if len(set(image_ids)) != num_images:
        raise ValueError("image_ids must differ from each other, got one of them twice")
    boxes = table["boxes"].copy()
    boxes[:, 2:] -= boxes[:, :2]
    return [
        {"image_id": int(image_ids[image]), "category_id": int(label), "bbox": box}
        for image, label, box in zip(table["image"], table["labels"], boxes.tolist(), strict=True)
    ]


def _whole(where: str, entry: Any, field: str) -> int:
    if not isinstance(entry, dict) or field not in entry:
        raise ValueError(f"{where}: must be an object with '{field}', got {entry!r:.80}")
    number = _number(where, field, entry[field])
    if number != int(number):
        raise ValueError(f"{where}: {field} must be a whole number, got {number}")
    return int(number)


def _number(where: str, field: str, value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{where}: {field} must be a finite number, got {value!r:.80}")
    return value


def _read_json(path: FilePath) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: no JSON, {error.msg}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: no UTF-8 text at byte {error.start}") from None
