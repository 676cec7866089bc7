"""How things move through a video: paths that are smooth, stop, turn, meet and leave."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import signal

from .._validation import check_not_negative, check_spans, check_whole

COLUMNS = 9  # of MOT rows: frame, identity, x, y, w, h, confidence, class, visibility
SPEED = 0.012  # of a typical object, in shorter sides a frame
STOPS = 0.15  # mean number of stops in 30 frames
STANDING, BRAKING = (8, 18), 4  # how many frames a stop and its slowing down take
APART = math.pi / 3  # least angle between the directions of two objects that meet


@dataclass(frozen=True)
class Path:
    """Where one object is, from its first frame to its last.

    Attributes:
        identity: from 1.
        start: its first frame, from 0.
        centres: (n, 2) x, y of its centre in pixels, in each of its n frames.
        angles: (n,) its rotation in radians.
        size: square root of its area in pixels.
    """

    identity: int
    start: int
    centres: np.ndarray
    angles: np.ndarray
    size: float


class Appointment(NamedTuple):
    """Where an object must be in one frame, and in which direction it then moves."""

    frame: int
    place: np.ndarray
    heading: float


@dataclass(frozen=True)
class Motion:
    """How objects move; :py:func:`visioncourse.scenes.make_video` says what the arguments mean."""

    num_frames: int
    height: int
    width: int
    size_range: tuple[float, float]
    speed: float
    turns: float
    stops: float

    @property
    def area(self) -> np.ndarray:
        return np.array([self.width, self.height], dtype=np.float64)

    @property
    def side(self) -> int:
        return min(self.height, self.width)


def moving_boxes(
    seed: int,
    *,
    num_frames: int = 60,
    height: int = 96,
    width: int = 128,
    num_objects: int = 6,
    size_range: tuple[float, float] = (0.14, 0.26),
    speed: float = 1.0,
    turns: float = 1.0,
    stops: float = 1.0,
) -> np.ndarray:
    """The boxes of moving objects without their pictures: for many objects and long sequences.

    Arguments and errors are those of :py:func:`visioncourse.scenes.make_video`. Boxes are upright
    squares, and none hides another.

    Returns:
        (R, 9) rows as :py:meth:`visioncourse.scenes.Video.rows` gives them, with class 1 and
        visibility 1.
    """
    motion = checked_motion(seed, num_frames, height, width, size_range, speed, turns, stops)
    check_whole(0, num_objects=num_objects)
    paths = make_paths(np.random.default_rng(seed), motion, num_objects, "none", np.empty((0, 3)))
    rows = [np.empty((0, COLUMNS))]
    for path in paths:
        n = len(path.centres)
        head = np.column_stack([path.start + np.arange(1, n + 1), np.full(n, path.identity)])
        tail = np.tile([path.size, path.size, 1.0, 1.0, 1.0], (n, 1))
        rows.append(np.hstack([head, path.centres - path.size / 2, tail]))
    table = np.concatenate(rows)
    return table[np.lexsort((table[:, 1], table[:, 0]))]


def checked_motion(
    seed: int,
    num_frames: int,
    height: int,
    width: int,
    size_range: tuple[float, float],
    speed: float,
    turns: float,
    stops: float,
) -> Motion:
    """The motion of these arguments, or a ValueError that names the wrong one."""
    check_whole(0, seed=seed)
    check_whole(1, num_frames=num_frames, height=height, width=width)
    check_spans(size_range=size_range)
    check_not_negative(speed=speed, turns=turns, stops=stops)
    return Motion(num_frames, height, width, size_range, speed, turns, stops)


def make_paths(
    rng: np.random.Generator, motion: Motion, num_objects: int, meeting: str, stones: np.ndarray
) -> list[Path]:
    """About `num_objects` paths at a time: when one has left, another object enters."""
    frames = np.zeros(num_objects, dtype=np.int64)
    headings = rng.uniform(0, 2 * math.pi, num_objects)
    places = rng.uniform(0.1, 0.9, (num_objects, 2)) * motion.area
    if meeting != "none":
        frames = _times(rng, num_objects, motion.num_frames)
    if meeting == "pairs":
        second = np.arange(1, num_objects, 2)
        places = np.repeat(spread(rng, len(second) + 1, motion), 2, axis=0)[:num_objects]
        frames[second] = frames[second - 1]
        headings[second] = headings[second - 1] + rng.uniform(APART, 2 * math.pi - APART)
    elif meeting == "stones":
        places = stones[np.arange(num_objects) % len(stones), :2]
    paths: list[Path] = []
    for appointment in map(Appointment, frames.tolist(), places, headings.tolist()):
        _add_paths(rng, motion, appointment, paths)
    return paths


def spread(rng: np.random.Generator, count: int, motion: Motion) -> np.ndarray:
    """Places (count, 2) in the middle of the picture, each in a strip of its own."""
    x = (rng.permutation(count) + rng.uniform(0.3, 0.7, count)) / max(count, 1)
    return np.stack([x, rng.uniform(0.3, 0.7, count)], axis=1) * motion.area


def _times(rng: np.random.Generator, count: int, num_frames: int) -> np.ndarray:
    """Frames (count,) in the middle two thirds of a video, spread over them."""
    share = (rng.permutation(count) + rng.uniform(size=count)) / max(count, 1)
    return (num_frames * (1 + 4 * share) / 6).astype(np.int64)


def _add_paths(
    rng: np.random.Generator, motion: Motion, appointment: Appointment, paths: list[Path]
) -> None:
    """The path of an object, and then those of the objects that come when the last has left."""
    earliest = 0
    while appointment.frame < motion.num_frames:
        size = motion.side * rng.uniform(*motion.size_range)
        centres, angles = _walk(rng, motion, appointment)
        first, end = _stay(centres, size / 2, motion, appointment.frame)
        part = slice(max(first, earliest), end)
        paths.append(Path(len(paths) + 1, part.start, centres[part], angles[part], size))
        heading = rng.uniform(0, 2 * math.pi)
        earliest = end + int(rng.integers(1, 9))
        appointment = Appointment(earliest, _entry(rng, heading, motion), heading)


def _walk(
    rng: np.random.Generator, motion: Motion, appointment: Appointment
) -> tuple[np.ndarray, np.ndarray]:
    """Centres (T, 2) and angles (T,) of a walk that keeps the appointment."""
    frame, place, heading = appointment
    # A turning rate that changes slowly: the filter forgets a tenth in each frame.
    noise = rng.standard_normal(motion.num_frames)
    turning = signal.lfilter([0.1], [1, -0.9], 0.3 * motion.turns * noise)
    turned = np.cumsum(turning)
    headings = turned + heading - turned[frame]
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1)
    steps *= motion.side * SPEED * motion.speed * rng.uniform(0.5, 1.5)
    steps *= _pace(rng, motion, frame)[:, None]
    centres = np.cumsum(steps, axis=0)
    spin = rng.normal(0, 0.02) * np.arange(motion.num_frames)
    return centres + place - centres[frame], rng.uniform(0, 2 * math.pi) + turned + spin


def _pace(rng: np.random.Generator, motion: Motion, busy: int) -> np.ndarray:
    """(T,) speed of each frame as a part of the full one; there is no stop around a busy frame."""
    frames = np.arange(motion.num_frames)
    pace = np.ones(motion.num_frames)
    for _ in range(rng.poisson(STOPS * motion.stops * motion.num_frames / 30)):
        middle, half = int(rng.integers(motion.num_frames)), rng.integers(*STANDING) / 2
        if abs(middle - busy) > STANDING[1]:
            pace *= np.clip((np.abs(frames - middle) - half) / BRAKING, 0, 1)
    return pace


def _entry(rng: np.random.Generator, heading: float, motion: Motion) -> np.ndarray:
    """A point on the border from which the heading leads inside."""
    height, width = motion.height, motion.width
    dx, dy = math.cos(heading), math.sin(heading)
    across, down = abs(dx) * height, abs(dy) * width  # how much of each border faces the heading
    if rng.uniform() * (across + down) < across:
        return np.array([0.0 if dx > 0 else width, height * rng.uniform(0.15, 0.85)])
    return np.array([width * rng.uniform(0.15, 0.85), 0.0 if dy > 0 else height])


def _stay(centres: np.ndarray, margin: float, motion: Motion, frame: int) -> tuple[int, int]:
    """First frame, and the one after the last, in which it is in the picture around `frame`."""
    outside = ((centres < -margin) | (centres > motion.area + margin)).any(axis=1)
    before, after = np.flatnonzero(outside[:frame]), np.flatnonzero(outside[frame:])
    first = before[-1] + 1 if len(before) else 0
    return int(first), int(frame + after[0]) if len(after) else motion.num_frames
