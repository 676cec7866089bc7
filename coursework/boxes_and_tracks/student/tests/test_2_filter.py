"""The Kalman filter of one number and its velocity, with matrices that can be done by hand."""

import numpy as np
import pytest

F = np.array([[1.0, 1.0], [0.0, 1.0]])
H = np.array([[1.0, 0.0]])
Q = np.diag([1.0, 0.5])
R = np.array([[1.0]])
X = np.array([2.0, 1.0])


@pytest.mark.points(2)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.KalmanFilter.predict", "the prediction"
)
def test_kalman_predict_by_hand(student, expect):
    """From position 2 and velocity 1 to position 3, a little less sure."""
    kf = student.KalmanFilter(F, H, Q, R, X, np.eye(2))
    kf.predict()
    expect(
        kf.get("x"),
        np.array([3.0, 1.0]),
        mistakes={
            "the state did not move: x becomes F x": X,
            "the state was multiplied by the transpose of F": np.array([2.0, 3.0]),
        },
    )
    expect(
        kf.get("P"),
        np.array([[3.0, 1.0], [1.0, 1.5]]),
        mistakes={
            "the noise Q of the motion is missing": np.array([[2.0, 1.0], [1.0, 1.0]]),
            "the transposes are swapped: F P Fᵀ, not Fᵀ P F": np.array([[2.0, 1.0], [1.0, 2.5]]),
            "the second factor is missing: F P Fᵀ + Q": np.array([[2.0, 1.0], [0.0, 1.5]]),
            "the covariance did not change": np.eye(2),
        },
    )


@pytest.mark.points(2)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.KalmanFilter.update", "the update"
)
def test_kalman_update_by_hand(student, expect):
    """The gain is [0.75, 0.25]: three quarters of the surprise of 2 are believed."""
    kf = student.KalmanFilter(F, H, Q, R, np.array([3.0, 1.0]), np.array([[3.0, 1.0], [1.0, 1.5]]))
    kf.update(np.array([5.0]))
    expect(
        kf.get("x"),
        np.array([4.5, 1.5]),
        mistakes={
            "the correction goes the wrong way: it is z - H x": np.array([1.5, 0.5]),
            "the noise R of the measurement is missing": np.array([5.0, 1 + 2 / 3]),
            "the gain divides by R alone: invert the sum H P Hᵀ + R": np.array([9.0, 3.0]),
            "the measurement replaces the position: it should be weighed": np.array([5.0, 1.0]),
            "the covariance was changed before the gain was computed": np.array(
                [3 + 6 / 7, 1 + 2 / 7]
            ),
        },
    )
    expect(
        kf.get("P"),
        np.array([[0.75, 0.25], [0.25, 1.25]]),
        mistakes={
            "this is K H P, what the measurement took away: P - K H P is left": np.array(
                [[2.25, 0.75], [0.75, 0.25]]
            ),
            "the covariance did not change: a measurement makes surer": np.array(
                [[3.0, 1.0], [1.0, 1.5]]
            ),
            "this is I - K H alone: multiply it with P": np.array([[0.25, 0.0], [-0.25, 1.0]]),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.KalmanFilter", "the Kalman filter"
)
def test_kalman_filters_share_nothing(student, expect):
    """What happens to a second filter leaves the first as it was."""
    first = student.KalmanFilter(F, H, Q, R, X, np.eye(2))
    second = student.KalmanFilter(F, H, Q, R, np.array([7.0, 0.0]), 4 * np.eye(2))
    second.predict()
    second.update(np.array([9.0]))
    expect(
        first.get("x"),
        X,
        mistakes={
            "both filters have one state: store it in `self`, not in the class or a global": (
                lambda: second.get("x")
            ),
        },
    )
    expect(first.get("P"), np.eye(2))
