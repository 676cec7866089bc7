"""A detector that exists only in its errors: misses, false alarms, jitter, and its scores."""

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .._validation import (
    check_not_negative,
    check_positive,
    check_rows,
    check_shares,
    check_whole,
)
from ..arrays import float_arrays, to_numpy
from .video import Video

STAY = 0.7  # probability that a missed object is missed in the next frame, too
HIDDEN = 0.25  # an object of which less is visible is not found
# Scores are sigmoids of normal numbers: means and standard deviations.
FOUND, FALSE = (2.2, 0.7), (-0.6, 0.9)
UNSEEN, MISPLACED = 1.5, 6.0  # what hidden parts, and errors of the edges, take from a score


def simulate_detections(
    video: "Video | Any",
    seed: int,
    *,
    miss_rate: float = 0.1,
    false_alarms: float = 0.3,
    jitter: float = 0.05,
    size: tuple[int, int] | None = None,
) -> list[np.ndarray]:
    """What a detector might find in each frame of a video.

    An object is missed in runs, 3.3 frames long on average, as a real detector misses it while it
    stands in a difficult place; and where less than a quarter of it is visible. Boxes are those of
    whole objects, as a detector trained on MOTChallenge's truth gives them, cut off at the
    picture's edges.

    Args:
        video: a :py:class:`Video`, or rows (R, 6 to 10) of frame from 1, identity, x, y, w, h, as
            :py:func:`moving_boxes` gives them; a ninth column is the visibility.
        seed: >= 0.
        miss_rate: the part of visible objects that is missed, in [0, 1).
        false_alarms: mean number of false alarms in a frame, >= 0.
        jitter: standard deviation of each edge's error, as a part of the box's side, >= 0.
        size: height and width of the picture where rows are given; by default up to the largest
            coordinates among them.

    Returns:
        An array (N, 5) for each frame, x1, y1, x2, y2 in pixels and a score in (0, 1), best first.
        The score is higher for detections that are right, visible and well placed, but the scores
        of false alarms overlap with those of objects. There are as many frames as in the video,
        or as the last row says.

    Raises:
        ValueError: an argument out of its range.
    """
    check_whole(0, seed=seed)
    check_shares(miss_rate=miss_rate)
    check_not_negative(false_alarms=false_alarms, jitter=jitter)
    if miss_rate == 1:
        raise ValueError("miss_rate must be below 1, got 1")
    truth = _truth(video, size)
    miss_rng, jitter_rng, alarm_rng, score_rng = np.random.default_rng(seed).spawn(4)
    rows = truth.rows[~_missed(miss_rng, truth.rows, miss_rate)]
    found, error = _jittered(jitter_rng, rows, jitter)
    quality = UNSEEN * (1 - rows[:, 8]) + MISPLACED * error
    alarms, when = _false_alarms(alarm_rng, truth, false_alarms)

    boxes = np.clip(np.vstack([found, alarms]), 0, truth.size[[1, 0, 1, 0]])
    logits = np.append(
        score_rng.normal(*FOUND, len(found)) - quality, score_rng.normal(*FALSE, len(alarms))
    )
    detections = np.column_stack([boxes, 1 / (1 + np.exp(-logits))])
    frame = np.append(rows[:, 0], when)
    frame[(boxes[:, 2:] <= boxes[:, :2]).any(axis=1)] = np.inf  # outside of the picture
    order = np.lexsort((-logits, frame))
    starts = np.searchsorted(frame[order], np.arange(1, truth.num_frames + 2))
    return [detections[order[i:j]] for i, j in pairwise(starts)]


class _Truth(NamedTuple):
    """Rows (R, 9) by frame, the number of frames, and the picture's height and width."""

    rows: np.ndarray
    num_frames: int
    size: np.ndarray


def _truth(video: "Video | Any", size: tuple[int, int] | None) -> _Truth:
    if isinstance(video, Video):
        return _Truth(video.rows(), len(video.images), np.array(video.images.shape[1:3]))
    _, rows = float_arrays(video=video)
    rows = to_numpy(rows, np.float64)
    rows = rows.reshape(-1, 9) if rows.size == 0 else rows
    if rows.ndim != 2 or not 6 <= rows.shape[1] <= 10:
        raise ValueError(f"video must be a Video or rows (R, 6 to 10), got shape {rows.shape}")
    check_rows(np, ~np.isfinite(rows).all(axis=1), "finite", video=rows)
    check_rows(np, (rows[:, 0] < 1) | (rows[:, 0] % 1 > 0), "of a frame from 1", video=rows)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    visibility = rows[:, 8] if rows.shape[1] > 8 else np.ones(len(rows))
    rows = np.column_stack([rows[:, :6], np.ones((len(rows), 2)), visibility])
    if size is None:
        right, bottom = (rows[:, 2:4] + rows[:, 4:6]).max(axis=0, initial=1.0)
        size = math.ceil(bottom), math.ceil(right)
    if np.shape(size) != (2,):
        raise ValueError(f"size must be (height, width), got {size!r}")
    check_positive(**{"size[0]": size[0], "size[1]": size[1]})
    return _Truth(rows, int(rows[:, 0].max(initial=0)), np.array(size))


def _missed(rng: np.random.Generator, rows: np.ndarray, miss_rate: float) -> np.ndarray:
    """(R,) which rows a Markov chain for each identity lets the detector miss."""
    # In equilibrium as many misses begin as end: begin (1 - rate) = (1 - stay) rate.
    stay = max(STAY, 2 - 1 / miss_rate) if miss_rate else 0.0
    begin = (1 - stay) * miss_rate / (1 - miss_rate)
    draws = rng.uniform(size=len(rows)).tolist()
    last: dict[float, tuple[float, bool]] = {}  # of each identity its last frame, whether missed
    missed = []
    for (frame, identity), draw in zip(rows[:, :2].tolist(), draws, strict=True):
        before, was_missed = last.get(identity, (0.0, False))
        rate = (stay if was_missed else begin) if before == frame - 1 > 0 else miss_rate
        missed.append(draw < rate)
        last[identity] = (frame, missed[-1])
    return np.array(missed, dtype=bool) | (rows[:, 8] < HIDDEN)


def _jittered(
    rng: np.random.Generator, rows: np.ndarray, jitter: float
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (R, 4) with wrong edges, and the mean error of their edges in sides, (R,)."""
    # An edge does not pass the opposite one.
    errors = np.clip(jitter * rng.standard_normal((len(rows), 4)), -0.45, 0.45)
    corners = np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
    return corners + errors * np.tile(rows[:, 4:6], 2), np.abs(errors).mean(axis=1)


def _false_alarms(
    rng: np.random.Generator, truth: _Truth, mean: float
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4) of about the size of the objects, anywhere, and the frame (n,) of each."""
    when = np.repeat(np.arange(1, truth.num_frames + 1), rng.poisson(mean, truth.num_frames))
    area = truth.size[::-1]
    sides = np.median(truth.rows[:, 4:6], axis=0) if len(truth.rows) else area / 5
    half = sides * rng.uniform(0.7, 1.3, (len(when), 2)) / 2
    centres = rng.uniform(size=(len(when), 2)) * area
    return np.hstack([centres - half, centres + half]), when
