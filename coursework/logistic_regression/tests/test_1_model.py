"""The sigmoid, the model and what a weight says: numbers that a pocket calculator gives."""

import numpy as np
import pytest

X = np.array([[1.5, 2.0], [0.0, 0.0], [-2.0, 1.0]])  # (3, 2)
W = np.array([0.3, 0.5])
B = -1.0


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/model.html#equation-eq-sigmoid", "the sigmoid")
def test_sigmoid_by_hand(student, expect):
    """The sigmoid of 0.45 is 0.6106."""
    expect(
        student.sigmoid(0.45),
        0.610639,
        rtol=1e-5,
        mistakes={
            "the sign of z is missing: it is e^(-z), not e^z": 0.389361,
            "this is e^(-z) alone: the 1 / (1 + ...) around it is missing": 0.637628,
            "this is 1 - e^(-z): the sigmoid is 1 / (1 + e^(-z))": 0.362372,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/model.html#equation-eq-sigmoid-stable", "a stable form")
def test_sigmoid_of_extreme_logits(student, expect):
    """It survives logits of ±1000, and keeps the shape of a matrix."""
    z = np.array([[-1000.0, 0.0], [2.0, 1000.0]])
    expect(
        student.sigmoid(z),
        np.array([[0.0, 0.5], [0.880797, 1.0]]),
        rtol=1e-5,
        mistakes={
            "infinity / infinity is not a number, and e^1000 is infinite: use e^z / (1 + e^z) "
            "only where z < 0": np.array([[0.0, 0.5], [0.880797, np.nan]]),
            "the sign of z is missing: it is e^(-z), not e^z": np.array(
                [[1.0, 0.5], [0.119203, 0.0]]
            ),
        },
        hint="a form that never raises e to a positive power cannot overflow",
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/model.html#equation-eq-model", "the model")
def test_predict_proba_by_hand(student, expect):
    """The features [1.5, 2.0] get the logit 0.45 and the probability 0.6106."""
    expect(
        student.predict_proba(X[:1], W, B),
        np.array([0.610639]),
        rtol=1e-5,
        mistakes={
            "the bias b is missing from the logit": np.array([0.809998]),
            "the bias is subtracted: the logit is w·x + b": np.array([0.920561]),
            "this is the logit itself: the sigmoid is missing": np.array([0.45]),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/model.html#equation-eq-logit", "the logit")
def test_predict_proba_of_three_rows(student, expect):
    """One probability for each row of X."""
    expect(
        student.predict_proba(X, W, B),
        np.array([0.610639, 0.268941, 0.249740]),
        rtol=1e-5,
        mistakes={
            "the bias b is missing from the logit": np.array([0.809998, 0.5, 0.475021]),
            "a minus is missing in the sigmoid": np.array([0.389361, 0.731059, 0.750260]),
        },
        hint="X @ w is one number for each row of X",
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/model.html#equation-eq-odds-ratio", "what a weight means")
def test_odds_factor_agrees_with_the_model(student, expect):
    """`odds_factor` turns the odds at x₁ = 1.5 into those at x₁ = 2.5."""
    before, after = 0.6106392, 0.6791787  # σ(0.45) and σ(0.75)
    answer = student.get("odds_factor")
    number = answer if isinstance(answer, int | float) else np.nan
    expect.that(
        abs(number * before / (1 - before) - after / (1 - after)) < 1e-3,
        "0.6106 / 0.3894, the odds before, times odds_factor are 0.6792 / 0.3208, the odds after",
        mistakes={
            "this is the weight: it is what the *log*-odds grow by": abs(number - 0.3) < 1e-3,
            "this is the ratio of the probabilities; the odds are p / (1 - p)": (
                abs(number - after / before) < 1e-3
            ),
            "this is the factor of the other way round, from 2.5 to 1.5": (
                abs(number - 0.740818) < 1e-3
            ),
            "this is the factor of the second feature": abs(number - 1.648721) < 1e-3,
        },
    )
