"""How COCO's measure is taken: thresholds, numbers of detections, ranges of areas, the average."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..._validation import check_one_of, check_whole

# COCO's own grids, bit for bit.
IOU_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
MAX_DETECTIONS = (1, 10, 100)  # of one class in one image
WHOLE_RANGE = (0.0, 1e5**2)
AREA_RANGES = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e5**2)}
MOST_THRESHOLDS = 64  # which are the bits of one number
TAKEN = ("per_class", "50", "75")  # what follows `map_` otherwise

IouType = Literal["box", "mask"]
Average = Literal["macro", "micro"]
AreaRanges = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Settings:
    """What a mean average precision was asked for; results of other settings do not add up.

    Attributes:
        iou_type: "box" or "mask".
        iou_thresholds: (T,) ascending.
        max_detections: (M,) ascending, of one class in one image.
        area_ranges: lowest and highest area of each range, "all" first.
        average: "macro" or "micro".
        class_agnostic: whether labels are ignored.
    """

    iou_type: IouType = "box"
    iou_thresholds: tuple[float, ...] = IOU_THRESHOLDS
    max_detections: tuple[int, ...] = MAX_DETECTIONS
    area_ranges: AreaRanges = field(default_factory=AREA_RANGES.copy)
    average: Average = "macro"
    class_agnostic: bool = False

    def __post_init__(self) -> None:
        """Check and sort."""
        check_one_of(("box", "mask"), iou_type=self.iou_type)
        check_one_of(("macro", "micro"), average=self.average)
        if not isinstance(self.class_agnostic, bool | np.bool_):
            raise ValueError(f"class_agnostic must be True or False, got {self.class_agnostic!r}")
        read = {
            "iou_thresholds": _thresholds(self.iou_thresholds),
            "max_detections": _numbers(self.max_detections),
            "area_ranges": _ranges(self.area_ranges),
        }
        for name, value in read.items():
            object.__setattr__(self, name, value)

    @property
    def bounds(self) -> np.ndarray:
        """(A, 2) lowest and highest area of each range."""
        return np.array(list(self.area_ranges.values()), dtype=np.float64)

    def place_of_threshold(self, iou_threshold: float) -> int:
        """Which of the thresholds it is."""
        known = [t for t, value in enumerate(self.iou_thresholds) if _same(value, iou_threshold)]
        if not known:
            listed = [round(value, 9) for value in self.iou_thresholds]
            raise ValueError(f"iou_threshold must be one of {listed}, got {iou_threshold!r}")
        return known[0]

    def place_of_area(self, area: str) -> int:
        """Which of the ranges it is."""
        check_one_of(tuple(self.area_ranges), area=area)
        return list(self.area_ranges).index(area)

    def place_of_limit(self, max_detections: int) -> int:
        """Which of the numbers of detections it is."""
        check_whole(1, max_detections=max_detections)
        if max_detections not in self.max_detections:
            raise ValueError(
                f"max_detections must be one of {list(self.max_detections)}, got {max_detections!r}"
            )
        return self.max_detections.index(max_detections)


def _same(threshold: float, asked: Any) -> bool:
    try:
        return math.isclose(threshold, asked, abs_tol=1e-9)
    except TypeError:
        return False


def _listed(name: str, values: Any) -> Sequence[Any]:
    if not isinstance(values, str | Mapping):
        with suppress(TypeError):  # a number, None
            return list(values)
    raise ValueError(f"{name} must be a list of numbers, got {values!r:.80}")


def _thresholds(values: Any) -> tuple[float, ...]:
    listed = _listed("iou_thresholds", values)
    try:
        thresholds = sorted({float(value) for value in listed})
    except (TypeError, ValueError):
        thresholds = [math.nan]
    if not thresholds or not all(0 < value <= 1 for value in thresholds):
        raise ValueError(f"iou_thresholds must be numbers in (0, 1], got {values!r:.80}")
    if len(thresholds) > MOST_THRESHOLDS:
        raise ValueError(
            f"iou_thresholds must be at most {MOST_THRESHOLDS}, got {len(thresholds)} of them"
        )
    return tuple(thresholds)


def _numbers(values: Any) -> tuple[int, ...]:
    numbers = _listed("max_detections", values)
    if not numbers:
        raise ValueError("max_detections must be one number or more, got none")
    check_whole(1, **{f"max_detections[{place}]": value for place, value in enumerate(numbers)})
    return tuple(sorted({int(value) for value in numbers}))


def _ranges(ranges: Any) -> dict[str, tuple[float, float]]:
    if not isinstance(ranges, Mapping):
        raise ValueError(f"area_ranges must map names to (lowest, highest), got {ranges!r:.80}")
    read = {"all": WHOLE_RANGE}
    for name, pair in ranges.items():
        if not isinstance(name, str) or not name.isidentifier() or name in TAKEN:
            raise ValueError(f"area_ranges must have names such as 'small', got {name!r:.80}")
        try:
            low, high = (float(value) for value in pair)
        except (TypeError, ValueError):
            low = high = math.nan
        if not 0 <= low <= high:
            raise ValueError(
                f"area_ranges[{name!r}] must be 0 <= lowest <= highest, got {pair!r:.80}"
            )
        read[name] = (low, high)
    return read
