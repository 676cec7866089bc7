"""What lies in a scene: shapes and wires, as geometry. They know no colour but their own."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .textures import Texture

CLASS_NAMES = ("background", "disk", "square", "triangle")


@dataclass(frozen=True)
class Shape:
    """An object: what it is and where. Lengths are in pixels, y grows downwards.

    Attributes:
        class_index: 1 disk, 2 square, 3 triangle, unless `kind` says what it looks like.
        x: its centre, from the picture's left edge; the first pixel's centre is at ½.
        y: its centre, from the picture's upper edge.
        size: square root of its area, so that classes do not differ by area.
        angle: rotation in radians, clockwise as seen; at 0 one side of a polygon faces right.
        colour: red, green, blue in [0, 1].
        kind: "disk", "square", "triangle", "star", "ring", "cross" or "stone"; that of the class
            if not given. With it the class index may be any number >= 0.
        texture: a pattern in place of the one colour.

    Raises:
        ValueError: a class index or a size out of range, an unknown kind, a place or angle that is
            not finite.
    """

    class_index: int
    x: float
    y: float
    size: float
    angle: float
    colour: tuple[float, float, float]
    kind: str | None = None
    texture: Texture | None = None

    def __post_init__(self) -> None:
        if self.kind is None and self.class_index not in range(1, len(CLASS_NAMES)):
            raise ValueError(
                f"class_index must be 1 to {len(CLASS_NAMES) - 1}, got {self.class_index}"
            )
        if self.kind is not None and self.kind not in OUTLINES:
            raise ValueError(f"kind must be one of {[*OUTLINES]}, got {self.kind!r}")
        if self.class_index < 0:
            raise ValueError(f"class_index must be >= 0, got {self.class_index}")
        if not 0 < self.size < math.inf:
            raise ValueError(f"size must be a finite number > 0, got {self.size}")
        for name in ("x", "y", "angle"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be finite, got {getattr(self, name)}")

    @property
    def looks(self) -> str:
        """The kind of its outline."""
        return self.kind or CLASS_NAMES[self.class_index]

    @property
    def radius(self) -> float:
        """The distance of its farthest point from its centre."""
        return self.size * OUTLINES[self.looks][1]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 around the whole shape, hidden or not."""
        reach = self.radius
        if self.looks not in CORNERS:  # round
            return self.x - reach, self.y - reach, self.x + reach, self.y + reach
        directions = CORNERS[self.looks] + self.angle
        x, y = self.x + reach * np.cos(directions), self.y + reach * np.sin(directions)
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    @property
    def mitre(self) -> float:
        """How far its sharpest corner moves out when its sides move out by 1."""
        return OUTLINES[self.looks][2]

    def mask(self, height: int, width: int) -> np.ndarray:
        """(height, width) True where a pixel's centre lies in the shape, hidden or not."""
        return self.distance(*self.offsets(height, width)) <= 0

    def offsets(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """From the centre to every pixel's centre: dx (1, width) and dy (height, 1)."""
        return offsets(self, slice(0, width), slice(0, height))

    def distance(self, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """How far outside the shape's sides points at these offsets lie; negative is inside."""
        return OUTLINES[self.looks][0](dx, dy, self.size, self.angle)


@dataclass(frozen=True)
class Wire:
    """A thin curve: a sine along a straight line. Lengths are in pixels.

    Attributes:
        class_index: its class.
        x, y: its middle.
        angle: of the straight line, in radians.
        length: of the straight line.
        thickness: of the wire, >= 1: then no gap opens between its pixels.
        amplitude, wavelength, phase: of the sine across the line.
        colour: red, green, blue in [0, 1].
    """

    class_index: int
    x: float
    y: float
    angle: float
    length: float
    thickness: float
    amplitude: float
    wavelength: float
    phase: float
    colour: tuple[float, float, float]

    @property
    def radius(self) -> float:
        """The distance of its farthest point from its middle, at most."""
        return self.length / 2 + self.amplitude + self.thickness

    @property
    def size(self) -> float:
        """As for a shape, the scale of its shadow."""
        return 4 * self.thickness

    mitre = math.sqrt(2)  # its ends are cut at right angles

    def distance(self, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """How far outside the wire points at these offsets lie; negative is inside."""
        along = math.cos(self.angle) * dx + math.sin(self.angle) * dy
        across = math.cos(self.angle) * dy - math.sin(self.angle) * dx
        turn = 2 * math.pi * along / self.wavelength + self.phase
        slope = 2 * math.pi * self.amplitude / self.wavelength * np.cos(turn)
        away = np.abs(across - self.amplitude * np.sin(turn)) / np.sqrt(1 + slope * slope)
        return np.maximum(away - self.thickness / 2, np.abs(along) - self.length / 2)


Pixels = tuple[np.ndarray, np.ndarray]  # rows (n,) and columns (n,)


def spans(
    size: tuple[int, int], thing: Shape | Wire, *, shift: float = 0.0, margin: float = 0.0
) -> tuple[slice, slice]:
    """Columns and rows of a picture (height, width) that the thing may touch; perhaps none.

    Args:
        shift: how far it is moved first, to the right and down.
        margin: how far it is widened.
    """
    reach = thing.radius + margin
    columns, rows = (
        slice(min(max(math.floor(c - reach), 0), side), min(max(math.ceil(c + reach), 0), side))
        for c, side in ((thing.x + shift, size[1]), (thing.y + shift, size[0]))
    )
    return columns, rows


def offsets(thing: Shape | Wire, columns: slice, rows: slice) -> tuple[np.ndarray, np.ndarray]:
    """From the thing's centre to those of these pixels: dx (1, columns) and dy (rows, 1)."""
    return (
        np.arange(columns.start, columns.stop)[None, :] + 0.5 - thing.x,
        np.arange(rows.start, rows.stop)[:, None] + 0.5 - thing.y,
    )


def pixels_of(thing: Shape | Wire, height: int, width: int) -> Pixels:
    """The picture's pixels whose centres lie in the thing, hidden or not."""
    columns, rows = spans((height, width), thing)
    down, across = np.nonzero(thing.distance(*offsets(thing, columns, rows)) <= 0)
    return down + rows.start, across + columns.start


def _disk(dx: np.ndarray, dy: np.ndarray, size: float, angle: float) -> np.ndarray:
    return np.sqrt(dx * dx + dy * dy) - size / math.sqrt(math.pi)


def _polygon(sides: int) -> Callable[..., np.ndarray]:
    # A regular polygon of k sides is where k half-planes meet, all at one distance a from the
    # centre, the apothem; its area is k a² tan(π/k).
    def distance(dx: np.ndarray, dy: np.ndarray, size: float, angle: float) -> np.ndarray:
        apothem = size / math.sqrt(sides * math.tan(math.pi / sides))
        facing = [angle + 2 * math.pi * k / sides for k in range(sides)]
        return np.max([math.cos(a) * dx + math.sin(a) * dy for a in facing], axis=0) - apothem

    return distance


STAR_WAIST = 0.45  # inner radius of a star, as a part of the outer


def _star(dx: np.ndarray, dy: np.ndarray, size: float, angle: float) -> np.ndarray:
    # Ten triangles, mirror images of one: from the centre to a tip and to the waist beside it.
    tip = size * STAR_TIP
    turn = (np.arctan2(dy, dx) - angle + math.pi / 5) % (2 * math.pi / 5) - math.pi / 5
    radius = np.sqrt(dx * dx + dy * dy)
    x, y = radius * np.cos(turn), radius * np.abs(np.sin(turn))
    edge_x = STAR_WAIST * tip * math.cos(math.pi / 5) - tip
    edge_y = STAR_WAIST * tip * math.sin(math.pi / 5)
    return (edge_y * (x - tip) - edge_x * y) / math.hypot(edge_x, edge_y)


def _ring(dx: np.ndarray, dy: np.ndarray, size: float, angle: float) -> np.ndarray:
    outer = size / math.sqrt(0.75 * math.pi)  # the hole has half the radius
    return np.abs(np.sqrt(dx * dx + dy * dy) - 0.75 * outer) - 0.25 * outer


def _cross(dx: np.ndarray, dy: np.ndarray, size: float, angle: float) -> np.ndarray:
    arm = size * math.sqrt(9 / 20)  # from the centre to an end; a third as wide
    x = np.abs(math.cos(angle) * dx + math.sin(angle) * dy)
    y = np.abs(math.cos(angle) * dy - math.sin(angle) * dx)
    return np.minimum(np.maximum(x - arm, y - arm / 3), np.maximum(x - arm / 3, y - arm))


def _stone(dx: np.ndarray, dy: np.ndarray, size: float, angle: float) -> np.ndarray:
    turn = np.arctan2(dy, dx) - angle
    rim = 1 + 0.06 * np.cos(2 * turn) + 0.04 * np.cos(5 * turn + 1)
    return np.sqrt(dx * dx + dy * dy) - size / math.sqrt(math.pi) * rim


class Outline(NamedTuple):
    """A form of area 1: how far outside a point lies, its radius, and its mitre (see `Shape`)."""

    distance: Callable[..., np.ndarray]
    radius: float
    mitre: float


STAR_TIP = 1 / math.sqrt(5 * STAR_WAIST * math.sin(math.pi / 5))
OUTLINES = {
    "disk": Outline(_disk, 1 / math.sqrt(math.pi), 1.0),
    "square": Outline(_polygon(4), math.sqrt(0.5), math.sqrt(2)),
    "triangle": Outline(_polygon(3), 2 / math.sqrt(3 * math.sqrt(3)), 2.0),
    "star": Outline(_star, STAR_TIP, 2.7),
    "ring": Outline(_ring, 1 / math.sqrt(0.75 * math.pi), 1.0),
    "stone": Outline(_stone, 1.1 / math.sqrt(math.pi), 1.1),
    "cross": Outline(_cross, math.sqrt(9 / 20 * (1 + 1 / 9)), math.sqrt(2)),
}

# The directions in which the corners of an outline at angle 0 lie, all at its radius.
CORNERS = {
    "square": math.pi / 4 + math.pi / 2 * np.arange(4),
    "triangle": math.pi / 3 + 2 * math.pi / 3 * np.arange(3),
    "star": 2 * math.pi / 5 * np.arange(5),
    "cross": np.add.outer(math.pi / 2 * np.arange(4), np.arctan([-1 / 3, 1 / 3])).ravel(),
}
