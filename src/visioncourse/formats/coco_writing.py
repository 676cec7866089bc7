"""Writing COCO's JSON, with all that was read beside the boxes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..arrays import to_numpy
from ..detection.metrics.images import Table, end_to_end, list_of_images
from ..detection.metrics.mask_images import with_boxes_of_masks
from ..segmentation.rle import rle_of_runs
from .coco import OPTIONAL, read_ids
from .json_entries import FilePath
from .truth import CocoTruth, Images, check_truth


def write_coco(path: FilePath, truth: CocoTruth) -> None:
    """Write annotations for :py:func:`read_coco` and pycocotools.

    Ids, segmentations and what else `truth.annotations` says are kept; other ids count from 1.
    Targets with `masks` get a run-length encoding where no segmentation was read.

    Raises:
        ValueError: targets that `mean_average_precision` would not take, or not one an image,
            annotations that are not one a box, a label without a category, an id that is no whole
            number or occurs twice, or something that JSON cannot hold.
    """
    check_truth(truth)
    targets, masks = _with_masks("targets", truth.targets)
    table = end_to_end("targets", targets, ("labels",), OPTIONAL)
    category_ids = read_ids("truth.categories", truth.categories)
    unknown = set(table["labels"].tolist()) - set(category_ids)
    if unknown:
        raise ValueError(f"truth.categories must name every label, got none for {min(unknown)}")
    try:
        image_ids = read_ids("truth.image_ids", truth.image_ids)
    except (KeyError, TypeError):
        raise ValueError("truth.images must be mappings with an 'id' each") from None
    annotations = _entries(table, image_ids, len(targets), "targets")
    originals = _originals(truth, table)
    numbers = _free_numbers(originals)
    for row, (entry, original) in enumerate(zip(annotations, originals, strict=True)):
        entry |= {"iscrowd": int(table["iscrowd"][row]), "area": float(table["area"][row])}
        if masks is not None:
            entry |= {"segmentation": masks[row]}
        kept = {key: value for key, value in original.items() if key not in entry}
        kept |= {key: original[key] for key in ("segmentation",) if original.get(key)}
        if _same_box(original.get("bbox"), table["boxes"][row].tolist()):
            kept["bbox"] = original["bbox"]  # x + w - x may be rounded
        entry |= kept
        if entry.get("id") is None:
            entry["id"] = next(numbers)
    names = zip(category_ids, truth.categories.items(), strict=True)
    data = {
        **truth.header,
        "images": list(truth.images),
        "categories": [
            {**truth.category_entries.get(key, {}), "id": number, "name": name}
            for number, (key, name) in names
        ],
        "annotations": annotations,
    }
    Path(path).write_text(_json("truth", data), encoding="utf-8")


def write_coco_results(path: FilePath, predictions: Images, image_ids: Sequence[int]) -> None:
    """Write predictions in COCO's format of results; `image_ids` names the image of each.

    Predictions with `masks` are written as masks, without boxes, as COCO wants them.

    Raises:
        ValueError: predictions that `mean_average_precision` would not take, or not one an image,
            or an id of an image that is no whole number or occurs twice.
    """
    predictions, masks = _with_masks("predictions", predictions)
    table = end_to_end("predictions", predictions, ("labels", "scores"))
    results = _entries(table, read_ids("image_ids", image_ids), len(predictions), "predictions")
    for row, (entry, score) in enumerate(zip(results, table["scores"].tolist(), strict=True)):
        entry["score"] = score
        if masks is not None:
            del entry["bbox"]
            entry["segmentation"] = masks[row]
    Path(path).write_text(_json("predictions", results), encoding="utf-8")


def _with_masks(name: str, images: Images) -> tuple[Images, list[dict[str, Any]] | None]:
    """The images, with boxes where only masks are given, and the encodings of all masks."""
    images = list_of_images(name, images)
    if not any(isinstance(image, Mapping) and "masks" in image for image in images):
        return images, None
    boxed, runs = with_boxes_of_masks(name, images)
    given = ({"boxes": image["boxes"]} if "boxes" in image else {} for image in images)
    return [image | own for image, own in zip(boxed, given, strict=True)], rle_of_runs(runs)


def _originals(truth: CocoTruth, table: Table) -> list[Mapping[str, Any]]:
    """What was read for each box, nothing where nothing was."""
    num_boxes = len(table["labels"])
    if truth.annotations is None:
        return [{}] * num_boxes
    counts = [0] * len(truth.targets)
    for image in table["image"].tolist():
        counts[image] += 1
    if [len(entries) for entries in truth.annotations] != counts:
        raise ValueError(
            f"truth.annotations must be one for each box, {counts!r:.80} an image, "
            f"got {[len(entries) for entries in truth.annotations]!r:.80}"
        )
    return [entry for entries in truth.annotations for entry in entries]


def _free_numbers(originals: Sequence[Mapping[str, Any]]) -> Any:
    """1, 2, 3, ... without the ids that are taken; refuse one that is taken twice."""
    taken = set()
    for entry in originals:
        key = entry.get("id")
        if key is not None and key in taken:
            raise ValueError(f"truth.annotations must have ids that differ, got {key!r} twice")
        taken.add(key)
    return (n for n in range(1, len(originals) + len(taken) + 2) if n not in taken)


def _same_box(bbox: Any, box: list[float]) -> bool:
    if not isinstance(bbox, list) or len(bbox) != 4:
        return False
    x, y, w, h = bbox
    return [x, y, w + x, h + y] == box


def _json(name: str, data: Any) -> str:
    try:
        return json.dumps(data, default=lambda value: to_numpy(value).tolist())
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold what JSON can, got {error}") from None


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
