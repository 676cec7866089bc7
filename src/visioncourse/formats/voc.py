"""PASCAL VOC's XML: a file for each image, an `object` for each box.

defusedxml reads it: the files come from strangers, and it refuses entities and document types,
through which a small file can fill the memory. (The standard library's parser relies on the Expat
that Python was built with.)
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from ..detection.metrics.images import end_to_end, list_of_images
from .json_entries import FilePath
from .pictures import files_of, stem_and_size
from .truth import CocoTruth, check_truth, read_names

CORNERS = ("xmin", "ymin", "xmax", "ymax")
KNOWN = {"name", "bndbox", "difficult"}  # of an object; other texts are kept


def read_voc(
    annotations: FilePath,
    names: Mapping[int, str] | Iterable[str] | None = None,
    *,
    one_based: bool = True,
) -> CocoTruth:
    """Read a folder of VOC's annotations.

    VOC counts pixels from 1, and the last one belongs to the box. With continuous coordinates its
    (xmin, ymin, xmax, ymax) is the box (xmin - 1, ymin - 1, xmax, ymax).

    Args:
        annotations: the folder of `.xml` files, one for each image.
        names: of the classes: a list, or a mapping of labels; None numbers the names that occur
            from 0, in the order of the alphabet.
        one_based: False takes corners as they stand, for tools that write continuous ones.

    Returns:
        A :py:class:`CocoTruth`, images in the order of the files, with ids from 1. Targets have
        `difficult`, as `voc_average_precision` takes it; `annotations` keep other texts of an
        object, such as `pose` and `truncated`.

    Raises:
        ValueError: no XML, one with entities, an object without a name or box, a class that is not
            in `names`, corners out of order or outside the image; the message names the file.
    """
    roots = {file: _root(file) for file in files_of(annotations, [".xml"])}
    objects = {file: root.findall("object") for file, root in roots.items()}
    seen = {_text(file, entry, "name") for file, entries in objects.items() for entry in entries}
    categories = read_names(sorted(seen) if names is None else names)
    label_of = {name: label for label, name in categories.items()}
    images, targets, further = [], [], []
    for number, (file, root) in enumerate(roots.items(), start=1):
        image = _image(file, root, number)
        rows = [
            _row(f"{file}, object {n}", entry, label_of, image, one_based)
            for n, entry in enumerate(objects[file], start=1)
        ]
        table = np.array(rows, dtype=np.float64).reshape(-1, 6)
        boxes = table[:, :4]
        targets.append(
            {
                "boxes": boxes,
                "labels": table[:, 4].astype(np.int64),
                "iscrowd": np.zeros(len(boxes)),
                "difficult": table[:, 5],
                "area": (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]),
            }
        )
        images.append(image)
        further.append([_further(entry) for entry in objects[file]])
    return CocoTruth(images, categories, targets, annotations=further)


def write_voc(folder: FilePath, truth: CocoTruth, *, one_based: bool = True) -> None:
    """Write VOC's annotations, a file for each image; the way back of :py:func:`read_voc`.

    `difficult` follows the targets, and a crowd is difficult. Texts in `truth.annotations` are
    kept.

    Raises:
        ValueError: targets that `voc_average_precision` would not take, images without
            `file_name`, `height` and `width`, or a label without a category.
    """
    check_truth(truth)
    targets = list_of_images("targets", truth.targets)
    if len(targets) != len(truth.images):
        raise ValueError(f"targets must be one for each of {len(truth.images)} images")
    table = end_to_end("targets", targets, ("labels",), ("difficult", "iscrowd"))
    unknown = set(table["labels"].tolist()) - set(truth.categories)
    if unknown:
        raise ValueError(f"truth.categories must name every label, got none for {min(unknown)}")
    trees = {}
    for index, image in enumerate(truth.images):
        stem, height, width = stem_and_size(f"truth.images[{index}]", image)
        root = ElementTree.Element("annotation")
        ElementTree.SubElement(root, "filename").text = str(image["file_name"])
        size = ElementTree.SubElement(root, "size")
        for name, value in (("width", width), ("height", height), ("depth", image.get("depth", 3))):
            ElementTree.SubElement(size, name).text = str(value)
        rows = np.flatnonzero(table["image"] == index)
        kept = [{}] * len(rows) if truth.annotations is None else truth.annotations[index]
        if len(kept) != len(rows):
            raise ValueError(
                f"truth.annotations[{index}] must be one for each of {len(rows)} boxes, "
                f"got {len(kept)}"
            )
        for row, texts in zip(rows.tolist(), kept, strict=True):
            name = truth.categories[int(table["labels"][row])]
            difficult = bool(table["difficult"][row] or table["iscrowd"][row])
            box = table["boxes"][row] + ([1, 1, 0, 0] if one_based else [0, 0, 0, 0])
            root.append(_object(name, box.tolist(), difficult, texts))
        ElementTree.indent(root)
        trees[f"{stem}.xml"] = ElementTree.ElementTree(root)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for file, tree in trees.items():
        tree.write(Path(folder) / file, encoding="utf-8")


def _root(file: Path) -> ElementTree.Element:
    try:
        root = parse(file, forbid_dtd=True).getroot()
    except (ElementTree.ParseError, DefusedXmlException, UnicodeDecodeError, LookupError) as error:
        raise ValueError(f"{file}: no XML that can be read, {error}") from None
    if root is None or root.tag != "annotation":
        raise ValueError(f"{file} must hold an 'annotation', got {getattr(root, 'tag', None)!r}")
    return root


def _text(where: Any, entry: ElementTree.Element, name: str) -> str:
    text = (entry.findtext(name) or "").strip()
    if not text:
        raise ValueError(f"{where}: {entry.tag} must have a {name!r}")
    return text


def _number(where: Any, entry: ElementTree.Element, name: str) -> float:
    text = _text(where, entry, name)
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(f"{where}: {name} must be a number, got {text!r:.80}")
    return value


def _image(file: Path, root: ElementTree.Element, number: int) -> dict[str, Any]:
    size = root.find("size")
    if size is None:
        raise ValueError(f"{file}: annotation must have a 'size'")
    height, width = (_number(file, size, name) for name in ("height", "width"))
    if not (height >= 1 and width >= 1 and height == int(height) and width == int(width)):
        raise ValueError(f"{file}: size must be whole and >= 1, got {width:g} × {height:g}")
    name = (root.findtext("filename") or "").strip() or f"{file.stem}.jpg"
    return {"id": number, "file_name": name, "height": int(height), "width": int(width)}


def _row(
    where: str,
    entry: ElementTree.Element,
    label_of: Mapping[str, int],
    image: Mapping[str, Any],
    one_based: bool,
) -> list[float]:
    """x1, y1, x2, y2, label, difficult."""
    name = _text(where, entry, "name")
    if name not in label_of:
        raise ValueError(f"{where}: name must be one of {list(label_of)!r:.200}, got {name!r}")
    box = entry.find("bndbox")
    if box is None:
        raise ValueError(f"{where}: object must have a 'bndbox'")
    x1, y1, x2, y2 = corners = [_number(where, box, corner) for corner in CORNERS]
    first = 1 if one_based else 0
    if min(x1, y1) < first:
        hint = ", or one_based=False where pixels count from 0" if one_based else ""
        raise ValueError(f"{where}: corners must be >= {first}{hint}, got {corners}")
    if x2 < x1 or y2 < y1:
        raise ValueError(f"{where}: xmax, ymax must be >= xmin, ymin, got {corners}")
    if x2 > image["width"] or y2 > image["height"]:
        size = f"{image['width']} × {image['height']}"
        raise ValueError(f"{where}: corners must lie in the image of {size}, got {corners}")
    difficult = _number(where, entry, "difficult") if entry.findtext("difficult") else 0
    if difficult not in (0, 1):
        raise ValueError(f"{where}: difficult must be 0 or 1, got {difficult:g}")
    return [x1 - first, y1 - first, x2, y2, label_of[name], difficult]


def _further(entry: ElementTree.Element) -> dict[str, str]:
    """Texts of an object beside its name and box."""
    return {
        child.tag: child.text.strip()
        for child in entry
        if child.tag not in KNOWN and not len(child) and child.text and child.text.strip()
    }


def _object(
    name: str, box: list[float], difficult: bool, texts: Mapping[str, Any]
) -> ElementTree.Element:
    entry = ElementTree.Element("object")
    ElementTree.SubElement(entry, "name").text = str(name)
    for key, text in texts.items():
        if key not in KNOWN and isinstance(text, str):
            ElementTree.SubElement(entry, key).text = text
    ElementTree.SubElement(entry, "difficult").text = str(int(difficult))
    corners = ElementTree.SubElement(entry, "bndbox")
    for corner, value in zip(CORNERS, box, strict=True):
        text = str(int(value)) if value == int(value) else repr(value)
        ElementTree.SubElement(corners, corner).text = text
    return entry
