"""Files that detectors and trackers exchange: COCO's JSON and MOTChallenge's text.

Readers take files as they are found: unsorted, with gaps, written on Windows. What cannot be right
is a ValueError that names the file and the line or entry.
"""

from .coco import CocoTruth, read_coco, read_coco_results, write_coco, write_coco_results
from .mot import group_by_frame, read_mot, write_mot

__all__ = [
    "CocoTruth",
    "group_by_frame",
    "read_coco",
    "read_coco_results",
    "read_mot",
    "write_coco",
    "write_coco_results",
    "write_mot",
]
