"""The loop with three bugs: each has a test that the two others cannot disturb."""

import numpy as np
import pytest

SEE = ("segmentation/networks.html#a-network-and-one-step", "a network and one step")
MIRROR = (
    "segmentation/networks.html#the-image-is-mirrored-and-its-label-map-is-not",
    "a mirrored image",
)
IMAGES = np.array([[[[2.0, 0.0], [1.0, 1.0]]], [[[0.0, 1.0], [3.0, 2.0]]]])  # (2, 1, 2, 2)
LABELS = np.array([[[1, 0], [1, 0]], [[0, 0], [1, 1]]])
CALM, TURNING = 34, 9  # seeds: three batches as they are; the first one in a mirror
TWICE = "the softmax is taken twice: cross_entropy wants logits"


@pytest.mark.points(1)
@pytest.mark.see(*SEE)
def test_train_on_logits(student, expect):
    """Two steps without a mirror: the loss falls from log 2 to 0.2061."""
    _, losses = pair(student.train(IMAGES, LABELS, 2, 2, 1.0, CALM))
    expect(losses, [0.693147, 0.206077], rtol=1e-4, mistakes={TWICE: [0.693147, 0.530796]})


@pytest.mark.points(1)
@pytest.mark.see(*SEE)
def test_train_forgets_old_gradients(student, expect):
    """The third loss is the first that shows the gradients of two steps."""
    _, losses = pair(student.train(IMAGES, LABELS, 2, 3, 1.0, CALM))
    expect(
        losses,
        [0.693147, 0.206077, 0.126209],
        rtol=1e-4,
        mistakes={
            "the gradients add up from step to step: backward adds to what is there": [
                0.693147,
                0.206077,
                0.032427,
            ],
            TWICE: [0.693147, 0.530796, 0.451646],
            f"{TWICE}, and the gradients add up from step to step": [0.693147, 0.530796, 0.384015],
        },
    )


@pytest.mark.points(2)
@pytest.mark.see(*MIRROR)
def test_train_turns_labels_with_images(student, expect):
    """The first batch is seen in a mirror: the second loss is 0.4253."""
    weight, losses = pair(student.train(IMAGES, LABELS, 2, 2, 1.0, TURNING))
    expect(
        losses,
        [0.693147, 0.425325],
        rtol=1e-4,
        mistakes={
            "the image is turned, its labels are not": [0.693147, 0.433364],
            TWICE: [0.693147, 0.581687],
            f"{TWICE}, and the labels are not turned with the image": [0.693147, 0.597586],
            "the mirror is gone: turn the labels with the image": [0.693147, 0.265168],
        },
    )
    expect.that(np.shape(weight) == (2, 1, 3, 3), "weights of the shape (2, 1, 3, 3)")


def pair(value):
    """A tuple of two, whatever came back."""
    return value if isinstance(value, tuple) and len(value) == 2 else (None, value)
