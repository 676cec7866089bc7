"""The state in the class: all filters have one."""

import numpy as np

EARNED = {
    "test_2_filter.py::test_kalman_filters_share_nothing": 0,
    "test_3_tracks.py::test_tracker_keeps_identities": 0,
    "test_hidden_tracks.py::test_hidden_tracker_motion": 0,
    "test_hidden_tracks.py::test_hidden_tracker_gaps": 0,
}
SAYS = "Both filters have one state: store it in `self`, not in the class or a global."


class KalmanFilter:
    def __init__(self, F, H, Q, R, x, P):
        self.F, self.H, self.Q, self.R = F, H, Q, R
        KalmanFilter.x, KalmanFilter.P = x, P

    def predict(self):
        KalmanFilter.x = self.F @ self.x
        KalmanFilter.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        K = self.P @ self.H.T @ np.linalg.inv(self.H @ self.P @ self.H.T + self.R)
        KalmanFilter.x = self.x + K @ (z - self.H @ self.x)
        KalmanFilter.P = (np.eye(len(self.x)) - K @ self.H) @ self.P
