"""How a scene looks: ground, light, surfaces and shadows, and the camera's steps."""

import math
from functools import lru_cache

import numpy as np

from .shapes import Pixels, Shape, Wire, offsets, spans

# RGB in [0, 1]. Shapes are brighter or more colourful than the ground, but bright sand and a shape
# in the shade come close: the colour of one pixel tells a lot about it, and not all.
COLOUR_FAMILIES = {
    "disk": (0.58, 0.53, 0.82),  # lilac
    "square": (0.88, 0.42, 0.33),  # coral
    "triangle": (0.90, 0.70, 0.30),  # amber
    "star": (0.42, 0.70, 0.78),  # teal
    "ring": (0.90, 0.62, 0.70),  # rose
    "cross": (0.90, 0.88, 0.80),  # ivory
    "wire": (0.30, 0.27, 0.36),  # slate
}
COLOUR_SPREAD = 0.08  # of each channel, and once more of all three together
WET_MOSS, DRY_SAND = np.array((0.26, 0.36, 0.35)), np.array((0.66, 0.62, 0.51))

GRAIN = 0.15  # contrast of the ground's finest structure
WEAVE = 0.05  # contrast of the pattern on a shape
ROUNDING = 0.12  # how much brighter than in the middle a shape is towards the light
SHADOW = 0.35  # how much light a shape's shadow takes
DAYLIGHT = 0.5  # how much the light over the whole scene may change


class SmoothNoise:
    """Random numbers within [-1, 1] that change over a distance of about `cell` pixels.

    A cubic B-spline on a grid; without a prefilter it averages its neighbours rather than meeting
    them. The field goes on `margin` pixels beyond the picture.
    """

    def __init__(
        self, rng: np.random.Generator, height: int, width: int, cell: float, margin: float = 0
    ) -> None:
        self.size, self.cell = (height, width), cell
        self.margin = math.ceil(margin / cell) * cell
        rows, columns = (math.ceil((side + 2 * self.margin) / cell) + 3 for side in (height, width))
        self.grid = rng.uniform(-1, 1, (rows, columns))

    def __call__(self, x: float = 0.0, y: float = 0.0) -> np.ndarray:
        """The field (height, width) seen by a camera that has moved by (x, y)."""
        height, width = self.size
        rows, columns = self.grid.shape
        # The spline is a product of two: rows first, then columns.
        vertical = spline_weights(height, rows, self.cell, y + self.margin)
        horizontal = spline_weights(width, columns, self.cell, x + self.margin)
        return vertical @ self.grid @ horizontal.T


@lru_cache(maxsize=256)
def spline_weights(length: int, nodes: int, cell: float, shift: float) -> np.ndarray:
    """(length, nodes): how much each node of the grid adds to each pixel."""
    place = (np.arange(length) + shift) / cell + 1
    away = np.abs(place[:, None] - np.arange(nodes))
    beyond = np.maximum(2 - away, 0)
    inside = 2 / 3 - away * away + away * away * away / 2
    weights = np.where(away < 1, inside, beyond * beyond * beyond / 6)
    weights.flags.writeable = False
    return weights


class Ground:
    """A muted ground: moss and sand in patches, and a finer grain."""

    def __init__(
        self, rng: np.random.Generator, height: int, width: int, margin: float = 0
    ) -> None:
        side = min(height, width)
        self.fields = [
            SmoothNoise(rng, height, width, cell, margin)
            for cell in (side / 2, side / 6, side / 20, 2)
        ]
        self.tint = rng.uniform(-0.05, 0.05, 3)

    def __call__(self, x: float = 0.0, y: float = 0.0) -> np.ndarray:
        """The picture (height, width, 3) that a camera moved by (x, y) takes of it."""
        patches, spots, grain, dust = (field(x, y)[..., None] for field in self.fields)
        sand = np.clip(0.5 + patches + spots, 0, 1)
        return (WET_MOSS + sand * (DRY_SAND - WET_MOSS) + self.tint) * (1 + GRAIN * (grain + dust))


def random_colour(
    rng: np.random.Generator, family: tuple[float, float, float]
) -> tuple[float, ...]:
    """A colour near that of the family."""
    colour = np.array(family) + COLOUR_SPREAD * (rng.uniform(-1, 1, 3) + rng.uniform(-1, 1))
    return tuple(np.clip(colour, 0, 1).tolist())


def lay(image: np.ndarray, thing: Shape | Wire, pixels: Pixels) -> None:
    """Put a thing, which is seen at these pixels, and its shadow on the picture.

    The light comes from the upper left.
    """
    shadow = 0.12 * thing.size
    across, down = spans(image.shape[:2], thing, shift=shadow, margin=shadow * thing.mitre)
    dx, dy = offsets(thing, across, down)
    depth = np.clip(0.5 - thing.distance(dx - shadow, dy - shadow) / (2 * shadow), 0, 1)
    image[down, across] *= 1 - SHADOW * depth[..., None]
    rows, columns = pixels
    image[rows, columns] = surface(thing, columns + 0.5 - thing.x, rows + 0.5 - thing.y)


def surface(thing: Shape | Wire, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """The colours (n, 3) of a thing at these n offsets from its centre."""
    if isinstance(thing, Wire):
        return np.array(thing.colour)
    u = (math.cos(thing.angle) * dx + math.sin(thing.angle) * dy) / thing.size
    v = (math.cos(thing.angle) * dy - math.sin(thing.angle) * dx) / thing.size
    light = 1 - ROUNDING * (dx + dy) / thing.size
    if thing.texture is not None:
        return light[:, None] * thing.texture(u, v)
    light += WEAVE * (np.sin(8 * math.pi * u) * np.sin(8 * math.pi * v))
    return light[:, None] * np.array(thing.colour)


def photograph(image: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """What a camera makes of the light: noise of its sensor, and 256 steps."""
    picture = rng.standard_normal(image.shape)
    picture *= noise
    picture += image
    # Rounding to a camera's steps also takes away last digits in which processors differ.
    picture = np.clip(picture, 0, 1, out=picture)
    picture *= 255
    return np.rint(picture, out=picture) / 255
