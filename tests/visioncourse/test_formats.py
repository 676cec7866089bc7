"""Files as they are found: read back what was written, and name what cannot be right."""

import contextlib
import io
import json
import math
from pathlib import Path

import motmetrics
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pycocotools.coco import COCO

from visioncourse.formats import (
    CocoTruth,
    group_by_frame,
    read_coco,
    read_coco_results,
    read_mot,
    write_coco,
    write_coco_results,
    write_mot,
)
from visioncourse.tracking import Sort, evaluate, mot_rows

TRUTH = {
    "info": {"year": 2024},
    "images": [{"id": 7, "file_name": "b.png"}, {"id": 2, "file_name": "a.png", "width": 64}],
    "categories": [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}],
    "annotations": [
        {"id": 4, "image_id": 7, "category_id": 18, "bbox": [1, 2, 3, 4], "area": 5.5},
        {"id": 3, "image_id": 7, "category_id": 1, "bbox": [0, 0, 2.5, 2], "iscrowd": 1},
    ],
}
RESULTS = [
    {"image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.25},
    {"image_id": 2, "category_id": 18, "bbox": [0.5, 0, 2, 2], "score": 1},
    {"image_id": 7, "category_id": 18, "bbox": [0, 0, 0, 0], "score": 0},
]
reuse_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def saved(folder: Path, content: object, name: str = "file.json") -> Path:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(json.dumps(content), encoding="utf-8")
    return path


def changed(part: str, index: int, **entries: object) -> dict:
    data = json.loads(json.dumps(TRUTH))
    data[part][index] |= entries
    return {**data, part: data[part]}


def test_coco_annotations_by_image_with_what_is_left_out(tmp_path):
    truth = read_coco(saved(tmp_path, TRUTH))
    assert truth.image_ids == [2, 7]
    assert truth.images[0]["file_name"] == "a.png"
    assert truth.categories == {1: "person", 18: "dog"}
    empty, full = truth.targets
    assert empty["boxes"].shape == (0, 4)
    assert empty["labels"].shape == empty["area"].shape == empty["iscrowd"].shape == (0,)
    assert_array_equal(full["boxes"], [[1, 2, 4, 6], [0, 0, 2.5, 2]])
    assert_array_equal(full["labels"], [18, 1])
    assert_array_equal(full["area"], [5.5, 5])
    assert_array_equal(full["iscrowd"], [0, 1])
    assert full["labels"].dtype == np.int64


def test_coco_results_by_image(tmp_path):
    first, second, third = read_coco_results(saved(tmp_path, RESULTS), [2, 7, 9])
    assert_array_equal(first["boxes"], [[0.5, 0, 2.5, 2]])
    assert_array_equal(second["labels"], [1, 18])
    assert_array_equal(second["scores"], [0.25, 0])
    assert_array_equal(second["area"], [12, 0])
    assert third["boxes"].shape == (0, 4)


def test_the_area_is_the_product_that_the_file_states(tmp_path):
    """x2 - x1 is 31.999999999999996 here, and COCO's border between small and medium is 32²."""
    box = [0.3, 0.3, 32, 32]
    assert (box[0] + box[2] - box[0]) * (box[1] + box[3] - box[1]) != 1024
    results = [{"image_id": 1, "category_id": 1, "bbox": box, "score": 0.5}]
    assert read_coco_results(saved(tmp_path, results), [1])[0]["area"] == [1024]


def test_pycocotools_reads_what_is_written(tmp_path):
    write_coco(tmp_path / "truth.json", read_coco(saved(tmp_path, TRUTH)))
    predictions = read_coco_results(saved(tmp_path, RESULTS), [2, 7])
    write_coco_results(tmp_path / "results.json", predictions, [2, 7])
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(tmp_path / "truth.json")
        results = truth.loadRes(str(tmp_path / "results.json"))
    assert [entry["name"] for entry in truth.loadCats([1, 18])] == ["person", "dog"]
    assert truth.imgs[7]["file_name"] == "b.png"
    dog, crowd = truth.loadAnns(truth.getAnnIds(imgIds=[7]))
    assert (dog["bbox"], dog["area"], dog["iscrowd"], dog["category_id"]) == (
        [1, 2, 3, 4], 5.5, 0, 18,
    )  # fmt: skip
    assert (crowd["bbox"], crowd["iscrowd"], crowd["id"]) == ([0, 0, 2.5, 2], 1, 3)
    assert [a["score"] for a in results.loadAnns(results.getAnnIds(imgIds=[7]))] == [0.25, 0]


coordinate = st.floats(-1e6, 1e6)
box = st.tuples(coordinate, coordinate, st.floats(0, 1e4), st.floats(0, 1e4)).map(
    lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]]
)
detection = st.tuples(box, st.integers(0, 90), st.floats(0, 1))


@given(images=st.lists(st.lists(detection, max_size=4), max_size=4))
@reuse_folder
def test_coco_files_keep_every_box(images, tmp_path):
    ids = [10 * index + 3 for index in range(len(images))]
    predictions = [
        {
            "boxes": [b for b, _, _ in image],
            "labels": [label for _, label, _ in image],
            "scores": [score for _, _, score in image],
        }
        for image in images
    ]
    write_coco_results(tmp_path / "results.json", predictions, ids)
    truth = CocoTruth([{"id": i} for i in ids], {c: str(c) for c in range(91)}, predictions)
    write_coco(tmp_path / "truth.json", truth)
    again = read_coco(tmp_path / "truth.json")
    assert again.image_ids == ids
    assert again.categories == truth.categories
    for wanted, result, target in zip(
        predictions, read_coco_results(tmp_path / "results.json", ids), again.targets, strict=True
    ):
        boxes = np.reshape(wanted["boxes"], (-1, 4))
        for got in (result, target):  # x + (x2 - x) may round
            assert_allclose(got["boxes"], boxes, rtol=1e-15, atol=1e-9)
            assert_array_equal(got["labels"], wanted["labels"])
        assert_array_equal(result["scores"], wanted["scores"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "must hold an object with the lists images, categories, annotations"),
        ({"images": [], "annotations": []}, "must hold an object with the lists"),
        (changed("annotations", 1, bbox=[0, 0, -1, 2]), r"annotations\[1\]: bbox must have w, h"),
        (changed("annotations", 1, bbox=[0, 0, 1]), r"annotations\[1\]: bbox must be \[x, y, w, h"),
        (changed("annotations", 0, bbox=[0, 0, 1, float("nan")]), r"\[0\]: bbox must be a finite"),
        (changed("annotations", 0, bbox=[0, 0, 1, "2"]), r"\[0\]: bbox must be a finite.*'2'"),
        (changed("annotations", 0, image_id=8), r"annotations\[0\]: unknown image_id 8"),
        (changed("annotations", 0, image_id=2.5), r"image_id must be a whole number, got 2.5"),
        (changed("annotations", 1, category_id=3), r"annotations\[1\]: unknown category_id 3"),
        (changed("annotations", 1, iscrowd=2), r"annotations\[1\]: iscrowd must be in \[0, 1\]"),
        (changed("annotations", 1, area=-1), r"annotations\[1\]: area must be in \[0, inf\]"),
        (changed("images", 1, id=7), r"images\[1\]: id 7 occurs twice"),
        (changed("categories", 1, id=18), r"categories\[1\]: id 18 occurs twice"),
        (changed("annotations", 1, id=4), r"annotations\[1\]: id 4 occurs twice"),
        (changed("annotations", 1, id=[4]), r"annotations\[1\]: id must be a number or a text"),
        (changed("annotations", 0, image_id=2.0**60), r"image_id must be a whole number"),
        (changed("annotations", 0, image_id=10**400), r"image_id must be a finite number"),
        (changed("categories", 0, id=10**400), r"categories\[0\]: id must be a finite number"),
        (changed("annotations", 0, category_id=2**63), r"category_id must fit into 64 bits"),
        (changed("annotations", 0, area=10**400), r"area must be a finite number"),
        (changed("annotations", 0, bbox=[0, 0, 1e200, 1]), r"bbox must be up to 1e\+150"),
        (changed("annotations", 0, bbox=[-(10**151), 0, 1, 1]), r"bbox must be up to 1e\+150"),
        ({**TRUTH, "categories": [{"name": "x"}]}, r"categories\[0\]: must be an object with 'id'"),
        ({**TRUTH, "annotations": [5]}, r"annotations\[0\]: must be an object with 'image_id'"),
    ],
)
def test_wrong_annotations_are_named(data, message, tmp_path):
    with pytest.raises(ValueError, match=rf"file\.json.*{message}"):
        read_coco(saved(tmp_path, data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "must hold a list of results, got dict"),
        ([{**RESULTS[0], "score": math.inf}], r"score must be a finite number, got inf"),
        ([{**RESULTS[0], "score": None}], r"results\[0\]: score must be a finite number, got None"),
        ([RESULTS[0], {**RESULTS[1], "image_id": 5}], r"results\[1\]: unknown image_id 5"),
        (b'[\n{"image_id": 1},\n]', "line 3: no JSON"),
        (b"[\xff\xfe]", "no UTF-8 text at byte 1"),
        (b"[" * 10**6, "lists in lists, too deep to be read"),
    ],
)
def test_wrong_results_are_named(data, message, tmp_path):
    with pytest.raises(ValueError, match=rf"file\.json.*{message}"):
        read_coco_results(saved(tmp_path, data), [2, 7])


def test_an_image_cannot_be_asked_for_twice(tmp_path):
    with pytest.raises(ValueError, match="image_ids must differ from each other, got 7 twice"):
        read_coco_results(saved(tmp_path, RESULTS), [2, 7, 7.0])


def test_what_cannot_be_written(tmp_path):
    path = tmp_path / "file.json"
    image = {"boxes": [[0, 0, 1, 1]], "labels": [3], "scores": [math.inf]}
    with pytest.raises(ValueError, match=r"predictions\[0\]\['scores'\] must be finite"):
        write_coco_results(path, [image], [1])
    with pytest.raises(ValueError, match="predictions must be one for each of 2 images, got 0"):
        write_coco_results(path, [], [1, 2])
    with pytest.raises(ValueError, match="image_ids must differ"):
        write_coco_results(path, [{**image, "scores": [1]}] * 2, [1, 1])
    with pytest.raises(ValueError, match=r"truth.categories must name every label.* 3"):
        write_coco(path, CocoTruth([{"id": 1}], {1: "a"}, [image]))
    assert not path.exists()


def test_numpy_and_torch_values_are_written_as_numbers(tmp_path):
    """The classes that `mean_average_precision` returns name categories; ids come from arrays."""
    images = [
        {"id": np.int64(3), "width": np.float32(64), "file_name": "a.png"},
        {"id": torch.tensor(9), "flip": np.bool_(True), "shape": np.array([4, 5])},
    ]
    image = {
        "boxes": torch.tensor([[0, 0, 2, 3.0]], requires_grad=True),
        "labels": np.array([7]),
        "scores": torch.tensor([0.5]).bfloat16(),
    }
    categories = {key: f"class {key}" for key in np.array([7, 8])}
    write_coco(tmp_path / "truth.json", CocoTruth(images, categories, [image, image]))
    again = read_coco(tmp_path / "truth.json")
    assert again.image_ids == [3, 9] and again.categories == {7: "class 7", 8: "class 8"}
    assert again.images[0]["width"] == 64
    assert (again.images[1]["flip"], again.images[1]["shape"]) == (True, [4, 5])
    for ids in (np.array([3, 9]), torch.tensor([3, 9]), [3.0, np.int8(9)]):
        write_coco_results(tmp_path / "results.json", [image, image], ids)
        first, second = read_coco_results(tmp_path / "results.json", ids)
        assert_array_equal(first["boxes"], [[0, 0, 2, 3]])
        assert second["scores"] == [0.5]


def test_ids_keep_every_digit(tmp_path):
    large = 2**60 + 1
    image = {"boxes": [[0, 0, 1, 1]] * 2, "labels": [large, large + 1], "scores": [1, 1]}
    truth = CocoTruth([{"id": large + 2}], {large: "a", large + 1: "b"}, [image])
    write_coco(tmp_path / "truth.json", truth)
    again = read_coco(tmp_path / "truth.json")
    assert again.image_ids == [large + 2]
    assert again.targets[0]["labels"].tolist() == image["labels"]
    write_coco_results(tmp_path / "results.json", [image], [large + 2])
    results = read_coco_results(tmp_path / "results.json", [large + 2])
    assert results[0]["labels"].tolist() == image["labels"]


def test_scores_may_have_any_range(tmp_path):
    results = [{**RESULTS[0], "score": score} for score in (-3.5, 1.0000001192092896, 87)]
    (image,) = read_coco_results(saved(tmp_path, results), [7])
    write_coco_results(tmp_path / "again.json", [image], [7])
    again = json.loads((tmp_path / "again.json").read_text())
    assert [entry["score"] for entry in again] == [-3.5, 1.0000001192092896, 87]


def test_no_images_are_a_legal_file(tmp_path):
    for truth in (CocoTruth([], {}, []), CocoTruth((), {1: "a"}, [])):
        write_coco(tmp_path / "truth.json", truth)
        assert read_coco(tmp_path / "truth.json").targets == []
    write_coco_results(tmp_path / "results.json", [], [])
    assert read_coco_results(tmp_path / "results.json", []) == []
    empty = {"boxes": [], "labels": [], "scores": []}
    write_coco(tmp_path / "truth.json", CocoTruth([{"id": 1}], {}, [empty]))
    assert read_coco(tmp_path / "truth.json").targets[0]["boxes"].shape == (0, 4)


def test_annotations_may_lack_an_id(tmp_path):
    data = {**TRUTH, "annotations": [{**a, "id": None} for a in TRUTH["annotations"]]}
    assert len(read_coco(saved(tmp_path, data)).targets[1]["boxes"]) == 2
    for annotation in data["annotations"]:
        del annotation["id"]
    assert len(read_coco(saved(tmp_path, data)).targets[1]["boxes"]) == 2


@pytest.mark.parametrize("ids", [[1.5, 2], ["1", 2], [None, 2], [1, math.nan], [[1], 2], None, 3.5])
def test_image_ids_are_whole_numbers(ids, tmp_path):
    path = saved(tmp_path, [])
    with pytest.raises(ValueError, match="image_ids must be whole numbers"):
        read_coco_results(path, ids)
    with pytest.raises(ValueError, match="image_ids must be whole numbers"):
        write_coco_results(path, [], ids)
    for images in ([{"id": ids}], [{}], [5]):
        with pytest.raises(ValueError, match=r"truth.image(_id)?s must be"):
            write_coco(path, CocoTruth(images, {}, [{"boxes": [], "labels": []}]))


def test_what_json_cannot_hold_is_named(tmp_path):
    with pytest.raises(ValueError, match="truth must hold what JSON can"):
        write_coco(tmp_path / "a.json", CocoTruth([{"id": 1, "file": object()}], {}, [GOOD]))
    with pytest.raises(ValueError, match=r"truth.categories must be whole numbers, got 'x'"):
        write_coco(tmp_path / "a.json", CocoTruth([{"id": 1}], {"x": "a"}, [GOOD]))
    with pytest.raises(ValueError, match="targets must be a list with one mapping for each image"):
        write_coco(tmp_path / "a.json", CocoTruth([{"id": 1}], {}, GOOD))
    with pytest.raises(ValueError, match="predictions must be a list with one mapping for each"):
        write_coco_results(tmp_path / "a.json", GOOD, [1])


GOOD = {"boxes": [], "labels": [], "scores": []}


def test_mot_rows_as_real_files_have_them(tmp_path):
    """Unsorted, frames 3 and 4 absent, float identities, trailing commas, \\r\\n, a BOM, gaps."""
    content = (
        b"\xef\xbb\xbf5,2.0,10,20,30,40,0.5,-1,-1,-1,\r\n"
        b"\r\n"
        b" 1.0 , 3.000000e+00,1.5,2,3,4,1,-1,-1,-1\r\n"
        b"1,2,1,2,3,4,1,-1,-1,-1,\r\n"
        b"2,-1,0,0,1,1,1,-1,-1,-1\r\n"
        b"2,-1,5,5,1,1,1,-1,-1,-1"
    )
    rows = read_mot(saved(tmp_path, content, "gt.txt"))
    assert_array_equal(rows[:, 0], [1, 1, 2, 2, 5])
    assert_array_equal(rows[:, 1], [3, 2, -1, -1, 2])
    assert_array_equal(rows[0], [1, 3, 1.5, 2, 3, 4, 1, -1, -1, -1])
    frames = group_by_frame(rows, num_frames=6)
    assert [len(frame) for frame in frames] == [2, 2, 0, 0, 1, 0]
    assert_array_equal(frames[4], rows[4:])
    assert len(group_by_frame(rows)) == 5


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"1,2,3,4,5,6", [1, 2, 3, 4, 5, 6, 1, -1, -1, -1]),
        (b"1,2,3,4,5,6,0,1,0.5", [1, 2, 3, 4, 5, 6, 0, 1, 0.5, -1]),
        (b"1\t2 3  4 5 6 0.5", [1, 2, 3, 4, 5, 6, 0.5, -1, -1, -1]),
    ],
)
def test_columns_that_a_file_leaves_out(line, expected, tmp_path):
    assert_array_equal(read_mot(saved(tmp_path, line, "det.txt")), [expected])


def test_an_empty_file_has_no_rows(tmp_path):
    rows = read_mot(saved(tmp_path, b"\r\n\n", "det.txt"))
    assert rows.shape == (0, 10)
    assert group_by_frame(rows) == []
    assert [frame.shape for frame in group_by_frame(rows, num_frames=2)] == [(0, 10)] * 2
    write_mot(tmp_path / "empty.txt", rows)
    assert (tmp_path / "empty.txt").read_bytes() == b""


@pytest.mark.parametrize(
    ("second_line", "message"),
    [
        (b"1,2,3,4,5", "line 2: expected 6 to 10 columns, got 5"),
        (b"1,2,3,4,5,6,7,8,9,10,11", "line 2: expected 6 to 10 columns, got 11"),
        (b"1,2,3,4,5,6,7", "line 2: got 7 columns after lines with 10"),
        (b"1,2,3,,5,6,7,8,9,10", "line 2: expected numbers, got"),
        (b"1,2,3,x,5,6,7,8,9,10", "line 2: expected numbers, got"),
        (b"1,2,3,\xff,5,6,7,8,9,10", "line 2: expected numbers, got"),
        (b"1,2,3,nan,5,6,7,8,9,10", "line 2: y must be finite, up to 1e150 in size, got nan"),
        (b"1,2,inf,4,5,6,7,8,9,10", "line 2: x must be finite, up to 1e150 in size, got inf"),
        (b"1,2,3,4,5,6,7,8,inf,10", "line 2: column 9 must be finite.*, got inf"),
        (b"0,2,3,4,5,6,7,8,9,10", "line 2: frame must be a whole number >= 1.*, got 0"),
        (b"1.5,2,3,4,5,6,7,8,9,10", "line 2: frame must be a whole number >= 1.*, got 1.5"),
        (b"1,2.5,3,4,5,6,7,8,9,10", "line 2: identity must be a whole number.*, got 2.5"),
        (b"1,1e17,3,4,5,6,7,8,9,10", r"line 2: identity must .* below 90071992547409"),
        (b"1,2,3,4,-5,6,7,8,9,10", "line 2: w must be finite and >= 0.*, got -5"),
        (b"1,1.0,3,4,5,6,7,8,9,10", r"line 2: identity 1 must be at most once .* line 1$"),
    ],
)
def test_a_bad_line_is_named(second_line, message, tmp_path):
    path = saved(tmp_path, b"1,1,0,0,1,1,1,-1,-1,-1\n" + second_line + b"\n", "gt.txt")
    with pytest.raises(ValueError, match=rf"gt\.txt, {message}"):
        read_mot(path)


mot_row = st.tuples(
    st.integers(1, 9), st.integers(-1, 9), coordinate, coordinate, st.floats(0, 1e9),
    st.floats(0, 1e-9), *[st.floats(-1, 1)] * 4,
)  # fmt: skip


@given(rows=st.lists(mot_row, unique_by=lambda row: row[:2], max_size=8))
@reuse_folder
def test_mot_rows_keep_every_digit(rows, tmp_path):
    rows = np.array(rows, dtype=float).reshape(-1, 10)
    write_mot(tmp_path / "rows.txt", rows)
    in_order = rows[np.argsort(rows[:, 0], kind="stable")]
    assert_array_equal(read_mot(tmp_path / "rows.txt"), in_order)
    frames = group_by_frame(rows)
    assert_array_equal(np.concatenate([rows[:0], *frames]), in_order)


@pytest.mark.parametrize(
    "rows",
    [
        np.array([[1, 2**52 + 1, 3, 4, 5, 6]]),
        torch.tensor([[1, 2**52 + 1, 3, 4, 5, 6]]),
        [[np.int64(1), np.int32(7), np.float32(3), 4, np.uint8(5), 6]],
        torch.tensor([[1.0, 7, 3, 4, 5, 6]], requires_grad=True),
        torch.tensor([[1.0, 7, 3, 4, 5, 6]]).bfloat16(),
        torch.arange(1, 13).reshape(6, 2).T,
    ],
    ids=str,
)
def test_rows_of_any_kind_are_written(rows, tmp_path):
    write_mot(tmp_path / "rows.txt", rows)
    written = read_mot(tmp_path / "rows.txt")
    if isinstance(rows, torch.Tensor):
        rows = rows.detach().double().numpy()
    assert_array_equal(written[:, :6], rows)
    assert_array_equal(group_by_frame(rows)[0][0], written[0, :6])


def test_a_tracker_that_found_nothing(tmp_path):
    write_mot(tmp_path / "empty.txt", [])
    assert (tmp_path / "empty.txt").read_bytes() == b""
    assert [frame.shape for frame in group_by_frame([], num_frames=3)] == [(0, 10)] * 3
    assert group_by_frame([]) == []


def test_what_a_tracker_reports_can_be_written(tmp_path):
    detections = [
        [[0, 0, 10, 20, 0.75, 3], [50.0, 0, 60, 20, 0.5, 1]],
        [],
        [[1, 0, 11, 20, 0.5, 3]],
    ]
    for full in (False, True):
        tracker = Sort()
        rows = mot_rows(tracker.update(frame, full=full) for frame in detections)
        assert_array_equal(rows[:, 0], [1, 1, 3])
        assert_array_equal(rows[:, 1], [2, 1, 1])
        assert_allclose(rows[0, 2:6], [50, 0, 10, 20])
        assert_array_equal(rows[:, 6], [0.5, 0.75, 0.5] if full else [1, 1, 1])
        assert_array_equal(rows[:, 7], [1, 3, 3] if full else [-1, -1, -1])
        assert_array_equal(rows[:, 8:], np.full((3, 2), -1))
        write_mot(tmp_path / "rows.txt", rows)
        assert_array_equal(read_mot(tmp_path / "rows.txt"), rows)
        assert evaluate(rows, rows).hota == 1
    assert mot_rows([]).shape == mot_rows([[], []]).shape == (0, 10)
    with pytest.raises(
        ValueError, match=r"reports must have shape \(M, 5\), got \(1, 4\) in frame 7"
    ):
        mot_rows([[], [[0, 0, 1, 1]]], first_frame=6)


def test_mot_text_is_plain(tmp_path):
    write_mot(tmp_path / "rows.txt", [[1, 2, 0.1, 3, 4, 5.25, 1]])
    assert (tmp_path / "rows.txt").read_bytes() == b"1,2,0.1,3,4,5.25,1\n"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([1, 2, 3, 4, 5, 6], r"rows must have shape \(N, >= 6\).*, got \(6,\)"),
        ([[1, 2, 3, 4, 5]], r"rows must have shape \(N, >= 6\).*, got \(1, 5\)"),
        ([range(11)], r"rows must have shape \(N, 6 to 10\), got \(1, 11\)"),
        ([[1, 2, 3, 4, 5, 6], [1.5, 2, 3, 4, 5, 6]], r"rows\[1\]: frame must be a whole number"),
        ([[1, 2, 3, 4, 5, 6]] * 2, r"rows\[1\]: identity 2 must be at most once in frame 1"),
        ([[1, 2**60, 3, 4, 5, 6]], r"rows\[0\]: identity must be a whole number below 90071992"),
        (None, "rows must have shape"),
        ([["1", "2", "3", "4", "5", "6"]], "rows must be rows of numbers"),
    ],
)
def test_rows_that_cannot_be_written(rows, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_mot(tmp_path / "rows.txt", rows)


@pytest.mark.parametrize(
    ("rows", "num_frames", "message"),
    [
        ([[1, 5], [4, 5]], 3, r"rows\[1\]: frame must be whole and 1 to 3, got 4"),
        ([[0, 5]], None, r"rows\[0\]: frame must be whole and 1 to 0, got 0"),
        ([[1.5, 5], [2, 5]], None, r"rows\[0\]: frame must be whole"),
        ([1, 2], None, r"rows must have shape \(N, C\)"),
        ([[1, 5]], -1, "num_frames must be a whole number >= 0, got -1"),
        ([[1, 5]], 1.5, "num_frames must be a whole number >= 0, got 1.5"),
        ([[1, 5]], 10**12, "num_frames must be at most 10000000, got 1000000000000"),
        ([[10**12, 5]], None, r"rows\[0\]: frame must be whole and 1 to 10000000, got 1e\+12"),
        ([[np.nan, 5]], None, r"rows\[0\]: frame must be whole and 1 to 0, got nan"),
        ([["a", "b"]], None, "rows must be numbers, got"),
    ],
)
def test_frames_that_cannot_be_grouped(rows, num_frames, message):
    with pytest.raises(ValueError, match=message):
        group_by_frame(np.array(rows), num_frames=num_frames)


@pytest.mark.parametrize(
    ("sequence", "frames", "boxes"), [("TUD-Campus", 71, 359), ("TUD-Stadtmitte", 179, 1156)]
)
def test_real_sequences(sequence, frames, boxes):
    folder = Path(motmetrics.__file__).parent / "data" / sequence
    truth, tracks = read_mot(folder / "gt.txt"), read_mot(folder / "test.txt")
    assert truth.shape == (boxes, 10)
    assert len(group_by_frame(truth)) == frames
    for rows, file in ((truth, "gt.txt"), (tracks, "test.txt")):
        plain = np.loadtxt(folder / file, delimiter=",")
        assert_array_equal(rows, plain[np.argsort(plain[:, 0], kind="stable")])
