"""The confusion of classes, precision and recall at one confidence, and mistakes by kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse import plain
from visioncourse.detection import (
    detection_confusion,
    detection_errors,
    mean_average_precision,
)

from ..coco_worlds import random_images, worlds


def confused_images(seed, crowds=0.0):
    """Images whose detections have wrong classes and wrong places, too."""
    rng = np.random.default_rng(seed)
    predictions, targets = random_images(
        seed, 6, 3, 5, 3, grid=2.0**-20, crowds=crowds, levels=10**6
    )
    for image in predictions:
        n, boxes = len(image["labels"]), image["boxes"]
        image["labels"] = np.where(rng.random(n) < 0.4, rng.integers(0, 3, n), image["labels"] % 3)
        shift = rng.normal(0, 0.15, (n, 2)) * (boxes[:, 2:] - boxes[:, :2])
        image["boxes"] = boxes + np.tile(shift, 2)
    return predictions, [{k: v for k, v in t.items() if k != "area"} for t in targets]


# tidecv 1.0.1's TIDERun(..., pos_thresh=0.5, bg_thresh=0.1, mode="bbox", max_dets=1000).
TIDE = {
    # seed: mAP, and for each kind the number and the gain
    0: (
        0.179745,
        {
            "class": (6, 0.10171),
            "place": (13, 0.163666),
            "class and place": (3, 0.00496),
            "duplicate": (2, 0.004966),
            "background": (19, 0.076013),
            "missed": (10, 0.075191),
        },
    ),
    1: (
        0.296260,
        {
            "class": (7, 0.119048),
            "place": (7, 0.083958),
            "class and place": (5, 0.002138),
            "duplicate": (10, 0.012642),
            "background": (15, 0.097462),
            "missed": (8, 0.064256),
        },
    ),
    2: (
        0.164545,
        {
            "class": (9, 0.144024),
            "place": (4, 0.041804),
            "class and place": (4, 0.00143),
            "duplicate": (4, 0.007194),
            "background": (22, 0.103937),
            "missed": (7, 0.067735),
        },
    ),
}


@pytest.mark.parametrize("seed", TIDE)
def test_mistakes_are_those_of_tide(seed):
    average, kinds = TIDE[seed]
    errors = detection_errors(*confused_images(seed))
    assert errors.counts == {kind: number for kind, (number, _) in kinds.items()}
    # TIDE's recall levels are k / 100, COCO's np.linspace: one level may be out of reach.
    assert_allclose(errors.map, average, atol=3e-3)
    assert_allclose(
        [errors.costs[kind] for kind in kinds], [c for _, c in kinds.values()], atol=3e-3
    )


def plain_kinds(image, target, found, ious, high, low):
    """The kind of each detection that found nothing, rule by rule."""
    kinds = {}
    for d in np.flatnonzero(~found):
        own = [
            iou for iou, c in zip(ious[d], target["labels"], strict=True) if c == image["labels"][d]
        ]
        other = [
            iou for iou, c in zip(ious[d], target["labels"], strict=True) if c != image["labels"][d]
        ]
        own, other = max(own, default=0), max(other, default=0)
        if low <= own < high:
            kinds[d] = "place"
        elif other >= high:
            kinds[d] = "class"
        elif own >= high:
            kinds[d] = "duplicate"
        else:
            kinds[d] = "background" if max(own, other) <= low else "class and place"
    return kinds


@given(seed=st.integers(0, 10**6), high=st.sampled_from([0.3, 0.5, 0.7]))
def test_each_detection_has_the_kind_of_the_rules(seed, high):
    predictions, targets = confused_images(seed)
    errors = detection_errors(predictions, targets, iou_threshold=high)
    for image, target, kinds, missed in zip(
        predictions, targets, errors.kinds, errors.missed, strict=True
    ):
        ious = [[plain.iou(a, b) for b in target["boxes"]] for a in image["boxes"]]
        ious = np.reshape(ious, (len(image["boxes"]), len(target["boxes"])))
        expected = plain_kinds(image, target, kinds == "found", ious, high, 0.1)
        assert {d: kinds[d] for d in expected} == expected
        assert len(missed) == len(target["labels"])
        assert (kinds == "found").sum() + missed.sum() <= len(missed)
    total = mean_average_precision(predictions, targets, iou_thresholds=[high])
    assert errors.map == total.map
    assert errors.mended["missed"].map >= errors.map


@given(world=worlds, place=st.integers(0, 4))
def test_mistakes_and_confusions_of_batches_add_up(world, place):
    predictions, targets = ([image[side] for image in world] for side in (0, 1))
    for measure in (detection_errors, detection_confusion):
        whole = measure(predictions, targets)
        total = measure(predictions[:place], targets[:place])
        total = total + measure(predictions[place:], targets[place:])
        for key, value in whole.items():
            assert_array_equal(total[key], value)
        assert sum([whole]) is whole
        with pytest.raises(TypeError):
            whole + 1


@given(seed=st.integers(0, 10**6), score=st.floats(-0.1, 1.1), iou=st.sampled_from([0.5, 0.75]))
def test_the_diagonal_holds_the_true_positives_of_coco(seed, score, iou):
    predictions, targets = confused_images(seed, crowds=0.2)
    confusion = detection_confusion(predictions, targets, score_threshold=score, iou_threshold=iou)
    point = mean_average_precision(predictions, targets).at_score(score, iou_threshold=iou)
    for name in ("tp", "fp", "fn"):
        assert_array_equal(getattr(confusion.point, name), getattr(point, name))
    truths = [np.asarray(t["labels"])[t["iscrowd"] == 0] for t in targets]
    assert_array_equal(
        confusion.matrix[:-1].sum(axis=1),
        [(np.concatenate(truths) == label).sum() for label in confusion.classes],
    )
    assert confusion.matrix[-1, -1] == 0


def test_a_confusion_by_hand():
    """A dog taken for a cat, a cat found twice, a dog missed, and a cat where nothing is."""
    cat, dog = 3, 5
    targets = [
        {"boxes": [[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], "labels": [dog, cat, dog]}
    ]
    boxes = [[0, 0, 10, 9], [20, 0, 30, 10], [20, 0, 30, 9], [60, 0, 70, 10], [40, 0, 50, 10]]
    predictions = [
        {"boxes": boxes, "labels": [cat, cat, cat, cat, dog], "scores": [0.9, 0.8, 0.7, 0.6, 0.4]}
    ]
    confusion = detection_confusion(predictions, targets)
    assert_array_equal(confusion.classes, [cat, dog])
    assert_array_equal(confusion.matrix, [[1, 0, 0], [1, 0, 1], [2, 0, 0]])
    assert (confusion.precision, confusion.recall) == (1 / 4, 1 / 3)
    assert_allclose(confusion.f1, 2 / 7)
    assert repr(confusion.table({3: "cat", 5: "dog"})).splitlines() == [
        "class precision recall    F1",
        "cat       0.250  1.000 0.400",
        "dog           –  0.000 0.000",
        "mean      0.250  0.500 0.200",
    ]
    missed = detection_errors([{"boxes": [], "labels": [], "scores": []}], targets)
    assert (missed.counts["missed"], missed.costs["missed"], missed.costs["class"]) == (3, 1, 0)
    errors = detection_errors(predictions, targets)
    assert errors.kinds[0].tolist() == ["class", "found", "duplicate", "background", "found"]
    assert errors.missed[0].tolist() == [False] * 3
    assert repr(errors).splitlines()[:2] == [
        "mistake          number  mAP lost",
        "class                 1     0.498",  # mAP (1/2 + 51/101) / 2, then 1
    ]


def test_the_best_f1_is_the_highest_of_all():
    predictions, targets = confused_images(4)
    result = mean_average_precision(predictions, targets)
    best = result.best_f1()
    for score in np.unique(result.scores):
        assert result.at_score(score).f1 <= best.f1
    assert result.at_score(best.score_threshold).f1 == best.f1
    nothing = mean_average_precision([], []).best_f1()
    assert (nothing.f1, nothing.precision, nothing.recall) == (0, 0, 0)
    assert nothing.score_threshold == np.inf


def test_what_lies_in_a_crowd_is_ignored_and_what_comes_late_left_out():
    targets = [{"boxes": [[0, 0, 50, 50]], "labels": [1], "iscrowd": [1]}]
    predictions = [{"boxes": [[0, 0, 5, 5], [5, 5, 9, 9]], "labels": [1, 1], "scores": [0.5, 0.6]}]
    errors = detection_errors(predictions, targets, max_detections=1)
    assert errors.kinds[0].tolist() == ["left out", "ignored"]
    assert errors.map == -1 and not errors.missed[0].any() and sum(errors.counts.values()) == 0
    assert detection_confusion(predictions, targets).matrix.sum() == 0


def test_nothing_at_all():
    empty = {"boxes": [], "labels": [], "scores": []}
    for images in ([], [empty], [empty, empty]):
        assert detection_confusion(images, images).matrix.tolist() == [[0]]
        errors = detection_errors(images, images)
        assert [len(kinds) for kinds in errors.kinds] == [0] * len(images)
        assert errors.map == -1


def test_masks_have_mistakes_too():
    upper, lower = np.triu(np.ones((8, 8))), np.tril(np.ones((8, 8)))
    targets = [{"masks": [upper], "labels": [1]}]
    predictions = [{"masks": [lower], "labels": [1], "scores": [1]}]
    errors = detection_errors(predictions, targets, iou_type="mask")
    assert errors.kinds[0].tolist() == ["place"]  # 8 of 64 pixels
    assert detection_confusion(predictions, targets, iou_type="mask").matrix[0, 0] == 0


@pytest.mark.parametrize(
    ("measure", "settings", "message"),
    [
        (detection_errors, {"iou_threshold": 0.1}, "background_threshold must be below iou_thresh"),
        (detection_errors, {"iou_threshold": 50}, r"iou_threshold must lie in \[0, 1\], got 50"),
        (detection_errors, {"max_detections": 0}, r"max_detections\[0\] must be a whole number"),
        (detection_confusion, {"iou_threshold": 0}, "iou_threshold must be a finite number > 0"),
        (detection_confusion, {"score_threshold": np.nan}, "score_threshold must lie in"),
        (detection_confusion, {"score_threshold": None}, "score_threshold must lie in"),
        (detection_confusion, {"iou_type": "bbox"}, "iou_type must be one of"),
    ],
)
def test_bad_settings_are_named(measure, settings, message):
    with pytest.raises(ValueError, match=message):
        measure([], [], **settings)


def test_only_results_of_one_kind_add_up():
    with pytest.raises(ValueError, match=r"same thresholds, got \(0.5, 0.5\) and \(0.5, 0.7\)"):
        detection_confusion([], []) + detection_confusion([], [], iou_threshold=0.7)
    with pytest.raises(ValueError, match="results must be of the same settings"):
        detection_errors([], []) + detection_errors([], [], iou_threshold=0.7)
