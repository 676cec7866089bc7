"""The images, classes and boxes of a data set, whatever files they came from."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

Images = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class CocoTruth:
    """The images, categories and boxes of a data set, in the terms of COCO's files.

    Labels are category ids, which may have gaps; `category_ids[k]` is that of the k-th class of a
    network that counts classes from 0.

    Attributes:
        images: the entries of the file, by ascending `id`.
        categories: the name of each category id.
        targets: for each image `boxes` (M, 4) as (x1, y1, x2, y2), `labels` (M,) category ids,
            `iscrowd` (M,) and `area` (M,), as `mean_average_precision` takes them; `masks` where
            they were asked for.
        annotations: for each image its M entries of the file, with all that they say, such as
            `id` and `segmentation`; None where there was no such file. What is written of a box
            follows `targets`, everything else follows these.
        category_entries: for each category id its entry of the file, such as `supercategory`.
        header: what else the file has, such as `info` and `licenses`.
    """

    images: Sequence[Mapping[str, Any]]
    categories: Mapping[int, str]
    targets: Images
    annotations: Sequence[Sequence[Mapping[str, Any]]] | None = None
    category_entries: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)

    @property
    def image_ids(self) -> list[int]:
        """The `id` of each image, ascending."""
        return [image["id"] for image in self.images]

    @property
    def category_ids(self) -> list[int]:
        """The `id` of each category, ascending."""
        return sorted(self.categories)


def check_truth(truth: CocoTruth) -> None:
    """Refuse what is put together by hand and cannot be written; targets are checked elsewhere."""
    parts = {"categories": truth.categories, "category_entries": truth.category_entries}
    for name, part in (parts | {"header": truth.header}).items():
        if not isinstance(part, Mapping):
            raise ValueError(f"truth.{name} must be a mapping, got {part!r:.80}")
    if not _is_list_of(Mapping, truth.images):
        raise ValueError(
            f"truth.images must be mappings with an 'id' each, got {truth.images!r:.80}"
        )
    for key, entry in truth.category_entries.items():
        if not isinstance(entry, Mapping):
            raise ValueError(
                f"truth.category_entries[{key!r}] must be a mapping, got {entry!r:.80}"
            )
    kept = truth.annotations
    if kept is not None:
        listed = _is_list_of(Sequence, kept) and all(_is_list_of(Mapping, part) for part in kept)
        if not listed or len(kept) != len(truth.images):
            raise ValueError(
                "truth.annotations must be a list of mappings for each of "
                f"{len(truth.images)} images, got {kept!r:.80}"
            )


def _is_list_of(kind: type, values: Any) -> bool:
    listed = isinstance(values, Sequence) and not isinstance(values, str | bytes)
    return listed and all(isinstance(value, kind) for value in values)


def read_names(class_names: Mapping[int, str] | Iterable[str]) -> dict[int, str]:
    """Names by label: from a mapping, or from a list counted from 0."""
    names = class_names
    if not isinstance(class_names, str | Mapping):
        with suppress(TypeError):  # a number, None
            names = dict(enumerate(class_names))
    legal = isinstance(names, Mapping) and all(
        isinstance(key, int) and key >= 0 and isinstance(name, str) for key, name in names.items()
    )
    if not legal:
        raise ValueError(
            f"names must be texts, listed or by whole numbers from 0, got {class_names!r:.80}"
        )
    if len(set(names.values())) < len(names):
        raise ValueError(f"names must differ from each other, got {list(names.values())!r:.200}")
    return dict(sorted(names.items()))
