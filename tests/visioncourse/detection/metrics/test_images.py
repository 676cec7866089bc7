"""Lists of images that are refused, by name, image and row."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visioncourse.detection import mean_average_precision, voc_average_precision

from ..coco_worlds import random_images

GOOD = {"boxes": [[0, 0, 1, 1], [1, 1, 2, 3]], "labels": [0, 1], "scores": [0.5, 1]}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("boxes", [[0, 0, 1, 1], [3, 1, 2, 3]], r"x2 >= x1.*got \[3.0, 1.0, 2.0, 3.0\] in row 1"),
        ("boxes", [[0, 0, 1, np.nan], [1, 1, 2, 3]], r"x2 >= x1.*nan\] in row 0"),
        ("boxes", [[0, 0, 1, np.inf], [1, 1, 2, 3]], r"up to 1e\+150.*inf\] in row 0"),
        ("boxes", [[0, 0, 1], [1, 1, 2]], r"must have shape \(N, 4\), got \(2, 3\)"),
        ("boxes", [[0, 0, 1], [1, 1]], "must be an array"),
        ("boxes", [["a", 0, 1, 1]] * 2, "must hold real numbers"),
        ("labels", [0], r"must have shape \(2,\) \(one entry for each box or mask\), got \(1,\)"),
        ("labels", [0, -1], r"must be whole numbers from 0 to 2\^63 - 1, got -1 in row 1"),
        ("labels", [0.5, 1], r"must be whole numbers from 0 to 2\^63 - 1, got 0.5 in row 0"),
        ("scores", [0.5, np.inf], r"must be finite, got inf in row 1"),
        ("scores", [0.5, np.nan], r"must be finite, got nan in row 1"),
        ("scores", [[0.5], [1]], r"must have shape \(2,\)"),
        ("area", [-1, 1], r"must be finite and >= 0, got -1.0 in row 0"),
        ("iscrowd", [0, 2], r"must be 0 or 1, got 2.0 in row 1"),
    ],
)
def test_bad_entries_are_named_with_image_and_row(field, value, message):
    name = "targets" if field == "iscrowd" else "predictions"
    bad = GOOD | {field: value}
    images = {"predictions": [GOOD, GOOD], "targets": [GOOD, GOOD]} | {name: [GOOD, bad]}
    with pytest.raises(ValueError, match=rf"{name}\[1\]\['{field}'\] .*{message}"):
        mean_average_precision(**images)


def test_bad_lists_of_images():
    with pytest.raises(ValueError, match="must list the same images, got 1 and 2 of them"):
        mean_average_precision([GOOD], [GOOD, GOOD])
    with pytest.raises(ValueError, match=r"predictions\[0\] must be a mapping with the key 'score"):
        mean_average_precision([{"boxes": [], "labels": []}], [GOOD])
    with pytest.raises(ValueError, match=r"targets\[0\] must be a mapping with the key 'boxes'"):
        voc_average_precision([GOOD], [3])
    for threshold in (0, 1.5, np.nan):
        with pytest.raises(ValueError, match="iou_threshold must"):
            voc_average_precision([GOOD], [GOOD], iou_threshold=threshold)
    with pytest.raises(ValueError, match="difficult"):
        voc_average_precision([GOOD], [GOOD | {"difficult": [0, 3]}])


@pytest.mark.parametrize("images", [GOOD, None, 3, np.float64(3), "images"])
@pytest.mark.parametrize("measure", [mean_average_precision, voc_average_precision])
def test_what_is_no_list_of_images_is_named(measure, images):
    for name, arguments in (("predictions", (images, [GOOD])), ("targets", ([GOOD], images))):
        with pytest.raises(ValueError, match=f"{name} must be a list with one mapping for each"):
            measure(*arguments)


def test_images_may_come_from_a_generator():
    assert mean_average_precision(iter([GOOD]), (image for image in [GOOD]))["map"] == 1


@pytest.mark.parametrize("image", [None, 3, "ab", [1], np.zeros(3), {}])
def test_an_image_that_is_no_mapping_is_named(image):
    with pytest.raises(ValueError, match=r"predictions\[0\] must be a mapping with the key"):
        mean_average_precision([image], [GOOD])


@pytest.mark.parametrize(
    "value",
    [None, "a", [None, 1], [[1], 2], [0.5j, 1], {"a": 1}, [2**70, 1], [2**63, 1], [-1, 0],
     [1e300, 1], [np.nan, 1], [np.inf, 1], np.array([2**63, 1], dtype=np.uint64), [1.5, 2]],
)  # fmt: skip
def test_a_label_that_is_no_int64_is_refused(value):
    with pytest.raises(ValueError, match=r"targets\[0\]\['labels'\] must"):
        mean_average_precision([GOOD], [GOOD | {"labels": value}])


@pytest.mark.parametrize("field", ["boxes", "labels", "scores", "area"])
@pytest.mark.parametrize("value", ["a", [None, 1], [[1], 2], 3, {"a": 1}, [[[[1]]]]])
def test_a_field_of_another_kind_is_named(field, value):
    with pytest.raises(ValueError, match=rf"predictions\[0\]\['{field}'\] must"):
        mean_average_precision([GOOD | {field: value}], [GOOD])


def test_a_list_of_tensors_with_gradients_is_named():
    scores = list(torch.tensor([0.5, 0.6], requires_grad=True))
    with pytest.raises(ValueError, match=r"predictions\[0\]\['scores'\] must be an array"):
        mean_average_precision([GOOD | {"scores": scores}], [GOOD])


@given(factor=st.sampled_from([-1e300, -3, 1e-300, 100, 1e300]), shift=st.floats(-1e3, 1e3))
def test_scores_may_have_any_range(factor, shift):
    """Logits, percentages: only their order counts."""
    predictions, targets = random_images(
        0, 4, 3, 4, 3, grid=2.0**-20, crowds=0.2, levels=16
    )  # fmt: skip
    moved = [p | {"scores": factor / 16 * (16 * p["scores"] + shift)} for p in predictions]
    if factor < 0:
        predictions = [p | {"scores": 1 - p["scores"]} for p in predictions]
    for measure in (mean_average_precision, voc_average_precision):
        assert measure(moved, targets).map == measure(predictions, targets).map
