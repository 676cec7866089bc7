"""How good a detector is: precision against recall, and the averages that benchmarks publish."""

from .coco import mean_average_precision
from .coco_scores import MeanAveragePrecision
from .curves import average_precision, precision_recall_curve
from .meter import DetectionMeter
from .operating_point import OperatingPoint
from .voc import VocAveragePrecision, voc_average_precision

__all__ = [
    "DetectionMeter",
    "MeanAveragePrecision",
    "OperatingPoint",
    "VocAveragePrecision",
    "average_precision",
    "mean_average_precision",
    "precision_recall_curve",
    "voc_average_precision",
]
