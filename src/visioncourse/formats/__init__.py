"""Files that detectors and trackers exchange: COCO's JSON, YOLO's text, VOC's XML, MOTChallenge's.

Readers take files as they are found: unsorted, with gaps, written on Windows. What cannot be right
is a ValueError that names the file and the line or entry. A data set of any kind is read into a
:py:class:`CocoTruth`, whose `targets` the measures of `visioncourse.detection` take, and which each
of the other kinds can write::

    truth = read_coco("instances_val.json")
    found = read_coco_results("results.json", truth.image_ids, category_ids=truth.category_ids)
    mean_average_precision(found, truth.targets).table(truth.categories)

    truth = read_yolo("labels/val", "images/val", names=["person", "dog"])
    found = read_yolo_results("runs/labels", truth)
    detection_errors(found, truth.targets)
"""

from .coco import read_coco, read_coco_results
from .coco_writing import write_coco, write_coco_results
from .mot import group_by_frame, read_mot, write_mot
from .truth import CocoTruth
from .voc import read_voc, write_voc
from .yolo import read_yolo, read_yolo_results, write_yolo, write_yolo_results

__all__ = [
    "CocoTruth",
    "group_by_frame",
    "read_coco",
    "read_coco_results",
    "read_mot",
    "read_voc",
    "read_yolo",
    "read_yolo_results",
    "write_coco",
    "write_coco_results",
    "write_mot",
    "write_voc",
    "write_yolo",
    "write_yolo_results",
]
