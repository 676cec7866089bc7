"""What every measure counts: its scores follow from counts, which add up over sequences."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False, kw_only=True)
class Counts:
    """Boxes of both sides."""

    num_ground_truth: int
    num_predictions: int


def ratio(part: Any, whole: Any) -> Any:
    """part / whole of numbers or arrays, 0 where there is nothing to divide by."""
    return part / np.maximum(whole, 1)
