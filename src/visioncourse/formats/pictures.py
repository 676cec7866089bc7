"""The pictures that label files belong to: their names and sizes."""

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from .._validation import check_whole
from .json_entries import FilePath

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
ORIENTATION, TURNED = 0x0112, (5, 6, 7, 8)  # of a camera that lay on its side

Sizes = Mapping[str, tuple[int, int]]  # (height, width) by file name


def read_pictures(images: FilePath | Sizes) -> dict[str, dict[str, Any]]:
    """COCO's entries of images by stem, in the order of file names; ids count from 1.

    Args:
        images: a folder of pictures, of which only the sizes are read, or sizes by file name.

    Raises:
        ValueError: no folder, a file that is no picture, a size that is none, or two pictures that
            differ in the ending alone.
    """
    if isinstance(images, Mapping):
        sizes = {str(name): _checked(str(name), size) for name, size in images.items()}
    else:
        files = files_of(images, SUFFIXES)
        sizes = {file.name: _size(file) for file in files}
    entries: dict[str, dict[str, Any]] = {}
    for number, (name, (height, width)) in enumerate(sorted(sizes.items()), start=1):
        stem = Path(name).stem
        if stem in entries:
            raise ValueError(f"images must have one picture {stem!r}, got {name} too")
        entries[stem] = {"id": number, "file_name": name, "height": height, "width": width}
    return entries


def files_of(folder: FilePath, suffixes: Iterable[str]) -> list[Path]:
    """The files in a folder with such endings, by name."""
    path = Path(folder) if isinstance(folder, str | PathLike) else None
    if path is None or not path.is_dir():
        raise ValueError(f"{folder!s:.200} must be a folder")
    return sorted(file for file in path.iterdir() if file.suffix.lower() in set(suffixes))


def stem_and_size(where: str, image: Any) -> tuple[str, int, int]:
    """Stem, height and width of an entry of `CocoTruth.images`, for a file that needs them."""
    try:
        name, height, width = (image[key] for key in ("file_name", "height", "width"))
    except (KeyError, TypeError):
        raise ValueError(
            f"{where} must have 'file_name', 'height' and 'width', got {image!r:.80}"
        ) from None
    return Path(str(name)).stem, *_checked(where, (height, width))


def _checked(name: str, size: Any) -> tuple[int, int]:
    try:
        height, width = size
    except (TypeError, ValueError):
        raise ValueError(f"{name}: size must be (height, width), got {size!r:.80}") from None
    check_whole(1, **{f"{name}: height": height, f"{name}: width": width})
    return int(height), int(width)


def _size(file: Path) -> tuple[int, int]:
    try:
        with Image.open(file) as picture:
            width, height = picture.size
            turned = picture.getexif().get(ORIENTATION) in TURNED
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{file}: no picture, {error}") from None
    return (width, height) if turned else (height, width)
