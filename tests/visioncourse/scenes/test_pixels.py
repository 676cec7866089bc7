"""One pixel's colour says little in the world of segmentation; a window around it says more."""

import numpy as np
import pytest
from pixel_classifiers import boosted_trees, forest, predict_maps, softmax_of_squares

from visioncourse.scenes import WORLDS, make_scene
from visioncourse.segmentation import confusion_matrix, mean_iou


def scenes(start, count, world="segmentation"):
    return [make_scene(seed, **WORLDS[world]) for seed in range(start, start + count)]


def score(model, training, held_out, **how):
    predicted = predict_maps(model, training, held_out, **how)
    truth = np.array([scene.semantic_mask for scene in held_out])
    names = held_out[0].class_names
    return mean_iou(confusion_matrix(predicted, truth, num_classes=len(names)))


@pytest.fixture(scope="module")
def training():
    return scenes(0, 150)


@pytest.fixture(scope="module")
def held_out():
    return scenes(10_000, 30)


@pytest.mark.parametrize("model", [softmax_of_squares, boosted_trees, forest])
def test_the_colour_of_a_pixel_stays_far_below_one_half(model, training, held_out):
    assert 0.1 < score(model(), training, held_out, every=29) < 0.3  # measured: 0.19 to 0.20


def test_a_window_is_better_than_a_pixel_and_not_enough(training, held_out):
    pixel = score(forest(), training, held_out, every=13)  # measured: 0.21
    window = score(forest(), training, held_out, side=9, every=13)  # measured: 0.31
    assert pixel + 0.07 < window < 0.45


def test_the_same_classifiers_do_well_where_colour_decides():
    """The worlds differ, and not the strength of these classifiers."""
    result = score(boosted_trees(), scenes(0, 30, "part_1"), scenes(10_000, 10, "part_1"), every=29)
    assert result > 0.9
