"""MOT rows that the tests of the tracking scores share."""

import numpy as np
from hypothesis import strategies as st

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


def walks(seed, frames=40, objects=12):
    """Objects walking through each other; predictions with noise, misses, swaps and clutter."""
    rng = np.random.default_rng(seed)
    position, size = rng.uniform(0, 150, (objects, 2)), rng.uniform(20, 60, (objects, 2))
    velocity, identity = rng.normal(0, 3, (objects, 2)), np.arange(objects)
    truth, predictions = [], []
    for frame in range(1, frames + 1):
        position = position + velocity
        if frame % 7 == 0:
            identity = rng.permutation(objects)
        boxes = np.hstack([position, size])
        noisy = boxes + rng.normal(0, 4, boxes.shape)
        clutter = np.hstack([rng.uniform(0, 150, (2, 2)), rng.uniform(20, 60, (2, 2))])
        present, found = rng.random(objects) < 0.9, rng.random(objects) < 0.8
        for kept, ids, xywh, table in [
            (present, np.arange(objects), boxes, truth),
            (found, identity, noisy, predictions),
            (np.ones(2, bool), 100 + 2 * frame + np.arange(2), clutter, predictions),
        ]:
            table.extend([frame, i, *box] for i, box in zip(ids[kept], xywh[kept], strict=True))
    return np.array(predictions), np.array(truth)
