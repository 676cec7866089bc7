"""YOLO's text: a file for each image, a line for each box, in shares of the image's size."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..detection.boxes import box_convert, clip_boxes
from ..detection.metrics.images import end_to_end, list_of_images
from .json_entries import FilePath
from .pictures import Sizes, files_of, read_pictures, stem_and_size
from .truth import CocoTruth, Images, check_truth, read_names

NAMES_FILE = "classes.txt"  # which label tools put beside the labels
Names = Mapping[int, str] | Iterable[str] | FilePath


def read_yolo(labels: FilePath, images: FilePath | Sizes, names: Names | None = None) -> CocoTruth:
    """Read a folder of YOLO's label files: lines of class, centre x, centre y, width, height.

    An image without a file, or with an empty one, has no boxes.

    Args:
        labels: the folder of `.txt` files.
        images: the folder of pictures, of which only the sizes are read, or the sizes,
            `{file name: (height, width)}`.
        names: of the classes: a list, a mapping from 0, or a text file with one name a line; of a
            `data.yaml` give its entry `names`. None takes `classes.txt` beside the labels, or the
            numbers.

    Returns:
        A :py:class:`CocoTruth` with boxes in pixels; category ids are YOLO's classes, and images
        are in the order of their file names, with ids from 1.

    Raises:
        ValueError: a label file without a picture, a line that has not five numbers, coordinates
            outside [0, 1], a class without a name; the message names the file and the line.
    """
    pictures = read_pictures(images)
    files = {file.stem: file for file in files_of(labels, [".txt"]) if file.name != NAMES_FILE}
    for stem, file in files.items():
        if stem not in pictures:
            raise ValueError(f"{file} must have a picture {stem}.* in images")
    if names is None and (Path(labels) / NAMES_FILE).exists():
        names = Path(labels) / NAMES_FILE
    known = None if names is None else _names(names)
    targets = []
    for stem, picture in pictures.items():
        rows = _read_rows(files.get(stem), 5, known)
        boxes = _in_pixels(rows[:, 1:], picture)
        target = {"boxes": boxes, "labels": rows[:, 0].astype(np.int64)}
        target |= {"iscrowd": np.zeros(len(boxes)), "area": _areas(boxes)}
        targets.append(target)
    if known is None:
        seen = {label for target in targets for label in target["labels"].tolist()}
        known = {label: str(label) for label in sorted(seen)}
    return CocoTruth(list(pictures.values()), known, targets)


def read_yolo_results(labels: FilePath, truth: CocoTruth) -> list[dict[str, np.ndarray]]:
    """Read a detector's label files, whose lines end in a score.

    Args:
        labels: the folder of `.txt` files; an image without one has no detections.
        truth: the images in the order of the result, with `file_name`, `height` and `width`; class
            k is its k-th category.

    Returns:
        For each image `boxes` (N, 4) as (x1, y1, x2, y2), `labels` (N,) and `scores` (N,).

    Raises:
        ValueError: as for :py:func:`read_yolo`, or a file of an image that is not in `truth`.
    """
    check_truth(truth)
    ids = np.array(truth.category_ids, dtype=np.int64)
    known = {place: truth.categories[key] for place, key in enumerate(ids.tolist())}
    files = {file.stem: file for file in files_of(labels, [".txt"]) if file.name != NAMES_FILE}
    predictions = []
    for index, image in enumerate(truth.images):
        stem, height, width = stem_and_size(f"truth.images[{index}]", image)
        rows = _read_rows(files.pop(stem, None), 6, known)
        boxes = _in_pixels(rows[:, 1:5], {"height": height, "width": width})
        classes = ids[rows[:, 0].astype(np.int64)]
        predictions.append({"boxes": boxes, "labels": classes, "scores": rows[:, 5]})
    for stem, file in files.items():
        raise ValueError(f"{file} must be of an image in truth, got none {stem!r}")
    return predictions


def write_yolo(folder: FilePath, truth: CocoTruth) -> None:
    """Write a label file for each image, and `classes.txt` with the names.

    Class k is the k-th category of `truth`. Boxes are cut off at the image's edge; crowds are left
    out, since YOLO's text has none.

    Raises:
        ValueError: targets that `mean_average_precision` would not take, images without
            `file_name`, `height` and `width`, or a label without a category.
    """
    kept = []
    for target in list_of_images("targets", truth.targets):
        crowd = target.get("iscrowd") if isinstance(target, Mapping) else None
        if crowd is None:
            kept.append(target)
        else:
            rows = np.flatnonzero(np.asarray(crowd) == 0)
            kept.append({key: np.asarray(target[key])[rows] for key in ("boxes", "labels")})
    _write(folder, "targets", kept, truth, scored=False)
    names = (truth.categories[key] for key in truth.category_ids)
    (Path(folder) / NAMES_FILE).write_text("".join(f"{name}\n" for name in names), "utf-8")


def write_yolo_results(folder: FilePath, predictions: Images, truth: CocoTruth) -> None:
    """Write predictions as label files whose lines end in a score; as :py:func:`write_yolo`."""
    _write(folder, "predictions", predictions, truth, scored=True)


def _write(folder: FilePath, name: str, images: Images, truth: CocoTruth, *, scored: bool) -> None:
    check_truth(truth)
    images = list_of_images(name, images)
    if len(images) != len(truth.images):
        raise ValueError(f"{name} must be one for each of {len(truth.images)} images")
    fields = ("labels", "scores") if scored else ("labels",)
    table = end_to_end(name, images, fields)
    place = {key: index for index, key in enumerate(truth.category_ids)}
    unknown = set(table["labels"].tolist()) - set(place)
    if unknown:
        raise ValueError(f"truth.categories must name every label, got none for {min(unknown)}")
    files = {}
    for index, image in enumerate(truth.images):
        stem, height, width = stem_and_size(f"truth.images[{index}]", image)
        rows = table["image"] == index
        boxes = clip_boxes(table["boxes"][rows], (height, width))
        shares = box_convert(boxes, "xyxy", "cxcywh") / [width, height, width, height]
        if scored:
            shares = np.column_stack([shares, table["scores"][rows]])
        labels = table["labels"][rows].tolist()
        files[f"{stem}.txt"] = "".join(
            " ".join([str(place[label]), *map(repr, numbers)]) + "\n"
            for label, numbers in zip(labels, shares.tolist(), strict=True)
        )
    Path(folder).mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (Path(folder) / file).write_text(text, "utf-8")


def _read_rows(file: Path | None, num_columns: int, names: Mapping[int, str] | None) -> np.ndarray:
    """The lines of a file as (n, num_columns), checked."""
    rows = []
    for number, line in enumerate(_lines(file), start=1):
        if line.strip():
            rows.append(_row(f"{file}, line {number}", line.split(), num_columns, names))
    return np.array(rows, dtype=np.float64).reshape(-1, num_columns)


def _lines(file: Path | None) -> list[str]:
    try:
        return [] if file is None else file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: no UTF-8 text at byte {error.start}") from None


def _row(
    where: str, cells: Sequence[str], num_columns: int, names: Mapping[int, str] | None
) -> list[float]:
    expected = ["class", "x", "y", "width", "height", "score"][:num_columns]
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        numbers = []
    if len(numbers) != num_columns or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{where}: must be {' '.join(expected)}, got {' '.join(cells)!r:.80}")
    label, *box = numbers[:5]
    if label != int(label) or not 0 <= label < 2**53:
        raise ValueError(f"{where}: class must be a whole number >= 0, got {cells[0]}")
    if names is not None and int(label) not in names:
        raise ValueError(f"{where}: class must have a name, got {int(label)} of {len(names)} names")
    if not all(0 <= share <= 1 for share in box):
        raise ValueError(f"{where}: coordinates must be shares of the image in [0, 1], got {box}")
    return numbers


def _in_pixels(shares: np.ndarray, picture: Mapping[str, Any]) -> np.ndarray:
    width, height = picture["width"], picture["height"]
    return box_convert(shares * [width, height, width, height], "cxcywh", "xyxy")


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _names(names: Any) -> dict[int, str]:
    if isinstance(names, Mapping) or not isinstance(names, str | Path):
        return read_names(names)
    file = Path(names)
    if file.suffix.lower() in {".yaml", ".yml", ".json"}:
        raise ValueError(f"names must be a text with one name a line, or its entry, got {names}")
    if not file.is_file():
        raise ValueError(f"names must be a file with one name a line, got {names}")
    lines = [line.strip() for line in _lines(file)]
    while lines and not lines[-1]:
        lines.pop()
    if "" in lines:
        raise ValueError(f"{names}, line {lines.index('') + 1}: must be a name")
    return read_names(lines)
