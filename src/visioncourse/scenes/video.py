"""Seeded videos: scenes whose objects move, and keep their identity."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from scipy import signal

from .._validation import check_not_negative, check_one_of, check_whole
from .motion import COLUMNS, Motion, Path, checked_motion, make_paths, spread
from .paint import COLOUR_FAMILIES, DAYLIGHT, Ground, SmoothNoise, photograph
from .shapes import CLASS_NAMES, Shape
from .textures import Texture
from .truth import Layout, Scene

# Patterns that tell objects apart, and families of colours that several of them share.
LOOKS = ("stripes", "checks", "rings", "sectors")
PAIRS = (("disk", "triangle"), ("square", "cross"), ("star", "wire"), ("ring", "wire"))
REPEATS = (1.2, 2.4)  # how often, at least and at most, a pattern repeats over an object's size
STONE = Texture("mottle", ((0.33, 0.34, 0.32), (0.60, 0.58, 0.52)), 1.6, 0.0)
STONE_SIZE = 0.34  # as a part of the shorter side
LIGHT_PERIOD = 45  # frames from bright to bright
CLOUDS = 0.25  # pixels a frame by which the daylight wanders


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
        it or the picture cuts it off: a tracker has to know where an object is while it is hidden,
        and a box of what is visible would jump and shrink whenever objects meet.
        `frames[t].boxes` are those of the visible pixels, which a detector can see.

        Args:
            min_visibility: leave out objects of which less is visible, in [0, 1]. With 0 the
                objects that are hidden entirely are there, too.

        Returns:
            (R, 9) frame from 1, identity from 1, x, y of the upper left corner, width, height (in
            pixels, the picture's corner is (0, 0)), confidence 1, class index, visibility: the
            part of the object's area that is seen.
        """
        return self.table[self.table[:, 8] >= min_visibility]


VIDEOS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "easy": MappingProxyType({"num_objects": 4, "turns": 0.3, "stops": 0.3}),
        "crossing": MappingProxyType({"num_objects": 6, "meeting": "pairs", "turns": 0.3}),
        "occlusion": MappingProxyType(
            {
                "num_objects": 6,
                "meeting": "stones",
                "num_stones": 2,
                "size_range": (0.13, 0.19),
                "speed": 1.5,
                "stops": 0.3,
            }
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

    Every object has a texture of its own, which moves and turns with it. Several objects share
    their two colours, and each has them in equal parts, so that histograms of colours confuse them.

    Args:
        seed: >= 0.
        num_frames, height, width: of the video, >= 1, in frames and pixels.
        num_objects: how many objects are in the picture at about any time, >= 0. When one has left,
            another enters: there may be more identities than that.
        size_range: smallest and largest size of an object (the square root of its area) as a part
            of the picture's shorter side, 0 < smallest <= largest.
        speed: of the objects, >= 0; with 1 it is 0.6 % to 1.8 % of the shorter side a frame.
        turns: how much paths turn, >= 0; 0 gives straight lines.
        stops: how often objects stop for some frames, >= 0.
        meeting: "none"; "pairs", so that every two objects cross at one time and place, in
            directions at least 60° apart; or "stones", so that each object passes behind a stone.
        num_stones: still grey things in front of all objects, >= 0; they have no identity.
        shake: standard deviation of the camera's position in pixels, >= 0.
        light: by which part the brightness of all rises and falls, in [0, 1).
        noise: standard deviation of the sensor's noise, >= 0.

    Returns:
        A :py:class:`Video`.

    Raises:
        ValueError: an argument out of its range.
    """
    motion = checked_motion(seed, num_frames, height, width, size_range, speed, turns, stops)
    check_whole(0, num_objects=num_objects, num_stones=num_stones)
    check_one_of(("none", "pairs", "stones"), meeting=meeting)
    if meeting == "stones" and num_stones == 0:
        raise ValueError('num_stones must be at least 1 for meeting="stones", got 0')
    check_not_negative(shake=shake, light=light, noise=noise)
    if light >= 1:
        raise ValueError(f"light must be below 1, got {light}")

    path_rng, stone_rng, look_rng, camera_rng, ground_rng, light_rng, noise_rng = (
        np.random.default_rng(seed).spawn(7)
    )
    stones = _stones(stone_rng, num_stones, motion)
    paths = make_paths(path_rng, motion, num_objects, meeting, stones)
    camera = _shaking(camera_rng, num_frames, shake)
    stage = _Stage(motion, _cast(look_rng, paths), stones, camera)
    ground = Ground(ground_rng, height, width, margin=np.abs(camera).max())
    still = ground() if shake == 0 else None
    daylight = _Daylight(light_rng, motion, light)

    images, frames, rows = np.empty((num_frames, height, width, 3)), [], []
    for t in range(num_frames):
        layout, identities = stage.layout(t)
        image = ground(*camera[t].tolist()) if still is None else still.copy()
        layout.paint(image)
        image *= daylight(t)
        images[t] = photograph(image, noise, noise_rng)
        frames.append(layout.scene(images[t], CLASS_NAMES, identities))
        rows += _rows(t, layout, identities)
    return Video(images, tuple(frames), np.array(rows).reshape(-1, COLUMNS))


class _Actor(NamedTuple):
    """An object: its path, its class, and its look."""

    path: Path
    class_index: int
    texture: Texture


@dataclass(frozen=True)
class _Stage:
    """Who and what is in a video, and how the camera (T, 2) moves."""

    motion: Motion
    cast: list[_Actor]
    stones: np.ndarray
    camera: np.ndarray

    def layout(self, t: int) -> tuple[Layout, list[int]]:
        """What lies where in frame t, and the identity of each thing, 0 for a stone's."""
        layout = Layout(self.motion.height, self.motion.width)
        x, y = self.camera[t].tolist()
        here = [actor for actor in self.cast if 0 <= t - actor.path.start < len(actor.path.centres)]
        for path, class_index, texture in here:
            k = t - path.start
            centre_x, centre_y = (path.centres[k] - (x, y)).tolist()
            angle, colour = float(path.angles[k]), texture.colours[0]
            layout.add(
                Shape(class_index, centre_x, centre_y, path.size, angle, colour, texture=texture)
            )
        for stone_x, stone_y, size in self.stones.tolist():
            place, colour = (stone_x - x, stone_y - y), STONE.colours[0]
            layout.add(Shape(0, *place, size, stone_x, colour, kind="stone", texture=STONE))
        return layout, [actor.path.identity for actor in here] + [0] * len(self.stones)


def _rows(t: int, layout: Layout, identities: list[int]) -> list[tuple[float, ...]]:
    """The MOT rows of the objects whose boxes reach into the picture."""
    height, width = layout.top.shape
    rows = []
    for k, (shape, identity) in enumerate(zip(layout.things, identities, strict=True)):
        x1, y1, x2, y2 = shape.box
        if identity and x2 > 0 and y2 > 0 and x1 < width and y1 < height:
            whole = x1 >= 0 and y1 >= 0 and x2 <= width and y2 <= height
            area = len(layout.pixels[k][0]) if whole else max(shape.size**2, 1.0)
            seen = min(layout.visible[k] / area, 1.0) if area else 0.0
            rows.append((t + 1, identity, x1, y1, x2 - x1, y2 - y1, 1, shape.class_index, seen))
    return rows


def _stones(rng: np.random.Generator, count: int, motion: Motion) -> np.ndarray:
    """(count, 3) x, y and size of things that lie still, apart from each other."""
    return np.column_stack([spread(rng, count, motion), np.full(count, motion.side * STONE_SIZE)])


def _cast(rng: np.random.Generator, paths: list[Path]) -> list[_Actor]:
    """Looks that differ as long as there are enough patterns and pairs of colours."""
    kinds = [(pattern, pair) for pattern in LOOKS for pair in PAIRS]
    order = [k for _ in range(0, len(paths), len(kinds)) for k in rng.permutation(len(kinds))]
    cast = []
    for path, k in zip(paths, order, strict=False):
        pattern, pair = kinds[k]
        # The two colours themselves, without a spread: a histogram shall not tell them apart.
        colours = COLOUR_FAMILIES[pair[0]], COLOUR_FAMILIES[pair[1]]
        texture = Texture(pattern, colours, rng.uniform(*REPEATS), rng.uniform(0, 2 * math.pi))
        class_index = int(rng.integers(1, len(CLASS_NAMES)))
        cast.append(_Actor(path, class_index, _halved(texture, class_index)))
    return cast


def _halved(texture: Texture, class_index: int) -> Texture:
    """The texture with each of its colours on half of the shape."""
    shape = Shape(class_index, 0.0, 0.0, 1.0, 0.0, texture.colours[0])
    grid = np.linspace(-1, 1, 64)
    v, u = (grid[k] for k in np.nonzero(shape.distance(grid[None, :], grid[:, None]) <= 0))
    return replace(texture, level=float(np.median(texture.wave(u, v))))


def _shaking(rng: np.random.Generator, num_frames: int, shake: float) -> np.ndarray:
    """The camera's position (T, 2): at random, but smooth from frame to frame."""
    jumps = rng.standard_normal((num_frames + 20, 2))
    smooth = signal.lfilter([1.0], [1, -0.7], jumps, axis=0)[20:]
    return shake * smooth * math.sqrt(1 - 0.7**2)  # of standard deviation `shake`


class _Daylight:
    """Light that rises and falls, and lies in patches that wander like the shadows of clouds."""

    def __init__(self, rng: np.random.Generator, motion: Motion, change: float) -> None:
        way = CLOUDS * motion.num_frames
        self.patches = SmoothNoise(rng, motion.height, motion.width, motion.side / 2, way)
        self.phase = rng.uniform(0, 2 * math.pi)
        self.change = change

    def __call__(self, t: int) -> np.ndarray:
        """(H, W, 1) how bright each pixel is in frame t."""
        brightness = 1 + self.change * math.sin(2 * math.pi * t / LIGHT_PERIOD + self.phase)
        return ((1 + DAYLIGHT * self.patches(CLOUDS * t)) * brightness)[..., None]
