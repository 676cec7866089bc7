"""Videos: persistent identities, paths that keep their promises, and truth for trackers."""

import inspect
import math
import zlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse.formats import read_mot, write_mot
from visioncourse.scenes import VIDEOS, make_video, moving_boxes

FRAME, IDENTITY, CLASS, VISIBILITY = 0, 1, 7, 8


def video(name, seed=0, **changed):
    return make_video(seed, **(VIDEOS[name] | changed))


def tracks(rows):
    """The rows of each identity, by frame."""
    return {int(i): rows[rows[:, IDENTITY] == i] for i in np.unique(rows[:, IDENTITY])}


def centres(rows):
    return rows[:, 2:4] + rows[:, 4:6] / 2


def test_presets_are_arguments_that_cannot_be_changed():
    assert {"easy", "crossing", "occlusion", "crowd", "shaking"} <= set(VIDEOS)
    for preset in VIDEOS.values():
        assert set(preset) <= set(inspect.signature(make_video).parameters)
        with pytest.raises(TypeError):
            preset["noise"] = 1.0


def test_shapes_and_types():
    v = make_video(1, num_frames=7, height=20, width=30, num_objects=3)
    assert v.images.shape == (7, 20, 30, 3)
    assert len(v.frames) == 7
    steps = v.images * 255
    assert steps.min() >= 0 and steps.max() <= 255
    assert_allclose(steps, np.round(steps), atol=1e-12)
    for image, scene in zip(v.images, v.frames, strict=True):
        assert_array_equal(scene.image, image)
        assert scene.identities.dtype == np.int64
        assert scene.identities.shape == scene.classes.shape == (len(scene.boxes),)


DIGESTS = {
    "easy": 3803057667,
    "crossing": 3154827558,
    "occlusion": 823965452,
    "crowd": 219540305,
    "shaking": 1867410998,
}


@pytest.mark.parametrize("name", VIDEOS)
def test_a_seed_is_one_video(name):
    """Pages and trained networks depend on every pixel."""
    assert zlib.crc32(np.round(video(name).images * 255).astype(np.uint8)) == DIGESTS[name]


@pytest.mark.parametrize("name", VIDEOS)
def test_truth_of_the_frames_and_of_the_rows_agree(name):
    v = video(name, 3)
    rows = v.rows()
    for t, scene in enumerate(v.frames):
        assert scene.instance_masks.sum(axis=0).max(initial=0) <= 1
        now = {int(row[IDENTITY]): row for row in rows[rows[:, FRAME] == t + 1]}
        assert len(set(scene.identities.tolist())) == len(scene.identities)
        seen = {i for i, row in now.items() if row[VISIBILITY] > 0}
        assert set(scene.identities.tolist()) == seen
        objects = zip(
            scene.identities, scene.classes, scene.boxes, scene.instance_masks, strict=True
        )
        for identity, index, box, mask in objects:
            row = now[int(identity)]
            assert row[CLASS] == index
            assert (scene.semantic_mask[mask] == index).all()
            x, y, w, h = row[2:6]
            # What is visible lies in the box of the whole object; so does all of it when it is
            # not hidden, but for what pixels round: at a sharp corner, up to two of them.
            assert (box >= np.array([x, y, x, y]) - 1).all()
            assert (box <= np.array([x + w, y + h] * 2) + 1).all()
            if row[VISIBILITY] == 1 and min(x, y) >= 0 and x + w <= 128 and y + h <= 96:
                assert_allclose(box, [x, y, x + w, y + h], atol=2.5)


@pytest.mark.parametrize("name", VIDEOS)
def test_identities_persist(name):
    v = video(name, 4)
    for rows in tracks(v.rows()).values():
        assert len(set(rows[:, CLASS])) == 1
        gaps = np.diff(rows[:, FRAME])  # only a shaking camera loses somebody at its edge
        assert (gaps >= 1).all() and (name == "shaking" or (gaps == 1).all())
        assert rows[0, FRAME] >= 1 and rows[-1, FRAME] <= 60


def test_rows_are_those_of_the_format(tmp_path):
    rows = video("occlusion").rows()
    write_mot(tmp_path / "gt.txt", rows)
    assert_array_equal(read_mot(tmp_path / "gt.txt")[:, :9], rows)
    assert (np.diff(rows[:, FRAME]) >= 0).all()
    assert rows[:, VISIBILITY].min() >= 0 and rows[:, VISIBILITY].max() <= 1
    assert (rows[:, 6] == 1).all()


def test_rows_without_what_is_hidden():
    v = video("occlusion")
    rows = v.rows()
    assert_array_equal(v.rows(0.5), rows[rows[:, VISIBILITY] >= 0.5])
    assert 0 < len(v.rows(0.5)) < len(rows)


@pytest.mark.parametrize("seed", range(6))
def test_objects_keep_to_their_speed_and_size(seed):
    """0.6 % to 1.8 % of the shorter side a frame; slower only around a stop."""
    v = make_video(seed, turns=1.0, stops=0.0, num_objects=5)
    shapes = tracks(v.rows())
    for rows in shapes.values():
        if len(rows) > 3 and rows[0, CLASS] != 3:  # the centre of a triangle's box is not its own
            steps = np.linalg.norm(np.diff(centres(rows), axis=0), axis=1)
            assert steps.min() >= 0.5 * 0.012 * 96 - 1e-9 and steps.max() <= 1.5 * 0.012 * 96 + 1e-9
            assert np.ptp(steps) < 1e-9


def test_straight_paths_turning_paths_and_stops():
    def sampled(**how):
        v = make_video(2, num_objects=8, num_frames=80, size_range=(0.1, 0.1), **how)
        return [
            np.diff(centres(rows), axis=0)
            for rows in tracks(v.rows()).values()
            if len(rows) > 20 and rows[0, CLASS] != 3
        ]

    def bend(steps):
        heading = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
        return np.ptp(heading)

    assert max(map(bend, sampled(turns=0.0, stops=0.0))) < 1e-6
    assert np.median(list(map(bend, sampled(turns=1.0, stops=0.0)))) > 0.3
    pauses = [np.linalg.norm(steps, axis=1) == 0 for steps in sampled(turns=0.0, stops=4.0)]
    assert max(pause.sum() for pause in pauses) >= 8
    smooth = [np.abs(np.diff(np.linalg.norm(s, axis=1))).max() for s in sampled(stops=4.0)]
    assert max(smooth) < 1.8 * 0.012 * 96 / 4 + 0.1  # brakes take four frames


def overlap(a, b):
    """Whether boxes of MOT rows overlap, row by row."""
    inside = np.minimum(a[:, 2:4] + a[:, 4:6], b[:, 2:4] + b[:, 4:6]) - np.maximum(
        a[:, 2:4], b[:, 2:4]
    )
    return (inside > 0).all(axis=1)


@pytest.mark.parametrize("seed", range(8))
def test_crossing_paths_cross(seed):
    rows = video("crossing", seed).rows()
    present = tracks(rows)
    crossings = 0
    for i, first in present.items():
        for j, second in present.items():
            frames = np.intersect1d(first[:, FRAME], second[:, FRAME])
            if i >= j or len(frames) < 2:
                continue
            a = first[np.isin(first[:, FRAME], frames)]
            b = second[np.isin(second[:, FRAME], frames)]
            nearest = np.linalg.norm(centres(a) - centres(b), axis=1).argmin()
            if overlap(a, b)[nearest] and 0 < nearest < len(frames) - 1:
                step_a, step_b = (np.diff(centres(t), axis=0)[nearest - 1] for t in (a, b))
                lengths = np.linalg.norm(step_a) * np.linalg.norm(step_b)
                crossings += step_a @ step_b < math.cos(math.radians(45)) * lengths
    assert crossings >= 3


@pytest.mark.parametrize("seed", range(8))
def test_occlusion_hides_objects_entirely_and_they_return(seed):
    returned = 0
    for rows in tracks(video("occlusion", seed).rows()).values():
        visible = rows[:, VISIBILITY]
        hidden = np.flatnonzero(visible < 0.02)
        inside = [k for k in hidden if (visible[:k] > 0.7).any() and (visible[k:] > 0.7).any()]
        returned += len(inside) >= 3
    assert returned >= 2


def test_moving_objects_hide_each_other_and_the_nearer_one_is_whole():
    v = video("crowd", 1)
    partly = [s for s in v.rows()[:, VISIBILITY] if 0.05 < s < 0.9]
    assert len(partly) > 50


@pytest.mark.parametrize("name", ["easy", "crowd"])
def test_objects_enter_and_leave_and_their_number_stays(name):
    for seed in range(3):
        v = video(name, seed)
        present = np.array([np.sum(v.rows()[:, FRAME] == t) for t in range(1, 61)])
        wanted = VIDEOS[name]["num_objects"]
        assert wanted - 4 <= np.median(present) <= wanted
        assert len(tracks(v.rows())) > wanted  # somebody left, and somebody came


def test_a_shaking_camera_moves_all_that_is_still():
    """The best shift between two frames of an empty scene is the camera's, and 0 without shake."""
    places = [(x, y) for x in range(-12, 13) for y in range(-12, 13)]

    def shift(first, second):
        part = first[12:-12, 12:-12]
        errors = [
            np.abs(second[12 + y : 84 + y, 12 + x : 116 + x] - part).mean() for x, y in places
        ]
        return places[int(np.argmin(errors))]

    def shifts(shake):
        v = make_video(3, num_objects=0, num_frames=12, noise=0.0, light=0.0, shake=shake)
        return [shift(v.images[0], image) for image in v.images[1:]]

    assert set(shifts(0.0)) == {(0, 0)}
    moved = np.array(shifts(2.5))
    assert 2 <= np.abs(moved).max() <= 12
    assert len({tuple(move) for move in moved.tolist()}) > 4


def test_shake_leaves_the_paths_as_they_were():
    still, shaken = (make_video(5, shake=shake, num_frames=20) for shake in (0.0, 2.0))
    for t in range(1, 21):
        a, b = (v.rows()[v.rows()[:, FRAME] == t] for v in (still, shaken))
        common, i, j = np.intersect1d(a[:, IDENTITY], b[:, IDENTITY], return_indices=True)
        assert len(common) >= 3
        moved = b[j, 2:4] - a[i, 2:4]
        assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-9)
        assert_allclose(b[j, 4:6], a[i, 4:6], atol=1e-9)


def test_light_rises_and_falls():
    def brightness(light):
        v = make_video(6, light=light, num_objects=0, noise=0.0)
        return v.images.mean(axis=(1, 2, 3))

    assert np.ptp(brightness(0.0)) < 0.1 * brightness(0.0).mean()  # only clouds wander
    assert np.ptp(brightness(0.4)) > 0.5 * brightness(0.4).mean()


def histogram(image, mask):
    colours = image[mask]
    return np.histogramdd(colours, bins=4, range=[(0, 1)] * 3)[0].ravel() / len(colours)


def pattern(image, mask):
    """How alike the two colours are 1 to 8 pixels apart, in whatever direction; and which two."""
    colours = image[mask] / image[mask].sum(axis=1, keepdims=True)  # without brightness
    apart = colours - colours.mean(axis=0)
    sign = np.sign(apart @ np.linalg.svd(apart, full_matrices=False)[2][0])
    sums = []
    for values in (sign, np.ones(len(sign))):
        grid = np.zeros((128, 256))  # twice the picture: nothing wraps around
        grid[np.nonzero(mask)] = values
        sums.append(np.fft.ifft2(np.abs(np.fft.fft2(grid)) ** 2).real)
    alike = sums[0] / np.maximum(sums[1], 1)
    y, x = np.meshgrid(np.fft.fftfreq(128, 1 / 128), np.fft.fftfreq(256, 1 / 256), indexing="ij")
    radius = np.hypot(x, y).round()
    rings = [f(alike[radius == r]) for r in range(1, 9) for f in (np.mean, np.std)]
    both = np.sort([colours[sign > 0].mean(axis=0), colours[sign <= 0].mean(axis=0)], axis=0)
    return np.append(rings, 10 * both)


def test_a_pattern_tells_identities_and_a_histogram_of_colours_does_not():
    """Who of a crowd is it, ten frames later? The nearest descriptor, Euclidean."""
    right, total = {histogram: 0, pattern: 0}, 0
    for seed in range(3):
        v = video("crowd", seed)
        for t in range(0, 50, 10):
            before, after = v.frames[t], v.frames[t + 10]
            for describe in right:
                gallery = [describe(before.image, mask) for mask in before.instance_masks]
                for mask, identity in zip(after.instance_masks, after.identities, strict=True):
                    if identity in before.identities and mask.sum() > 60:
                        away = np.linalg.norm(describe(after.image, mask) - gallery, axis=1)
                        right[describe] += before.identities[away.argmin()] == identity
                        total += 1
    total //= 2
    assert total > 100
    assert right[histogram] < 0.55 * total and right[pattern] > 0.8 * total


def test_no_object_and_small_pictures():
    v = make_video(0, num_objects=0, num_frames=2)
    assert v.rows().shape == (0, 9)
    assert all(scene.boxes.shape == (0, 4) for scene in v.frames)
    for height, width in [(1, 1), (1, 30), (30, 1)]:
        v = make_video(1, height=height, width=width, num_frames=3)
        assert v.images.shape == (3, height, width, 3)
        assert np.isfinite(v.images).all()


def test_an_object_that_fills_the_picture():
    v = make_video(0, num_frames=2, height=10, width=10, num_objects=1, size_range=(40, 40))
    assert v.frames[0].instance_masks.all()
    assert 0 < v.rows()[0, VISIBILITY] < 0.01


LEGAL = {"seed": 0, "num_frames": 2, "height": 8, "width": 8, "num_objects": 1}


@pytest.mark.parametrize("make", [make_video, moving_boxes])
@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("seed", -1),
        ("num_frames", 0),
        ("height", 0),
        ("width", 1.5),
        ("num_objects", -1),
        ("size_range", (0.0, 0.2)),
        ("size_range", (0.3, 0.2)),
        ("size_range", 0.2),
        ("speed", -1.0),
        ("turns", math.nan),
        ("stops", math.inf),
    ],
)
def test_arguments_out_of_range(make, argument, value):
    with pytest.raises(ValueError, match=argument):
        make(**(LEGAL | {argument: value}))


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("meeting", "places"),
        ("meeting", "stones"),
        ("num_stones", -1),
        ("shake", -0.1),
        ("light", 1.0),
        ("noise", -1.0),
    ],
)
def test_arguments_of_pictures_out_of_range(argument, value):
    with pytest.raises(ValueError, match="num_stones" if value == "stones" else argument):
        make_video(**(LEGAL | {argument: value}))


def test_boxes_without_pictures_for_many_objects():
    rows = moving_boxes(0, num_frames=200, height=1080, width=1920, num_objects=50)
    present = np.bincount(rows[:, FRAME].astype(int))[1:]
    assert len(present) == 200 and present.min() >= 40 and present.max() <= 50
    for track in tracks(rows).values():
        assert_array_equal(np.diff(track[:, FRAME]), 1)
        assert len(set(track[:, 4])) == len(set(track[:, 5])) == 1
        if len(track) > 1:
            steps = np.linalg.norm(np.diff(track[:, 2:4], axis=0), axis=1)
            assert steps.max() <= 1.5 * 0.012 * 1080 + 1e-9
    assert rows[:, 4].min() >= 0.14 * 1080 and rows[:, 4].max() <= 0.26 * 1080
    assert moving_boxes(0, num_objects=0).shape == (0, 9)
