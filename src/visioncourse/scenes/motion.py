"""How things move through a video: paths that are smooth, stop, turn, meet and leave."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import signal

SPEED = 0.012  # of a typical object, in shorter sides a frame
RESTS = 0.15  # probability that a path has a stop within 30 frames, times `stops`


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

    def at(self, frame: int) -> int | None:
        """The path's own index of a frame of the video, None where it is not there."""
        k = frame - self.start
        return k if 0 <= k < len(self.centres) else None


@dataclass(frozen=True)
class Motion:
    """What decides about paths; see :py:func:`make_video` for the meaning.

    Attributes:
        speed: of a typical object, 1 is slow walking; >= 0.
        turns, stops: how much and how often, >= 0.
        meeting: "none", "pairs" (every two objects meet), or "places" (each passes a given place).
    """

    speed: float
    turns: float
    stops: float
    meeting: str


def make_paths(
    rng: np.random.Generator,
    motion: Motion,
    *,
    num_frames: int,
    height: int,
    width: int,
    num_objects: int,
    size_range: tuple[float, float],
    places: np.ndarray,
) -> list[Path]:
    """About `num_objects` paths at a time: when one has left, another object enters.

    `places` (k, 2) are the points that paths lead through where they shall meet something.
    """
    side = min(height, width)
    paths: list[Path] = []
    meetings = [None] * num_objects
    if motion.meeting == "pairs":
        points = rng.uniform((0.3, 0.3), (0.7, 0.7), ((num_objects + 1) // 2, 2))
        frames = rng.integers(
            num_frames // 4, max(num_frames * 3 // 4, num_frames // 4 + 1), len(points)
        )
        meetings = [
            (points[k // 2] * (width, height), int(frames[k // 2])) for k in range(num_objects)
        ]
    elif motion.meeting == "places" and len(places):
        frames = rng.integers(
            num_frames // 4, max(num_frames * 3 // 4, num_frames // 4 + 1), num_objects
        )
        meetings = [(places[k % len(places)], int(frames[k])) for k in range(num_objects)]
    for meeting in meetings:
        first = 0
        while first < num_frames:
            size = side * rng.uniform(*size_range)
            centres, angles = _walk(rng, motion, num_frames, side, first, meeting, height, width)
            inside = _stay(centres, size, height, width, first if meeting is None else meeting[1])
            if inside.stop > inside.start:
                start = max(inside.start, 0)
                paths.append(Path(len(paths) + 1, start, centres[inside], angles[inside], size))
            first = inside.stop + int(rng.integers(1, 9))
            meeting = None  # who comes later goes where he likes
    return paths


def _walk(
    rng: np.random.Generator,
    motion: Motion,
    num_frames: int,
    side: int,
    first: int,
    meeting: tuple[np.ndarray, int] | None,
    height: int,
    width: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Centres (T, 2) and angles (T,) of a walk that is somewhere at every frame."""
    noise = rng.standard_normal(num_frames)
    # A turning rate that changes slowly: the filter forgets a tenth in each frame.
    turning = signal.lfilter([0.1], [1, -0.9], 0.3 * motion.turns * noise)
    heading = rng.uniform(0, 2 * math.pi) + np.cumsum(turning)
    speed = np.full(num_frames, side * SPEED * motion.speed * rng.uniform(0.5, 1.5))
    frames = np.arange(num_frames)
    for _ in range(rng.poisson(RESTS * motion.stops * num_frames / 30)):
        middle, half = rng.integers(num_frames), rng.integers(4, 9)
        speed *= np.clip((np.abs(frames - middle) - half) / 4, 0, 1)  # slow down and start again
    steps = speed[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    centres = np.cumsum(steps, axis=0)
    if meeting is not None:
        point, frame = meeting
        centres += point - centres[frame]
    elif first == 0:
        centres += rng.uniform((0.1, 0.1), (0.9, 0.9)) * (width, height) - centres[0]
    else:
        centres += _entry(rng, heading[first], height, width) - centres[first]
    angles = rng.uniform(0, 2 * math.pi) + np.cumsum(turning + rng.normal(0, 0.02))
    return centres, angles


def _entry(rng: np.random.Generator, heading: float, height: int, width: int) -> np.ndarray:
    """A point on the border from which the heading leads inside."""
    dx, dy = math.cos(heading), math.sin(heading)
    across, down = abs(dx) * height, abs(dy) * width  # how much of each border faces the heading
    if rng.uniform() * (across + down) < across:
        return np.array([0.0 if dx > 0 else width, height * rng.uniform(0.15, 0.85)])
    return np.array([width * rng.uniform(0.15, 0.85), 0.0 if dy > 0 else height])


def _stay(centres: np.ndarray, size: float, height: int, width: int, frame: int) -> slice:
    """The frames around `frame` in which the object is in the picture without a break."""
    x, y = centres.T
    margin = size / 2
    inside = (x > -margin) & (x < width + margin) & (y > -margin) & (y < height + margin)
    outside = np.flatnonzero(~inside)
    before, after = outside[outside < frame], outside[outside >= frame]
    return slice(
        int(before[-1]) + 1 if len(before) else 0, int(after[0]) if len(after) else len(centres)
    )
