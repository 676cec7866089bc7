"""Entries of COCO's lists, checked one by one and laid out as the columns of images."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..detection.boxes import LARGEST_COORDINATE
from ..segmentation.polygons import runs_of_polygons
from ..segmentation.rle import rle_of_runs, runs_of_rle
from ..segmentation.runs import Runs
from .json_entries import FilePath, number, whole

RANGES = {"iscrowd": (0, 1), "area": (0, math.inf), "score": (-math.inf, math.inf)}

Row = tuple[float, ...]  # image index, category id, x, y, w, h, further fields


def box_rows(
    path: FilePath,
    part: str,
    entries: Sequence[Any],
    image_ids: Sequence[int],
    fields: Sequence[str],
    runs: Runs | None = None,
) -> list[Row]:
    """A row for each entry; boxes and areas that it lacks are those of its mask in `runs`."""
    index_of = {image_id: index for index, image_id in enumerate(image_ids)}
    areas = None if runs is None else runs.area.tolist()
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
        if box is None and runs is not None:
            x1, y1, x2, y2 = runs.boxes[index].tolist()
            box = [x1, y1, x2 - x1, y2 - y1]
        x, y, w, h = _box(where, box)
        defaults = {"area": w * h if areas is None else areas[index], "iscrowd": 0}
        further = [number(where, field, entry.get(field, defaults.get(field))) for field in fields]
        for field, value in zip(fields, further, strict=True):
            low, high = RANGES[field]
            if not low <= value <= high:
                raise ValueError(f"{where}: {field} must be in [{low}, {high:g}], got {value}")
        rows.append((index_of[image_id], category, x, y, w, h, *further))
    return rows


def _box(where: str, box: Any) -> list[float]:
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError(f"{where}: bbox must be [x, y, w, h], got {box!r:.80}")
    x, y, w, h = (number(where, "bbox", value) for value in box)
    if w < 0 or h < 0:
        raise ValueError(f"{where}: bbox must have w, h >= 0, got {box}")
    if max(abs(x), abs(y), x + w, y + h) > LARGEST_COORDINATE:
        raise ValueError(f"{where}: bbox must be up to {LARGEST_COORDINATE:g}, got {box}")
    return [x, y, w, h]


def read_segmentations(
    path: FilePath, part: str, entries: Sequence[Any], sizes: Mapping[int, tuple[int, int]]
) -> Runs:
    """The mask of each entry, from polygons or an encoding; `sizes` are those of image ids."""

    def where(index: int) -> str:
        return f"{path}, {part}[{index}]: segmentation"

    encoded, outlined = [], []
    for index, entry in enumerate(entries):
        image_id = whole(f"{path}, {part}[{index}]", entry, "image_id")
        given = entry.get("segmentation")
        if not isinstance(given, list | dict) or not given:
            raise ValueError(f"{where(index)} must be polygons or an encoding, got {given!r:.80}")
        if isinstance(given, list) and image_id not in sizes:
            raise ValueError(f"{where(index)} needs height and width of image {image_id}")
        (outlined if isinstance(given, list) else encoded).append(index)
    parts = [
        runs_of_rle(
            [entries[index]["segmentation"] for index in encoded], lambda row: where(encoded[row])
        ),
        runs_of_polygons(
            [entries[index]["segmentation"] for index in outlined],
            np.array([sizes[int(entries[i]["image_id"])] for i in outlined]).reshape(-1, 2),
            lambda row: where(outlined[row]),
        ),
    ]
    for row, index in enumerate(encoded):
        size = tuple(parts[0].sizes[row].tolist())
        expected = sizes.get(int(entries[index]["image_id"]), size)
        if size != expected:
            raise ValueError(
                f"{where(index)} must be of its image's height and width, {expected}, got {size}"
            )
    return Runs.joined(parts).taken(np.argsort([*encoded, *outlined], kind="stable"))


def split_by_image(
    rows: Sequence[Row], num_images: int, fields: Sequence[str], runs: Runs | None = None
) -> list[dict[str, Any]]:
    """For each image, its boxes in the order of the file."""
    order = sorted(range(len(rows)), key=lambda row: rows[row][0])  # stable
    rows = [rows[row] for row in order]
    labels = np.array([row[1] for row in rows], dtype=np.int64)  # which float64 would round
    image = np.array([row[0] for row in rows], dtype=np.int64)
    table = np.array([row[2:] for row in rows], dtype=np.float64).reshape(-1, 4 + len(fields))
    area = table[:, 2] * table[:, 3]  # not from x2, y2, which are rounded
    table[:, 2:4] += table[:, :2]  # w, h become x2, y2
    columns: dict[str, Any] = {"boxes": table[:, :4], "labels": labels, "area": area}
    if runs is not None:
        masks = rle_of_runs(runs)
        columns |= {"area": runs.area[order].astype(np.float64)}
        columns |= {"masks": [masks[row] for row in order]}
    columns |= {field: table[:, 4 + column] for column, field in enumerate(fields)}
    ends = np.searchsorted(image, np.arange(num_images + 1))
    return [
        {field: column[start:end] for field, column in columns.items()}
        for start, end in pairwise(ends)
    ]
