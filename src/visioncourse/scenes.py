"""The course's one synthetic world: seeded pictures of shapes whose every pixel is known.

A picture is a textured ground with shapes laid on it, each hiding what lies below. Masks, boxes and
classes come from the same geometry as the picture, so they are exact.
"""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ._validation import check_not_negative

CLASS_NAMES = ("background", "disk", "square", "triangle")

# RGB in [0, 1]. Shapes are brighter or more colourful than the ground, but bright sand and a shape
# in the shade come close: the colour of one pixel tells a lot about it, and not all.
COLOUR_FAMILIES = {
    "disk": (0.58, 0.53, 0.82),  # lilac
    "square": (0.88, 0.42, 0.33),  # coral
    "triangle": (0.90, 0.70, 0.30),  # amber
}
COLOUR_SPREAD = 0.08  # of each channel, and once more of all three together
WET_MOSS, DRY_SAND = np.array((0.26, 0.36, 0.35)), np.array((0.66, 0.62, 0.51))

GRAIN = 0.15  # contrast of the ground's finest structure
WEAVE = 0.05  # contrast of the pattern on a shape
ROUNDING = 0.12  # how much brighter than in the middle a shape is towards the light
SHADOW = 0.35  # how much light a shape's shadow takes
DAYLIGHT = 0.5  # how much the light over the whole scene may change


@dataclass(frozen=True)
class Scene:
    """A picture of H x W pixels with N visible objects, and all that is true of it.

    Objects are listed from back to front: where two overlap, the later one is seen.

    Attributes:
        image: (H, W, 3) red, green and blue in [0, 1], each one of 256 steps like a camera's.
        semantic_mask: (H, W) class index of every pixel; 0 is the background.
        instance_masks: (N, H, W) True where the object is visible. No pixel has two objects.
        boxes: (N, 4) x1, y1, x2, y2 around the visible pixels. These are edges of pixels, not
            centres: the box of one pixel in column 3 has x1 = 3 and x2 = 4.
        classes: (N,) class index of every object, 1 to K.
        class_names: K + 1 names; `class_names[index]` is the class's.
    """

    image: np.ndarray
    semantic_mask: np.ndarray
    instance_masks: np.ndarray
    boxes: np.ndarray
    classes: np.ndarray
    class_names: tuple[str, ...] = CLASS_NAMES


@dataclass(frozen=True)
class Shape:
    """An object: what it is and where. Lengths are in pixels, y grows downwards.

    Attributes:
        class_index: 1 disk, 2 square, 3 triangle.
        x: its centre, from the picture's left edge; the first pixel's centre is at ½.
        y: its centre, from the picture's upper edge.
        size: square root of its area, so that classes do not differ by area.
        angle: rotation in radians, clockwise as seen; at 0 one side of a polygon faces right.
        colour: red, green, blue in [0, 1].

    Raises:
        ValueError: a class index or a size out of range, a place or angle that is not finite.
    """

    class_index: int
    x: float
    y: float
    size: float
    angle: float
    colour: tuple[float, float, float]

    def __post_init__(self) -> None:
        if self.class_index not in range(1, len(CLASS_NAMES)):
            raise ValueError(
                f"class_index must be 1 to {len(CLASS_NAMES) - 1}, got {self.class_index}"
            )
        if not 0 < self.size < math.inf:
            raise ValueError(f"size must be a finite number > 0, got {self.size}")
        for name in ("x", "y", "angle"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be finite, got {getattr(self, name)}")

    def mask(self, height: int, width: int) -> np.ndarray:
        """(height, width) True where a pixel's centre lies in the shape, hidden or not."""
        dx, dy = self.offsets(height, width)
        return self.distance(dx, dy) <= 0

    def offsets(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """From the centre to every pixel's centre: dx (1, width) and dy (height, 1)."""
        return (
            np.arange(width)[None, :] + 0.5 - self.x,
            np.arange(height)[:, None] + 0.5 - self.y,
        )

    def distance(self, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """How far outside the shape's sides points at these offsets lie; negative is inside."""
        name = CLASS_NAMES[self.class_index]
        if name == "disk":
            return np.sqrt(dx * dx + dy * dy) - self.size / math.sqrt(math.pi)
        # A regular polygon of k sides is where k half-planes meet, all at one distance a from the
        # centre, the apothem; its area is k a² tan(π/k).
        sides = {"square": 4, "triangle": 3}[name]
        apothem = self.size / math.sqrt(sides * math.tan(math.pi / sides))
        facing = [self.angle + 2 * math.pi * k / sides for k in range(sides)]
        return np.max([math.cos(a) * dx + math.sin(a) * dy for a in facing], axis=0) - apothem


def make_scene(
    seed: int,
    *,
    height: int = 96,
    width: int = 128,
    num_objects: int = 5,
    size_range: tuple[float, float] = (0.15, 0.35),
    noise: float = 0.02,
) -> Scene:
    """Draw the scene of this seed, the same one on every machine.

    Ground, shapes, light and noise have random numbers of their own: one shape more on top, or
    less noise, leaves the rest of the scene as it was.

    Args:
        seed: >= 0.
        height, width: of the picture in pixels, >= 1.
        num_objects: how many shapes are laid, >= 0. A shape that is hidden entirely, or too small
            to hold a pixel's centre, is no object of the scene: N can be less.
        size_range: smallest and largest size of a shape (the square root of its area) as a part
            of the picture's shorter side, 0 < smallest <= largest.
        noise: standard deviation of the sensor's noise, >= 0.

    Returns:
        A :py:class:`Scene`; no object gives empty arrays of the same dimensions.

    Raises:
        ValueError: an argument out of its range.
    """
    _check_whole("seed", seed, 0)
    _check_whole("height", height, 1)
    _check_whole("width", width, 1)
    _check_whole("num_objects", num_objects, 0)
    smallest, largest = size_range
    if not 0 < smallest <= largest < math.inf:
        raise ValueError(f"size_range must be 0 < smallest <= largest, got {size_range}")
    check_not_negative(noise=noise)

    ground_rng, shape_rng, light_rng, noise_rng = np.random.default_rng(seed).spawn(4)
    shapes = [_random_shape(shape_rng, height, width, size_range) for _ in range(num_objects)]
    image = _ground(ground_rng, height, width)
    for shape in shapes:
        image = _lay(image, shape)
    daylight = _smooth_noise(light_rng, height, width, min(height, width) / 2)
    image = image * (1 + DAYLIGHT * daylight[..., None])
    image = image + noise * noise_rng.standard_normal(image.shape)
    # Rounding to a camera's steps also takes away last digits in which processors differ.
    image = np.round(np.clip(image, 0, 1) * 255) / 255
    return _with_truth(image, shapes)


def _check_whole(name: str, number: int, smallest: int) -> None:
    try:
        legal = operator.index(number) >= smallest
    except TypeError:
        legal = False
    if not legal:
        raise ValueError(f"{name} must be a whole number >= {smallest}, got {number!r}")


def _random_shape(
    rng: np.random.Generator, height: int, width: int, size_range: tuple[float, float]
) -> Shape:
    class_index = int(rng.integers(1, len(CLASS_NAMES)))
    family = np.array(COLOUR_FAMILIES[CLASS_NAMES[class_index]])
    colour = family + COLOUR_SPREAD * (rng.uniform(-1, 1, 3) + rng.uniform(-1, 1))
    return Shape(
        class_index=class_index,
        x=width * rng.uniform(0.05, 0.95),
        y=height * rng.uniform(0.05, 0.95),
        size=min(height, width) * rng.uniform(*size_range),
        angle=rng.uniform(0, 2 * math.pi),
        colour=tuple(np.clip(colour, 0, 1).tolist()),
    )


def _ground(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A muted picture (height, width, 3): moss and sand in patches, and a finer grain."""
    side = min(height, width)
    patches, spots, grain, dust = (
        _smooth_noise(rng, height, width, cell)[..., None]
        for cell in (side / 2, side / 6, side / 20, 2)
    )
    sand = np.clip(0.5 + patches + spots, 0, 1)
    tint = rng.uniform(-0.05, 0.05, 3)
    return (WET_MOSS + sand * (DRY_SAND - WET_MOSS) + tint) * (1 + GRAIN * (grain + dust))


def _smooth_noise(rng: np.random.Generator, height: int, width: int, cell: float) -> np.ndarray:
    """Random numbers within [-1, 1] that change over a distance of about `cell` pixels."""
    grid = rng.uniform(-1, 1, (math.ceil(height / cell) + 3, math.ceil(width / cell) + 3))
    rows, columns = np.meshgrid(
        np.arange(height) / cell + 1, np.arange(width) / cell + 1, indexing="ij"
    )
    # Without the prefilter the spline averages its neighbours rather than meeting them.
    return ndimage.map_coordinates(grid, [rows, columns], order=3, prefilter=False)


def _lay(image: np.ndarray, shape: Shape) -> np.ndarray:
    """The picture with the shape and its shadow on it, lit from the upper left."""
    dx, dy = shape.offsets(*image.shape[:2])
    reach = 0.12 * shape.size
    depth = np.clip(0.5 - shape.distance(dx - reach, dy - reach) / (2 * reach), 0, 1)
    shaded = image * (1 - SHADOW * depth[..., None])

    u = (math.cos(shape.angle) * dx + math.sin(shape.angle) * dy) / shape.size
    v = (math.cos(shape.angle) * dy - math.sin(shape.angle) * dx) / shape.size
    weave = np.sin(8 * math.pi * u) * np.sin(8 * math.pi * v)
    light = 1 - ROUNDING * (dx + dy) / shape.size + WEAVE * weave
    surface = light[..., None] * np.array(shape.colour)
    return np.where(shape.mask(*image.shape[:2])[..., None], surface, shaded)


def _with_truth(image: np.ndarray, shapes: Sequence[Shape]) -> Scene:
    """The scene of shapes that lie on each other, the last on top."""
    height, width, _ = image.shape
    top = np.full((height, width), -1)  # index of the shape seen at each pixel, -1 for none
    for index, shape in enumerate(shapes):
        top[shape.mask(height, width)] = index
    visible = np.unique(top[top >= 0])
    instance_masks = top == visible[:, None, None]  # (N, H, W)
    classes = np.array([shapes[index].class_index for index in visible], dtype=np.int64)
    return Scene(
        image=image,
        semantic_mask=np.tensordot(classes, instance_masks, axes=1),
        instance_masks=instance_masks,
        boxes=np.array([_box(mask) for mask in instance_masks]).reshape(-1, 4),
        classes=classes,
    )


def _box(mask: np.ndarray) -> tuple[float, float, float, float]:
    """Edges x1, y1, x2, y2 around the True pixels, of which there is at least one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
