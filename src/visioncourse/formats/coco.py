"""Reading COCO's JSON: annotations of images, and results of a detector."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from .coco_entries import box_rows, read_segmentations, split_by_image
from .json_entries import FilePath, by_id, check_distinct, read_json
from .truth import CocoTruth

OPTIONAL = ("iscrowd", "area")
PARTS = ("images", "categories", "annotations")


def read_coco(path: FilePath, *, masks: bool = False) -> CocoTruth:
    """Read COCO's annotations of boxes, and of masks where they are asked for.

    A box without `iscrowd` is no crowd, and one without `area` has the area of its rectangle, or
    of its mask. A file without `annotations`, as those of test sets, has images without boxes.

    Args:
        path: the file.
        masks: True adds `masks` to the targets, run-length encodings of what `segmentation` holds;
            polygons are filled as by pycocotools, which needs `height` and `width` of the image.

    Raises:
        ValueError: no JSON, or an entry that cannot be right: a box of negative size, an unknown
            image or category, an id that occurs twice, a segmentation that is none.
    """
    data = read_json(path)
    if isinstance(data, dict):
        data = {"annotations": [], **data}
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in PARTS):
        raise ValueError(f"{path} must hold an object with the lists {', '.join(PARTS)}")
    images, categories = (by_id(path, key, data[key]) for key in PARTS[:2])
    entries = data["annotations"]
    check_distinct(path, "annotations", entries)
    runs = read_segmentations(path, "annotations", entries, _sizes(images)) if masks else None
    rows = box_rows(path, "annotations", entries, list(images), OPTIONAL, runs)
    for index, row in enumerate(rows):
        if row[1] not in categories:
            raise ValueError(f"{path}, annotations[{index}]: unknown category_id {row[1]}")
    of_image: list[list[dict[str, Any]]] = [[] for _ in images]
    for row, entry in zip(rows, entries, strict=True):
        of_image[int(row[0])].append(entry)
    return CocoTruth(
        images=list(images.values()),
        categories={key: str(entry.get("name", key)) for key, entry in categories.items()},
        targets=split_by_image(rows, len(images), OPTIONAL, runs),
        annotations=of_image,
        category_entries=categories,
        header={key: value for key, value in data.items() if key not in PARTS},
    )


def read_coco_results(
    path: FilePath,
    image_ids: Sequence[int],
    *,
    category_ids: Sequence[int] | None = None,
    masks: bool = False,
) -> list[dict[str, Any]]:
    """Read a detector's boxes, or masks, in COCO's format of results.

    Args:
        path: the file.
        image_ids: the images in the order of the result, such as `CocoTruth.image_ids`; whole
            numbers, no two the same.
        category_ids: those that may occur, such as `CocoTruth.category_ids`: finds a network's
            numbers of classes in their place; None allows all.
        masks: True reads `segmentation`; boxes that are not given are those of the masks.

    Returns:
        For each image `boxes` (N, 4) as (x1, y1, x2, y2), `labels` (N,) category ids, `scores`
        (N,) of any range and `area` (N,), and `masks`, N encodings; no rows for an image without
        detections.

    Raises:
        ValueError: no JSON, an entry that cannot be right, an image that is not in `image_ids`, a
            category that is not in `category_ids`, or an image's id that is in it twice.
    """
    image_ids = read_ids("image_ids", image_ids)
    known = None if category_ids is None else set(read_ids("category_ids", category_ids))
    data = read_json(path)
    if not isinstance(data, list):
        raise ValueError(f"{path} must hold a list of results, got {type(data).__name__}")
    runs = read_segmentations(path, "results", data, {}) if masks else None
    rows = box_rows(path, "results", data, image_ids, ("score",), runs)
    for index, row in enumerate(rows):
        if known is not None and row[1] not in known:
            raise ValueError(f"{path}, results[{index}]: unknown category_id {row[1]}")
    return split_by_image(rows, len(image_ids), ("scores",), runs)


def read_ids(name: str, ids: Any) -> list[int]:
    """Whole numbers of any kind, no two the same, as Python's."""
    with suppress(TypeError):  # a single number
        ids = list(ids)
    ids = ids if isinstance(ids, list) else [ids]
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


def _sizes(images: dict[int, dict[str, Any]]) -> dict[int, tuple[int, int]]:
    """Height and width of the images that state them."""
    sizes = {key: (image.get("height"), image.get("width")) for key, image in images.items()}
    whole = {key: tuple(map(_whole_or_none, size)) for key, size in sizes.items()}
    return {key: size for key, size in whole.items() if None not in size and min(size) >= 0}
