"""A detector that exists only in its errors: misses, false alarms, jitter, and its scores."""

import math

import numpy as np

from .._validation import check_not_negative, check_shares, check_whole
from .video import Video

STAY = 0.7  # probability that a missed object is missed in the next frame, too
HIDDEN = 0.25  # an object of which less is visible is not found


def simulate_detections(
    video: "Video | np.ndarray",
    seed: int,
    *,
    miss_rate: float = 0.1,
    false_alarms: float = 0.3,
    jitter: float = 0.05,
    size: tuple[int, int] | None = None,
) -> list[np.ndarray]:
    """What a detector might find in each frame of a video.

    An object is missed in runs, 3.3 frames long on average, as a real detector misses it while it
    stands in a difficult place. Boxes are those of whole objects, as a detector trained on
    MOTChallenge's truth gives them, cut off at the picture's edges.

    Args:
        video: a :py:class:`Video`, or rows (R, 6 or more) of frame from 1, identity, x, y, w, h;
            a ninth column is the visibility.
        seed: >= 0.
        miss_rate: the part of visible objects that is missed, in [0, 1).
        false_alarms: mean number of false alarms in a frame, >= 0.
        jitter: standard deviation of each edge's error, as a part of the box's side, >= 0.
        size: height and width of the picture; needed for rows, where it may be left out: then the
            rows' largest coordinates are taken.

    Returns:
        An array (N, 5) for each frame, x1, y1, x2, y2 in pixels and a score in (0, 1), best first.
        The score is higher for detections that are right, visible and well placed, but the scores
        of false alarms overlap with those of objects.

    Raises:
        ValueError: an argument out of its range.
    """
    check_whole(0, seed=seed)
    check_shares(miss_rate=miss_rate)
    check_not_negative(false_alarms=false_alarms, jitter=jitter)
    if miss_rate == 1:
        raise ValueError("miss_rate must be below 1, got 1")
    rows, num_frames, (height, width) = _truth(video, size)
    rng = np.random.default_rng(seed)
    rows = rows[~_missed(rng, rows, miss_rate)]
    boxes, error = _jittered(rng, rows, jitter)
    boxes = np.clip(boxes, 0, (width, height, width, height))
    good = 2.2 + 1.5 * (rows[:, 8] - 1) - 6 * error + rng.normal(0, 0.7, len(rows))
    sides = np.median(rows[:, 4:6], axis=0) if len(rows) else np.array([width, height]) / 5
    detections = []
    for frame in range(1, num_frames + 1):
        there = (rows[:, 0] == frame) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        alarms = _false_alarms(rng, false_alarms, height, width, sides)
        logits = np.concatenate([good[there], rng.normal(-0.6, 0.9, len(alarms))])
        found = np.concatenate([boxes[there], alarms])
        order = np.argsort(-logits, kind="stable")
        detections.append(np.c_[found, 1 / (1 + np.exp(-logits))][order])
    return detections


def _truth(
    video: "Video | np.ndarray", size: tuple[int, int] | None
) -> tuple[np.ndarray, int, tuple[int, int]]:
    """Rows with nine columns, the number of frames, and the picture's height and width."""
    if isinstance(video, Video):
        return video.rows(), len(video.images), video.images.shape[1:3]
    rows = np.asarray(video, dtype=np.float64)
    if rows.size == 0:
        rows = rows.reshape(0, 9)
    if rows.ndim != 2 or rows.shape[1] < 6:
        raise ValueError(f"video must be a Video or rows (R, 6 or more), got shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("video must have finite rows, got an entry that is not")
    visibility = rows[:, 8] if rows.shape[1] > 8 else np.ones(len(rows))
    rows = np.c_[rows[:, :6], np.ones((len(rows), 2)), visibility]
    ends = rows[:, 2:4] + rows[:, 4:6]
    right, bottom = ends.max(axis=0, initial=1.0) if len(rows) else (1.0, 1.0)
    return rows, int(rows[:, 0].max(initial=0)), size or (math.ceil(bottom), math.ceil(right))


def _missed(rng: np.random.Generator, rows: np.ndarray, miss_rate: float) -> np.ndarray:
    """(R,) which rows a Markov chain for each identity lets the detector miss."""
    # In equilibrium as many misses begin as end: begin (1 - rate) = (1 - stay) rate.
    stay = max(STAY, 2 - 1 / miss_rate) if miss_rate else 0.0
    begin = (1 - stay) * miss_rate / (1 - miss_rate)
    missed = rows[:, 8] < HIDDEN
    draws = rng.uniform(size=len(rows))
    state: dict[
        float, tuple[float, bool]
    ] = {}  # of each identity, its last frame and whether missed
    for k in np.lexsort((rows[:, 1], rows[:, 0])):
        frame, identity = rows[k, :2]
        last, was_missed = state.get(identity, (-1.0, False))
        follows = stay if was_missed else begin
        is_missed = bool(draws[k] < (follows if last == frame - 1 else miss_rate))
        state[identity] = (frame, is_missed)
        missed[k] |= is_missed
    return missed


def _jittered(
    rng: np.random.Generator, rows: np.ndarray, jitter: float
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (R, 4) with wrong edges, and the mean error of their edges, (R,)."""
    corners = np.c_[rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]]
    errors = jitter * rng.standard_normal((len(rows), 4))
    # An edge may not pass the opposite one.
    errors = np.clip(errors, -0.45, 0.45)
    return corners + errors * np.tile(rows[:, 4:6], 2), np.abs(errors).mean(axis=1)


def _false_alarms(
    rng: np.random.Generator, mean: float, height: int, width: int, sides: np.ndarray
) -> np.ndarray:
    """Boxes (n, 4) of about the size of the objects, anywhere in the picture."""
    n = rng.poisson(mean)
    half = sides * rng.uniform(0.7, 1.3, (n, 2)) / 2
    centres = rng.uniform(size=(n, 2)) * (width, height)
    boxes = np.c_[centres - half, centres + half]
    return np.clip(boxes, 0, (width, height, width, height))
