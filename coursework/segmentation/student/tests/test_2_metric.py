"""The mean IoU of label maps that one can count by hand."""

import numpy as np
import pytest

MIOU = "segmentation/dense_prediction.html#equation-eq-mean-iou"
CONVENTIONS = "segmentation/metrics.html#which-pixels-which-classes-which-mean"


@pytest.mark.points(1)
@pytest.mark.see(MIOU, "the mean IoU")
def test_mean_iou_by_hand(student, expect):
    """Nine pixels, two of them wrong: IoU 2/4, 3/4 and 2/3."""
    truth = np.array([[0, 0, 1], [0, 1, 1], [2, 2, 2]])
    predicted = np.array([[0, 1, 1], [0, 1, 1], [2, 2, 0]])
    expect(
        student.mean_iou([truth], [predicted], 3),
        23 / 36,
        mistakes={
            "this is the share of right pixels, or the mean recall": 7 / 9,
            "this is the mean precision: truth and predictions belong into the union": 29 / 36,
            "this is the mean Dice coefficient": (2 / 3 + 6 / 7 + 4 / 5) / 3,
            "the intersection is in the union twice: subtract it once": (1 / 3 + 3 / 7 + 2 / 5) / 3,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(CONVENTIONS, "which pixels, which classes, which mean")
def test_mean_iou_of_two_images(student, expect):
    """One confusion matrix for both: IoU 3/5 and 1/3."""
    truths = [np.array([[0, 0, 0, 0]]), np.array([[1, 0]])]
    predictions = [np.array([[0, 0, 0, 1]]), np.array([[1, 1]])]
    expect(
        student.mean_iou(truths, predictions, 2),
        7 / 15,
        mistakes={
            "this is the mean of the images' IoUs: count all images into one matrix first": 0.3125,
            "only the first image was counted": 0.375,
            "only the last image was counted": 0.25,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(CONVENTIONS, "which pixels, which classes, which mean")
def test_mean_iou_leaves_void_out(student, expect):
    """The last pixel is void: IoU 1/2 and 1/2."""
    expect(
        student.mean_iou([np.array([[0, 1, 1, 255]])], [np.array([[0, 1, 0, 1]])], 2),
        0.5,
        mistakes={
            "the prediction at the void pixel is in the union: leave the pixel out of all counts": 5
            / 12,
            "the void pixel was counted as class 0": 1 / 3,
        },
        hint="truth != 255 is where a pixel counts; use it for truth and prediction",
    )


@pytest.mark.points(1)
@pytest.mark.see(CONVENTIONS, "which pixels, which classes, which mean")
def test_mean_iou_of_absent_classes(student, expect):
    """Of four classes two occur nowhere, and one is never found: (3/4 + 0) / 2."""
    expect(
        student.mean_iou([np.array([[0, 0, 0, 3]])], [np.zeros((1, 4), dtype=int)], 4),
        0.375,
        mistakes={
            "classes that occur nowhere count as 0: leave them out of the mean": 0.1875,
            "classes that occur nowhere count as 1: leave them out of the mean": 0.6875,
            "class 3 is there and was missed: its IoU is 0 and counts": 0.75,
            "this is 0/0: leave classes that occur nowhere out": np.nan,
        },
    )
