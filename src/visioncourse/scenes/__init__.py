"""The course's one synthetic world: seeded pictures and videos whose every pixel is known."""

from .paint import COLOUR_FAMILIES
from .shapes import CLASS_NAMES, Shape
from .still import WORLDS, Scene, make_scene

__all__ = ["CLASS_NAMES", "COLOUR_FAMILIES", "WORLDS", "Scene", "Shape", "make_scene"]
