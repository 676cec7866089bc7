"""COCO's measure: average precision over classes, IoU thresholds and areas."""

from collections.abc import Iterable

import numpy as np

from .coco_matching import Outcome, match
from .coco_scores import MeanAveragePrecision
from .images import Images, Table, take
from .objects import Overlap, read_objects
from .pairs import positions_in_runs
from .settings import (
    AREA_RANGES,
    IOU_THRESHOLDS,
    MAX_DETECTIONS,
    AreaRanges,
    Average,
    IouType,
    Settings,
)


def mean_average_precision(
    predictions: Images,
    targets: Images,
    *,
    iou_type: IouType = "box",
    iou_thresholds: Iterable[float] = IOU_THRESHOLDS,
    max_detections: Iterable[int] = MAX_DETECTIONS,
    area_ranges: AreaRanges | None = None,
    average: Average = "macro",
    class_agnostic: bool = False,
) -> MeanAveragePrecision:
    """COCO's twelve numbers, and average precision and recall of each class.

    Per class: match at ten IoU thresholds 0.50, 0.55, ..., 0.95, take the average precision at
    101 recalls, and average; then the mean over classes (Lin et al., "Microsoft COCO", ECCV 2014;
    cocodataset.org, "Detection evaluation"). Equal to pycocotools' `COCOeval`, rule for rule:

    - A detection takes the free true box with the highest IoU; of two, the last one listed.
    - A crowd (`iscrowd`) and a box outside the area range are neither found nor missed. A
      detection that is left over for one of them counts as neither right nor wrong. A crowd may
      be matched again and again.
    - The 100 best detections of a class in an image count; equal scores keep their order.
    - small, medium and large split areas at 32² and 96² pixels; a border belongs to both sides.

    Args:
        predictions: for each image a mapping of `boxes` (N, 4) as (x1, y1, x2, y2), `scores` (N,),
            finite numbers of any range, larger is surer, `labels` (N,), whole numbers >= 0;
            optionally `area` (N,).
        targets: for each image, in the same order, `boxes` (M, 4), `labels` (M,); optionally
            `iscrowd` (M,), 0 or 1, and `area` (M,), such as that of a mask. An area that is not
            given is that of the box. Arrays, lists and Torch tensors may be mixed.
        iou_type: "mask" compares `masks` instead of boxes, which are then not needed: (N, H, W) of
            0 and 1, or a list of N of COCO's run-length encodings.
        iou_thresholds: in (0, 1].
        max_detections: of one class in one image, for the recalls; the largest holds for the rest.
        area_ranges: lowest and highest area by name; None takes COCO's small, medium and large.
            The range "all", up to 10¹⁰ pixels, is added.
        average: "macro" is the mean over classes; "micro" ranks the detections of all classes in
            one list, so that a class weighs as much as it has objects.
        class_agnostic: True ignores the labels, as `useCats = 0` in pycocotools and torchmetrics'
            "micro": where objects are, whatever they are.

    Returns:
        A :py:class:`MeanAveragePrecision`, whose properties are the numbers.

        - `map`, `map_50`, `map_75`: average precision over all thresholds, at 0.5 and at 0.75;
          `map_small`, `map_medium`, `map_large` by area.
        - `mar_1`, `mar_10`, `mar_100`: recall with that many detections a class and image, over
          all thresholds; `mar_small`, `mar_medium`, `mar_large` with 100.
        - `classes` (K,), every label that occurs, `map_per_class` and `mar_100_per_class` (K,):
          NumPy arrays. A class without truth has -1 and stays out of the means.

    Raises:
        ValueError: lists of different lengths, a missing key, shapes that do not fit, or an entry
            or setting out of range; the message names the image and the row.
    """
    ranges = AREA_RANGES if area_ranges is None else area_ranges
    settings = Settings(
        iou_type, iou_thresholds, max_detections, ranges, average, class_agnostic
    )  # fmt: skip
    classes, detections, truth, overlap = read_objects(
        predictions, targets, iou_type=iou_type, class_agnostic=class_agnostic
    )
    *_, scores = judge(classes, detections, truth, overlap, settings)
    return scores


def judge(
    classes: np.ndarray, detections: Table, truth: Table, overlap: Overlap, settings: Settings
) -> tuple[Table, Outcome, MeanAveragePrecision]:
    """The detections that are not beyond the largest number, what became of them, the scores."""
    ranks = positions_in_runs(detections["group"])
    kept = ranks < settings.max_detections[-1]
    detections = take(detections, kept)
    outcome = match(
        detections,
        truth,
        len(classes),
        overlap(detections, truth),
        settings.iou_thresholds,
        settings.bounds,
    )
    scores = MeanAveragePrecision(
        classes,
        outcome.num_truth,
        detections["labels"],
        detections["scores"],
        ranks[kept],
        outcome.true_positive,
        outcome.counted,
        settings,
    )
    return detections, outcome, scores
