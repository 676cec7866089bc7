"""Seeded pictures of shapes whose every pixel is known.

A picture is a textured ground with shapes laid on it, each hiding what lies below. Masks, boxes and
classes come from the same geometry as the picture, so they are exact.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from .._validation import (
    check_not_negative,
    check_one_of,
    check_shares,
    check_spans,
    check_whole,
)
from .paint import (
    COLOUR_FAMILIES,
    DAYLIGHT,
    Ground,
    SmoothNoise,
    photograph,
    random_colour,
)
from .shapes import CLASS_NAMES, OUTLINES, Shape, Wire
from .truth import Layout, Scene

KINDS = tuple(name for name in COLOUR_FAMILIES if name in OUTLINES)
TRIES = 40  # to find a place for a shape before it is left out
BEACON_SIZE = 0.15  # of a beacon, as a part of the shorter side
NEAR, FAR = 0.42, 0.54  # a disk within NEAR of a beacon is a buoy; none lies between NEAR and FAR


WORLDS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # Three classes, each with a colour of its own: what one pixel tells is nearly enough.
        "part_1": MappingProxyType({}),
        # Any colour for any class; wires, a class that only something nearby tells, and crowds.
        "segmentation": MappingProxyType(
            {
                "height": 64,
                "width": 64,
                "num_objects": 4,
                "size_range": (0.15, 0.42),
                "colours": "any",
                "wires": 2,
                "beacons": 0.8,
                "crowding": 0.25,
                "min_visible": 40,
            }
        ),
        # Many objects of many sizes and five classes, some in crowds.
        "detection": MappingProxyType(
            {
                "height": 96,
                "width": 96,
                "num_objects": 10,
                "size_range": (0.08, 0.32),
                "colours": "any",
                "classes": ("disk", "square", "triangle", "star", "ring"),
                "crowding": 0.4,
                "min_visible": 24,
            }
        ),
    }
)


def make_scene(
    seed: int,
    *,
    height: int = 96,
    width: int = 128,
    num_objects: int = 5,
    size_range: tuple[float, float] = (0.15, 0.35),
    noise: float = 0.02,
    colours: str = "by_class",
    classes: Sequence[str] = CLASS_NAMES[1:],
    wires: int = 0,
    beacons: float = 0.0,
    crowding: float = 0.0,
    min_visible: int = 0,
) -> Scene:
    """Draw the scene of this seed, the same one on every machine.

    Ground, shapes, light and noise have random numbers of their own: one shape more on top, or
    less noise, leaves the rest of the scene as it was.

    Args:
        seed: >= 0.
        height, width: of the picture in pixels, >= 1.
        num_objects: how many shapes are laid, >= 0. A shape that is hidden entirely, too small to
            hold a pixel's centre, or for which there is no place, is no object of the scene: N can
            be less.
        size_range: smallest and largest size of a shape (the square root of its area) as a part
            of the picture's shorter side, 0 < smallest <= largest.
        noise: standard deviation of the sensor's noise, >= 0.
        colours: "by_class" gives every class its own family of colours; "any" gives every object
            the colour of any family, independent of its class.
        classes: names of the shapes, drawn with equal probability: "disk", "square", "triangle",
            "star", "ring", "cross". They are the classes 1, 2, ...
        wires: with a number above 0 the class "wire" follows, and 1 to that many thin wires are
            stretched over the scene.
        beacons: with a number above 0 the classes "beacon" and "buoy" follow. With that
            probability a small cross, the beacon, stands in the scene. A disk whose centre is
            within 0.42 of the shorter side from the beacon's is a buoy; all others are at least
            0.54 away. Nothing else tells a buoy from a disk. Shapes leave the beacon free, but for
            a corner; a wire may cross it.
        crowding: probability that a shape is laid beside the one before it, of its class and about
            its size, so that the two touch or overlap.
        min_visible: pixels of every object that must stay visible; a shape is laid elsewhere when
            it, or one below it, would show less. 0 asks nothing.

    Returns:
        A :py:class:`Scene`; no object gives empty arrays of the same dimensions.

    Raises:
        ValueError: an argument out of its range.
    """
    check_whole(0, seed=seed, num_objects=num_objects, wires=wires, min_visible=min_visible)
    check_whole(1, height=height, width=width)
    check_spans(size_range=size_range)
    check_not_negative(noise=noise)
    check_shares(beacons=beacons, crowding=crowding)
    check_one_of(("by_class", "any"), colours=colours)
    if not classes or not set(classes) <= set(KINDS) or len(set(classes)) < len(classes):
        raise ValueError(f"classes must be some of {list(KINDS)}, once each, got {classes!r}")
    if beacons and "disk" not in classes:
        raise ValueError(f"classes must hold 'disk' where there are beacons, got {classes!r}")

    names = ("background", *classes)
    names += ("wire",) if wires else ()
    names += ("beacon", "buoy") if beacons else ()
    ground_rng, shape_rng, light_rng, noise_rng = np.random.default_rng(seed).spawn(4)
    layout = Layout(height, width, min_visible)
    maker = Maker(shape_rng, layout, names, size_range, colours)
    if beacons and shape_rng.uniform() < beacons:
        maker.add_beacon()
    for _ in range(num_objects):
        maker.add_shape(len(classes), crowding)
    if wires:
        for _ in range(shape_rng.integers(1, wires + 1)):
            maker.add_wire()

    image = Ground(ground_rng, height, width)()
    layout.paint(image)
    daylight = SmoothNoise(light_rng, height, width, min(height, width) / 2)()
    image *= 1 + DAYLIGHT * daylight[..., None]
    return layout.scene(photograph(image, noise, noise_rng), names)


@dataclass
class Maker:
    """Draws random things and lays them where they fit."""

    rng: np.random.Generator
    layout: Layout
    names: tuple[str, ...]
    size_range: tuple[float, float]
    colours: str
    beacon: Shape | None = None

    @property
    def side(self) -> int:
        return min(self.layout.top.shape)

    def add_shape(self, num_classes: int, crowding: float) -> None:
        """A shape at a random place, or beside the last one."""
        last = self.layout.things[-1] if self.layout.things else None
        beside = crowding > 0 and last is not self.beacon and self.rng.uniform() < crowding
        for _ in range(TRIES if self.layout.min_visible else 1):
            shape = self._beside(last) if beside and last else self._anywhere(num_classes)
            if self._is_unambiguous(shape) and self.layout.add(self._named(shape)):
                return

    def add_beacon(self) -> None:
        height, width = self.layout.top.shape
        beacon = Shape(
            class_index=self.names.index("beacon"),
            colour=self._colour("cross"),
            x=width * self.rng.uniform(0.2, 0.8),
            y=height * self.rng.uniform(0.2, 0.8),
            size=BEACON_SIZE * self.side,
            angle=self.rng.uniform(0, 2 * math.pi),
            kind="cross",
        )
        if self.layout.add(beacon):
            self.beacon = beacon

    def add_wire(self) -> None:
        height, width = self.layout.top.shape
        colour = self._colour("wire")
        for _ in range(TRIES if self.layout.min_visible else 1):
            wire = Wire(
                class_index=self.names.index("wire"),
                x=width * self.rng.uniform(0.25, 0.75),
                y=height * self.rng.uniform(0.25, 0.75),
                angle=self.rng.uniform(0, math.pi),
                length=self.side * self.rng.uniform(0.7, 1.5),
                thickness=self.rng.uniform(1.2, 2.0),
                amplitude=self.side * self.rng.uniform(0.02, 0.08),
                wavelength=self.side * self.rng.uniform(0.8, 1.6),
                phase=self.rng.uniform(0, 2 * math.pi),
                colour=colour,
            )
            if self._leaves_beacon(wire) and self.layout.add(wire):
                return

    def _anywhere(self, num_classes: int) -> Shape:
        height, width = self.layout.top.shape
        index = int(self.rng.integers(1, num_classes + 1))
        return Shape(
            class_index=index,
            colour=self._colour(self.names[index]),
            x=width * self.rng.uniform(0.05, 0.95),
            y=height * self.rng.uniform(0.05, 0.95),
            size=self.side * self.rng.uniform(*self.size_range),
            angle=self.rng.uniform(0, 2 * math.pi),
            kind=self.names[index],
        )

    def _beside(self, last: Shape) -> Shape:
        smallest, largest = (self.side * end for end in self.size_range)
        size = float(np.clip(last.size * self.rng.uniform(0.75, 1.3), smallest, largest))
        angle = self.rng.uniform(0, 2 * math.pi)
        reach = self.rng.uniform(0.75, 1.05) * (size + last.size) / 2
        index = self.names.index(last.looks)
        return Shape(
            class_index=index,
            colour=self._colour(last.looks),
            x=last.x + reach * math.cos(angle),
            y=last.y + reach * math.sin(angle),
            size=size,
            angle=self.rng.uniform(0, 2 * math.pi),
            kind=last.looks,
        )

    def _colour(self, name: str) -> tuple[float, float, float]:
        if self.colours == "any":
            families = list(COLOUR_FAMILIES.values())
            return random_colour(self.rng, families[int(self.rng.integers(len(families)))])
        return random_colour(self.rng, COLOUR_FAMILIES[name])

    def _named(self, shape: Shape) -> Shape:
        """A disk near the beacon is a buoy."""
        if shape.looks == "disk" and self.beacon and self._beacon_distance(shape) <= NEAR:
            return Shape(**{**vars(shape), "class_index": self.names.index("buoy")})
        return shape

    def _is_unambiguous(self, shape: Shape) -> bool:
        if self.beacon is None:
            return True
        if shape.looks == "disk" and NEAR < self._beacon_distance(shape) < FAR:
            return False
        return self._leaves_beacon(shape)

    def _leaves_beacon(self, thing: Shape | Wire) -> bool:
        """Whether the disk around the beacon is free.

        A corner or a thin wire may come between the points that are tried.
        """
        if self.beacon is None:
            return True
        turns = np.linspace(0, 2 * math.pi, 16, endpoint=False)
        rim = self.beacon.radius + 1.0
        x = self.beacon.x - thing.x + np.append(rim * np.cos(turns), 0.0)
        y = self.beacon.y - thing.y + np.append(rim * np.sin(turns), 0.0)
        return bool((thing.distance(x, y) > 0).all())

    def _beacon_distance(self, shape: Shape) -> float:
        """Between the centres, as a part of the shorter side."""
        return math.hypot(shape.x - self.beacon.x, shape.y - self.beacon.y) / self.side
