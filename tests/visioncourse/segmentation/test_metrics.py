"""Confusion matrices and what is read off them, against scikit-learn, torchmetrics and counting."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics as sklearn_metrics
from torchmetrics.functional import classification as torchmetrics

from visioncourse.segmentation import (
    confusion_matrix,
    dice_coefficient,
    dice_from_iou,
    dice_per_class,
    frequency_weighted_iou,
    iou_from_dice,
    iou_per_class,
    mean_iou,
    one_hot,
    pixel_accuracy,
)
from visioncourse.segmentation.confusion import BLOCK_PIXELS

VOID = 255
# Class 0: 2 of 3 pixels shared; class 1: 1 of 2; class 2 is nowhere.
PREDICTIONS, LABELS = [0, 0, 0, 1], [0, 0, 1, 1]
MEASURES = [pixel_accuracy, iou_per_class, mean_iou, dice_per_class, frequency_weighted_iou]


def random_maps(shape=(3, 20, 30), num_classes=5, seed=0):
    """Predictions that are right more often than not, and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, shape)
    wrong = rng.integers(0, num_classes, shape)
    return np.where(rng.random(shape) < 0.6, labels, wrong), labels


def as_torch(*arrays):
    return tuple(torch.tensor(array) for array in arrays)


@pytest.mark.parametrize("ignore_index", [None, VOID, -1, 2])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.int16, np.float32])
def test_confusion_matrix_equals_the_libraries(ignore_index, dtype):
    predictions, labels = random_maps()
    if ignore_index is not None:
        labels[0, :5] = ignore_index
    got = confusion_matrix(
        predictions.astype(dtype), labels.astype(dtype), 5, ignore_index=ignore_index
    )
    counted = labels.ravel() != ignore_index
    by_sklearn = sklearn_metrics.confusion_matrix(
        labels.ravel()[counted], predictions.ravel()[counted], labels=range(5)
    )
    assert_array_equal(got, by_sklearn)
    p, g = as_torch(predictions, labels)
    by_torchmetrics = torchmetrics.multiclass_confusion_matrix(p, g, 5, ignore_index=ignore_index)
    assert_array_equal(got, by_torchmetrics.numpy())
    by_torch = confusion_matrix(p, g, 5, ignore_index=ignore_index)
    assert by_torch.dtype == torch.int64
    assert_array_equal(by_torch.numpy(), got)


def test_rows_are_truth():
    assert_array_equal(confusion_matrix([1, 1, 2], [0, 0, 2], 3), [[0, 2, 0], [0, 0, 0], [0, 0, 1]])


def test_small_integers_do_not_overflow():
    labels = np.arange(100, dtype=np.uint8).repeat(3)
    assert_array_equal(confusion_matrix(labels, labels, 100), 3 * np.eye(100))
    labels[:3] = VOID
    expected = np.diag([0] + 99 * [3])
    assert_array_equal(confusion_matrix(labels, labels, 100, ignore_index=VOID), expected)
    # -1 is no uint8, and Torch would wrap it to 255.
    with pytest.raises(ValueError, match="got 255"):
        confusion_matrix(*as_torch(labels, labels), 100, ignore_index=-1)


def test_maps_of_many_blocks_are_counted_whole():
    predictions, labels = random_maps(shape=(2 * BLOCK_PIXELS + 7,), num_classes=3)
    expected = [[np.sum((labels == j) & (predictions == k)) for k in range(3)] for j in range(3)]
    assert_array_equal(confusion_matrix(predictions, labels, 3), expected)
    predictions[-1] = 3
    with pytest.raises(ValueError, match="predictions must contain class indices 0 to 2, got 3"):
        confusion_matrix(predictions, labels, 3)


def test_a_strided_view_is_counted_like_its_copy():
    predictions, labels = random_maps()
    expected = confusion_matrix(predictions[:, ::2, ::-1].copy(), labels[:, ::2, ::-1].copy(), 5)
    assert_array_equal(
        confusion_matrix(predictions[:, ::2, ::-1], labels[:, ::2, ::-1], 5), expected
    )


@pytest.mark.parametrize(
    ("predictions", "labels", "num_classes", "message"),
    [
        ([0, 5], [0, 1], 3, "predictions must contain class indices 0 to 2, got 5"),
        ([0, 1], [0, VOID], 3, "labels must contain class indices 0 to 2, got 255"),
        ([0, 1], [0, -1], 3, "labels must contain class indices 0 to 2, got -1"),
        ([0, 1.5], [0, 1], 3, "predictions must contain whole numbers, got 1.5"),
        ([0, math.nan], [0, 1], 3, "predictions must contain whole numbers, got nan"),
        ([0, 1], [0], 3, r"labels must have shape \(2,\)"),
        ([0, 1], [0, 1], 0, "num_classes must be a whole number >= 1, got 0"),
        (np.array([0]), torch.tensor([0]), 2, "arrays of one library, got .*torch"),
    ],
)
def test_confusion_matrix_names_what_is_wrong(predictions, labels, num_classes, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(predictions, labels, num_classes)


def test_what_is_predicted_for_ignored_pixels_does_not_matter():
    expected = confusion_matrix(PREDICTIONS, LABELS, 3)
    got = confusion_matrix([*PREDICTIONS, VOID], [*LABELS, VOID], 3, ignore_index=VOID)
    assert_array_equal(got, expected)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("convert", [lambda *maps: maps, as_torch])
def test_a_data_set_streams_through(measure, convert):
    predictions, labels = convert(*random_maps())
    total = sum(confusion_matrix(p, g, 5) for p, g in zip(predictions, labels, strict=True))
    assert_array_equal(measure(total), measure(predictions, labels, 5))
    assert_allclose(measure(total / total.sum()), measure(total), rtol=1e-6)


def test_measures_equal_the_libraries():
    predictions, labels = random_maps()
    flat = labels.ravel(), predictions.ravel()
    assert_allclose(
        pixel_accuracy(predictions, labels, 5), sklearn_metrics.accuracy_score(*flat), rtol=1e-14
    )
    iou = sklearn_metrics.jaccard_score(*flat, average=None)
    assert_allclose(iou_per_class(predictions, labels, 5), iou, rtol=1e-14)
    assert_allclose(mean_iou(predictions, labels, 5), iou.mean(), rtol=1e-14)
    dice = sklearn_metrics.f1_score(*flat, average=None)
    assert_allclose(dice_per_class(predictions, labels, 5), dice, rtol=1e-14)


def test_frequency_weighted_iou_equals_torchmetrics():
    predictions, labels = random_maps()
    labels[labels == 3] = 0  # 3 is predicted, and never true
    theirs = torchmetrics.multiclass_jaccard_index(
        *as_torch(predictions, labels), 5, average="weighted"
    )
    assert_allclose(frequency_weighted_iou(predictions, labels, 5), theirs.item(), rtol=1e-6)
    assert_allclose(frequency_weighted_iou(PREDICTIONS, LABELS, 3), (2 * 2 / 3 + 2 / 2) / 4)


def test_ignored_pixels_are_left_out_of_every_measure():
    predictions, labels = random_maps()
    labels[:, :7] = VOID
    for measure in MEASURES:
        expected = measure(predictions[:, 7:], labels[:, 7:], 5)
        assert_array_equal(measure(predictions, labels, 5, ignore_index=VOID), expected)


def test_an_absent_class_by_hand():
    assert_allclose(iou_per_class(PREDICTIONS, LABELS, 3), [2 / 3, 1 / 2, 1], rtol=1e-15)
    assert_allclose(iou_per_class(PREDICTIONS, LABELS, 3, absent=0), [2 / 3, 1 / 2, 0], rtol=1e-15)
    assert_allclose(dice_per_class(PREDICTIONS, LABELS, 3), [4 / 5, 2 / 3, 1], rtol=1e-15)
    assert_allclose(dice_per_class(PREDICTIONS, LABELS, 3, absent=0.5)[2], 0.5)
    assert f"{mean_iou(PREDICTIONS, LABELS, 3):.3f}" == "0.583"
    assert f"{mean_iou(PREDICTIONS, LABELS, 3, absent=0):.3f}" == "0.389"
    assert f"{mean_iou(PREDICTIONS, LABELS, 3, absent=1.0):.3f}" == "0.722"


def test_an_absent_class_in_the_libraries():
    by_torchmetrics = torchmetrics.multiclass_jaccard_index(*as_torch(PREDICTIONS, LABELS), 3)
    assert_allclose(mean_iou(PREDICTIONS, LABELS, 3), by_torchmetrics.item(), rtol=1e-6)
    by_sklearn = sklearn_metrics.jaccard_score(
        LABELS, PREDICTIONS, labels=range(3), average="macro", zero_division=0
    )
    assert_allclose(mean_iou(PREDICTIONS, LABELS, 3, absent=0), by_sklearn, rtol=1e-14)


def test_a_class_that_is_only_predicted_counts_as_zero():
    assert_allclose(mean_iou([0, 0, 2], [0, 0, 0], 3), (2 / 3 + 0) / 2, rtol=1e-15)


def test_the_mean_over_a_data_set_is_not_the_mean_over_images():
    predictions, labels = [[0, 0, 0, 0], [0, 0, 0, 1]], [[0, 0, 0, 1], [0, 0, 0, 1]]
    assert_allclose(mean_iou(predictions, labels, 2), (6 / 7 + 1 / 2) / 2, rtol=1e-15)
    images = [mean_iou(p, g, 2) for p, g in zip(predictions, labels, strict=True)]
    assert_allclose(images, [3 / 8, 1], rtol=1e-15)


def test_measures_of_no_pixel():
    for arguments in [([], [], 3), (np.zeros((3, 3)),), (torch.zeros((3, 3), dtype=torch.int64),)]:
        assert pixel_accuracy(*arguments) == frequency_weighted_iou(*arguments) == 0
        assert mean_iou(*arguments) == 0
        assert mean_iou(*arguments, absent=1.0) == 1
        assert_array_equal(iou_per_class(*arguments), [1, 1, 1])
        assert_array_equal(dice_per_class(*arguments), [1, 1, 1])


def test_large_counts_keep_every_digit():
    confusion = torch.tensor([[2**24 + 1, 0], [0, 0]])
    assert iou_per_class(confusion).dtype == torch.float64
    assert pixel_accuracy(confusion + torch.tensor([[0, 0], [1, 0]])) == 1 - 1 / (2**24 + 2)


@given(
    st.integers(1, 6).flatmap(
        lambda k: st.lists(
            st.lists(st.integers(0, 50), min_size=k, max_size=k), min_size=k, max_size=k
        )
    ),
    st.randoms(use_true_random=False),
)
def test_measures_are_bounded_and_do_not_know_the_classes_names(confusion, random):
    confusion = np.array(confusion)
    order = list(range(len(confusion)))
    random.shuffle(order)
    renamed = confusion[order][:, order]
    iou, dice = iou_per_class(confusion), dice_per_class(confusion)
    assert np.all((iou >= 0) & (iou <= dice) & (dice <= 1))
    assert_array_equal(iou_per_class(renamed), iou[order])
    assert_array_equal(iou_per_class(confusion.T), iou)
    assert_allclose(mean_iou(renamed), mean_iou(confusion), rtol=1e-14)
    assert pixel_accuracy(renamed) == pixel_accuracy(confusion)
    assert_allclose(dice_from_iou(iou), dice, rtol=1e-14)
    assert_allclose(iou_from_dice(dice), iou, rtol=1e-14)


@given(st.integers(0, 10**6))
def test_dice_per_class_is_the_dice_coefficient_of_hard_masks(seed):
    predictions, labels = random_maps(shape=(4,), num_classes=4, seed=seed)
    masks = one_hot(predictions, 4), one_hot(labels, 4)
    for squared in (True, False):
        coefficient = dice_coefficient(*masks, axis=0, squared=squared)
        assert_allclose(dice_per_class(predictions, labels, 4), coefficient, rtol=1e-14)


@given(st.floats(0, 1))
def test_dice_and_iou_convert_back(value):
    assert_allclose(iou_from_dice(dice_from_iou(value)), value, rtol=1e-14)
    assert_allclose(dice_from_iou(iou_from_dice(value)), value, rtol=1e-14)
    assert iou_from_dice(value) <= value <= dice_from_iou(value)


def test_means_of_dice_and_iou_do_not_determine_each_other():
    iou = np.array([0.2, 0.9])
    assert abs(dice_from_iou(iou.mean()) - dice_from_iou(iou).mean()) > 0.05


@pytest.mark.parametrize("convert", [dice_from_iou, iou_from_dice])
@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_conversions_refuse_what_is_no_share(convert, value):
    with pytest.raises(ValueError, match="must"):
        convert(value)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0], [0]), {}, "got labels given, num_classes=None"),
        (([0],), {"num_classes": 2}, "got labels missing, num_classes=2"),
        ((np.eye(2),), {"ignore_index": 0}, "confusion matrix alone, .* ignore_index=0"),
        ((np.ones((2, 3)),), {}, r"must have shape \(K, K\), got \(2, 3\)"),
        (([[1, -2], [0, 1]],), {}, "must be >= 0, got -2"),
        (([[1, math.inf], [0, 1]],), {}, "confusion must be finite"),
        (([[1, math.nan], [0, 1]],), {}, "confusion must not contain NaN"),
    ],
)
def test_measures_name_what_is_wrong(measure, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        measure(*arguments, **options)


@pytest.mark.parametrize("measure", [iou_per_class, mean_iou, dice_per_class])
def test_the_value_of_an_absent_class_is_a_share(measure):
    with pytest.raises(ValueError, match=r"absent must lie in \[0, 1\], got 2"):
        measure(np.eye(2), absent=2)
