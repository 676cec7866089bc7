"""A prediction that adds no noise: the filter gets too sure of itself."""

import numpy as np

EARNED = {
    "test_2_filter.py::test_kalman_predict_by_hand": 0,
    "test_3_tracks.py::test_tracker_keeps_identities": 0,
    "test_hidden_tracks.py::test_hidden_kalman_predict": 0,
    "test_hidden_tracks.py::test_hidden_kalman_update": 0,
    "test_hidden_tracks.py::test_hidden_tracker_motion": 0,
    "test_hidden_tracks.py::test_hidden_tracker_gaps": 0,
}
SAYS = "The noise Q of the motion is missing."


class KalmanFilter:
    def __init__(self, F, H, Q, R, x, P):
        self.F, self.H, self.Q, self.R, self.x, self.P = F, H, Q, R, x, P

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T

    def update(self, z):
        K = self.P @ self.H.T @ np.linalg.inv(self.H @ self.P @ self.H.T + self.R)
        self.x = self.x + K @ (z - self.H @ self.x)
        self.P = (np.eye(len(self.x)) - K @ self.H) @ self.P
