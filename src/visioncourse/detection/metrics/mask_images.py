"""Images whose objects are masks: read once into runs, compared by the pixels they share."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..._validation import check_binary
from ...arrays import to_numpy
from ...segmentation.rle import runs_of_rle
from ...segmentation.runs import Runs
from .images import Images, Table, area_of, entry_of, list_of_images
from .pairs import PairIou


def with_boxes_of_masks(name: str, images: Images) -> tuple[list[dict[str, Any]], Runs]:
    """The images with the boxes and areas of their masks, and the masks of all of them.

    `mask` is the row of an object's mask. An area that is given stays.
    """
    images = list_of_images(name, images)
    parts: list[Runs] = []
    counts: list[int] = []
    encodings: list[Any] = []  # that wait for the next array, or the end
    places: list[tuple[int, int]] = []
    for index, image in enumerate(images):
        masks = entry_of(name, index, "masks", image)
        if isinstance(masks, list | tuple) and all(isinstance(mask, Mapping) for mask in masks):
            encodings += masks
            places += [(index, row) for row in range(len(masks))]
        else:
            parts.append(_encoded(name, encodings, places))
            encodings, places = [], []
            masks = _dense(name, index, masks)
            parts.append(Runs.of_masks(masks))
        counts.append(len(masks))
    runs = Runs.joined([*parts, _encoded(name, encodings, places)])
    ends = np.cumsum(counts, dtype=np.int64)
    return [
        {
            **image,
            "boxes": runs.boxes[end - count : end],
            "area": area_of(image, runs.area[end - count : end]),
            "mask": np.arange(end - count, end),
        }
        for image, count, end in zip(images, counts, ends.tolist(), strict=True)
    ], runs


def mask_iou_of_pairs(detections: Table, truth: Table, found: Runs, true: Runs) -> PairIou:
    """The IoU of the masks of row d and row g, for pairs (P,) and (P,); of a crowd as COCO's."""
    mine, its = (table["mask"].astype(np.int64) for table in (detections, truth))
    boxes, true_boxes = detections["boxes"], truth["boxes"]
    crowd = truth["iscrowd"] != 0

    def of_pairs(d: np.ndarray, g: np.ndarray) -> np.ndarray:
        _check_sizes(detections["image"][d], found.sizes[mine[d]], true.sizes[its[g]])
        near = (boxes[d, :2] < true_boxes[g, 2:]) & (true_boxes[g, :2] < boxes[d, 2:])
        near = np.flatnonzero(near.all(axis=1))
        iou = np.zeros(len(d))
        d, g = mine[d[near]], g[near]
        both = found.intersections(true, d, its[g])
        whole = found.area[d] + np.where(crowd[g], 0, true.area[its[g]] - both)
        iou[near] = both / whole  # masks whose boxes overlap have pixels
        return iou

    return of_pairs


def _check_sizes(image: np.ndarray, mine: np.ndarray, its: np.ndarray) -> None:
    other = np.flatnonzero((mine != its).any(axis=1))
    if other.size:
        pair = other[0]
        raise ValueError(
            f"predictions[{image[pair]}]['masks'] must be as large as those of targets, "
            f"{its[pair].tolist()}, got {mine[pair].tolist()}"
        )


def _encoded(name: str, encodings: list[Any], places: list[tuple[int, int]]) -> Runs:
    def where(row: int) -> str:
        index, place = places[row]
        return f"{name}[{index}]['masks'][{place}]"

    return runs_of_rle(encodings, where)


def _dense(name: str, index: int, masks: Any) -> np.ndarray:
    where = f"{name}[{index}]['masks']"
    try:
        array = to_numpy(masks)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"{where} must be an array, got {error}") from None
    if array.ndim != 3 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"{where} must have shape (N, H, W), or be encodings, "
            f"got shape {array.shape} of {array.dtype}"
        )
    check_binary(np, **{where: array})
    return array != 0
