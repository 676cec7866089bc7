"""Boxes, the losses that move them, and how good a detector is: the mathematics of Part III."""

from .anchors import (
    anchor_grid,
    decode_boxes,
    encode_boxes,
)
from .boxes import (
    box_area,
    box_convert,
    box_iou,
    clip_boxes,
    complete_box_iou,
    distance_box_iou,
    generalized_box_iou,
)
from .losses import (
    categorical_focal_loss,
    complete_iou_loss,
    detection_loss,
    distance_iou_loss,
    focal_loss,
    generalized_iou_loss,
    iou_loss,
    objectness_loss,
    smooth_l1_loss,
)
from .matching import (
    assign_anchors,
    batched_nms,
    nms,
    soft_nms,
)
from .metrics import (
    DetectionMeter,
    MeanAveragePrecision,
    OperatingPoint,
    VocAveragePrecision,
    average_precision,
    mean_average_precision,
    precision_recall_curve,
    voc_average_precision,
)

__all__ = [
    "DetectionMeter",
    "MeanAveragePrecision",
    "OperatingPoint",
    "VocAveragePrecision",
    "anchor_grid",
    "assign_anchors",
    "average_precision",
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "categorical_focal_loss",
    "clip_boxes",
    "complete_box_iou",
    "complete_iou_loss",
    "decode_boxes",
    "detection_loss",
    "distance_box_iou",
    "distance_iou_loss",
    "encode_boxes",
    "focal_loss",
    "generalized_box_iou",
    "generalized_iou_loss",
    "iou_loss",
    "mean_average_precision",
    "nms",
    "objectness_loss",
    "precision_recall_curve",
    "smooth_l1_loss",
    "soft_nms",
    "voc_average_precision",
]
