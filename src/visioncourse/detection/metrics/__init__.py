"""How good a detector is: precision against recall, and the averages that benchmarks publish."""

from .coco import MeanAveragePrecision, mean_average_precision
from .curves import average_precision, precision_recall_curve
from .voc import VocAveragePrecision, voc_average_precision

__all__ = [
    "MeanAveragePrecision",
    "VocAveragePrecision",
    "average_precision",
    "mean_average_precision",
    "precision_recall_curve",
    "voc_average_precision",
]
