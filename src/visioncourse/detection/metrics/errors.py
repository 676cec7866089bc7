"""Why a detector is not better: its mistakes by kind, and what each kind costs."""

from dataclasses import dataclass, replace

import numpy as np

from ..._validation import check_one_of, check_positive, check_shares
from ...results import Result
from .coco import judge
from .coco_matching import Outcome
from .coco_scores import MeanAveragePrecision
from .images import Images, Table, list_of_images
from .objects import Overlap, best_partners, by_image, read_objects
from .settings import IouType, Settings

KINDS = ("class", "place", "class and place", "duplicate", "background", "missed")
FOUND, IGNORED, LEFT_OUT = "found", "ignored", "left out"


@dataclass(frozen=True, eq=False, repr=False)
class DetectionErrors(Result):
    """The mistakes of a detector by kind; results add up with `+` or `sum`.

    Attributes:
        counts: how many mistakes of each kind there are.
        kinds: for each image (N,) texts, what became of each detection: one of `KINDS` or "found",
            "ignored" (in a crowd), "left out" (beyond `max_detections`).
        missed: for each image (M,) booleans, the objects that no other kind of mistake explains.
        as_it_is: the mean average precision at the IoU threshold.
        mended: the same for each kind without its mistakes.
    """

    counts: dict[str, int]
    kinds: list[np.ndarray]
    missed: list[np.ndarray]
    as_it_is: MeanAveragePrecision
    mended: dict[str, MeanAveragePrecision]

    keys_ = ("map", "counts", "costs")

    def __add__(self, other: "DetectionErrors") -> "DetectionErrors":
        if not isinstance(other, DetectionErrors):
            return NotImplemented
        return DetectionErrors(
            {kind: self.counts[kind] + other.counts[kind] for kind in KINDS},
            self.kinds + other.kinds,
            self.missed + other.missed,
            self.as_it_is + other.as_it_is,
            {kind: self.mended[kind] + other.mended[kind] for kind in KINDS},
        )

    def __radd__(self, start: int) -> "DetectionErrors":
        return self if isinstance(start, int) and start == 0 else NotImplemented  # for `sum`

    @property
    def map(self) -> float:
        """The mean average precision at the IoU threshold, -1 without truth."""
        return self.as_it_is.map

    @property
    def costs(self) -> dict[str, float]:
        """By how much the mean average precision would rise without each kind of mistake."""
        # Where every object was missed, nothing is left to be found: 1.
        mended = {kind: abs(result.map) for kind, result in self.mended.items()}
        return {kind: value - abs(self.map) for kind, value in mended.items()}

    def __repr__(self) -> str:
        """A line for each kind."""
        costs = self.costs
        lines = [f"{'mistake':15}  number  mAP lost"]
        lines += [f"{kind:15} {self.counts[kind]:7} {costs[kind]:9.3f}" for kind in KINDS]
        return "\n".join(lines)


def detection_errors(
    predictions: Images,
    targets: Images,
    *,
    iou_threshold: float = 0.5,
    background_threshold: float = 0.1,
    max_detections: int = 100,
    iou_type: IouType = "box",
) -> DetectionErrors:
    """Sort every mistake of a detector into a kind, and tell what each kind costs.

    A detection that found no object of its class is, by the first rule that holds
    (Bolya et al. 2020, "TIDE", section 2.2):

    - "place": its highest IoU with its class is below the threshold, but not background;
    - "class": it would have found an object of another class;
    - "duplicate": it would have found an object that a better detection took;
    - "background": it overlaps no object;
    - "class and place": it overlaps an object of another class too little.

    "missed" is an object that was not found and that none of the first two explains. To mend
    "class" and "place", the best detection of an object that was not found becomes right and the
    others vanish; the other false positives vanish, and missed objects are no longer asked for.

    Args:
        predictions, targets: as for :py:func:`mean_average_precision`; a detection in a crowd of
            its class is no mistake.
        iou_threshold: in (0, 1], what a match needs.
        background_threshold: in [0, 1], below iou_threshold.
        max_detections: of one class in one image.
        iou_type: "box" or "mask".

    Returns:
        A :py:class:`DetectionErrors`.

    Raises:
        ValueError: as for :py:func:`mean_average_precision`, or thresholds out of order.
    """
    check_shares(iou_threshold=iou_threshold, background_threshold=background_threshold)
    check_positive(iou_threshold=iou_threshold)
    if background_threshold >= iou_threshold:
        raise ValueError(
            f"background_threshold must be below iou_threshold, got {background_threshold} "
            f">= {iou_threshold}"
        )
    check_one_of(("box", "mask"), iou_type=iou_type)
    settings = Settings(iou_type, (iou_threshold,), (max_detections,), {"all": (0, np.inf)})
    predictions = list_of_images("predictions", predictions)
    targets = list_of_images("targets", targets)
    classes, detections, truth, overlap = read_objects(predictions, targets, iou_type=iou_type)
    num_detections = len(detections["image"])
    ends = np.cumsum(np.bincount(detections["image"], minlength=len(predictions)))
    detections, outcome, as_it_is = judge(classes, detections, truth, overlap, settings)
    kind, partner = _kinds(
        detections, truth, outcome, overlap, iou_threshold, background_threshold
    )  # fmt: skip
    found = np.zeros(len(truth["image"]), dtype=bool)
    found[outcome.partners[outcome.partners >= 0]] = True
    free = ~found & (truth["iscrowd"] == 0)
    missed = free.copy()
    missed[partner[partner >= 0]] = False
    mended = {
        name: _mended(as_it_is, name, kind == name, partner, free, truth) for name in KINDS[:-1]
    }
    gone = np.bincount(truth["class"][missed], minlength=len(classes))
    mended["missed"] = replace(as_it_is, num_truth=outcome.num_truth - gone)
    counts = {name: int((kind == name).sum()) for name in KINDS} | {"missed": int(missed.sum())}
    of_all = np.full(num_detections, LEFT_OUT, dtype=object)
    of_all[detections["place"]] = kind
    missed_of_all = np.zeros(len(missed), dtype=bool)
    missed_of_all[truth["place"]] = missed
    ends_of_truth = np.cumsum(np.bincount(truth["image"], minlength=len(targets)))
    return DetectionErrors(
        counts,
        np.split(of_all, ends[:-1]) if len(ends) else [],
        np.split(missed_of_all, ends_of_truth[:-1]) if len(ends) else [],
        as_it_is,
        mended,
    )


def _kinds(
    detections: Table,
    truth: Table,
    outcome: Outcome,
    overlap: Overlap,
    iou_threshold: float,
    background_threshold: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The kind of each detection (D,), and for "class" and "place" the row of the object."""
    kind = np.full(len(detections["image"]), FOUND, dtype=object)
    hit = outcome.true_positive[0] == 1
    kind[(outcome.partners >= 0) & ~hit] = IGNORED
    partner = np.full(len(kind), -1)
    wrong = np.flatnonzero(outcome.partners < 0)
    wrong = wrong[np.lexsort((detections["place"][wrong], detections["image"][wrong]))]
    real = np.flatnonzero(truth["iscrowd"] == 0)
    real = real[np.lexsort((truth["place"][real], truth["image"][real]))]
    tables = by_image(detections, wrong), by_image(truth, real)
    (own, own_row), (other, other_row) = (
        best_partners(*tables, overlap(*tables), same_class) for same_class in (True, False)
    )
    rules = {
        "place": (own >= background_threshold) & (own < iou_threshold),
        "class": other >= iou_threshold,
        "duplicate": own >= iou_threshold,
        "background": np.maximum(own, other) <= background_threshold,
    }
    kind[wrong] = np.select(list(rules.values()), list(rules), "class and place")
    for name, rows in (("place", own_row), ("class", other_row)):
        chosen = kind[wrong] == name
        partner[wrong[chosen]] = real[rows[chosen]]
    return kind, partner


def _mended(
    result: MeanAveragePrecision,
    name: str,
    wrong: np.ndarray,
    partner: np.ndarray,
    free: np.ndarray,
    truth: Table,
) -> MeanAveragePrecision:
    """The result without the mistakes of one kind."""
    hit, counted = result.true_positive.copy(), result.counted.copy()
    labels = result.labels.copy()
    counted[:, wrong] = 0
    # Of all that point at an object the best one, whatever its kind; the first of equal ones.
    aimed = np.flatnonzero(partner >= 0)
    aimed = aimed[free[partner[aimed]]]
    aimed = aimed[np.argsort(-result.scores[aimed], kind="stable")]
    best = aimed[np.unique(partner[aimed], return_index=True)[1]]
    best = best[wrong[best]]
    hit[:, best] = counted[:, best] = 1
    labels[best] = truth["labels"][partner[best]]
    return replace(result, labels=labels, true_positive=hit, counted=counted)
