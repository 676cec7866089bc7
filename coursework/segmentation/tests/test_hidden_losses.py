"""Losses and their gradient on drawn numbers."""

import hidden_oracle as oracle
import numpy as np
import pytest

DICE = ("segmentation/pixel_losses.html#equation-eq-dice-forms", "the Dice loss")
SLOPE = (
    "segmentation/pixel_losses.html#equation-eq-dice-gradient",
    "the gradient of the Dice loss",
)


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/softmax.html#equation-eq-softmax", "the softmax")
def test_hidden_pixel_softmax(student, expect, rng):
    """Any logits, a few of them large; one class alone."""
    logits = rng.normal(scale=3, size=(2, 4, 3, 5))
    logits[0, 1, 2] += 2000
    expect(student.pixel_softmax(logits), oracle.probabilities(logits), atol=1e-12)
    expect(student.pixel_softmax(logits[:, :1]), np.ones((2, 1, 3, 5)))


@pytest.mark.points(2)
@pytest.mark.see(
    "logistic_regression/softmax.html#equation-eq-class-cross-entropy", "the cross-entropy"
)
def test_hidden_pixel_loss(student, expect, rng):
    """Any logits, some of them large, some pixels void."""
    logits = rng.normal(scale=4, size=(3, 5, 4, 6))
    logits[1, 2, :, 3] += 900
    labels = rng.integers(0, 5, size=(3, 4, 6))
    labels[rng.random(labels.shape) < 0.25] = 255
    labels[1, 0, 3] = 0  # far from the logit of 900
    expect(student.pixel_loss(logits, labels), oracle.mean_nll(logits, labels))


@pytest.mark.points(2)
@pytest.mark.see(*DICE)
def test_hidden_dice_loss(student, expect, rng):
    """Any probabilities, any eps."""
    for shape in ((7,), (2, 3, 4)):
        p, y = rng.uniform(size=shape), rng.integers(0, 2, size=shape)
        eps = float(rng.uniform(0.1, 2))
        expect(student.dice_loss(p, y, eps), oracle.one_minus_dice(p, y, eps))


@pytest.mark.points(3)
@pytest.mark.see(*SLOPE)
def test_hidden_dice_gradient(student, expect, rng):
    """The slopes that finite differences give."""
    for shape in ((6,), (3, 4)):
        p, y = rng.uniform(size=shape), rng.integers(0, 2, size=shape)
        eps = float(rng.uniform(0.1, 2))
        slopes = oracle.dice_slopes(p, y, eps)
        expect(student.dice_gradient(p, y, eps), slopes, rtol=1e-4, atol=1e-8)
