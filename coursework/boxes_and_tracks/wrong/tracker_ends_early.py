"""A track ends one frame too early."""

import numpy as np

EARNED = {
    "test_3_tracks.py::test_tracker_ends_tracks": 0,
    "test_hidden_tracks.py::test_hidden_tracker_gaps": 0,
}
SAYS = "The track ends too early: it may miss max_age frames, and ends with the next"


def overlap(a, b):
    w = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    size = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (size - w * h)


class Track:
    """One object, with the motion model of the notebook."""

    def __init__(self, identity, box):
        self.identity, self.missed = identity, 0
        self.x, self.P = np.concatenate([box, np.zeros(4)]), np.diag([4.0] * 4 + [100.0] * 4)

    def predict(self):
        F = np.eye(8) + np.eye(8, k=4)
        self.x, self.P = F @ self.x, F @ self.P @ F.T + np.diag([1.0] * 4 + [0.25] * 4)

    def update(self, box):
        K = self.P[:, :4] @ np.linalg.inv(self.P[:4, :4] + 4 * np.eye(4))
        self.x, self.P = self.x + K @ (box - self.x[:4]), self.P - K @ self.P[:4]
        self.missed = 0


class Tracker:
    def __init__(self, iou_threshold=0.3, max_age=3):
        self.iou_threshold, self.max_age, self.tracks, self.count = iou_threshold, max_age, [], 0

    def update(self, detections):
        for track in self.tracks:
            track.predict()
            track.missed += 1
        pairs = [
            (overlap(track.x[:4], box), -i, -j)
            for i, track in enumerate(self.tracks)
            for j, box in enumerate(detections)
        ]
        rows, columns = set(), set()
        for value, i, j in sorted(pairs, reverse=True):
            if value >= self.iou_threshold and -i not in rows and -j not in columns:
                self.tracks[-i].update(detections[-j])
                rows.add(-i)
                columns.add(-j)
        self.tracks = [t for t in self.tracks if t.missed < self.max_age]
        for j, box in enumerate(detections):
            if j not in columns:
                self.count += 1
                self.tracks.append(Track(self.count, box))
        return {t.identity: t.x[:4] for t in self.tracks if t.missed == 0}
