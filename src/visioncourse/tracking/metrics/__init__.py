"""How well tracks follow the truth: CLEAR MOT, identity measures and HOTA."""

from .benchmark import remove_distractors
from .evaluation import TrackingResult, combine, evaluate
from .hota import HOTA_THRESHOLDS
from .rows import mot_rows

__all__ = [
    "HOTA_THRESHOLDS",
    "TrackingResult",
    "combine",
    "evaluate",
    "mot_rows",
    "remove_distractors",
]
