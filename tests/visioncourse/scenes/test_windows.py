"""The window of a pixel holds its neighbours, in the order of the picture."""

import numpy as np
import pytest

from visioncourse.scenes import labelled_windows, make_scene, pixel_windows


def test_each_row_is_the_window_read_like_a_text():
    image = np.random.default_rng(0).uniform(size=(6, 7, 3))
    rows = pixel_windows(image, 2).reshape(6, 7, 5, 5, 3)
    for y in range(2, 4):
        for x in range(2, 5):
            np.testing.assert_array_equal(rows[y, x], image[y - 2 : y + 3, x - 2 : x + 3])


def test_beyond_the_edge_the_picture_is_mirrored():
    image = np.arange(12.0).reshape(3, 4, 1)
    corner = pixel_windows(image, 1)[0].reshape(3, 3)
    assert corner.tolist() == [[5, 4, 5], [1, 0, 1], [5, 4, 5]]


def test_without_reach_it_is_the_pixel():
    image = np.random.default_rng(0).uniform(size=(2, 3, 3))
    np.testing.assert_array_equal(pixel_windows(image, 0), image.reshape(-1, 3))


def test_labelled_windows_come_from_their_scenes():
    X, y = labelled_windows([3, 4], 50, reach=1, colours="any")
    assert X.shape == (100, 27) and y.shape == (100,)
    for part, seed in enumerate((3, 4)):
        scene = make_scene(seed, colours="any")
        windows = pixel_windows(scene.image, 1)
        for row, label in zip(X[50 * part :][:50], y[50 * part :][:50], strict=True):
            places = np.flatnonzero((windows == row).all(axis=1))
            assert label in (scene.semantic_mask.ravel()[places] > 0)


def test_no_scene_gives_no_window():
    X, y = labelled_windows([], 10, reach=2)
    assert X.shape == (0, 75) and y.shape == (0,)


@pytest.mark.parametrize(
    ("image", "reach", "message"),
    [
        (np.zeros((4, 4)), 1, r"image must have shape \(H, W, C\), got \(4, 4\)"),
        (np.zeros((4, 4, 3)), 4, r"reach must be below the sides of image, \(4, 4\), got 4"),
        (np.zeros((4, 4, 3)), -1, "reach must be a whole number >= 0, got -1"),
        (np.zeros((4, 4, 3)), 1.5, "reach must be a whole number >= 0, got 1.5"),
    ],
)
def test_what_has_no_window(image, reach, message):
    with pytest.raises(ValueError, match=message):
        pixel_windows(image, reach)
