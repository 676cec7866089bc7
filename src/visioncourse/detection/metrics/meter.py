"""Mean average precision of a data set that goes by in batches."""

from collections.abc import Iterable

from .coco import mean_average_precision
from .coco_scores import MeanAveragePrecision
from .images import Images
from .settings import (
    AREA_RANGES,
    IOU_THRESHOLDS,
    MAX_DETECTIONS,
    AreaRanges,
    Average,
    IouType,
    Settings,
)


class DetectionMeter:
    """Evaluates one batch after another, where a loop wants something to update.

    Only what became of each detection is kept, no boxes or masks. Two meters, of two parts of the
    data, add up with `+`. The names are those of torchmetrics::

        meter = DetectionMeter(iou_type="mask")
        for images, targets in batches:
            meter.update(network.predict(images), targets)
        meter.compute().map_50

    Args:
        iou_type, iou_thresholds, max_detections, area_ranges, average, class_agnostic: as for
            :py:func:`mean_average_precision`.

    Raises:
        ValueError: a setting out of range.
    """

    def __init__(
        self,
        *,
        iou_type: IouType = "box",
        iou_thresholds: Iterable[float] = IOU_THRESHOLDS,
        max_detections: Iterable[int] = MAX_DETECTIONS,
        area_ranges: AreaRanges | None = None,
        average: Average = "macro",
        class_agnostic: bool = False,
    ) -> None:
        ranges = AREA_RANGES if area_ranges is None else area_ranges
        self.settings = Settings(
            iou_type, iou_thresholds, max_detections, ranges, average, class_agnostic
        )  # fmt: skip
        self.reset()

    def reset(self) -> None:
        """Forget every batch."""
        self._parts: list[MeanAveragePrecision] = []

    def update(self, predictions: Images, targets: Images) -> None:
        """Evaluate one batch; arguments and errors as for :py:func:`mean_average_precision`."""
        self._parts.append(mean_average_precision(predictions, targets, **vars(self.settings)))

    def compute(self) -> MeanAveragePrecision:
        """The result of all batches so far."""
        self._parts = [MeanAveragePrecision.total(self._parts, self.settings)]
        return self._parts[0]

    def __add__(self, other: "DetectionMeter") -> "DetectionMeter":
        if not isinstance(other, DetectionMeter):
            return NotImplemented
        total = DetectionMeter(**vars(self.settings))
        total._parts = [self.compute() + other.compute()]
        return total

    def __repr__(self) -> str:
        return f"DetectionMeter({self.compute()!r})"
