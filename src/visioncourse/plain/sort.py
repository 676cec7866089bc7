"""SORT, one track at a time."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..tracking.motion_models import box_model
from .detection import Box, iou


class Track:
    """One object: its box and its motion as the Kalman filter believes them, and its history."""

    def __init__(self, identity: int, box: Box) -> None:
        self.identity = identity
        self.model = box_model()
        self.x = np.array([*_measurement(box), 0, 0, 0])  # at rest
        self.P = np.diag([10.0, 10, 10, 10, 1e4, 1e4, 1e4])  # with hardly known velocities
        self.missed = 0  # frames since the last update
        self.streak = 0  # updates in a row after the first box

    @property
    def box(self) -> list[float]:
        """x1, y1, x2, y2."""
        cx, cy, area, ratio = self.x[:4]
        width = math.sqrt(area * ratio)
        height = area / width
        return [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2]

    def predict(self) -> None:
        """Move one frame on; an area does not shrink to 0."""
        if self.x[2] + self.x[6] <= 0:
            self.x[6] = 0
        self.x, self.P = self.model.predict(self.x, self.P)
        if self.missed > 0:
            self.streak = 0
        self.missed += 1

    def update(self, box: Box) -> None:
        """Take a detection for this object."""
        self.x, self.P = self.model.update(self.x, self.P, _measurement(box))
        self.missed = 0
        self.streak += 1


def _measurement(box: Box) -> list[float]:
    """Centre, area, width / height."""
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    return [(x1 + x2) / 2, (y1 + y2) / 2, width * height, width / height]


class Sort:
    """The rules of :py:class:`visioncourse.tracking.Sort`, for detections that have an area.

    Source: Bewley et al. 2016, "Simple Online and Realtime Tracking", and its authors' code.
    """

    def __init__(self, max_age: int = 1, min_hits: int = 3, iou_threshold: float = 0.3) -> None:
        self.max_age, self.min_hits, self.iou_threshold = max_age, min_hits, iou_threshold
        self.frame = 0
        self.started = 0
        self.tracks: list[Track] = []

    def update(self, detections: Sequence[Sequence[float]]) -> list[list[float]]:
        """Rows x1, y1, x2, y2, identity of the tracks seen in this frame, the youngest first."""
        self.frame += 1
        boxes = [detection[:4] for detection in detections]
        for track in self.tracks:
            track.predict()

        pairs = self.pairs(boxes)
        matched = [(i, t) for i, t, overlap in pairs if overlap >= self.iou_threshold]
        struck_out = [i for i, _, overlap in pairs if overlap < self.iou_threshold]
        for i, t in matched:
            self.tracks[t].update(boxes[i])

        assigned = {i for i, _, _ in pairs}
        for i in [i for i in range(len(boxes)) if i not in assigned] + struck_out:
            self.started += 1
            self.tracks.append(Track(self.started, boxes[i]))

        shown = [track for track in reversed(self.tracks) if self.is_shown(track)]
        self.tracks = [track for track in self.tracks if track.missed <= self.max_age]
        return [[*track.box, track.identity] for track in shown]

    def pairs(self, boxes: Sequence[Box]) -> list[tuple[int, int, float]]:
        """Detection, track and their overlap, for each pair that is assigned."""
        overlaps = [[iou(box, track.box) for track in self.tracks] for box in boxes]
        pairs = [
            (i, t)
            for i, row in enumerate(overlaps)
            for t, overlap in enumerate(row)
            if overlap > self.iou_threshold
        ]
        rows, columns = {i for i, _ in pairs}, {t for _, t in pairs}
        if not len(rows) == len(columns) == len(pairs) > 0:  # not yet one to one
            matrix = np.reshape(overlaps, (len(boxes), len(self.tracks)))
            pairs = list(zip(*linear_sum_assignment(matrix, maximize=True), strict=True))
        return [(i, t, overlaps[i][t]) for i, t in pairs]

    def is_shown(self, track: Track) -> bool:
        """Whether a detection updated it, and enough of them before."""
        steady = track.streak >= self.min_hits or self.frame <= self.min_hits
        return track.missed == 0 and steady
