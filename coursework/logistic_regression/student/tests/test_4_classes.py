"""Softmax, and the nine pixels of the book."""

import numpy as np
import pytest

LOGITS = np.array(
    [
        [[2, 1, 0], [3, 0, 1], [0, 4, 2]],
        [[2, 1, 0], [1, 2, 0], [0, 3, 1]],
        [[0, 1, 4], [1, 0, 3], [0, 0, 5]],
    ],
    dtype=float,
)  # (H, W, K) = (3, 3, 3)
LABELS = np.array([[0, 0, 1], [0, 1, 1], [2, 2, 2]])


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/softmax.html#equation-eq-softmax", "the softmax")
def test_softmax_by_hand(student, expect):
    """The logits 2, 1, 0 become 0.6652, 0.2447, 0.0900."""
    expect(
        student.softmax(np.array([2.0, 1.0, 0.0])),
        np.array([0.665241, 0.244728, 0.090031]),
        rtol=1e-4,
        mistakes={
            "these are the shares of the logits: take e to their power first": np.array(
                [2 / 3, 1 / 3, 0.0]
            ),
            "the sign is turned round: it is e^z, not e^(-z)": np.array(
                [0.090031, 0.244728, 0.665241]
            ),
            "these are sigmoids: they do not sum to 1": np.array([0.880797, 0.731059, 0.5]),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "logistic_regression/softmax.html#the-wrong-axis-raises-no-error", "the wrong axis"
)
def test_softmax_along_the_last_axis(student, expect):
    """Each row of a table sums to 1."""
    expect(
        student.softmax(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])),
        np.array([[0.665241, 0.244728, 0.090031], [1 / 3, 1 / 3, 1 / 3]]),
        rtol=1e-4,
        mistakes={
            "the *columns* sum to 1: the classes lie along the last axis, axis=-1": np.array(
                [
                    [0.880797, 0.731059, 0.5],
                    [0.119203, 0.268941, 0.5],
                ]
            ),
            "the whole table sums to 1: sum along the last axis only, with keepdims=True": np.array(
                [
                    [0.523774, 0.192686, 0.0708851],
                    [0.0708851, 0.0708851, 0.0708851],
                ]
            ),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "logistic_regression/softmax.html#equation-eq-softmax-shift", "only differences count"
)
def test_softmax_of_large_logits(student, expect):
    """The logits 1002, 1001, 1000 have the same softmax as 2, 1, 0."""
    expect(
        student.softmax(np.array([1002.0, 1001.0, 1000.0])),
        np.array([0.665241, 0.244728, 0.090031]),
        rtol=1e-4,
        mistakes={
            "infinity / infinity is not a number, and e^1000 is infinite: subtract the largest "
            "logit first": np.full(3, np.nan),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "logistic_regression/softmax.html#equation-eq-class-cross-entropy", "the loss of one pixel"
)
def test_image_loss_of_one_pixel(student, expect):
    """The logits 2, 1, 0 and the true class 1 cost -log 0.2447 = 1.4076."""
    expect(
        student.image_loss(np.array([[[2.0, 1.0, 0.0]]]), np.array([[1]])),
        1.407606,
        rtol=1e-5,
        mistakes={
            "this is the loss of class 0, which has the largest logit: look up the true class": (
                0.407606
            ),
            "classes count from 0: this is the one after the true class": 2.407606,
            "the sign is missing: minus the logarithm": -1.407606,
            "the softmax runs along another axis than that of the classes, which is the last": 0.0,
            "this sums the losses of all classes: only the true one counts": 4.222818,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/pixels.html#the-loss-of-nine-pixels", "nine pixels")
def test_image_loss_of_nine_pixels(student, expect):
    """The nine pixels of the book have the mean loss 0.2172."""
    expect(
        student.image_loss(LOGITS, LABELS),
        0.217173,
        rtol=1e-5,
        mistakes={
            "this is the sum over the pixels: divide by H·W": 1.954557,
            "this divides by the K classes, too: only by the H·W pixels": 0.0723910,
            "the softmax runs along axis 0: rows compete, not classes": 0.435685,
            "this is a logarithm to base 2: the loss uses the natural one": 0.313315,
        },
    )
