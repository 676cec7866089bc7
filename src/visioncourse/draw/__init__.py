"""What the pages draw, each on a Matplotlib Axes that the page has made.

No function makes a figure or shows one. On every page class k has the colour `COLOURS[k]` and the
marker `MARKERS[k]`.
"""

from .diagrams import pipeline
from .pictures import boxes, image, masks
from .plots import confusion_table, decision_boundary, labelled_points, probability_map
from .style import (
    BLACK,
    BLUE,
    BOUNDARY,
    COLOURS,
    GREEN,
    MARKERS,
    NEGATIVE,
    ORANGE,
    POSITIVE,
    PROBABILITY,
    PURPLE,
    SKY,
    VERMILION,
    WIDTH,
    use_course_style,
)
from .video import tracks

__all__ = [
    "BLACK",
    "BLUE",
    "BOUNDARY",
    "COLOURS",
    "GREEN",
    "MARKERS",
    "NEGATIVE",
    "ORANGE",
    "POSITIVE",
    "PROBABILITY",
    "PURPLE",
    "SKY",
    "VERMILION",
    "WIDTH",
    "boxes",
    "confusion_table",
    "decision_boundary",
    "image",
    "labelled_points",
    "masks",
    "pipeline",
    "probability_map",
    "tracks",
    "use_course_style",
]
