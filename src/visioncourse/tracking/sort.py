"""SORT: boxes that overlap their predictions keep their identity."""

from typing import NamedTuple

import array_api_compat
import array_api_compat.numpy as xp  # a tracker's state is NumPy's, whatever its input is
import numpy as np
from scipy.optimize import linear_sum_assignment

from .._validation import check_not_negative, check_rows, check_shares
from ..arrays import Array, like, to_numpy
from ..detection import overlap
from ..detection.boxes import LARGEST_COORDINATE
from .motion_models import box_model, boxes_of, initial_states, measure

SMALLEST_SIDE = 1e-150  # of a box whose area and ratio are numbers above 0
LARGEST_CLASS = 2**53  # from here on a float cannot tell whole numbers apart
LARGEST_IN_FLOAT32 = 2**24  # likewise
UNKNOWN = -1  # the class of detections that come without


class Tracks(NamedTuple):
    """The tracks that are reported in a frame, the youngest first; M rows each."""

    boxes: Array  # (M, 4) x1, y1, x2, y2, filtered
    identities: Array  # (M,) int64
    scores: Array  # (M,) of the detections
    classes: Array  # (M,) int64, of the detections; -1 where they have none
    detections: Array  # (M,) int64: the row of each track's detection in its frame


class _State(NamedTuple):
    """All living tracks, the oldest first."""

    x: np.ndarray  # (T, 7) means
    P: np.ndarray  # (T, 7, 7) covariances
    identities: np.ndarray  # (T,)
    streaks: np.ndarray  # (T,) updates since the last missed frame, the first box not counted
    ages: np.ndarray  # (T,) frames since the last update

    def select(self, which: np.ndarray) -> "_State":
        return _State(*(values[which] for values in self))

    def join(self, others: "_State") -> "_State":
        return _State(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))


class Sort:
    """Simple Online and Realtime Tracking: identities for the boxes of a detector.

    .. code-block:: text

        detections ──┐
        tracks ─ predict ─ overlap ─ assign ─┬─ matched: update ──────────┐
                                             ├─ new boxes: start tracks ──┼─ report
                                             └─ tracks alone: wait, end ──┘

    In every frame each track is predicted by a Kalman filter (:py:func:`box_model`); predictions
    are assigned to detections so that the sum of overlaps is largest, and pairs that overlap too
    little are struck out. Scores and classes play no part. The details are those of the published
    code:

    - Where the pairs above the threshold are already one to one, they are the matches, and
      nothing is assigned.
    - A track is reported in a frame in which a detection updated it, if `min_hits` such frames
      followed each other after the one it started in; in the first `min_hits` frames at once.
    - A track without a detection in more than `max_age` frames ends. It can't come back.
    - An area that would shrink to 0 or below stops shrinking.

    A detection without area has no ratio and starts no track.
    :py:class:`visioncourse.plain.Sort` is this tracker, one track at a time.

    Source: Bewley et al. 2016, "Simple Online and Realtime Tracking", and its authors' code.

    Args:
        max_age: frames that a track survives without a detection, >= 0.
        min_hits: updates in a row before a track is reported, >= 0.
        iou_threshold: least overlap of a match, in [0, 1].

    Raises:
        ValueError: an argument out of its range.
    """

    def __init__(self, max_age: int = 1, min_hits: int = 3, iou_threshold: float = 0.3) -> None:
        check_not_negative(max_age=max_age, min_hits=min_hits)
        for name, number in (("max_age", max_age), ("min_hits", min_hits)):
            if number != int(number):
                raise ValueError(f"{name} must be a whole number >= 0, got {number}")
        check_shares(iou_threshold=iou_threshold)
        self.max_age, self.min_hits, self.iou_threshold = max_age, min_hits, iou_threshold
        self._model = box_model()
        self._model.checked = False  # its states are our own
        self._frame = 0
        self._started = 0  # tracks so far: identities count from 1
        self._state = self._start(np.empty((0, 4)))

    def update(self, detections: Array, *, full: bool = False) -> Array | Tracks:
        """Take the detections of the next frame; call it for frames without any, too.

        Args:
            detections: (N, 5) as x1, y1, x2, y2, score, or (N, 6) with a whole number for the
                class behind; an empty list counts as (0, 5).
            full: whether the result says which detection each track took.

        Returns:
            (M, 5) as x1, y1, x2, y2, identity, the filtered boxes of the tracks that are reported
            in this frame, the youngest first. Identities are 1, 2, ... in the order of their start.
            With `full` the same as :py:class:`Tracks`, with score, class and row of the detection.
            Rows have the floating type of the detections where it holds every identity: float16
            and bfloat16, which end at 2048 and 256, become float32, and float32 becomes float64
            beyond identity 2²⁴.

        Raises:
            ValueError: NaN or infinity, another shape, x2 < x1 or y2 < y1, a class that is not
                whole, with the number of the frame (from 1) and the row. The tracker is then as it
                was before.
        """
        table, rows = self._checked(detections)
        self._frame += 1
        boxes = table[rows, :4]
        measurements = measure(xp, boxes)

        state = self._predict(self._state)
        overlaps = overlap.matrix(xp, overlap.iou, boxes, boxes_of(xp, state.x))  # (N, T)
        found, updated, alone = _match(overlaps, self.iou_threshold)
        x, P = self._model.update(state.x[updated], state.P[updated], measurements[found])
        state.x[updated], state.P[updated] = x, P
        state.streaks[updated] += 1
        state.ages[updated] = 0
        if alone.size:
            state = state.join(self._start(measurements[alone]))

        alive = state.ages <= self.max_age
        self._state = state if alive.all() else state.select(alive)
        shown = self._shown(state)
        reported, identities = boxes_of(xp, state.x[shown]), state.identities[shown]
        if not full:
            return _returned(detections, np.column_stack([reported, identities]), identities)
        row_of = np.empty(len(state.x), dtype=np.int64)
        row_of[updated], row_of[len(row_of) - len(alone) :] = rows[found], rows[alone]
        return _tracks(detections, table, reported, identities, row_of[shown])

    def _predict(self, state: _State) -> _State:
        x = state.x.copy()
        x[x[:, 2] + x[:, 6] <= 0, 6] = 0.0
        x, P = self._model.predict(x, state.P)
        streaks = state.streaks * (state.ages == 0)  # a missed frame starts the count again
        return _State(x, P, state.identities, streaks, state.ages + 1)

    def _start(self, measurements: np.ndarray) -> _State:
        x, P = initial_states(xp, measurements)
        number = measurements.shape[0]
        identities = np.arange(self._started + 1, self._started + number + 1)
        self._started += number
        zeros = np.zeros(number, dtype=np.int64)
        return _State(x, P, identities, zeros, zeros)

    def _shown(self, state: _State) -> np.ndarray:
        """The tracks to report, the youngest first."""
        shown = state.ages == 0
        if self._frame > self.min_hits:
            shown &= state.streaks >= self.min_hits
        return np.flatnonzero(shown)[::-1]

    def _checked(self, detections: Array) -> tuple[np.ndarray, np.ndarray]:
        """The detections (N, 5 or 6) in float64, and the rows of those with an area."""
        where = f"in frame {self._frame + 1}"
        try:
            table = to_numpy(detections).astype(np.float64, casting="same_kind")
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"detections must be numeric, got {detections!r} {where}") from None
        if table.shape == (0,):
            table = np.empty((0, 5))
        if table.ndim != 2 or table.shape[1] not in (5, 6):
            raise ValueError(
                f"detections must have shape (N, 5) or (N, 6), got {table.shape} {where}"
            )
        near = np.abs(table) <= LARGEST_COORDINATE  # False for NaN, too
        if not near.all():
            expected = f"finite numbers up to {LARGEST_COORDINATE:.0e} in size {where}"
            check_rows(xp, ~near.all(axis=1), expected, detections=table)
        sides = (table[:, 2:4] - table[:, :2]).min(axis=1, initial=np.inf)
        has_area = sides > SMALLEST_SIDE
        if has_area.all():
            rows = np.arange(len(table))
        else:  # without area there is no ratio, and no track
            expected = f"x1, y1, x2, y2, score with x2 >= x1 and y2 >= y1 {where}"
            check_rows(xp, sides < 0, expected, detections=table)
            rows = np.flatnonzero(has_area)
        if table.shape[1] == 6:
            classes = table[:, 5]
            wrong = (classes != np.floor(classes)) | (np.abs(classes) >= LARGEST_CLASS)
            check_rows(xp, wrong, f"rows that end in a whole class {where}", detections=table)
        return table, rows


def _match(overlaps: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Matched detections, their tracks, and the detections that start tracks, in SORT's order."""
    found, tracks = np.nonzero(overlaps > threshold)
    far = found[:0]
    if not len(set(found.tolist())) == len(set(tracks.tolist())) == len(found) > 0:
        found, tracks = linear_sum_assignment(overlaps, maximize=True)
        near = overlaps[found, tracks] >= threshold
        found, tracks, far = found[near], tracks[near], found[~near]
    is_alone = np.ones(overlaps.shape[0], dtype=bool)
    is_alone[found] = is_alone[far] = False
    # Those that were assigned too far away start after those that were not assigned at all.
    return found, tracks, np.concatenate([np.flatnonzero(is_alone), far])


def _tracks(
    detections: Array,
    table: np.ndarray,
    boxes: np.ndarray,
    identities: np.ndarray,
    rows: np.ndarray,
) -> Tracks:
    scores = table[rows, 4]
    classes = table[rows, 5] if table.shape[1] == 6 else np.full(len(rows), UNKNOWN)
    parts = (boxes, identities, scores, classes.astype(np.int64), rows)
    return Tracks(*(_returned(detections, values) for values in parts))


def _returned(detections: Array, values: np.ndarray, exact: np.ndarray | None = None) -> Array:
    """Values in the library of the detections, those of float64 in their type.

    That is at least float32, and float64 where float32 does not hold `exact`.
    """
    if not array_api_compat.is_array_api_obj(detections) or detections.dtype == values.dtype:
        return values
    space, dtype = array_api_compat.array_namespace(detections), detections.dtype
    if values.dtype != np.float64 or not space.isdtype(dtype, "real floating"):
        return like(detections, values)
    if space.finfo(dtype).bits <= 32:
        dtype = space.float32
        if exact is not None and exact.max(initial=0) > LARGEST_IN_FLOAT32:
            dtype = space.float64
    return like(detections, values, dtype)
