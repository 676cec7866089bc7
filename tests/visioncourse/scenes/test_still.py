"""The synthetic world: its truth is exact, the same everywhere, and worth learning from."""

import math
import zlib

import numpy as np
import pytest
from matplotlib.path import Path

from visioncourse import logistic
from visioncourse.scenes import CLASS_NAMES, Shape, make_scene

GREY = (0.5, 0.5, 0.5)


def crowded(seed):
    return make_scene(seed, height=30, width=40, num_objects=9)


@pytest.mark.parametrize("seed", range(5))
def test_every_pixel_belongs_to_one_object_or_to_the_background(seed):
    scene = crowded(seed)
    for row in range(30):
        for column in range(40):
            owners = np.flatnonzero(scene.instance_masks[:, row, column])
            expected = (
                [scene.semantic_mask[row, column]] if scene.semantic_mask[row, column] else []
            )
            assert scene.classes[owners].tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_boxes_are_the_edges_of_the_visible_pixels(seed):
    scene = crowded(seed)
    assert len(scene.boxes) == len(scene.instance_masks) == len(scene.classes) > 0
    for mask, box in zip(scene.instance_masks, scene.boxes, strict=True):
        pixels = [(x, y) for y in range(30) for x in range(40) if mask[y, x]]
        left, top = min(x for x, _ in pixels), min(y for _, y in pixels)
        right, bottom = max(x + 1 for x, _ in pixels), max(y + 1 for _, y in pixels)
        assert box.tolist() == [left, top, right, bottom]


def test_shapes_and_types():
    scene = make_scene(3, height=20, width=30, num_objects=4)
    count = len(scene.classes)
    assert scene.image.shape == (20, 30, 3)
    assert scene.semantic_mask.shape == (20, 30)
    assert scene.instance_masks.shape == (count, 20, 30)
    assert scene.boxes.shape == (count, 4)
    assert scene.image.dtype == scene.boxes.dtype == np.float64
    assert scene.semantic_mask.dtype == scene.classes.dtype == np.int64
    assert scene.instance_masks.dtype == np.bool_
    assert scene.class_names == CLASS_NAMES


def test_image_is_what_a_camera_gives():
    steps = make_scene(1).image * 255
    assert steps.min() >= 0 and steps.max() <= 255
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-12)


def test_one_shape_more_lies_on_top_and_leaves_the_others_where_they_are():
    covered = 0
    for count in range(12):
        below = make_scene(5, num_objects=count, noise=0)
        above = make_scene(5, num_objects=count + 1, noise=0)
        top = above.instance_masks[-1]
        np.testing.assert_array_equal(above.semantic_mask[~top], below.semantic_mask[~top])
        assert (above.semantic_mask[top] == above.classes[-1]).all()
        covered += np.count_nonzero(below.semantic_mask[top])
        # Its shadow stays near: farther than half the largest size, nothing has changed.
        x1, y1, x2, y2 = above.boxes[-1].astype(int)
        far = np.ones(top.shape, dtype=bool)
        far[max(y1 - 17, 0) : y2 + 17, max(x1 - 17, 0) : x2 + 17] = False
        np.testing.assert_array_equal(above.image[far], below.image[far])
    assert covered > 100, "the scene has no overlap: the test has seen no depth order"


def test_noise_changes_the_image_only():
    clean, noisy = make_scene(2, noise=0), make_scene(2, noise=0.05)
    np.testing.assert_array_equal(clean.instance_masks, noisy.instance_masks)
    np.testing.assert_array_equal(clean.boxes, noisy.boxes)
    assert np.std(noisy.image - clean.image) == pytest.approx(0.05, rel=0.05)


def test_hidden_shapes_are_no_objects():
    # Nine times as large as the picture: whatever its class, the last one covers all of it.
    scene = make_scene(0, height=20, width=20, num_objects=6, size_range=(9, 9))
    assert scene.instance_masks.shape == (1, 20, 20)
    assert scene.instance_masks.all()
    assert scene.boxes.tolist() == [[0, 0, 20, 20]]


def test_shapes_that_hold_no_pixel_are_no_objects():
    scene = make_scene(0, num_objects=3, size_range=(1e-6, 1e-6))
    assert len(scene.classes) == 0


def test_no_object():
    scene = make_scene(0, height=7, width=5, num_objects=0)
    assert scene.instance_masks.shape == (0, 7, 5)
    assert scene.boxes.shape == (0, 4)
    assert scene.classes.shape == (0,)
    assert not scene.semantic_mask.any()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_smallest_pictures(size):
    scene = make_scene(4, height=size[0], width=size[1])
    assert scene.image.shape == (*size, 3)
    assert np.isfinite(scene.image).all()


def test_a_seed_is_one_scene():
    first, again, other = make_scene(11), make_scene(11), make_scene(12)
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.instance_masks, again.instance_masks)
    assert (first.image != other.image).any()
    assert (first.semantic_mask != other.semantic_mask).any()


def digests(seeds, **arguments):
    """Checksums of pictures and of truths."""
    picture = truth = 0
    for seed in range(seeds):
        scene = make_scene(seed, **arguments)
        picture = zlib.crc32(np.round(scene.image * 255).astype(np.uint8).tobytes(), picture)
        masks = scene.semantic_mask.astype(np.int64), np.packbits(scene.instance_masks)
        for array in (scene.boxes.astype(np.int64), scene.classes, *masks):
            truth = zlib.crc32(array.tobytes(), truth)
    return picture, truth


@pytest.mark.parametrize(
    ("arguments", "seeds", "picture", "truth"),
    [
        ({}, 60, 2376967047, 1986332032),
        ({"height": 30, "width": 40, "num_objects": 9}, 12, 657901429, 1740663899),
        ({"num_objects": 0}, 12, 3791617570, 4103169609),
        ({"noise": 0}, 12, 2842710674, 1316989811),
        ({"size_range": (0.05, 0.9), "num_objects": 8}, 12, 2465781323, 1616264279),
        ({"height": 64, "width": 64}, 12, 2837317149, 2141876812),
        ({"height": 1, "width": 50}, 12, 884662892, 2849920969),
    ],
)
def test_no_pixel_of_part_1_has_changed(arguments, seeds, picture, truth):
    """Pages show these scenes and print numbers of them: a change means new pages in every part."""
    assert digests(seeds, **arguments) == (picture, truth)


PLACES = [(32.2, 31.9, 0.0), (30.3, 33.8, 0.4), (31.71, 29.99, 2.9)]


@pytest.mark.parametrize("class_index", [1, 2, 3])
@pytest.mark.parametrize(("x", "y", "angle"), PLACES)
def test_area_is_the_square_of_the_size(class_index, x, y, angle):
    # A boundary of about 90 pixels, each wrong by less than half a pixel to either side.
    mask = Shape(class_index, x, y, 26.0, angle, GREY).mask(64, 64)
    assert np.count_nonzero(mask) == pytest.approx(26.0**2, abs=20)
    rows, columns = np.nonzero(mask)
    assert (columns + 0.5).mean() == pytest.approx(x, abs=0.3)
    assert (rows + 0.5).mean() == pytest.approx(y, abs=0.3)


@pytest.mark.parametrize(("x", "y", "angle"), PLACES[1:])
@pytest.mark.parametrize(("class_index", "sides"), [(2, 4), (3, 3)])
def test_polygon_holds_the_pixel_centres_between_its_corners(class_index, sides, x, y, angle):
    mask = Shape(class_index, x, y, 26.0, angle, GREY).mask(64, 64)
    # Corners on a circle of radius R enclose an area of k/2 R² sin(2π/k).
    radius = 26.0 / math.sqrt(sides / 2 * math.sin(2 * math.pi / sides))
    turns = angle + math.pi * (2 * np.arange(sides) + 1) / sides
    corners = np.c_[x + radius * np.cos(turns), y + radius * np.sin(turns)]
    centres = [(column + 0.5, row + 0.5) for row in range(64) for column in range(64)]
    np.testing.assert_array_equal(mask.ravel(), Path(corners).contains_points(centres))


@pytest.mark.parametrize(("x", "y"), [(10.2, 12.9), (0.0, 0.0)])
def test_disk_holds_the_pixel_centres_within_its_radius(x, y):
    mask = Shape(1, x, y, 9.0, 0.0, GREY).mask(24, 24)
    radius = 9.0 / math.sqrt(math.pi)
    for row in range(24):
        for column in range(24):
            assert mask[row, column] == (math.dist((column + 0.5, row + 0.5), (x, y)) <= radius)


def test_one_logistic_unit_on_one_pixel_does_a_decent_but_imperfect_job():
    """The story of Part I: colour tells objects from the ground, and not all of it."""

    def pixels(seeds):
        scenes = [make_scene(seed) for seed in seeds]
        colours = np.array([scene.image[::3, ::3] for scene in scenes])
        objects = np.array([scene.semantic_mask[::3, ::3] > 0 for scene in scenes])
        return colours.reshape(-1, 3), objects.ravel()

    X, y = pixels(range(30))
    unit = logistic.fit(X, y)
    X, y = pixels(range(100, 130))
    predicted = logistic.predict(X, unit.w, unit.b)
    counts = logistic.confusion_counts(predicted, y)
    overlap = counts.true_positives / (len(y) - counts.true_negatives)
    nothing = 1 - y.mean()
    assert nothing + 0.08 < logistic.accuracy(predicted, y) < 0.97
    assert 0.45 < overlap < 0.85


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("seed", -1),
        ("seed", 0.5),
        ("height", 0),
        ("width", -3),
        ("width", 2.5),
        ("num_objects", -1),
        ("size_range", (0, 0.3)),
        ("size_range", (0.4, 0.3)),
        ("size_range", (0.1, math.nan)),
        ("size_range", (0.1, math.inf)),
        ("noise", -0.1),
        ("noise", math.nan),
        ("colours", "none"),
        ("classes", ()),
        ("classes", ("disk", "stone")),
        ("classes", ("wire",)),
        ("classes", ("disk", "disk")),
        ("wires", -1),
        ("beacons", 1.5),
        ("crowding", -0.1),
        ("min_visible", 0.5),
    ],
)
def test_arguments_out_of_range(argument, value):
    with pytest.raises(ValueError, match=argument):
        make_scene(**({"seed": 0} | {argument: value}))


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("class_index", 0),
        ("class_index", 4),
        ("kind", "pentagon"),
        ("size", 0.0),
        ("size", math.nan),
        ("x", math.nan),
        ("y", math.inf),
        ("angle", math.nan),
    ],
)
def test_shapes_out_of_range(argument, value):
    legal = {"class_index": 1, "x": 2.0, "y": 2.0, "size": 3.0, "angle": 0.0, "colour": GREY}
    with pytest.raises(ValueError, match=argument):
        Shape(**(legal | {argument: value}))
