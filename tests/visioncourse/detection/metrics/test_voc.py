"""VOC's average precision, against the development kit's loop and arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse import plain
from visioncourse.detection import voc_average_precision

from ..coco_worlds import worlds
from ..examples import peak_memory


@given(world=worlds, iou_threshold=st.sampled_from([0.25, 0.5, 1.0]))
def test_voc_equals_a_plain_loop(world, iou_threshold):
    predictions, targets = ([image[side] for image in world] for side in (0, 1))
    for method in ("area", "11-point"):
        result = voc_average_precision(
            predictions, targets, iou_threshold=iou_threshold, method=method
        )
        averages = []
        for k, label in enumerate(result["classes"]):
            recall, precision = plain.voc_curve(predictions, targets, label, iou_threshold)
            total = sum(
                c == label and not difficult
                for image in targets
                for c, difficult in zip(image["labels"], image["difficult"], strict=True)
            )
            assert_allclose(result["recall"][k], recall, rtol=1e-15)
            assert_allclose(result["precision"][k], precision, rtol=1e-15)
            average = plain.average_precision(recall, precision, method)
            assert_allclose(result["map_per_class"][k], average if total else -1, atol=1e-12)
            averages += [average] if total else []
        assert_allclose(result["map"], np.mean(averages) if averages else -1, atol=1e-12)


@given(world=worlds, place=st.integers(0, 4), method=st.sampled_from(["area", "11-point"]))
def test_batches_add_up(world, place, method):
    predictions, targets = ([image[side] for image in world] for side in (0, 1))
    whole = voc_average_precision(predictions, targets, method=method)
    batches = [
        voc_average_precision(predictions[part], targets[part], method=method)
        for part in (slice(None, place), slice(place, None))
    ]
    for key, value in sum(batches, start=voc_average_precision([], [], method=method)).items():
        if key in ("recall", "precision"):
            assert [curve.tolist() for curve in value] == [curve.tolist() for curve in whole[key]]
        else:
            assert_array_equal(value, whole[key])


def test_only_results_of_one_kind_add_up():
    result = voc_average_precision([], [])
    with pytest.raises(ValueError, match=r"one threshold and method, got \(0.5, 'area'\), \(0.7"):
        result + voc_average_precision([], [], iou_threshold=0.7)
    with pytest.raises(TypeError):
        result + 1


def test_a_result_is_a_mapping_too():
    image = {"boxes": [[0, 0, 9, 9]], "labels": [7], "scores": [1]}
    result = voc_average_precision([image], [image])
    assert list(result) == ["map", "classes", "map_per_class", "recall", "precision"]
    assert {**result} == result.as_dict()
    assert result["map"] == result.map == 1
    assert repr(result) == "VocAveragePrecision(map=1)"
    assert result["classes"].tolist() == [7]
    assert "labels" not in result


@pytest.mark.parametrize("threshold", [0, 1.5, np.nan, None, "0.5"])
def test_a_threshold_out_of_range_is_named(threshold):
    with pytest.raises(ValueError, match="iou_threshold must"):
        voc_average_precision([], [], iou_threshold=threshold)
    with pytest.raises(ValueError, match="method must be one of"):
        voc_average_precision([], [], method=threshold)


def test_many_classes_and_boxes_fit_into_little_memory():
    """1.4 million pairs, held in blocks; all of them take 173 MB."""
    rng = np.random.default_rng(0)
    boxes = np.sort(rng.uniform(0, 1000, (1200, 2, 2)), axis=1).reshape(-1, 4)
    image = {"boxes": boxes, "labels": np.full(1200, 10**15), "scores": rng.random(1200)}
    peak, result = peak_memory(lambda: voc_average_precision([image], [image]))
    assert peak < 50e6
    assert result.map == 1
