"""Suppression, assignment and average precision, one box at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Box = Sequence[float]  # x1, y1, x2, y2


def iou(a: Box, b: Box) -> float:
    """`|A ∩ B| / |A ∪ B|` of two boxes, 0 where neither has an area."""
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    intersection = width * height
    union = _area(a) + _area(b) - intersection
    return intersection / union if union > 0 else 0.0


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def nms(boxes: Sequence[Box], scores: Sequence[float], iou_threshold: float) -> list[int]:
    """The kept boxes: walk down the ranking, keep what overlaps no kept box too much.

    The definition behind :py:func:`visioncourse.detection.nms`.
    """
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):  # stable
        if all(iou(boxes[i], boxes[k]) <= iou_threshold for k in kept):
            kept.append(i)
    return kept


def soft_nms(
    boxes: Sequence[Box],
    scores: Sequence[float],
    factor: Callable[[float], float],
    score_threshold: float,
) -> list[tuple[int, float]]:
    """The kept boxes with their lowered scores, in the order in which they were kept.

    `factor` says what an IoU does to a score: Bodla et al. 2017, "Soft-NMS", figure 2. The
    definition behind :py:func:`visioncourse.detection.soft_nms`.
    """
    lowered, left, kept = list(scores), list(range(len(boxes))), []
    while left:
        best = max(left, key=lambda i: (lowered[i], -i))
        left.remove(best)
        kept.append((best, lowered[best]))
        for i in left:
            lowered[i] *= factor(iou(boxes[best], boxes[i]))
    return [(i, score) for i, score in kept if score >= score_threshold]


def assign_anchors(
    anchors: Sequence[Box],
    boxes: Sequence[Box],
    foreground_threshold: float = 0.5,
    background_threshold: float = 0.4,
    allow_low_quality: bool = True,
) -> list[int]:
    """The box of each anchor, -1 for background, -2 for an anchor to be ignored.

    The rules of :py:func:`visioncourse.detection.assign_anchors`, one anchor after the other.
    """
    overlaps = [[iou(anchor, box) for box in boxes] for anchor in anchors]
    assigned = []
    for row in overlaps:
        highest = max(row, default=0.0)
        if row and highest >= foreground_threshold:
            assigned.append(row.index(highest))
        else:
            assigned.append(-1 if not row or highest < background_threshold else -2)
    if allow_low_quality:
        highest_of_box = [max((row[m] for row in overlaps), default=0) for m in range(len(boxes))]
        for a, row in enumerate(overlaps):
            claims = [m for m, highest in enumerate(highest_of_box) if 0 < highest == row[m]]
            if claims:
                assigned[a] = max(claims, key=lambda m: row[m])  # the first of equal ones
    return assigned


def average_precision(
    recall: Sequence[float], precision: Sequence[float], method: str = "area"
) -> float:
    """The average of the interpolated precision p(r), the highest at any recall >= r.

    The definition behind :py:func:`visioncourse.detection.average_precision`, for "area",
    "11-point" and "101-point".
    """

    def interpolated(level: float) -> float:
        return max((p for r, p in zip(recall, precision, strict=True) if r >= level), default=0.0)

    if method == "area":
        area, before = 0.0, 0.0
        for r in recall:
            area += (r - before) * interpolated(r)
            before = r
        return area
    # COCO's np.linspace has 0.01 * k, in some levels not the number that k / 100 is.
    levels = {
        "11-point": [k / 10 for k in range(11)],
        "101-point": [0.01 * k for k in range(101)],
    }[method]
    return sum(interpolated(level) for level in levels) / len(levels)


def voc_curve(
    predictions: Sequence[Mapping[str, Any]],
    targets: Sequence[Mapping[str, Any]],
    label: int,
    iou_threshold: float = 0.5,
) -> tuple[list[float], list[float]]:
    """Recall and precision of one class, detection by detection, as in VOC's development kit.

    The lists of images are those of :py:func:`visioncourse.detection.voc_average_precision`, in
    plain lists, and every target has `difficult`.
    """
    truth = [_columns(image, label, "boxes", "difficult") for image in targets]
    ranking = [
        (score, i, box)
        for i, image in enumerate(predictions)
        for box, score in _columns(image, label, "boxes", "scores")
    ]
    ranking.sort(key=lambda row: -row[0])  # stable: equal scores keep the order of the images
    num_targets = sum(not difficult for image in truth for _, difficult in image)
    found: set[tuple[int, int]] = set()  # image and place of the true boxes
    recall, precision, false_positives = [], [], 0
    for _, i, box in ranking:
        overlaps = [iou(box, true_box) for true_box, _ in truth[i]]
        best = overlaps.index(max(overlaps)) if overlaps else -1
        if best < 0 or overlaps[best] < iou_threshold:
            false_positives += 1
        elif truth[i][best][1]:
            continue  # a difficult box counts neither way
        elif (i, best) in found:
            false_positives += 1  # a duplicate
        else:
            found.add((i, best))
        recall.append(len(found) / num_targets if num_targets else 0.0)
        precision.append(len(found) / (len(found) + false_positives))
    return recall, precision


def _columns(image: Mapping[str, Any], label: int, *fields: str) -> list[tuple[Any, ...]]:
    """The rows of one class in one image, the named fields side by side."""
    rows = zip(image["labels"], *(image[field] for field in fields), strict=True)
    return [row for c, *row in rows if c == label]
