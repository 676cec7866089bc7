"""YOLO's text and VOC's XML: what is read, what goes wrong first, and the way there and back."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from visioncourse.detection import mean_average_precision, voc_average_precision
from visioncourse.formats import (
    CocoTruth,
    read_coco,
    read_voc,
    read_yolo,
    read_yolo_results,
    write_coco,
    write_voc,
    write_yolo,
    write_yolo_results,
)

SIZES = {"b.jpg": (50, 200), "a.png": (100, 100)}  # height, width


def folder(parent, name, **files):
    path = parent / name
    path.mkdir(exist_ok=True)
    for file, text in files.items():
        (path / file.replace("__", ".")).write_text(text, encoding="utf-8")
    return path


def random_truth(categories=(3, 7, 20), num_images=4):
    rng = np.random.default_rng(0)
    images, targets = [], []
    for number in range(1, num_images + 1):
        n, h, w = rng.integers(0, 5), int(rng.integers(20, 90)), int(rng.integers(20, 90))
        corners = np.sort(rng.uniform(0, 1, (n, 2, 2)), axis=1) * [w, h]
        images.append({"id": number, "file_name": f"{number}.png", "height": h, "width": w})
        boxes, labels = corners.reshape(n, 4), rng.choice(categories, n)
        targets.append({"boxes": boxes, "labels": labels, "iscrowd": np.zeros(n)})
    return CocoTruth(images, {key: f"class {key}" for key in categories}, targets)


def test_yolo_lines_by_image(tmp_path):
    text = "\ufeff1 0.5 0.5 0.2 0.4\r\n\n0 0.1 0.2 0.2 0.4\n"
    labels = folder(tmp_path, "labels", b__txt=text, classes__txt="dog\ncat\n\n")
    truth = read_yolo(labels, SIZES)
    assert [image["file_name"] for image in truth.images] == ["a.png", "b.jpg"]
    assert truth.image_ids == [1, 2] and truth.categories == {0: "dog", 1: "cat"}
    empty, full = truth.targets
    assert empty["boxes"].shape == (0, 4)
    assert_allclose(full["boxes"], [[80, 15, 120, 35], [0, 0, 40, 20]])
    assert_array_equal(full["labels"], [1, 0])
    assert_allclose(full["area"], [800, 800])


@pytest.mark.parametrize("names", [["dog", "cat"], {0: "dog", 1: "cat"}, ("dog", "cat"), "file"])
def test_names_of_classes(names, tmp_path):
    labels = folder(tmp_path, "labels", a__txt="1 .5 .5 .2 .4")
    if names == "file":
        names = folder(tmp_path, "names", obj__names="dog\ncat\n") / "obj.names"
    assert read_yolo(labels, SIZES, names).categories == {0: "dog", 1: "cat"}
    assert read_yolo(labels, SIZES).categories == {1: "1"}


def test_sizes_are_read_from_pictures(tmp_path):
    images = folder(tmp_path, "images", notes__md="no picture")
    Image.new("RGB", (30, 20)).save(images / "a.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (30, 20)).save(images / "b.JPG", exif=turned)
    truth = read_yolo(folder(tmp_path, "labels"), images)
    assert [(i["file_name"], i["height"], i["width"]) for i in truth.images] == [
        ("a.png", 20, 30), ("b.JPG", 30, 20),
    ]  # fmt: skip
    (images / "c.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"c\.png: no picture"):
        read_yolo(tmp_path / "labels", images)


def test_what_yolo_writes_it_reads(tmp_path):
    truth = random_truth()
    write_yolo(tmp_path / "labels", truth)
    sizes = {i["file_name"]: (i["height"], i["width"]) for i in truth.images}
    again = read_yolo(tmp_path / "labels", sizes)
    assert list(again.categories.values()) == list(truth.categories.values())
    for wanted, got in zip(truth.targets, again.targets, strict=True):
        assert_allclose(got["boxes"], wanted["boxes"], atol=1e-12)
        assert_array_equal(np.array([3, 7, 20])[got["labels"]], wanted["labels"])
    scored = [{**t, "scores": np.linspace(-3, 90, len(t["labels"]))} for t in truth.targets]
    write_yolo_results(tmp_path / "found", scored, truth)
    found = read_yolo_results(tmp_path / "found", truth)
    for wanted, got in zip(scored, found, strict=True):
        assert_array_equal(got["scores"], wanted["scores"])
        assert_array_equal(got["labels"], wanted["labels"])  # of COCO, with gaps
    assert mean_average_precision(found, truth.targets).map == 1


def test_yolo_cuts_boxes_at_the_edge_and_has_no_crowds(tmp_path):
    target = {"boxes": [[-5, -5, 5, 5], [0, 0, 9, 9]], "labels": [3, 3], "iscrowd": [0, 1]}
    truth = replace(random_truth(num_images=1), targets=[target])
    write_yolo(tmp_path / "labels", truth)
    image = truth.images[0]
    again = read_yolo(tmp_path / "labels", {"1.png": (image["height"], image["width"])})
    assert_allclose(again.targets[0]["boxes"], [[0, 0, 5, 5]], atol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 .5 .5 .2", r"a\.txt, line 1: must be class x y width height, got '0 .5 .5 .2'"),
        ("\n0 .5 .5 .2 .1 .9", r"a\.txt, line 2: must be class x y width height"),
        ("0 .5 .5 .2 x", r"line 1: must be class x y"),
        ("0 .5 .5 .2 nan", r"line 1: must be class x y"),
        (
            "0 320 240 64 48",
            r"line 1: coordinates must be shares of the image in \[0, 1\], got \[320",
        ),
        ("0 .5 .5 -.1 .1", r"line 1: coordinates must be shares"),
        ("0.5 .5 .5 .1 .1", r"line 1: class must be a whole number >= 0, got 0.5"),
        ("-1 .5 .5 .1 .1", r"line 1: class must be a whole number >= 0, got -1"),
        ("2 .5 .5 .1 .1", r"line 1: class must have a name, got 2 of 2 names"),
    ],
)
def test_wrong_yolo_lines_are_named(text, message, tmp_path):
    labels = folder(tmp_path, "labels", a__txt=text)
    with pytest.raises(ValueError, match=message):
        read_yolo(labels, SIZES, ["dog", "cat"])


def test_what_else_goes_wrong_with_yolo(tmp_path):
    labels = folder(tmp_path, "labels", c__txt="0 .5 .5 .1 .1")
    with pytest.raises(ValueError, match=r"c\.txt must have a picture c\.\* in images"):
        read_yolo(labels, SIZES)
    with pytest.raises(ValueError, match=r"c\.txt must be of an image in truth, got none 'c'"):
        read_yolo_results(labels, random_truth())
    with pytest.raises(ValueError, match="nowhere must be a folder"):
        read_yolo(tmp_path / "nowhere", SIZES)
    with pytest.raises(ValueError, match=r"one picture 'a', got a\.png too"):
        read_yolo(folder(tmp_path, "none"), {"a.jpg": (1, 1), "a.png": (1, 1)})
    with pytest.raises(ValueError, match=r"a\.jpg: height must be a whole number >= 1, got 0"):
        read_yolo(tmp_path / "none", {"a.jpg": (0, 1)})
    for names, message in (
        ("data.yaml", "names must be a text with one name a line, or its entry"),
        ("nowhere.txt", "names must be a file"),
        (["a", "a"], "names must differ"),
        (["a", 3], "names must be texts"),
        ({"a": "b"}, "names must be texts"),
        (5, "names must be texts"),
    ):
        with pytest.raises(ValueError, match=message):
            read_yolo(tmp_path / "none", SIZES, names)
    (labels / "c.txt").write_bytes(b"\xff\xff")
    with pytest.raises(ValueError, match=r"c\.txt: no UTF-8 text at byte 0"):
        read_yolo(labels, {"c.png": (1, 1)})
    with pytest.raises(ValueError, match=r"truth.images\[0\] must have 'file_name', 'height'"):
        write_yolo(tmp_path / "new", CocoTruth([{"id": 1}], {}, [{"boxes": [], "labels": []}]))
    with pytest.raises(ValueError, match=r"truth.categories must name every label.* for 3"):
        write_yolo(tmp_path / "new", replace(random_truth(), categories={7: "a", 20: "b"}))
    assert not (tmp_path / "new").exists()


OBJECT = """<object><name>{name}</name><pose>Left</pose><truncated>1</truncated>
<difficult>{difficult}</difficult><bndbox><xmax>{box[2]}</xmax><xmin>{box[0]}</xmin>
<ymin>{box[1]}</ymin><ymax>{box[3]}</ymax></bndbox><part><name>head</name></part></object>"""


def voc_text(*objects, size=(60, 40)):
    entries = "".join(
        OBJECT.format(name=name, difficult=difficult, box=box) for name, difficult, box in objects
    )
    return (
        "<annotation><filename>a.jpg</filename><size><width>{}</width><height>{}</height>"
        "<depth>3</depth></size>{}</annotation>"
    ).format(*size, entries)


def test_voc_counts_pixels_from_one(tmp_path):
    """The whole image of 60 × 40 pixels is 1, 1, 60, 40 there, and one pixel is 7, 7, 7, 7."""
    text = voc_text(("dog", 0, (1, 1, 60, 40)), ("cat", 1, (7, 7, 7, 7)))
    path = folder(tmp_path, "voc", a__xml=text, b__xml=voc_text())
    truth = read_voc(path)
    assert truth.categories == {0: "cat", 1: "dog"}
    assert_array_equal(truth.targets[0]["boxes"], [[0, 0, 60, 40], [6, 6, 7, 7]])
    assert_array_equal(truth.targets[0]["labels"], [1, 0])
    assert_array_equal(truth.targets[0]["difficult"], [0, 1])
    assert_array_equal(truth.targets[0]["area"], [2400, 1])
    assert truth.targets[1]["boxes"].shape == (0, 4)
    assert truth.annotations[0][0] == {"pose": "Left", "truncated": "1"}
    assert (truth.images[0]["height"], truth.images[0]["width"]) == (40, 60)
    as_they_stand = read_voc(path, ["dog", "cat"], one_based=False)
    assert_array_equal(as_they_stand.targets[0]["boxes"], [[1, 1, 60, 40], [7, 7, 7, 7]])
    assert_array_equal(as_they_stand.targets[0]["labels"], [0, 1])
    found = [
        {"boxes": truth.targets[0]["boxes"][:1], "labels": [1], "scores": [0.5]},
        {"boxes": [], "labels": [], "scores": []},
    ]
    assert voc_average_precision(found, truth.targets).map == 1  # the difficult cat is not asked


@pytest.mark.parametrize("one_based", [True, False])
def test_what_voc_writes_it_reads(one_based, tmp_path):
    truth = random_truth()
    for target in truth.targets:
        target["difficult"] = np.arange(len(target["labels"])) % 2
        target["boxes"] = np.round(target["boxes"], 3)
    kept = [[{"pose": f"pose {n}"} for n in range(len(t["labels"]))] for t in truth.targets]
    truth = replace(truth, annotations=kept)
    write_voc(tmp_path / "voc", truth, one_based=one_based)
    again = read_voc(tmp_path / "voc", truth.categories, one_based=one_based)
    assert again.annotations == kept and again.images == truth.images
    for wanted, got in zip(truth.targets, again.targets, strict=True):
        assert_allclose(got["boxes"], wanted["boxes"], atol=1e-12)
        assert_array_equal(got["labels"], wanted["labels"])
        assert_array_equal(got["difficult"], wanted["difficult"])


def test_from_voc_to_coco_to_yolo(tmp_path):
    path = folder(tmp_path, "voc", a__xml=voc_text(("dog", 0, (11, 6, 30, 25))))
    write_coco(tmp_path / "coco.json", read_voc(path))
    truth = read_coco(tmp_path / "coco.json")
    assert truth.annotations[0][0]["pose"] == "Left"
    write_yolo(tmp_path / "labels", truth)
    again = read_yolo(tmp_path / "labels", {"a.jpg": (40, 60)})
    assert_allclose(again.targets[0]["boxes"], [[10, 5, 30, 25]], atol=1e-12)
    assert again.categories == {0: "dog"}


BOMB = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "{}">]>
<annotation><filename>&a;</filename></annotation>""".format("x" * 100)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation>", r"a\.xml: no XML that can be read"),
        ("", r"a\.xml: no XML that can be read"),
        (BOMB, r"a\.xml: no XML that can be read, DTDForbidden"),
        ("<boxes/>", r"a\.xml must hold an 'annotation', got 'boxes'"),
        ("<annotation/>", r"a\.xml: annotation must have a 'size'"),
        (voc_text(size=(0, 5)), r"a\.xml: size must be whole and >= 1, got 0 × 5"),
        (voc_text(size=("x", 5)), r"a\.xml: width must be a number, got 'x'"),
        (voc_text(("", 0, (1, 1, 2, 2))), r"a\.xml: object must have a 'name'"),
        (voc_text(("cow", 0, (1, 1, 2, 2))), r"object 1: name must be one of \['dog'\], got 'cow'"),
        (
            voc_text(("dog", 0, (1, 1, 2, 2)), ("dog", 0, (0, 1, 2, 2))),
            r"object 2: corners must be >= 1, or one_based=False where pixels count from 0, got",
        ),
        (voc_text(("dog", 0, (5, 1, 2, 2))), "object 1: xmax, ymax must be >= xmin, ymin, got"),
        (voc_text(("dog", 0, (1, 1, 61, 2))), "corners must lie in the image of 60 × 40, got"),
        (voc_text(("dog", 0, (1, 1, "", 2))), "object 1: bndbox must have a 'xmax'"),
        (voc_text(("dog", 0, (1, 1, "two", 2))), "object 1: xmax must be a number, got 'two'"),
        (voc_text(("dog", 2, (1, 1, 2, 2))), "object 1: difficult must be 0 or 1, got 2"),
        (
            voc_text().replace("</annotation>", "<object><name>dog</name></object></annotation>"),
            "object 1: object must have a 'bndbox'",
        ),
    ],
)
def test_wrong_voc_files_are_named(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_voc(folder(tmp_path, "voc", a__xml=text), ["dog"])


def test_what_cannot_be_written_as_voc(tmp_path):
    truth = random_truth()
    with pytest.raises(ValueError, match=r"truth.annotations\[0\] must be one for each of"):
        write_voc(tmp_path / "new", replace(truth, annotations=[[{}] * 9] * 4))
    with pytest.raises(ValueError, match="targets must be one for each of 4 images"):
        write_voc(tmp_path / "new", replace(truth, targets=[]))
    with pytest.raises(ValueError, match=r"truth\.categories must name every label"):
        write_voc(tmp_path / "new", replace(truth, categories={}))
    assert not (tmp_path / "new").exists()


def test_empty_folders_are_legal(tmp_path):
    empty = folder(tmp_path, "empty")
    for truth in (read_voc(empty), read_yolo(empty, empty), read_yolo(empty, {})):
        assert (list(truth.images), list(truth.targets), dict(truth.categories)) == ([], [], {})
        write_yolo(tmp_path / "yolo", truth)
        write_voc(tmp_path / "voc", truth)
    assert read_yolo_results(empty, truth) == []
