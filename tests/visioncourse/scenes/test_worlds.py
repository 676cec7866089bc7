"""The presets: what they promise of every scene, and what tells a class and what does not."""

import inspect
import math
import zlib

import numpy as np
import pytest
from scipy import ndimage

from visioncourse.scenes import COLOUR_FAMILIES, WORLDS, Shape, make_scene
from visioncourse.scenes.still import FAR, NEAR

SEEDS = range(40)


def scenes(world, seeds=SEEDS, **changed):
    return [make_scene(seed, **(WORLDS[world] | changed)) for seed in seeds]


def objects(scene, name):
    """Masks of the objects of a class."""
    return scene.instance_masks[scene.classes == scene.class_names.index(name)]


def test_presets_are_arguments_that_cannot_be_changed():
    assert {"part_1", "segmentation", "detection"} <= set(WORLDS)
    for world in WORLDS.values():
        assert set(world) <= set(inspect.signature(make_scene).parameters)
        with pytest.raises(TypeError):
            world["noise"] = 1.0


def test_part_1_is_what_make_scene_draws_by_itself():
    np.testing.assert_array_equal(scenes("part_1", [3])[0].image, make_scene(3).image)


@pytest.mark.parametrize(
    ("world", "digest"), [("segmentation", 3001913305), ("detection", 1119148949)]
)
def test_no_pixel_has_changed(world, digest):
    """Weights are trained on these scenes: who changes them trains anew, `make weights`."""
    found = 0
    for scene in scenes(world, range(20)):
        found = zlib.crc32(np.round(scene.image * 255).astype(np.uint8).tobytes(), found)
        found = zlib.crc32(np.packbits(scene.instance_masks).tobytes(), found)
    assert found == digest


@pytest.mark.parametrize("world", ["segmentation", "detection"])
def test_truth_fits_together(world):
    for scene in scenes(world):
        assert scene.instance_masks.sum(axis=0).max() <= 1
        classes = np.zeros(scene.semantic_mask.shape, dtype=int)
        for mask, box, index in zip(scene.instance_masks, scene.boxes, scene.classes, strict=True):
            classes[mask] = index
            rows, columns = np.nonzero(mask)
            edges = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            assert box.tolist() == list(edges)
        np.testing.assert_array_equal(scene.semantic_mask, classes)


@pytest.mark.parametrize("world", ["segmentation", "detection"])
def test_every_object_shows_enough_of_itself(world):
    areas = [mask.sum() for scene in scenes(world) for mask in scene.instance_masks]
    assert min(areas) >= WORLDS[world]["min_visible"]
    # The guard works: without it there are slivers.
    areas = [m.sum() for scene in scenes(world, min_visible=0) for m in scene.instance_masks]
    assert min(areas) < WORLDS[world]["min_visible"] / 2


@pytest.mark.parametrize("world", ["segmentation", "detection"])
def test_at_least_five_classes_and_none_is_rare(world):
    counts = sum(
        np.bincount(scene.classes, minlength=len(scene.class_names)) for scene in scenes(world)
    )
    assert len(counts) >= 6
    assert counts[0] == 0 and counts[1:].min() > 0.05 * counts.sum()


def test_detection_is_crowded_and_sizes_differ():
    drawn = scenes("detection")
    assert 8 <= np.mean([len(scene.classes) for scene in drawn]) <= 12
    areas = np.concatenate([scene.instance_masks.sum(axis=(1, 2)) for scene in drawn])
    small, large = np.quantile(areas, [0.1, 0.9])
    assert large > 8 * small
    touching = 0  # objects of one class that lie side by side
    for scene in drawn:
        for index in np.unique(scene.classes):
            masks = scene.instance_masks[scene.classes == index]
            grown = [ndimage.binary_dilation(mask) for mask in masks]
            touching += sum((a & b).any() for k, a in enumerate(grown) for b in masks[:k])
    assert touching > len(drawn)


def test_any_colour_goes_with_any_class():
    """Of single objects on no ground that matters: the classes have the same mean colour."""
    world = {"num_objects": 1, "wires": 0, "beacons": 0.0, "crowding": 0.0}
    colours = {1: [], 2: [], 3: []}
    for scene in scenes("segmentation", range(400), **world):
        for mask, index in zip(scene.instance_masks, scene.classes, strict=True):
            colours[int(index)].append(scene.image[mask].mean(axis=0))
    means = np.array([np.mean(values, axis=0) for values in colours.values()])
    spread = np.std(np.concatenate(list(colours.values())), axis=0)
    error = spread / math.sqrt(min(map(len, colours.values())))
    assert (np.ptp(means, axis=0) < 4.5 * error).all()
    families = np.array(list(COLOUR_FAMILIES.values()))
    assert (spread > 0.5 * families.std(axis=0)).all()


def test_wires_are_one_or_two_pixels_thin():
    widths = []
    for scene in scenes("segmentation", wires=1):
        for mask in objects(scene, "wire"):
            assert not ndimage.binary_erosion(mask, np.ones((4, 4))).any()
            assert ndimage.label(mask, np.ones((3, 3)))[1] == 1  # never a row of dots
            widths.append(mask.sum() / (np.ptp(np.argwhere(mask), axis=0).max() + 1))
    assert len(widths) == len(SEEDS)
    assert 1 < np.median(widths) < 2.6


def centre(mask):
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


def whole(mask):
    """Whether the mask of a disk is a whole disk: its area is that of its box's."""
    rows, columns = np.nonzero(mask)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    touches_edge = rows.min() == 0 or columns.min() == 0 or max(rows.max(), columns.max()) == 63
    return not touches_edge and mask.sum() > 0.92 * math.pi / 4 * height * width


def test_a_disk_is_a_buoy_where_a_beacon_is_near_and_only_there():
    buoys = disks = 0
    for scene in scenes("segmentation", range(250)):
        beacons = objects(scene, "beacon")
        assert len(beacons) <= 1
        assert len(beacons) or not len(objects(scene, "buoy"))
        if not len(beacons):
            continue
        for name in ("buoy", "disk"):
            for mask in filter(whole, objects(scene, name)):
                away = np.linalg.norm(centre(mask) - centre(beacons[0])) / 64
                assert away < NEAR + 0.02 if name == "buoy" else away > FAR - 0.02
                buoys, disks = buoys + (name == "buoy"), disks + (name == "disk")
    assert buoys > 20 and disks > 10


def test_less_than_a_third_of_a_beacon_is_ever_hidden():
    visible = []
    for scene in scenes("segmentation", range(250)):
        for mask in objects(scene, "beacon"):
            visible.append(mask.sum())
    area = (0.15 * 64) ** 2
    assert min(visible) > 2 / 3 * area
    assert np.median(visible) == pytest.approx(area, rel=0.02)


def test_without_its_beacon_a_buoy_is_a_disk():
    """The same pictures but for the beacon's own: colours, sizes and textures are drawn alike."""
    areas, colours = {"buoy": [], "disk": []}, {"buoy": [], "disk": []}
    for scene in scenes("segmentation", range(700)):
        for name in areas:
            for mask in filter(whole, objects(scene, name)):
                areas[name].append(mask.sum())
                colours[name].append(scene.image[mask].mean())
    for values in (areas, colours):
        first, second = (np.array(values[name]) for name in ("buoy", "disk"))
        error = math.sqrt(first.var() / len(first) + second.var() / len(second))
        assert abs(first.mean() - second.mean()) < 4.5 * error
        assert min(len(first), len(second)) > 40


@pytest.mark.parametrize("world", list(WORLDS))
@pytest.mark.parametrize("size", [(1, 1), (5, 40)])
def test_presets_stand_small_pictures_and_no_object(world, size):
    small = WORLDS[world] | {"height": size[0], "width": size[1], "num_objects": 0}
    scene = make_scene(0, **small)
    assert scene.image.shape == (*size, 3)
    assert scene.boxes.shape == (len(scene.classes), 4)


def test_without_room_for_a_beacon_there_are_no_buoys():
    for seed in range(20):
        scene = make_scene(seed, **(WORLDS["segmentation"] | {"height": 30, "width": 30}))
        assert not len(objects(scene, "beacon"))  # of 20 pixels, and 40 must be visible
        assert not len(objects(scene, "buoy"))


KINDS = ["disk", "square", "triangle", "star", "ring", "cross", "stone"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("x", "y", "angle"), [(32.2, 31.9, 0.0), (30.3, 33.8, 0.4), (31.7, 30, 2)])
def test_every_outline_has_its_area_and_lies_in_its_box(kind, x, y, angle):
    shape = Shape(0, x, y, 26.0, angle, (0.5, 0.5, 0.5), kind=kind)
    mask = shape.mask(64, 64)
    assert mask.sum() == pytest.approx(26.0**2, rel=0.04)
    rows, columns = np.nonzero(mask)
    edges = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    assert np.abs(edges - shape.box).max() < (3 if kind in ("star", "triangle", "stone") else 1.2)
    farthest = np.hypot(columns + 0.5 - x, rows + 0.5 - y).max()
    assert shape.radius - 3 < farthest <= shape.radius + 1e-9
