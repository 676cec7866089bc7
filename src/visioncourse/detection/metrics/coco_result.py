"""What became of every detection: it adds up, and COCO's averages follow from it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Self

import numpy as np

from ...results import Result
from .coco_matching import no_bits
from .ranking import ClassScores, Ranked, score_classes
from .settings import Settings

ALL = "all"


@dataclass(frozen=True, eq=False, repr=False)
class CocoResult(Result):
    """What became of every detection of some images, from which all scores follow.

    :py:class:`visioncourse.detection.MeanAveragePrecision` adds the names of the scores, and lists
    the attributes.
    """

    classes: np.ndarray
    num_truth: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    ranks: np.ndarray
    true_positive: np.ndarray
    counted: np.ndarray
    settings: Settings = field(default_factory=Settings)

    @property
    def keys_(self) -> tuple[str, ...]:
        """The names of all scores."""
        return tuple(self._entries)

    def __getitem__(self, key: str) -> Any:
        return self._entries[key]()

    def __add__(self, other: "CocoResult") -> Self:
        if not isinstance(other, CocoResult):
            return NotImplemented
        return self.total([self, other], self.settings)

    def __radd__(self, start: int) -> Self:
        return self if isinstance(start, int) and start == 0 else NotImplemented  # for `sum`

    @classmethod
    def total(cls, parts: Iterable["CocoResult"], settings: Settings) -> Self:
        """The result of all images of several results at once, or of none."""
        parts = list(parts)
        for part in parts:
            if part.settings != settings:
                raise ValueError(
                    f"results must be of the same settings, got {settings} and {part.settings}"
                )
        classes = np.unique(np.concatenate([np.zeros(0, np.int64), *(p.classes for p in parts)]))
        num_truth = np.zeros((len(settings.area_ranges), len(classes)), dtype=np.int64)
        for part in parts:
            num_truth[:, np.searchsorted(classes, part.classes)] += part.num_truth
        bits = no_bits(len(settings.iou_thresholds), len(num_truth), 0)
        empty = {
            "labels": np.zeros(0, dtype=np.int64),
            "scores": np.zeros(0),
            "ranks": np.zeros(0, dtype=np.int64),
            "true_positive": bits,
            "counted": bits,
        }
        columns = (
            np.concatenate([start, *(getattr(part, name) for part in parts)], axis=-1)
            for name, start in empty.items()
        )
        return cls(classes, num_truth, *columns, settings)

    def average_precision(self, *, iou_threshold: float | None = None, area: str = ALL) -> float:
        """Average precision, the mean over classes, or of all of them for "micro".

        Args:
            iou_threshold: one of the result's; None for the mean over all.
            area: one of the result's ranges.

        Returns:
            In [0, 1]; -1 without truth in that range.

        Raises:
            ValueError: a threshold or range that the result does not have.
        """
        a = self.settings.place_of_area(area)
        return self._mean(self.scored.precision[:, a], a, iou_threshold)

    def average_recall(
        self,
        *,
        iou_threshold: float | None = None,
        area: str = ALL,
        max_detections: int | None = None,
    ) -> float:
        """The highest recall that so many detections of a class in an image reach, averaged.

        Args:
            iou_threshold, area: as for `average_precision`.
            max_detections: one of the result's; None for the largest.

        Returns:
            In [0, 1]; -1 without truth in that range.

        Raises:
            ValueError: a threshold, range or number that the result does not have.
        """
        a = self.settings.place_of_area(area)
        limit = self.settings.max_detections[-1] if max_detections is None else max_detections
        m = self.settings.place_of_limit(limit)
        return self._mean(self.scored.recall[:, a, m], a, iou_threshold)

    def _mean(self, values: np.ndarray, area: int, iou_threshold: float | None) -> float:
        """Of values (K, T) over thresholds, and over the classes that have truth."""
        if iou_threshold is not None:
            values = values[:, self.settings.place_of_threshold(iou_threshold)]
        values = values[self.scored.num_truth[area] > 0]
        return float(values.mean()) if values.size else -1.0

    def of_classes(self, values: np.ndarray) -> np.ndarray:
        """Values (K, T) as their mean over thresholds, (K,), -1 for a class without truth."""
        return np.where(self.num_truth[0] > 0, values.mean(axis=1), -1)

    @property
    def scored(self) -> ClassScores:
        """What the means are taken over: classes, or all of them as one for "micro"."""
        return self.by_class if self.settings.average == "macro" else self._pooled

    @cached_property
    def by_class(self) -> ClassScores:
        """The scores of every class."""
        # Along the scores of a class; a tie keeps the order of the images.
        order = np.lexsort((-self.scores, self.labels))
        ends = np.searchsorted(self.labels[order], self.classes, side="right")
        return self._rank(order, ends, self.num_truth)

    @cached_property
    def _pooled(self) -> ClassScores:
        # A tie goes by class, so that batches add up to the ranking of all images.
        order = np.lexsort((self.labels, -self.scores))
        return self._rank(order, np.array([len(order)]), self.num_truth.sum(axis=1, keepdims=True))

    def _rank(self, order: np.ndarray, ends: np.ndarray, num_truth: np.ndarray) -> ClassScores:
        bits = (self.true_positive[:, order], self.counted[:, order])
        ranked = Ranked(*bits, self.ranks[order], ends)
        settings = self.settings
        return score_classes(
            ranked, num_truth, settings.max_detections, len(settings.iou_thresholds)
        )

    @cached_property
    def _entries(self) -> dict[str, Callable[[], Any]]:
        settings = self.settings
        entries: dict[str, Callable[[], Any]] = {"map": self.average_precision}
        for percent in (50, 75):
            if percent / 100 in settings.iou_thresholds:
                entries[f"map_{percent}"] = partial(
                    self.average_precision, iou_threshold=percent / 100
                )
        for limit in settings.max_detections:
            entries[f"mar_{limit}"] = partial(self.average_recall, max_detections=limit)
        for area in list(settings.area_ranges)[1:]:
            entries[f"map_{area}"] = partial(self.average_precision, area=area)
            entries[f"mar_{area}"] = partial(self.average_recall, area=area)
        largest = settings.max_detections[-1]
        return entries | {
            "classes": lambda: self.classes,
            "map_per_class": lambda: self.of_classes(self.by_class.precision[:, 0]),
            f"mar_{largest}_per_class": lambda: self.of_classes(self.by_class.recall[:, 0, -1]),
        }
