"""Tracking, Part IV: from boxes in every frame to identities over time, and how good they are."""

from .association import (
    Association,
    associate,
    cosine_similarity,
    greedy_associate,
    iou_cost,
)
from .kalman import KalmanFilter, chi_square_gate
from .metrics import (
    HOTA_THRESHOLDS,
    TrackingResult,
    combine,
    evaluate,
    mot_rows,
    remove_distractors,
)
from .motion_models import (
    box_model,
    boxes_to_measurements,
    constant_velocity,
    initial_box_states,
    states_to_boxes,
)
from .optical_flow import (
    Flow,
    TrackedPoints,
    lucas_kanade,
    pyramidal_lucas_kanade,
    smallest_eigenvalue,
    track_points,
)
from .reid import batch_hard_loss, batch_hard_triplets, match_gallery, triplet_loss
from .sort import Sort, Tracks

__all__ = [
    "HOTA_THRESHOLDS",
    "Association",
    "Flow",
    "KalmanFilter",
    "Sort",
    "TrackedPoints",
    "TrackingResult",
    "Tracks",
    "associate",
    "batch_hard_loss",
    "batch_hard_triplets",
    "box_model",
    "boxes_to_measurements",
    "chi_square_gate",
    "combine",
    "constant_velocity",
    "cosine_similarity",
    "evaluate",
    "greedy_associate",
    "initial_box_states",
    "iou_cost",
    "lucas_kanade",
    "match_gallery",
    "mot_rows",
    "pyramidal_lucas_kanade",
    "remove_distractors",
    "smallest_eigenvalue",
    "states_to_boxes",
    "track_points",
    "triplet_loss",
]
