"""Seeded videos: scenes whose objects move, and keep their identity."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import signal

from .._validation import check_not_negative, check_one_of, check_whole
from .motion import Motion, Path, make_paths
from .paint import (
    COLOUR_FAMILIES,
    DAYLIGHT,
    Ground,
    SmoothNoise,
    photograph,
    random_colour,
)
from .shapes import CLASS_NAMES, PATTERNS, Shape, Texture
from .truth import Layout, Scene

COLUMNS = ("frame", "identity", "x", "y", "w", "h", "confidence", "class", "visibility")
STONE = (0.47, 0.47, 0.45)
STONE_SIZE = 0.34  # of a still thing, as a part of the shorter side
PAIRS = (("disk", "triangle"), ("square", "cross"), ("star", "wire"))  # colours of a texture


@dataclass(frozen=True)
class Video:
    """T pictures of one world that moves, and all that is true of them.

    Attributes:
        images: (T, H, W, 3) red, green and blue in [0, 1].
        frames: T scenes; `identities` tells an object again in every frame, from 1.
        table: (R, 9) what :py:meth:`rows` chooses from.
    """

    images: np.ndarray
    frames: tuple[Scene, ...]
    table: np.ndarray

    def rows(self, min_visibility: float = 0.0) -> np.ndarray:
        """The truth as rows of MOTChallenge, by frame.

        As in the benchmark's truth, a box is that of the whole object, also where something hides
        it or the picture cuts it off; `frames[t].boxes` are those of the visible pixels.

        Args:
            min_visibility: leave out objects of which less is visible, in [0, 1]. With 0 the
                objects that are hidden entirely are there, too.

        Returns:
            (R, 9) frame from 1, identity from 1, x, y of the upper left corner, width, height (in
            pixels, the picture's corner is (0, 0)), confidence 1, class index, visibility: the
            part of the object's area that is seen.
        """
        return self.table[self.table[:, 8] >= min_visibility].copy()


VIDEOS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "easy": MappingProxyType({"num_objects": 4, "turns": 0.3, "stops": 0.3}),
        "crossing": MappingProxyType({"num_objects": 6, "meeting": "pairs", "turns": 0.3}),
        "occlusion": MappingProxyType(
            {"num_objects": 6, "meeting": "places", "num_stones": 3, "size_range": (0.14, 0.22)}
        ),
        "crowd": MappingProxyType({"num_objects": 14, "size_range": (0.10, 0.20), "stops": 2.0}),
        "shaking": MappingProxyType({"num_objects": 6, "shake": 2.5, "light": 0.35}),
    }
)


def make_video(
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
    meeting: str = "none",
    num_stones: int = 0,
    shake: float = 0.0,
    light: float = 0.15,
    noise: float = 0.02,
) -> Video:
    """Draw the video of this seed, the same one on every machine.

    Every object has a texture of its own, which moves and turns with it. Several textures share
    their two colours in equal parts, so that a histogram of colours confuses them.

    Args:
        seed: >= 0.
        num_frames, height, width: of the video, >= 1, in frames and pixels.
        num_objects: how many objects are in the picture at about any time, >= 0. When one has left,
            another enters: there may be more identities than that.
        size_range: smallest and largest size of an object (the square root of its area) as a part
            of the picture's shorter side, 0 < smallest <= largest.
        speed: of the objects, >= 0; 1 is about a hundredth of the shorter side a frame.
        turns: how much paths turn, >= 0; 0 gives straight lines.
        stops: how often objects stop for some frames, >= 0.
        meeting: "none"; "pairs", so that every two objects cross at one time and place; or
            "places", so that objects pass behind the stones.
        num_stones: still grey things in front of all objects, >= 0; they have no identity.
        shake: standard deviation of the camera's position in pixels, >= 0.
        light: by which part the brightness of all rises and falls, in [0, 1).
        noise: standard deviation of the sensor's noise, >= 0.

    Returns:
        A :py:class:`Video`.

    Raises:
        ValueError: an argument out of its range.
    """
    check_whole(0, seed=seed, num_objects=num_objects, num_stones=num_stones)
    check_whole(1, num_frames=num_frames, height=height, width=width)
    check_not_negative(noise=noise)
    motion = checked_motion(speed, turns, stops, meeting, size_range)
    check_not_negative(shake=shake, light=light)
    if light >= 1:
        raise ValueError(f"light must be below 1, got {light}")

    rngs = np.random.default_rng(seed).spawn(6)
    ground_rng, stone_rng, path_rng, look_rng, camera_rng, noise_rng = rngs
    camera = _shaking(camera_rng, num_frames, shake)
    margin = float(np.abs(camera).max(initial=0.0)) + 1
    ground = Ground(ground_rng, height, width, margin)
    stones = [_stone(stone_rng, k, num_stones, height, width) for k in range(num_stones)]
    paths = make_paths(
        path_rng,
        motion,
        num_frames=num_frames,
        height=height,
        width=width,
        num_objects=num_objects,
        size_range=size_range,
        places=np.array([(stone.x, stone.y) for stone in stones]).reshape(-1, 2),
    )
    looks = _looks(look_rng, len(paths))
    daylight = SmoothNoise(camera_rng, height, width, min(height, width) / 2, num_frames / 4)
    phase = camera_rng.uniform(0, 2 * math.pi)

    frames, rows = [], []
    for t in range(num_frames):
        x, y = camera[t]
        layout = Layout(height, width)
        image = ground(x, y)
        present = [(path, k) for path in paths if (k := path.at(t)) is not None]
        for path, k in present:
            layout.add(_shape(path, k, looks[path.identity - 1], x, y))
        for stone in stones:
            layout.add(_moved(stone, x, y))
        layout.paint(image)
        brightness = 1 + light * math.sin(2 * math.pi * t / 45 + phase)
        image *= (1 + DAYLIGHT * daylight(t / 4, 0.0)[..., None]) * brightness
        identities = [path.identity for path, _ in present] + [0] * num_stones
        picture = photograph(image, noise, noise_rng)
        frames.append(layout.scene(picture, CLASS_NAMES, identities))
        shapes = layout.things[: len(present)]
        rows += [
            _row(t, identity, shape, visible, height, width)
            for identity, shape, visible in zip(identities, shapes, layout.visible, strict=False)
        ]
    table = np.array([row for row in rows if row is not None]).reshape(-1, len(COLUMNS))
    return Video(np.stack([frame.image for frame in frames]), tuple(frames), table)


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
    meeting: str = "none",
) -> np.ndarray:
    """The boxes of a video without its pictures: for many objects and long sequences.

    Arguments and errors as for :py:func:`make_video`. Boxes are squares of the objects' size, and
    nothing hides them.

    Returns:
        (R, 9) rows as :py:meth:`Video.rows` gives them, with class 1 and visibility 1.
    """
    check_whole(0, seed=seed, num_objects=num_objects)
    check_whole(1, num_frames=num_frames, height=height, width=width)
    motion = checked_motion(speed, turns, stops, meeting, size_range)
    paths = make_paths(
        np.random.default_rng(seed),
        motion,
        num_frames=num_frames,
        height=height,
        width=width,
        num_objects=num_objects,
        size_range=size_range,
        places=np.zeros((0, 2)),
    )
    rows = [np.zeros((0, len(COLUMNS)))]
    for path in paths:
        n = len(path.centres)
        frame = np.arange(path.start + 1, path.start + n + 1)
        corner = path.centres - path.size / 2
        rest = np.array([path.size, path.size, 1.0, 1.0, 1.0])
        rows.append(np.c_[frame, np.full(n, path.identity), corner, np.tile(rest, (n, 1))])
    table = np.concatenate(rows)
    return table[np.lexsort((table[:, 1], table[:, 0]))]


def checked_motion(
    speed: float, turns: float, stops: float, meeting: str, size_range: tuple[float, float]
) -> Motion:
    """The motion these arguments describe, or a ValueError that names the wrong one."""
    check_not_negative(speed=speed, turns=turns, stops=stops)
    check_one_of(("none", "pairs", "places"), meeting=meeting)
    smallest, largest = size_range
    if not 0 < smallest <= largest < math.inf:
        raise ValueError(f"size_range must be 0 < smallest <= largest, got {size_range}")
    return Motion(speed, turns, stops, meeting)


def _shaking(rng: np.random.Generator, num_frames: int, shake: float) -> np.ndarray:
    """The camera's position (T, 2): at random, but smooth from frame to frame."""
    jumps = rng.standard_normal((num_frames + 20, 2))
    smooth = signal.lfilter([1.0], [1, -0.7], jumps, axis=0)[20:]
    return shake * smooth * math.sqrt(1 - 0.7**2)  # of standard deviation `shake`


def _stone(rng: np.random.Generator, k: int, count: int, height: int, width: int) -> Shape:
    """The k-th of `count` stones, each in a strip of the picture of its own."""
    return Shape(
        class_index=0,
        x=width * (k + rng.uniform(0.3, 0.7)) / count,
        y=height * rng.uniform(0.3, 0.7),
        size=min(height, width) * STONE_SIZE,
        angle=rng.uniform(0, 2 * math.pi),
        colour=random_colour(rng, STONE),
        kind="square",
    )


@dataclass(frozen=True)
class Look:
    """What an object is and how it looks, whatever it does."""

    class_index: int
    texture: Texture


def _looks(rng: np.random.Generator, count: int) -> list[Look]:
    """Appearances that differ as long as there are enough patterns and pairs of colours."""
    kinds = [(pattern, pair) for pattern in PATTERNS for pair in PAIRS]
    order: list[int] = []
    while len(order) < count:
        order += rng.permutation(len(kinds)).tolist()
    looks = []
    for k in order[:count]:
        pattern, pair = kinds[k]
        # The two colours themselves, without a spread: a histogram shall not tell them apart.
        first, second = (COLOUR_FAMILIES[name] for name in pair)
        texture = Texture(
            pattern, (first, second), rng.uniform(1.2, 2.4), rng.uniform(0, 2 * math.pi)
        )
        looks.append(Look(int(rng.integers(1, len(CLASS_NAMES))), texture))
    return looks


def _shape(path: Path, k: int, look: Look, x: float, y: float) -> Shape:
    """The object of a path, as a camera at (x, y) sees it."""
    return Shape(
        class_index=look.class_index,
        x=float(path.centres[k, 0]) - x,
        y=float(path.centres[k, 1]) - y,
        size=path.size,
        angle=float(path.angles[k]),
        colour=look.texture.colours[0],
        texture=look.texture,
    )


def _moved(stone: Shape, x: float, y: float) -> Shape:
    return Shape(**{**vars(stone), "x": stone.x - x, "y": stone.y - y})


def _row(
    t: int, identity: int, shape: Shape, visible: int, height: int, width: int
) -> tuple[float, ...] | None:
    """The row of an object, or None where none of it lies in the picture."""
    reach = math.ceil(shape.radius) + 1
    # The whole object, on pixels that go on beyond the picture.
    left, top = math.floor(shape.x) - reach, math.floor(shape.y) - reach
    grid = np.arange(2 * reach + 2)
    inside = shape.distance(grid + left + 0.5 - shape.x, grid[:, None] + top + 0.5 - shape.y) <= 0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return None
    x1, y1 = left + columns[0], top + rows[0]
    x2, y2 = left + columns[-1] + 1, top + rows[-1] + 1
    if x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
        return None
    visibility = visible / int(inside.sum())
    return (t + 1, identity, x1, y1, x2 - x1, y2 - y1, 1, shape.class_index, visibility)
