"""The definitions as loops, the way a textbook writes them: one box, one step at a time.

They are slow, unchecked, and meant to be read. The functions of the same names elsewhere in the
package give the same results, and the tests hold them to these.
"""

from .detection import assign_anchors, average_precision, iou, nms, soft_nms, voc_curve

__all__ = [
    "assign_anchors",
    "average_precision",
    "iou",
    "nms",
    "soft_nms",
    "voc_curve",
]
