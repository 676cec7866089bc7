"""Segmentation: the losses and metrics of Part II, and the geometry of convolutions.

Every loss and metric takes NumPy arrays or Torch tensors (the losses then with gradients) and
returns the same kind. Prediction first, truth second.
"""

from .boundary import boundary_band, boundary_iou, boundary_iou_per_class
from .confusion import confusion_matrix
from .counts import SegmentationCounts, SegmentationMeter
from .dice import dice_coefficient, dice_loss
from .geometry import (
    Layer,
    ReceptiveField,
    output_size,
    receptive_field,
    transposed_output_size,
)
from .losses import combined_loss, cross_entropy, one_hot
from .masks import connected_components, mask_iou, panoptic_map
from .metrics import (
    dice_from_iou,
    dice_per_class,
    frequency_weighted_iou,
    iou_from_dice,
    iou_per_class,
    mean_iou,
    pixel_accuracy,
)
from .panoptic import PanopticQuality, panoptic_quality
from .polygons import polygons_to_rle
from .rle import decode_rle, encode_rle
from .tables import ClassTable

__all__ = [
    "ClassTable",
    "Layer",
    "PanopticQuality",
    "ReceptiveField",
    "SegmentationCounts",
    "SegmentationMeter",
    "boundary_band",
    "boundary_iou",
    "boundary_iou_per_class",
    "combined_loss",
    "confusion_matrix",
    "connected_components",
    "cross_entropy",
    "decode_rle",
    "dice_coefficient",
    "dice_from_iou",
    "dice_loss",
    "dice_per_class",
    "encode_rle",
    "frequency_weighted_iou",
    "iou_from_dice",
    "iou_per_class",
    "mask_iou",
    "mean_iou",
    "one_hot",
    "output_size",
    "panoptic_map",
    "panoptic_quality",
    "pixel_accuracy",
    "polygons_to_rle",
    "receptive_field",
    "transposed_output_size",
]
