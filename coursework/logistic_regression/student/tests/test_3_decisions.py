"""Precision and recall of five examples that can be counted on one hand."""

import numpy as np
import pytest

P = np.array([0.9, 0.8, 0.6, 0.4, 0.2])
Y = np.array([1, 1, 0, 1, 0])


@pytest.mark.points(1)
@pytest.mark.see(
    "logistic_regression/decision_boundary.html#equation-eq-precision", "precision and recall"
)
def test_precision_recall_by_hand(student, expect):
    """At 0.7 both alarms are right, and two of three positives are found."""
    expect(
        student.precision_recall(P, Y, 0.7),
        (1.0, 2 / 3),
        mistakes={
            "precision and recall are swapped: precision divides by the alarms, recall by the "
            "positives": (2 / 3, 1.0),
            "this is the accuracy in place of precision": (0.8, 2 / 3),
            "the threshold is not used: this is what ½ gives": (2 / 3, 2 / 3),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/decision_boundary.html#equation-eq-decision", "the decision")
def test_precision_recall_at_the_threshold(student, expect):
    """A probability that equals the threshold is an alarm."""
    expect(
        student.precision_recall(P, Y, 0.6),
        (2 / 3, 2 / 3),
        mistakes={
            "an example exactly at the threshold counts as positive: >=, not >": (1.0, 2 / 3),
            "the alarms are the examples *below* the threshold here": (0.5, 1 / 3),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/decision_boundary.html#counting-errors", "counting errors")
def test_precision_recall_without_an_alarm(student, expect):
    """Nothing reaches 0.95: precision is 0/0 and counts as 0."""
    expect(
        student.precision_recall(P, Y, 0.95),
        (0.0, 0.0),
        mistakes={
            "0/0 is not a number: return 0 when there is no alarm": (np.nan, 0.0),
            "no alarm is no perfect precision: return 0": (1.0, 0.0),
        },
    )
