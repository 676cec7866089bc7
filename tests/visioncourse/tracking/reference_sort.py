"""SORT once more, one track at a time on filterpy's Kalman filter: the oracle for the package's."""

import itertools
from dataclasses import dataclass, field

import numpy as np
from filterpy.kalman import KalmanFilter
from scipy.optimize import linear_sum_assignment


def filter_of(box):
    model = KalmanFilter(dim_x=7, dim_z=4)
    for position in range(3):
        model.F[position, position + 4] = 1
    for position in range(4):
        model.H[position, position] = 1
    model.P = np.diag([10.0] * 4 + [1e4] * 3)
    model.Q = np.diag([1.0] * 4 + [0.01, 0.01, 0.0001])
    model.R = np.diag([1.0, 1.0, 10.0, 10.0])
    model.x[:4] = measurement_of(box)
    return model


def measurement_of(box):
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    return np.array([[(x1 + x2) / 2], [(y1 + y2) / 2], [width * height], [width / height]])


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


@dataclass
class Track:
    identity: int
    model: KalmanFilter
    missed: int = 0
    streak: int = 0

    @property
    def box(self):
        cx, cy, area, ratio = self.model.x[:4, 0]
        width = np.sqrt(area * ratio)
        height = area / width
        return np.array([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2])

    def predict(self):
        if self.model.x[2, 0] + self.model.x[6, 0] <= 0:
            self.model.x[6, 0] = 0
        self.model.predict()
        if self.missed > 0:
            self.streak = 0
        self.missed += 1

    def update(self, box):
        self.model.update(measurement_of(box))
        self.missed = 0
        self.streak += 1


@dataclass
class ReferenceSort:
    max_age: int = 1
    min_hits: int = 3
    iou_threshold: float = 0.3
    frame: int = 0
    tracks: list = field(default_factory=list)
    identities: itertools.count = field(default_factory=lambda: itertools.count(1))
    assignments: int = 0  # frames in which the pairs above the threshold were not one to one

    def update(self, detections):
        self.frame += 1
        for track in self.tracks:
            track.predict()
        self.tracks = [track for track in self.tracks if not np.isnan(track.box).any()]
        pairs = self.pairs(detections)
        for row, track in pairs:
            track.update(detections[row][:4])
        found = [row for row, _ in pairs]
        for row in self.order_of_birth(detections):
            if row not in found:
                self.tracks.append(Track(next(self.identities), filter_of(detections[row][:4])))
        rows = [
            [*track.box, track.identity]
            for track in reversed(self.tracks)
            if track.missed == 0 and (track.streak >= self.min_hits or self.frame <= self.min_hits)
        ]
        self.tracks = [track for track in self.tracks if track.missed <= self.max_age]
        return np.array(rows).reshape(-1, 5)

    def pairs(self, detections):
        boxes = [track.box for track in self.tracks]
        self.overlaps = np.array([[overlap(d[:4], box) for box in boxes] for d in detections])
        self.overlaps = self.overlaps.reshape(len(detections), len(boxes))
        above = self.overlaps > self.iou_threshold
        candidates = list(zip(*np.nonzero(above), strict=True))
        self.assigned = candidates
        one_to_one = len({r for r, _ in candidates}) == len({c for _, c in candidates})
        if not candidates or not one_to_one or len({r for r, _ in candidates}) < len(candidates):
            self.assignments += bool(candidates)
            self.assigned = list(zip(*linear_sum_assignment(-self.overlaps), strict=True))
        return [
            (row, self.tracks[column])
            for row, column in self.assigned
            if self.overlaps[row, column] >= self.iou_threshold
        ]

    def order_of_birth(self, detections):
        """Rows that were not assigned at all, before those whose assignment was struck out."""
        assigned = [row for row, _ in self.assigned]
        return [row for row in range(len(detections)) if row not in assigned] + assigned
