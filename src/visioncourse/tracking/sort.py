"""SORT: boxes that overlap their predictions keep their identity."""

from typing import NamedTuple

import array_api_compat
import array_api_compat.numpy as xp  # a tracker's state is NumPy's, whatever its input is
import numpy as np
from scipy.optimize import linear_sum_assignment

from .._validation import check_rows
from ..arrays import Array
from ..detection import overlap
from .motion_models import _boxes, _initial_states, _measurements, box_model

LARGEST = 1e150  # an area is still a number


class _Tracks(NamedTuple):
    """All living tracks, the oldest first."""

    x: np.ndarray  # (T, 7) means
    P: np.ndarray  # (T, 7, 7) covariances
    identities: np.ndarray  # (T,)
    streaks: np.ndarray  # (T,) updates since the last missed frame, the first box not counted
    ages: np.ndarray  # (T,) frames since the last update

    def select(self, which: np.ndarray) -> "_Tracks":
        return _Tracks(*(values[which] for values in self))

    def join(self, others: "_Tracks") -> "_Tracks":
        return _Tracks(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))


class Sort:
    """Simple Online and Realtime Tracking: identities for the boxes of a detector.

    .. code-block:: text

        detections ──┐
        tracks ─ predict ─ overlap ─ assign ─┬─ matched: update ──────────┐
                                             ├─ new boxes: start tracks ──┼─ report
                                             └─ tracks alone: wait, end ──┘

    In every frame each track is predicted by a Kalman filter (:py:func:`box_model`); predictions
    are assigned to detections so that the sum of overlaps is largest, and pairs that overlap too
    little are struck out. Scores play no part. The details are those of the published code:

    - Where the pairs above the threshold are already one to one, they are the matches, and
      nothing is assigned.
    - A track is reported in a frame in which a detection updated it, if `min_hits` such frames
      followed each other after the one it started in; in the first `min_hits` frames at once.
    - A track without a detection in more than `max_age` frames ends. It can't come back.
    - An area that would shrink to 0 or below stops shrinking.

    A detection without area has no ratio and starts no track.

    Source: Bewley et al. 2016, "Simple Online and Realtime Tracking", and its authors' code.

    Args:
        max_age: frames that a track survives without a detection, >= 0.
        min_hits: updates in a row before a track is reported, >= 0.
        iou_threshold: least overlap of a match, in [0, 1].

    Raises:
        ValueError: an argument out of its range.
    """

    def __init__(self, max_age: int = 1, min_hits: int = 3, iou_threshold: float = 0.3) -> None:
        for name, value in (("max_age", max_age), ("min_hits", min_hits)):
            if not (value >= 0 and value == int(value)):
                raise ValueError(f"{name} must be a whole number >= 0, got {value}")
        if not 0 <= iou_threshold <= 1:
            raise ValueError(f"iou_threshold must lie in [0, 1], got {iou_threshold}")
        self.max_age, self.min_hits, self.iou_threshold = max_age, min_hits, iou_threshold
        self._model = box_model()
        self._frame = 0
        self._started = 0  # tracks so far: identities count from 1
        self._tracks = self._start(np.empty((0, 4)))

    def update(self, detections: Array) -> Array:
        """Take the detections of the next frame; call it for frames without any, too.

        Args:
            detections: (N, 5) as x1, y1, x2, y2, score; an empty list counts as (0, 5).

        Returns:
            (M, 5) as x1, y1, x2, y2, identity, the filtered boxes of the tracks that are reported
            in this frame, the youngest first. Identities are 1, 2, ... in the order of their start.

        Raises:
            ValueError: NaN or infinity, another shape, x2 < x1 or y2 < y1, with the number of the
                frame (from 1) and the row. The tracker is then as it was before.
        """
        boxes = self._checked(detections)[:, :4]
        self._frame += 1
        measurements = _measurements(xp, boxes)
        has_area = measurements[:, 2] > 0
        boxes, measurements = boxes[has_area], measurements[has_area]

        tracks = self._predict(self._tracks)
        overlaps = overlap.matrix(xp, overlap.iou, boxes, _boxes(xp, tracks.x))  # (N, T)
        found, updated, alone = _match(overlaps, self.iou_threshold)
        x, P = self._model.update(tracks.x[updated], tracks.P[updated], measurements[found])
        tracks.x[updated], tracks.P[updated] = x, P
        tracks.streaks[updated] += 1
        tracks.ages[updated] = 0
        if alone.size:
            tracks = tracks.join(self._start(measurements[alone]))

        self._tracks = tracks.select(tracks.ages <= self.max_age)
        return _in_the_library_of(detections, self._report(tracks))

    def _predict(self, tracks: _Tracks) -> _Tracks:
        x = tracks.x.copy()
        x[x[:, 2] + x[:, 6] <= 0, 6] = 0.0
        x, P = self._model.predict(x, tracks.P)
        streaks = np.where(tracks.ages > 0, 0, tracks.streaks)
        return _Tracks(x, P, tracks.identities, streaks, tracks.ages + 1)

    def _start(self, measurements: np.ndarray) -> _Tracks:
        x, P = _initial_states(xp, measurements)
        number = measurements.shape[0]
        identities = np.arange(self._started + 1, self._started + number + 1)
        self._started += number
        zeros = np.zeros(number, dtype=np.int64)
        return _Tracks(x, P, identities, zeros, zeros)

    def _report(self, tracks: _Tracks) -> np.ndarray:
        shown = tracks.ages == 0
        if self._frame > self.min_hits:
            shown &= tracks.streaks >= self.min_hits
        shown = np.flatnonzero(shown)[::-1]
        return np.column_stack([_boxes(xp, tracks.x[shown]), tracks.identities[shown]])

    def _checked(self, detections: Array) -> np.ndarray:
        """The detections (N, 5) in NumPy's float64."""
        where = f"in frame {self._frame + 1}"
        if array_api_compat.is_torch_array(detections):
            detections = detections.detach().cpu().numpy()
        try:
            rows = np.asarray(detections).astype(np.float64, casting="same_kind")
        except (TypeError, ValueError):
            raise ValueError(f"detections must be numeric, got {detections!r} {where}") from None
        if rows.shape == (0,):
            return np.empty((0, 5))
        if rows.ndim != 2 or rows.shape[1] != 5:
            raise ValueError(f"detections must have shape (N, 5), got {rows.shape} {where}")
        # False for NaN, too.
        right = (np.abs(rows) <= LARGEST).all(axis=1) & (rows[:, 2:4] >= rows[:, :2]).all(axis=1)
        expected = f"finite x1, y1, x2, y2, score with x2 >= x1 and y2 >= y1 {where}"
        check_rows(xp, ~right, expected, detections=rows)
        return rows


def _match(overlaps: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Matched detections, their tracks, and the detections that start tracks, in SORT's order."""
    above = overlaps > threshold
    if above.any() and above.sum(axis=0).max() == 1 and above.sum(axis=1).max() == 1:
        found, tracks = np.nonzero(above)
    else:
        found, tracks = linear_sum_assignment(overlaps, maximize=True)
    near = overlaps[found, tracks] >= threshold
    # Those that were assigned too far away start after those that were not assigned at all.
    is_alone = np.ones(overlaps.shape[0], dtype=bool)
    is_alone[found] = False
    alone = np.concatenate([np.flatnonzero(is_alone), found[~near]])
    return found[near], tracks[near], alone


def _in_the_library_of(like: Array, report: np.ndarray) -> Array:
    """The report as an array of the library, device and floating dtype of `like`."""
    if not array_api_compat.is_array_api_obj(like):
        return report
    namespace = array_api_compat.array_namespace(like)
    dtype = like.dtype if namespace.isdtype(like.dtype, "real floating") else namespace.float64
    return namespace.asarray(report, dtype=dtype, device=array_api_compat.device(like))
