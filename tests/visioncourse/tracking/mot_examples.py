"""MOT rows that the tests of the tracking scores share."""

import numpy as np
from hypothesis import strategies as st

from visioncourse.scenes import moving_boxes, simulate_detections
from visioncourse.tracking import Sort, mot_rows

BOX = (10, 20, 30, 40)

# A grid so coarse that boxes coincide, touch and tie.
tables = st.lists(
    st.tuples(
        st.integers(1, 6), st.integers(0, 5), *[st.integers(0, 4)] * 2, *[st.integers(0, 3)] * 2
    ),
    unique_by=lambda row: row[:2],
    max_size=30,
)


def rows(*entries):
    """MOT rows of (frame, id, box)."""
    return [[frame, identity, *box] for frame, identity, box in entries]


def walks(seed, frames=40, objects=18):
    """Objects walking through each other, and what SORT makes of a poor detector's boxes.

    Identities are lost, taken for others and made up; a tenth of the truth is not known.
    """
    size = 150, 150
    truth = moving_boxes(
        seed,
        num_frames=frames,
        height=150,
        width=150,
        num_objects=objects,
        size_range=(0.13, 0.4),
        speed=2.0,
    )
    detections = simulate_detections(
        truth, seed, size=size, miss_rate=0.3, false_alarms=2, jitter=0.03
    )
    tracker = Sort(max_age=1, min_hits=1, iou_threshold=0.2)
    predictions = mot_rows([tracker.update(found) for found in detections])
    known = np.random.default_rng(seed).random(len(truth)) < 0.9
    return predictions[:, :6], truth[known, :6]
