"""Own thresholds, numbers, ranges and averages, masks, and the meter: against pycocotools."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse.detection import (
    DetectionMeter,
    average_precision,
    mean_average_precision,
    precision_recall_curve,
)
from visioncourse.segmentation import encode_rle

from ..coco_worlds import evaluated_by_coco, random_images

DETAIL = {"grid": 8.0, "crowds": 0.2, "levels": 8}
RANGES = {"tiny": (0, 900), "middle": (900, 6400.0), "rest": (6400, np.inf)}
# pycocotools' names, and an infinite end that it takes as any number.
COCO_RANGES = {"areaRng": [[0, 1e10], *map(list, RANGES.values())], "areaRngLbl": [*"abcd"]}


def mean(values):
    values = values[values > -1]
    return values.mean() if values.size else -1


def assert_equal_to_coco(result, evaluation):
    """Every average over every range, threshold and number of detections."""
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]
    for t, threshold in [(slice(None), None), *enumerate(result.settings.iou_thresholds)]:
        for a, area in enumerate(result.settings.area_ranges):
            got = result.average_precision(iou_threshold=threshold, area=area)
            assert_allclose(got, mean(precision[t, :, :, a, -1]), atol=1e-12)
            for m, limit in enumerate(result.settings.max_detections):
                got = result.average_recall(
                    iou_threshold=threshold, area=area, max_detections=limit
                )
                assert_allclose(got, mean(recall[t, :, a, m]), atol=1e-12)


@given(
    seed=st.integers(0, 10**6),
    thresholds=st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.6, 0.75, 1.0]), min_size=1, max_size=5),
    limits=st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True),
    class_agnostic=st.booleans(),
)
def test_own_settings_are_those_of_pycocotools(seed, thresholds, limits, class_agnostic):
    predictions, targets = random_images(seed, 4, 3, 5, 4, **DETAIL)
    result = mean_average_precision(
        predictions,
        targets,
        iou_thresholds=thresholds,
        max_detections=limits,
        area_ranges=RANGES,
        class_agnostic=class_agnostic,
    )
    evaluation = evaluated_by_coco(
        predictions,
        targets,
        iouThrs=np.array(sorted(set(thresholds))),
        maxDets=sorted(limits),
        useCats=int(not class_agnostic),
        **COCO_RANGES,
    )
    assert_equal_to_coco(result, evaluation)


@pytest.mark.parametrize("number", [1, 9, 20, 40, 64])
def test_many_thresholds(number):
    """The thresholds are the bits of a number; each one is that of a result with it alone."""
    thresholds = np.linspace(0.3, 0.95, number)
    predictions, targets = random_images(3, 6, 2, 6, 4, **DETAIL)
    result = mean_average_precision(predictions, targets, iou_thresholds=thresholds)
    for threshold in thresholds:
        alone = mean_average_precision(predictions, targets, iou_thresholds=[threshold])
        got = result.average_precision(iou_threshold=threshold)
        assert_allclose(got, alone.map, atol=1e-14)


def disks(rng, n, size):
    """Masks (n, H, W) of disks, some of them partly or wholly outside."""
    y, x = np.indices(size)
    centre, radius = rng.uniform(-3, 45, (n, 2)), rng.uniform(1, 15, n)
    distance = (y - centre[:, 0, None, None]) ** 2 + (x - centre[:, 1, None, None]) ** 2
    return distance < radius[:, None, None] ** 2


def images_of_masks(seed, num_images=5, classes=2):
    rng = np.random.default_rng(seed)
    predictions, targets = [], []
    for _ in range(num_images):
        size, n, m = (40, rng.integers(30, 50)), rng.poisson(5), rng.poisson(3)
        masks = disks(rng, n, size)
        found = np.repeat(np.arange(n), rng.integers(0, 3, n))
        moved = np.roll(masks[found], rng.integers(-2, 3), axis=rng.integers(1, 3))
        targets.append(
            {
                "masks": masks,
                "boxes": np.zeros((n, 4)),
                "labels": rng.integers(0, classes, n),
                "iscrowd": (rng.random(n) < 0.2).astype(int),
            }
        )
        labels = [targets[-1]["labels"][found], rng.integers(0, classes, m)]
        predictions.append(
            {
                "masks": np.concatenate([moved, disks(rng, m, size)]),
                "boxes": np.zeros((len(found) + m, 4)),
                "labels": np.concatenate(labels),
                "scores": rng.integers(0, 8, len(found) + m) / 8,
            }
        )
    return predictions, targets


@given(seed=st.integers(0, 10**6))
def test_masks_are_those_of_pycocotools(seed):
    predictions, targets = images_of_masks(seed)
    thresholds, ranges = [0.2, 0.5, 0.75, 0.9], {"small": (0, 100), "large": (100, 1e10)}
    settings = {"iou_type": "mask", "iou_thresholds": thresholds, "area_ranges": ranges}
    evaluation = evaluated_by_coco(
        predictions,
        targets,
        "segm",
        iouThrs=np.array(thresholds),
        areaRng=[[0, 1e10], *map(list, ranges.values())],
        areaRngLbl=["all", *ranges],
    )

    def each(images, change):
        return [{**image, "masks": change(image["masks"])} for image in images]

    for found, true in (
        (predictions, targets),
        (each(predictions, encode_rle), targets),
        (each(predictions, torch.from_numpy), each(targets, encode_rle)),
        (each(predictions, lambda m: encode_rle(m, compressed=False)), each(targets, list)),
    ):
        result = mean_average_precision(
            [{k: v for k, v in image.items() if k != "boxes"} for image in found],
            true,
            **settings,
        )
        assert_equal_to_coco(result, evaluation)


def test_a_mask_tells_what_its_box_hides():
    """Two triangles of one square share its box and only the diagonal."""
    upper, lower = np.triu(np.ones((8, 8))), np.tril(np.ones((8, 8)))
    targets = [{"masks": [upper], "boxes": [[0, 0, 8, 8]], "labels": [1]}]
    predictions = [{"masks": [lower], "boxes": [[0, 0, 8, 8]], "labels": [1], "scores": [1]}]
    assert mean_average_precision(predictions, targets).map == 1
    assert mean_average_precision(predictions, targets, iou_type="mask").map == 0


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (np.ones((3, 3)), r"\['masks'\] must have shape \(N, H, W\), or be encodings, got shape"),
        (np.full((1, 3, 3), 2), r"\['masks'\] must contain only 0 and 1, got 2"),
        (np.full((1, 3, 3), 0.5), r"\['masks'\] must contain only 0 and 1, got 0.5"),
        ([{"size": [3, 3], "counts": [8]}], r"\['masks'\]\[0\]: counts must add up to 3·3 = 9"),
        ([5], r"\['masks'\] must have shape"),
        (None, r"\['masks'\] must have shape"),
        (np.ones((1, 3, 4)), r"\['masks'\] must be as large as those of targets, \[3, 3\], got"),
        (np.ones((2, 3, 3)), r"\['labels'\] must have shape \(2,\)"),
    ],
)
def test_bad_masks_are_named(masks, message):
    good = {"masks": np.ones((1, 3, 3)), "labels": [1], "scores": [0.5]}
    with pytest.raises(ValueError, match=rf"predictions\[1\]{message}"):
        mean_average_precision([good, {**good, "masks": masks}], [good, good], iou_type="mask")
    with pytest.raises(ValueError, match=r"targets\[0\] must be a mapping with the key 'masks'"):
        mean_average_precision([good], [{"boxes": [], "labels": []}], iou_type="mask")


def test_no_masks_are_legal():
    empty = {"masks": np.zeros((0, 5, 5)), "labels": [], "scores": []}
    one = {"masks": np.ones((1, 5, 5)), "labels": [1], "scores": [1]}
    for images in ([], [empty], [{**empty, "masks": []}]):
        assert mean_average_precision(images, images, iou_type="mask").map == -1
    assert mean_average_precision([empty], [one], iou_type="mask").map == 0
    nothing = {**one, "masks": np.zeros((1, 5, 5))}  # an object without a pixel
    assert mean_average_precision([nothing], [nothing], iou_type="mask").map == 0


def test_the_micro_average_ranks_all_classes_together():
    predictions, targets = random_images(5, 8, 3, 6, 4, **{**DETAIL, "levels": 10**6})
    macro = mean_average_precision(predictions, targets)
    micro = mean_average_precision(predictions, targets, average="micro")
    for threshold in (0.5, 0.75):
        curves = [macro.curve(label, iou_threshold=threshold) for label in macro.classes]
        scores = np.concatenate([scores for _, _, scores in curves])
        hits = np.concatenate(
            [np.diff(recall, prepend=0) > 0 for recall, _, _ in curves]
        )  # fmt: skip
        recall, precision, _ = precision_recall_curve(
            scores, hits, num_targets=macro.num_truth[0].sum()
        )
        expected = average_precision(recall, precision, method="101-point")
        assert_allclose(micro.average_precision(iou_threshold=threshold), expected, atol=1e-12)
    assert_array_equal(micro.map_per_class, macro.map_per_class)
    assert micro.map != macro.map


def test_curves_end_in_the_scores():
    predictions, targets = random_images(1, 8, 3, 6, 4, **DETAIL)
    result = mean_average_precision(predictions, targets)
    for k, label in enumerate(result.classes):
        for threshold in (0.5, 0.9):
            t = result.settings.place_of_threshold(threshold)
            recall, precision, _ = result.curve(label, iou_threshold=threshold)
            average = average_precision(recall, precision, method="101-point")
            assert_allclose(average, result.by_class.precision[k, 0, t], atol=1e-12)
            assert_allclose(recall[-1], result.by_class.recall[k, 0, -1, t])
    assert [len(column) for column in result.curve(99)] == [0, 0, 0]


def test_names_of_scores_follow_the_settings():
    result = mean_average_precision(
        [], [], iou_thresholds=[0.75], max_detections=[300, 5], area_ranges={"tiny": (0, 100)}
    )
    assert list(result) == [
        "map", "map_75", "mar_5", "mar_300", "map_tiny", "mar_tiny", "classes", "map_per_class",
        "mar_300_per_class",
    ]  # fmt: skip
    assert result["map_tiny"] == -1 and {**result}.keys() == result.as_dict().keys()
    with pytest.raises(ValueError, match=r"iou_threshold must be one of \[0.75\], got 0.5"):
        assert result.map_50
    with pytest.raises(ValueError, match=r"area must be one of \['all', 'tiny'\], got 'small'"):
        assert result.map_small
    with pytest.raises(ValueError, match=r"max_detections must be one of \[5, 300\], got 100"):
        assert result.mar_100


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("iou_type", "segm", r"iou_type must be one of \['box', 'mask'\], got 'segm'"),
        ("average", None, "average must be one of"),
        ("class_agnostic", 3, "class_agnostic must be True or False, got 3"),
        ("iou_thresholds", [], r"iou_thresholds must be numbers in \(0, 1\], got \[\]"),
        ("iou_thresholds", [0, 0.5], "iou_thresholds must be numbers in"),
        ("iou_thresholds", [50], "iou_thresholds must be numbers in"),
        ("iou_thresholds", ["a"], "iou_thresholds must be numbers in"),
        ("iou_thresholds", [None], "iou_thresholds must be numbers in"),
        ("iou_thresholds", 0.5, "iou_thresholds must be a list of numbers, got 0.5"),
        ("iou_thresholds", np.linspace(0.1, 0.9, 65), "iou_thresholds must be at most 64, got 65"),
        ("max_detections", [], "max_detections must be one number or more"),
        ("max_detections", 100, "max_detections must be a list of numbers, got 100"),
        ("max_detections", [10, 0], r"max_detections\[1\] must be a whole number >= 1, got 0"),
        ("area_ranges", [(0, 1)], "area_ranges must map names to"),
        ("area_ranges", {"a": (5, 1)}, r"area_ranges\['a'\] must be 0 <= lowest <= highest"),
        ("area_ranges", {"a": 5}, r"area_ranges\['a'\] must be 0 <= lowest <= highest"),
        ("area_ranges", {"50": (0, 1)}, "area_ranges must have names such as 'small', got '50'"),
        ("area_ranges", {"per_class": (0, 1)}, "area_ranges must have names"),
    ],
)
def test_bad_settings_are_named(setting, value, message):
    for measure in (lambda **s: mean_average_precision([], [], **s), DetectionMeter):
        with pytest.raises(ValueError, match=message):
            measure(**{setting: value})


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_a_meter_evaluates_batches(average):
    predictions, targets = random_images(2, 6, 3, 5, 4, **DETAIL)
    settings = {"average": average, "iou_thresholds": [0.4, 0.5], "area_ranges": RANGES}
    meters = [DetectionMeter(**settings), DetectionMeter(**settings)]
    for index in range(6):
        meters[index // 4].update(predictions[index : index + 1], targets[index : index + 1])
    total = meters[0] + meters[1]
    whole = mean_average_precision(predictions, targets, **settings)
    for key, value in whole.items():
        assert_array_equal(total.compute()[key], value)
    assert repr(total).startswith("DetectionMeter(MeanAveragePrecision(map=")
    by_sum = sum(meter.compute() for meter in meters)
    assert by_sum.map == whole.map
    assert meters[0].compute().map != whole.map
    total.reset()
    assert total.compute().map == -1 and len(total.compute().classes) == 0
    with pytest.raises(ValueError, match="results must be of the same settings"):
        total + DetectionMeter()
    with pytest.raises(TypeError):
        total + 1


def test_a_table_has_the_names_of_the_labels():
    image = {"boxes": [[0, 0, 9, 9]] * 2, "labels": [1, 18], "scores": [0.5, 0.25]}
    missing = {"boxes": [[0, 0, 9, 9]] * 2, "labels": [1, 7]}
    result = mean_average_precision([image], [missing])
    table = result.table({1: "person", 7: "cat", 18: "a very long name"})
    assert repr(table).splitlines() == [
        "class          AP  AP50  AP75 AR100",
        "person      1.000 1.000 1.000 1.000",
        "cat         0.000 0.000 0.000 0.000",
        "a very lon…     –     –     –     –",
        "mean        0.500 0.500 0.500 0.500",
    ]
    assert result.table().class_names == ("1", "7", "18")
    assert result.table([str(n) * 2 for n in range(20)]).class_names == ("11", "77", "1818")
    for names in (["a"], {1: "a"}, "abc", 5, {1: "a", 7: "b", 18: None}):
        with pytest.raises(ValueError, match="class_names must"):
            result.table(names)
