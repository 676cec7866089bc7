"""COCO's files beyond boxes: what a round trip keeps, masks, and test sets without annotations."""

import contextlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from visioncourse.detection import mean_average_precision
from visioncourse.formats import (
    CocoTruth,
    read_coco,
    read_coco_results,
    write_coco,
    write_coco_results,
)
from visioncourse.scenes import WORLDS, make_scene
from visioncourse.segmentation import decode_rle, encode_rle

SQUARE = [[1, 1, 5, 1, 5, 5, 1, 5]]
TRUTH = {
    "info": {"year": 2024},
    "licenses": [{"id": 1, "name": "CC BY"}],
    "images": [{"id": 7, "height": 20, "width": 30}, {"id": 2, "height": 10, "width": 8}],
    "categories": [
        {"id": 18, "name": "dog", "supercategory": "animal"},
        {"id": 1, "name": "person", "keypoints": ["nose"]},
    ],
    "annotations": [
        {"id": 4, "image_id": 7, "category_id": 18, "bbox": [0.1, 0.7, 0.1, 0.7], "area": 5.5,
         "segmentation": SQUARE, "iscrowd": 0, "attributes": {"occluded": True}},
        {"id": 30, "image_id": 2, "category_id": 1, "bbox": [0, 0, 8, 9], "area": 40, "iscrowd": 1,
         "segmentation": {"size": [10, 8], "counts": [30, 40, 10]}},
        {"image_id": 7, "category_id": 1, "bbox": [2, 2, 9, 9], "area": 60, "iscrowd": 0,
         "segmentation": [*SQUARE, [8, 8, 12, 8, 10, 12]]},
    ],
}  # fmt: skip


def saved(folder, content, name="file.json"):
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder / name


def test_a_round_trip_keeps_everything(tmp_path):
    write_coco(tmp_path / "again.json", read_coco(saved(tmp_path, TRUTH)))
    again = json.loads((tmp_path / "again.json").read_text())
    ids = {None: 1}
    expected = [{**a, "id": ids.get(a.get("id"), a.get("id"))} for a in TRUTH["annotations"]]
    for part in ("info", "licenses"):
        assert again[part] == TRUTH[part]
    for part in ("images", "categories"):
        assert again[part] == sorted(TRUTH[part], key=lambda entry: entry["id"])
    order = [entry["id"] for entry in again["annotations"]]
    assert again["annotations"] == sorted(expected, key=lambda entry: order.index(entry["id"]))
    write_coco(tmp_path / "third.json", read_coco(tmp_path / "again.json", masks=True))
    assert json.loads((tmp_path / "third.json").read_text()) == again


def test_a_changed_box_is_written_and_the_rest_stays(tmp_path):
    truth = read_coco(saved(tmp_path, TRUTH))
    truth.targets[1]["boxes"][0] = [1, 2, 3, 5]
    truth.targets[1]["labels"][0] = 1
    write_coco(tmp_path / "again.json", truth)
    again = json.loads((tmp_path / "again.json").read_text())
    (entry,) = (a for a in again["annotations"] if a["id"] == 4)
    assert (entry["bbox"], entry["category_id"]) == ([1, 2, 2, 3], 1)
    assert entry["segmentation"] == SQUARE and entry["attributes"] == {"occluded": True}


def test_masks_are_those_of_pycocotools(tmp_path):
    path = saved(tmp_path, {**TRUTH, "annotations": [
        {"id": n, **annotation} for n, annotation in enumerate(TRUTH["annotations"], start=100)
    ]})  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        api = COCO(path)
    truth = read_coco(path, masks=True)
    for image_id, target in zip(truth.image_ids, truth.targets, strict=True):
        rles = [api.annToRLE(entry) for entry in api.loadAnns(api.getAnnIds(imgIds=[image_id]))]
        assert [m["counts"].encode() for m in target["masks"]] == [m["counts"] for m in rles]
    assert "masks" not in read_coco(path).targets[0]
    assert_array_equal(truth.targets[0]["area"], [40])


def test_the_area_of_a_mask_stands_in_for_one_that_is_not_given(tmp_path):
    data = json.loads(json.dumps(TRUTH))
    for entry in data["annotations"]:
        del entry["area"], entry["bbox"]
    truth = read_coco(saved(tmp_path, data), masks=True)
    for target in truth.targets:
        masks = decode_rle(target["masks"])
        assert_array_equal(target["area"], masks.sum(axis=(1, 2)))
        assert_array_equal(target["boxes"][:, 0], [m.any(axis=0).argmax() for m in masks])


def test_a_test_set_has_images_and_no_boxes(tmp_path):
    data = {key: TRUTH[key] for key in ("info", "images", "categories")}
    truth = read_coco(saved(tmp_path, data))
    assert truth.image_ids == [2, 7] and truth.category_ids == [1, 18]
    assert [target["boxes"].shape for target in truth.targets] == [(0, 4), (0, 4)]
    found = [{"boxes": [[0, 0, 5, 5]], "labels": [18], "scores": [0.5]}] * 2
    assert mean_average_precision(found, truth.targets).map == -1
    write_coco_results(tmp_path / "results.json", found, truth.image_ids)
    assert len(read_coco_results(tmp_path / "results.json", truth.image_ids)) == 2
    assert read_coco(saved(tmp_path, data), masks=True).targets[0]["masks"] == []


def test_masks_of_scenes_become_files_that_coco_evaluates(tmp_path):
    """Scenes to files to both evaluations: the same mask AP."""
    rng = np.random.default_rng(0)
    scenes = [make_scene(seed, **WORLDS["detection"]) for seed in range(4)]
    targets, found = [], []
    for scene in scenes:
        masks = np.asarray(scene.instance_masks)
        moved = np.roll(masks, rng.integers(0, 3, 2), axis=(1, 2))
        targets.append({"boxes": scene.boxes, "labels": scene.classes, "masks": masks})
        labels, scores = scene.classes, rng.random(len(masks))
        found.append({"masks": moved, "labels": labels, "scores": scores})
    names = {int(label): f"class {label}" for label in range(10)}
    images = [{"id": 5 * n, "height": 96, "width": 96} for n in range(4)]
    truth = CocoTruth(images, names, targets)
    write_coco(tmp_path / "truth.json", truth)
    write_coco_results(tmp_path / "results.json", found, truth.image_ids)
    with contextlib.redirect_stdout(io.StringIO()):
        api = COCO(tmp_path / "truth.json")
        results = api.loadRes(str(tmp_path / "results.json"))
        evaluation = COCOeval(api, results, "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    again = read_coco(tmp_path / "truth.json", masks=True)
    predictions = read_coco_results(tmp_path / "results.json", again.image_ids, masks=True)
    result = mean_average_precision(predictions, again.targets, iou_type="mask")
    names = ["map", "map_50", "map_75", "map_small", "map_medium", "map_large"]
    assert_allclose([result[name] for name in names], evaluation.stats[:6], atol=1e-12)
    assert result.map > 0.1
    for image, written in zip(found, predictions, strict=True):
        assert_array_equal(decode_rle(written["masks"]), image["masks"])
        boxes = coco_mask.toBbox(written["masks"])
        assert_array_equal(written["boxes"][:, :2], boxes[:, :2])


def test_numbers_of_classes_in_place_of_categories_are_seen(tmp_path):
    results = [{"image_id": 7, "category_id": 0, "bbox": [1, 2, 3, 4], "score": 0.25}]
    truth = read_coco(saved(tmp_path, TRUTH))
    path = saved(tmp_path, results, "results.json")
    with pytest.raises(ValueError, match=r"results\[0\]: unknown category_id 0"):
        read_coco_results(path, truth.image_ids, category_ids=truth.category_ids)
    assert truth.category_ids[results[0]["category_id"]] == 1  # what was meant


def altered(index, **entries):
    annotations = json.loads(json.dumps(TRUTH["annotations"]))
    annotations[index] |= entries
    return {**TRUTH, "annotations": annotations}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (altered(0, segmentation=[]), r"annotations\[0\]: segmentation must be polygons or an enc"),
        (altered(0, segmentation=[[1, 2, 3]]), r"annotations\[0\]: segmentation must be polygons"),
        (altered(2, segmentation=None), r"annotations\[2\]: segmentation must be polygons or an"),
        (
            altered(1, segmentation={"size": [10, 8], "counts": [3]}),
            r"annotations\[1\]: segmentation: counts must add up to 10·8",
        ),
        (
            altered(1, segmentation={"size": [8, 10], "counts": [80]}),
            r"annotations\[1\]: segmentation must be of its image's height and width, \(10, 8\)",
        ),
        (
            {**TRUTH, "images": [{"id": 2}, {"id": 7}]},
            r"\[0\]: segmentation needs height and width",
        ),
        ({**TRUTH, "images": [{"id": 2}, {"id": 7, "height": "x", "width": 3}]}, "needs height"),
        (altered(0, image_id="7"), r"annotations\[0\]: image_id must be a finite number, got '7'"),
    ],
)
def test_wrong_segmentations_are_named(data, message, tmp_path):
    with pytest.raises(ValueError, match=rf"file\.json.*{message}"):
        read_coco(saved(tmp_path, data), masks=True)


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("images", [None, 5, "x", [5], {1: 5}, np.ones(2)]),
        ("categories", [None, 5, "x", [5], {"x": "a"}]),
        ("targets", [None, 5, "x", [5], {1: 5}]),
        ("annotations", [5, "x", [5], [[5]], {1: 5}, [], [[], []]]),
        ("category_entries", [None, 5, "x", [5], {1: 5}]),
        ("header", [None, 5, "x", [5], {"info": object()}]),
    ],
)
def test_a_truth_put_together_wrongly_is_named(part, values, tmp_path):
    truth = CocoTruth([{"id": 1}], {1: "a"}, [{"boxes": [], "labels": []}])
    for value in values:
        with pytest.raises(ValueError, match=rf"(truth|{part})"):
            write_coco(tmp_path / "again.json", replace(truth, **{part: value}))


def test_what_cannot_be_written(tmp_path):
    truth = read_coco(saved(tmp_path, TRUTH))
    path = tmp_path / "again.json"
    with pytest.raises(ValueError, match=r"truth.annotations must be one for each box, \[1, 2\]"):
        write_coco(path, replace(truth, annotations=[[], []]))
    twice = [truth.annotations[0], [truth.annotations[0][0]] * 2]
    with pytest.raises(ValueError, match="ids that differ, got 30 twice"):
        write_coco(path, replace(truth, annotations=twice))
    image = {"masks": encode_rle(np.ones((1, 3, 3))), "labels": [1], "scores": [1]}
    with pytest.raises(ValueError, match=r"predictions\[1\] must be a mapping with"):
        write_coco_results(path, [image, {"boxes": [], "labels": [], "scores": []}], [1, 2])
    assert not path.exists()
