"""Segmentation: the losses and metrics of Part II, and the geometry of convolutions.

Every loss and metric takes NumPy arrays or Torch tensors (the losses then with gradients) and
returns the same kind. Prediction first, truth second.
"""

from .counts import SegmentationCounts
from .dice import dice_coefficient, dice_loss
from .geometry import (
    Layer,
    ReceptiveField,
    output_size,
    receptive_field,
    transposed_output_size,
)
from .losses import combined_loss, cross_entropy, one_hot
from .metrics import (
    confusion_matrix,
    dice_from_iou,
    dice_per_class,
    iou_from_dice,
    iou_per_class,
    mean_iou,
    pixel_accuracy,
)

__all__ = [
    "Layer",
    "ReceptiveField",
    "SegmentationCounts",
    "combined_loss",
    "confusion_matrix",
    "cross_entropy",
    "dice_coefficient",
    "dice_from_iou",
    "dice_loss",
    "dice_per_class",
    "iou_from_dice",
    "iou_per_class",
    "mean_iou",
    "one_hot",
    "output_size",
    "pixel_accuracy",
    "receptive_field",
    "transposed_output_size",
]
