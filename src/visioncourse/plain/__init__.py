"""The definitions as loops, the way a textbook writes them: one box, one step at a time.

They are slow, unchecked, and meant to be read. The functions of the same names elsewhere in the
package give the same results, and the tests hold them to these.
"""

from .detection import assign_anchors, average_precision, iou, nms, soft_nms, voc_curve
from .hota import Hota, hota
from .sort import Sort, Track
from .tracking import batch_hard_triplets, greedy_associate

__all__ = [
    "Hota",
    "Sort",
    "Track",
    "assign_anchors",
    "average_precision",
    "batch_hard_triplets",
    "greedy_associate",
    "hota",
    "iou",
    "nms",
    "soft_nms",
    "voc_curve",
]
