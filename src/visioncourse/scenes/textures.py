"""Patterns of two colours on a shape."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Texture:
    """A pattern of two colours, which moves and turns with its shape.

    Attributes:
        pattern: "stripes", "checks", "rings", "sectors" or "mottle".
        colours: two colours, red, green, blue in [0, 1].
        frequency: how often the pattern repeats over the shape's size, > 0.
        phase: where it begins, in radians.
        level: of the pattern's wave, within [-1, 1]; the second colour lies where it is higher.
    """

    pattern: str
    colours: tuple[tuple[float, float, float], tuple[float, float, float]]
    frequency: float
    phase: float
    level: float = 0.0

    def __post_init__(self) -> None:
        if self.pattern not in PATTERNS:
            raise ValueError(f"pattern must be one of {[*PATTERNS]}, got {self.pattern!r}")
        if not 0 < self.frequency < math.inf:
            raise ValueError(f"frequency must be a finite number > 0, got {self.frequency}")

    def __call__(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The colour (..., 3) at the place (u, v) of the shape, in units of its size."""
        steep = 0.5 + 2 * (self.wave(u, v) - self.level)  # yet without jagged edges
        share = np.clip(steep, 0, 1)[..., None]
        first, second = np.array(self.colours)
        return first + share * (second - first)

    def wave(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The pattern (...) within [-1, 1] at these places."""
        return PATTERNS[self.pattern](u, v, 2 * math.pi * self.frequency, self.phase)


PATTERNS = {
    "stripes": lambda u, v, f, phase: np.sin(f * u + phase),
    "checks": lambda u, v, f, phase: np.sin(f * u + phase) * np.sin(f * v + phase),
    "rings": lambda u, v, f, phase: np.sin(f * np.hypot(u, v) + phase),
    "mottle": lambda u, v, f, phase: (
        0.1 * np.sin(f * u + 2 * np.sin(0.8 * f * v))
        + 0.1 * np.sin(1.2 * f * v + 2 * np.sin(f * u + phase))
    ),
    "sectors": lambda u, v, f, phase: np.sin(round(f / 2) * np.arctan2(v, u) + phase),
}
