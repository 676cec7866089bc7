"""COCO's and VOC's mean average precision, against pycocotools and arithmetic."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse.detection import (
    average_precision,
    mean_average_precision,
    precision_recall_curve,
    voc_average_precision,
)

from ..coco_worlds import TWELVE, pycocotools_scores, random_images, worlds
from ..examples import peak_memory


def assert_same_scores(actual, expected):
    assert actual.keys() == expected.keys()
    for key, value in expected.items():
        assert_allclose(actual[key], value, atol=1e-12, rtol=0, err_msg=key)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "world",
    [
        {"num_images": 12, "num_classes": 4, "truths": 8, "false_alarms": 6},
        {"num_images": 30, "num_classes": 6, "truths": 1, "false_alarms": 1},  # many empty ones
        {"num_images": 3, "num_classes": 1, "truths": 12, "false_alarms": 150},  # more than 100
    ],
)
@pytest.mark.parametrize(
    "detail",
    [
        {"grid": 2.0**-20, "crowds": 0.1, "levels": 10**6},
        {"grid": 8.0, "crowds": 0.3, "levels": 4},  # ties everywhere
    ],
)
def test_equal_to_pycocotools(seed, world, detail):
    predictions, targets = random_images(seed, **world, **detail)
    expected = pycocotools_scores(predictions, targets)
    assert_same_scores(mean_average_precision(predictions, targets), expected)
    for image in targets:  # areas of the boxes, no crowd
        del image["area"], image["iscrowd"]
    expected = pycocotools_scores(predictions, targets)
    assert_same_scores(mean_average_precision(predictions, targets), expected)


@given(world=worlds)
def test_equal_to_pycocotools_where_everything_coincides(world):
    predictions, targets = ([image[side] for image in world] for side in (0, 1))
    expected = pycocotools_scores(predictions, targets)
    assert_same_scores(mean_average_precision(predictions, targets), expected)


def test_a_duplicate_moves_on_in_coco_and_not_in_voc():
    """Both detections overlap the left box most; the second also has IoU 0.6 with the right one.

    Left 0 to 80, right 32 to 112, second detection 12 to 92: IoU 68/92 with the left one and
    60/100 with the right one.
    """
    targets = [{"boxes": [[0, 0, 80, 10], [32, 0, 112, 10]], "labels": [1, 1]}]
    predictions = [
        {"boxes": [[0, 0, 80, 10], [12, 0, 92, 10]], "labels": [1, 1], "scores": [0.9, 0.8]}
    ]
    coco = mean_average_precision(predictions, targets)
    assert coco["map_50"] == 1
    # At 0.50, 0.55, 0.60 both boxes are found; above, one: 51 of the 101 levels.
    assert_allclose(coco["map"], (3 * 1 + 7 * 51 / 101) / 10)
    assert_allclose(coco["mar_1"], 0.5)
    assert_allclose(coco["mar_100"], (3 * 1 + 7 * 0.5) / 10)
    voc = voc_average_precision(predictions, targets)
    assert_allclose(voc["map"], 0.5)
    assert_array_equal(voc["precision"][0], [1, 0.5])


def test_of_two_boxes_with_equal_overlap_coco_takes_the_last_and_voc_the_first():
    """The first detection has IoU 8/12 with both; the second can only be the left one."""
    left, right = [0, 0, 10, 10], [4, 0, 14, 10]
    predictions = [{"boxes": [[2, 0, 12, 10], left], "labels": [1, 1], "scores": [0.9, 0.8]}]
    for boxes, coco, voc in (([left, right], 1, 0.5), ([right, left], 51 / 101, 1)):
        targets = [{"boxes": boxes, "labels": [1, 1]}]
        result = mean_average_precision(predictions, targets)
        assert_allclose(result["map_50"], coco)
        assert_same_scores(result, pycocotools_scores(predictions, targets))
        assert_allclose(voc_average_precision(predictions, targets)["map"], voc)


def test_a_crowd_forgives_every_detection_inside():
    """Intersection over the detection's own area is 1, though the IoU is 1/25."""
    targets = [{"boxes": [[0, 0, 50, 50], [60, 0, 70, 10]], "labels": [1, 1], "iscrowd": [1, 0]}]
    inside = [[x, 0, x + 10, 10] for x in range(0, 40, 10)]
    predictions = [
        {
            "boxes": [*inside, [60, 0, 70, 10]],
            "labels": [1] * 5,
            "scores": [0.9, 0.8, 0.7, 0.6, 0.5],
        }
    ]
    assert mean_average_precision(predictions, targets)["map"] == 1
    targets[0]["iscrowd"] = [0, 0]
    assert_allclose(mean_average_precision(predictions, targets)["map"], (51 / 101) / 5)


def test_the_hundred_and_first_detection_is_not_seen():
    targets = [{"boxes": [[0, 0, 10, 10]], "labels": [0]}]
    boxes = [[20, 20, 30, 30]] * 100 + [[0, 0, 10, 10]]
    predictions = [{"boxes": boxes, "labels": [0] * 101, "scores": [0.9] * 100 + [0.8]}]
    assert mean_average_precision(predictions, targets)["map"] == 0
    predictions[0]["scores"][0] = 0.1
    assert_allclose(mean_average_precision(predictions, targets)["map"], 1 / 100)


def test_the_area_of_a_detection_may_be_given():
    """An unmatched detection is no false positive where its area is out of range."""
    targets = [{"boxes": [[0, 0, 10, 10]], "labels": [0]}]
    predictions = [
        {"boxes": [[50, 0, 60, 10], [0, 0, 10, 10]], "labels": [0, 0], "scores": [0.9, 0.8]}
    ]
    assert mean_average_precision(predictions, targets)["map_small"] == 0.5
    predictions[0]["area"] = [2000, 100]
    result = mean_average_precision(predictions, targets)
    assert (result["map_small"], result["map_medium"]) == (1, -1)


@pytest.mark.parametrize("boxes", [[], np.zeros((0, 4)), np.zeros(0)])
def test_nothing_to_find(boxes):
    empty = {"boxes": boxes, "labels": [], "scores": []}
    for images in ([], [empty], [empty, empty]):
        result = mean_average_precision(images, images)
        assert {key: result[key] for key in TWELVE} == dict.fromkeys(TWELVE, -1.0)
        for key in ("classes", "map_per_class", "mar_100_per_class"):
            assert result[key].shape == (0,)
        assert voc_average_precision(images, images)["map"] == -1
    one = {"boxes": [[0, 0, 9, 9]], "labels": [7], "scores": [1]}
    unfound, unasked = (
        mean_average_precision([empty], [one]),
        mean_average_precision([one], [empty]),
    )
    assert (unfound["map"], unfound["mar_100"], unfound["map_small"], unfound["map_large"]) == (
        0, 0, 0, -1,
    )  # fmt: skip
    assert unasked["map"] == -1
    assert_array_equal(unasked["map_per_class"], [-1])
    assert_array_equal(unasked["classes"], [7])
    assert average_precision([], []) == 0
    assert [len(column) for column in precision_recall_curve([], [], num_targets=0)] == [0, 0, 0]


@pytest.mark.parametrize("side", [0.0, 1e-200, 1e149])
def test_areas_that_vanish_or_barely_fit_give_no_warning(side):
    """Without an area, in exact arithmetic or in float64, nothing overlaps."""
    image = {"boxes": [[0, 0, side, side]], "labels": [1], "scores": [1], "iscrowd": [0]}
    for crowd in (0, 1):
        targets = [image | {"iscrowd": [crowd], "area": [1]}]
        expected = -1 if crowd else float(side > 1)
        assert mean_average_precision([image], targets)["map"] == expected
    assert voc_average_precision([image], [image])["map"] == float(side > 1)


def test_torch_tensors_give_the_same_numbers():
    detail = {"grid": 0.25, "crowds": 0.2, "levels": 8}
    predictions, targets = random_images(0, 5, 2, 6, 4, **detail)

    def tensors(images):
        return [{f: torch.tensor(np.asarray(v)) for f, v in image.items()} for image in images]

    expected = mean_average_precision(predictions, targets)
    in_torch = tensors(predictions)
    in_torch[0]["boxes"] = in_torch[0]["boxes"].float().requires_grad_()
    in_torch[1]["scores"] = in_torch[1]["scores"].bfloat16()
    for result in (
        mean_average_precision(in_torch, tensors(targets)),
        mean_average_precision(in_torch, targets),
    ):
        assert_same_scores(result, expected)
    voc = voc_average_precision(in_torch, tensors(targets))
    assert voc["map"] == voc_average_precision(predictions, targets)["map"]
    recall, precision, _ = precision_recall_curve(
        torch.tensor([0.9, 0.8]), torch.tensor([1, 0]), num_targets=1
    )
    assert isinstance(recall, torch.Tensor)
    assert_array_equal(precision, [1, 0.5])


@given(seed=st.integers(0, 10**6))
def test_order_and_scale_do_not_matter(seed):
    """Distinct scores; images, boxes and class numbers permuted, coordinates doubled."""
    detail = {"grid": 2.0**-20, "crowds": 0.2, "levels": 10**9}
    predictions, targets = random_images(seed, 4, 3, 4, 3, **detail)
    rng = np.random.default_rng(seed)
    images, classes = rng.permutation(4), rng.permutation(4)

    def shuffled(image):
        rows = rng.permutation(len(image["labels"]))
        image = {field: column[rows] for field, column in image.items()}
        return image | {"boxes": 2 * image["boxes"], "labels": classes[image["labels"]]}

    before = mean_average_precision(predictions, targets)
    after = mean_average_precision(
        [shuffled(predictions[i]) for i in images], [shuffled(targets[i]) for i in images]
    )
    for key in ("map", "map_50", "map_75", "mar_1", "mar_10", "mar_100"):
        assert_allclose(after[key], before[key], atol=1e-12)
        assert before[key] == -1 or 0 <= before[key] <= 1
    place = np.searchsorted(after["classes"], classes[before["classes"]])
    assert_allclose(after["map_per_class"][place], before["map_per_class"], atol=1e-12)


@given(seed=st.integers(0, 10**6), num_images=st.integers(0, 6), levels=st.sampled_from([3, 10**6]))
def test_batches_add_up(seed, num_images, levels):
    detail = {"grid": 8.0, "crowds": 0.2, "levels": levels}
    predictions, targets = random_images(seed, num_images, 3, 4, 3, **detail)
    batches = [
        mean_average_precision(predictions[part], targets[part])
        for part in (slice(0, 1), slice(1, 4), slice(4, None))
    ]
    total = sum(batches, start=mean_average_precision([], []))
    for key, value in mean_average_precision(predictions, targets).items():
        assert_array_equal(total[key], value)
    with pytest.raises(TypeError):
        total + 1


def test_a_result_is_a_mapping_too():
    image = {"boxes": [[0, 0, 9, 9]], "labels": [7], "scores": [1]}
    result = mean_average_precision([image], [image])
    assert set(result) == {*TWELVE, "classes", "map_per_class", "mar_100_per_class"}
    assert len(result) == 15 and "map_50" in result and "num_truth" not in result
    assert {**result} == result.as_dict()
    assert result["map_50"] == result.map_50 == 1
    assert repr(result).startswith("MeanAveragePrecision(map=1, map_50=1,")
    with pytest.raises(KeyError):
        result["precision"]


def test_labels_keep_every_digit():
    image = {"boxes": [[0, 0, 9, 9]] * 2, "labels": [2**60, 2**60 + 1], "scores": [0.5, 0.5]}
    for images in ([image], [image | {"labels": torch.tensor(image["labels"])}]):
        result = mean_average_precision(images, images)
        assert result["classes"].tolist() == image["labels"]
        assert result["map"] == 1


def test_dense_images_fit_into_little_memory():
    """1.4 million pairs in 24 images, held in blocks; all of them take 176 MB."""
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 2000, (24, 600, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 60, (24, 600, 2))], axis=-1)
    targets = [{"boxes": b, "labels": np.zeros(600)} for b in boxes]
    predictions = [t | {"boxes": t["boxes"][::6], "labels": np.zeros(100)} for t in targets]
    predictions = [p | {"scores": rng.random(100)} for p in predictions]
    peak, result = peak_memory(lambda: mean_average_precision(predictions, targets))
    assert peak < 40e6
    assert result.mar_100 == pytest.approx(1 / 6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_taken_at_its_word(dtype):
    detail = {"grid": 2.0**-20, "crowds": 0.2, "levels": 10**6}
    predictions, targets = random_images(0, 5, 2, 6, 4, **detail)

    def tensors(images, dtype):
        return [
            {f: torch.tensor(np.asarray(v)).to(torch.int64 if f == "labels" else dtype) for f, v in
             image.items() if f != "area"}
            for image in images
        ]  # fmt: skip

    half = mean_average_precision(tensors(predictions, dtype), tensors(targets, dtype))
    as_they_are = (
        [{f: v.double() for f, v in image.items()} for image in tensors(images, dtype)]
        for images in (predictions, targets)
    )
    assert_same_scores(half, mean_average_precision(*as_they_are).as_dict())
