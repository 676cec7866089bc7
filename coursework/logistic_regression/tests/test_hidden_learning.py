"""Loss, gradient, descent, precision and recall on drawn inputs."""

import hidden_definitions as definitions
import numpy as np
import pytest

from visioncourse import logistic


def draw_problem(rng, n=7, d=3):
    X, y = rng.normal(size=(n, d)), rng.integers(0, 2, size=n)
    return X, y, rng.normal(size=d), float(rng.normal()), float(rng.uniform(0.1, 3))


@pytest.mark.points(2)
@pytest.mark.see("logistic_regression/likelihood.html#equation-eq-cross-entropy", "cross-entropy")
def test_hidden_cross_entropy(student, expect, rng):
    """Any logits, some of them huge."""
    for scale in (2.0, 800.0):
        z, y = scale * rng.normal(size=12), rng.integers(0, 2, size=12)
        z[:2], y[:2] = (scale, -scale), (0, 1)  # a confident mistake of each kind
        expect(student.cross_entropy(z, y), definitions.mean_loss(z, y))


@pytest.mark.points(2)
@pytest.mark.see("logistic_regression/regularisation.html#equation-eq-ridge", "the L2 penalty")
def test_hidden_penalised_loss(student, expect, rng):
    """Any data, any weights, any strength, none included."""
    for _ in range(2):
        X, y, w, b, strength = draw_problem(rng)
        for l2 in (strength, 0.0):
            want = definitions.objective(X, y, w, b, l2)
            expect(student.penalised_loss(X, y, w, b, l2), want)


@pytest.mark.points(2)
@pytest.mark.see("logistic_regression/gradient_descent.html#equation-eq-gradient-w", "the gradient")
def test_hidden_loss_gradient(student, expect, rng):
    """What finite differences say, for any data."""
    for d in (1, 3):
        X, y, w, b, strength = draw_problem(rng, d=d)
        dw, db = definitions.slopes(X, y, w, b, strength)
        got = student.loss_gradient(X, y, w, b, strength)
        expect(got, (np.array(dw), db), rtol=1e-5, atol=1e-7)


@pytest.mark.points(3)
@pytest.mark.see("logistic_regression/gradient_descent.html#equation-eq-update-w", "the update")
def test_hidden_fit(student, expect, rng):
    """Eight steps on any data, and no step at all."""
    X, y, _, _, strength = draw_problem(rng, n=20)
    w, b = np.zeros(3), 0.0
    losses = [float(logistic.loss(X, y, w, b, l2=strength))]
    expect(student.fit(X, y, 0.2, 0, strength), (w, b, losses))
    for _ in range(8):
        dw, db = logistic.gradient(X, y, w, b, l2=strength)
        w, b = w - 0.2 * dw, float(b - 0.2 * db)
        losses.append(float(logistic.loss(X, y, w, b, l2=strength)))
    expect(student.fit(X, y, 0.2, 8, strength), (w, b, losses))


@pytest.mark.points(2)
@pytest.mark.see(
    "logistic_regression/decision_boundary.html#equation-eq-precision", "precision and recall"
)
def test_hidden_precision_recall(student, expect, rng):
    """Any probabilities and thresholds; no example, no positive."""
    p, y = rng.integers(0, 11, size=40) / 10, rng.integers(0, 2, size=40)
    y[:2] = 0, 1
    at = float(p[1])  # a positive exactly at the threshold: it changes the recall
    for threshold in (0.0, at, 1.0):
        hits, false_alarms, misses = definitions.counts(p, y, threshold)
        want = hits / max(hits + false_alarms, 1), hits / max(hits + misses, 1)
        expect(student.precision_recall(p, y, threshold), want)
    expect(student.precision_recall(p[:0], y[:0]), (0.0, 0.0))
    expect(student.precision_recall(p, 0 * y), (0.0, 0.0))
