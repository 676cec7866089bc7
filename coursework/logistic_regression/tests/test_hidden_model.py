"""Sigmoid, model and odds on drawn inputs."""

import hidden_definitions as definitions
import numpy as np
import pytest


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/model.html#equation-eq-sigmoid-stable", "a stable form")
def test_hidden_sigmoid(student, expect, rng):
    """Any logits, small and huge, in a matrix and in none."""
    z = rng.uniform(0.75, 1, size=(4, 5)) * [[1.0], [-10.0], [1000.0], [-1000.0]]
    expect(student.sigmoid(z), np.vectorize(definitions.sigmoid)(z), rtol=1e-9, atol=0)
    expect(student.sigmoid(np.zeros((0, 3))), np.zeros((0, 3)))


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/model.html#equation-eq-model", "the model")
def test_hidden_predict_proba(student, expect, rng):
    """Any table, any number of features."""
    for d in (1, 4):
        X, w, b = rng.normal(size=(6, d)), rng.normal(size=d), float(rng.normal())
        want = np.array([definitions.probability(row, w, b) for row in X])
        expect(student.predict_proba(X, w, b), want)


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/model.html#equation-eq-odds-ratio", "what a weight means")
def test_hidden_odds_factor(student, expect):
    """The factor to six digits."""
    expect(student.get("odds_factor"), 1.3498588075760032, rtol=1e-6)
