"""Softmax and the loss of an image on drawn inputs."""

import math

import hidden_definitions as definitions
import numpy as np
import pytest


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/softmax.html#equation-eq-softmax", "the softmax")
def test_hidden_softmax(student, expect, rng):
    """Images of any size, logits of any size."""
    for scale in (1.0, 2000.0):
        logits = scale * rng.normal(size=(2, 3, 4))
        logits[0, 0, 0] = scale  # e^2000 is too large for a float
        rows = [definitions.class_probabilities(row) for row in logits.reshape(-1, 4)]
        expect(student.softmax(logits), np.reshape(rows, logits.shape))


@pytest.mark.points(2)
@pytest.mark.see("logistic_regression/softmax.html#equation-eq-softmax-loss", "the loss of many")
def test_hidden_image_loss(student, expect, rng):
    """Any image, any number of classes."""
    for K in (2, 5):
        logits, labels = 3 * rng.normal(size=(4, 6, K)), rng.integers(0, K, size=(4, 6))
        losses = [
            -math.log(definitions.class_probabilities(scores)[label])
            for scores, label in zip(logits.reshape(-1, K), labels.ravel(), strict=True)
        ]
        expect(student.image_loss(logits, labels), math.fsum(losses) / len(losses))
