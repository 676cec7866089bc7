"""How good a detector is: precision against recall, and the averages that benchmarks publish."""

from .coco import mean_average_precision
from .coco_scores import MeanAveragePrecision
from .confusion import DetectionConfusion, detection_confusion
from .curves import average_precision, precision_recall_curve
from .errors import DetectionErrors, detection_errors
from .meter import DetectionMeter
from .operating_point import OperatingPoint
from .voc import VocAveragePrecision, voc_average_precision

__all__ = [
    "DetectionConfusion",
    "DetectionErrors",
    "DetectionMeter",
    "MeanAveragePrecision",
    "OperatingPoint",
    "VocAveragePrecision",
    "average_precision",
    "detection_confusion",
    "detection_errors",
    "mean_average_precision",
    "precision_recall_curve",
    "voc_average_precision",
]
