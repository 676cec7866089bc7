"""The course's one synthetic world: seeded pictures and videos whose every pixel is known.

`visioncourse.scenes.tensors`, which needs Torch, is imported by itself.
"""

from .motion import moving_boxes
from .paint import COLOUR_FAMILIES
from .shapes import CLASS_NAMES, Shape
from .simulated_detector import simulate_detections
from .still import WORLDS, make_scene
from .truth import Scene
from .video import VIDEOS, Video, make_video
from .windows import labelled_windows, pixel_windows

__all__ = [
    "CLASS_NAMES",
    "COLOUR_FAMILIES",
    "VIDEOS",
    "WORLDS",
    "Scene",
    "Shape",
    "Video",
    "labelled_windows",
    "make_scene",
    "make_video",
    "moving_boxes",
    "pixel_windows",
    "simulate_detections",
]
