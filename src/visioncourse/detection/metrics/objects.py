"""Predictions and truth of any kind, boxes or masks, read into tables, and what overlaps them."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .images import Images, Table, read_images, take
from .mask_images import mask_iou_of_pairs, with_boxes_of_masks
from .pairs import PairIou, box_iou_of_pairs, pairs_within_groups
from .settings import IouType

Overlap = Callable[[Table, Table], PairIou]  # of two tables, or of rows taken from them


def read_objects(
    predictions: Images, targets: Images, *, iou_type: IouType, class_agnostic: bool = False
) -> tuple[np.ndarray, Table, Table, Overlap]:
    """Return as :py:func:`.images.read_images` does, and what tells the IoU of pairs of rows."""
    fields, overlap = ("area",), box_iou_of_pairs
    if iou_type == "mask":
        fields = ("area", "mask")
        predictions, found = with_boxes_of_masks("predictions", predictions)
        targets, true = with_boxes_of_masks("targets", targets)
        overlap = partial(mask_iou_of_pairs, found=found, true=true)
    tables = read_images(
        predictions,
        targets,
        prediction_fields=fields,
        target_fields=("iscrowd", *fields),
        class_agnostic=class_agnostic,
    )
    return *tables, overlap


def by_image(table: Table, rows: np.ndarray) -> Table:
    """The chosen rows with all classes of an image in one group, in the order given."""
    table = take(table, rows[np.lexsort((table["place"][rows], table["image"][rows]))])
    return table | {"group": table["image"]}


def best_partners(
    detections: Table, truth: Table, pair_iou: PairIou, same_class: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Of tables by image, the highest IoU of each detection (D,) and with which row, -1 for none.

    Only true boxes of its own class are asked, or only those of the others. The first wins a tie.
    """
    highest = np.zeros(len(detections["image"]))
    partner = np.full(len(highest), -1)
    for d, g in pairs_within_groups(detections, truth):
        alike = detections["class"][d] == truth["class"][g]
        d, g = d[alike == same_class], g[alike == same_class]
        iou = pair_iou(d, g)
        order = np.lexsort((g, -iou, d))
        d, g, iou = d[order], g[order], iou[order]
        first = (np.diff(d, prepend=-1) != 0) & (iou > 0)
        highest[d[first]], partner[d[first]] = iou[first], g[first]
    return highest, partner
