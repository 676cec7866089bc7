"""Boxes that several test files use."""

import tracemalloc

import numpy as np
from hypothesis import strategies as st

# One against another: where formulas divide by zero or have kinks.
HARD_PAIRS = {
    "overlapping": ([0.0, 0.0, 4.0, 3.0], [1.0, 1.0, 6.0, 5.0]),
    "distant": ([0.0, 0.0, 4.0, 3.0], [1000.0, 500.0, 1001.0, 507.0]),
    "touching at an edge": ([0.0, 0.0, 4.0, 3.0], [4.0, 1.0, 6.0, 5.0]),
    "touching along a whole edge": ([0.0, 0.0, 4.0, 3.0], [4.0, 0.0, 6.0, 3.0]),
    "touching at a corner": ([0.0, 0.0, 4.0, 3.0], [4.0, 3.0, 6.0, 5.0]),
    "nested": ([0.0, 0.0, 10.0, 8.0], [2.0, 1.0, 4.0, 6.0]),
    "nested with a shared edge": ([0.0, 0.0, 10.0, 8.0], [0.0, 1.0, 4.0, 8.0]),
    "nested, one centre": ([0.0, 0.0, 10.0, 8.0], [4.0, 3.0, 6.0, 5.0]),
    "identical": ([1.0, 2.0, 4.0, 7.0], [1.0, 2.0, 4.0, 7.0]),
    "identical squares": ([0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 2.0]),
}
DEGENERATE_PAIRS = {
    "a point in a box": ([1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 4.0, 3.0]),
    "a line in a box": ([1.0, 1.0, 3.0, 1.0], [0.0, 0.0, 4.0, 3.0]),
    "a point outside": ([9.0, 9.0, 9.0, 9.0], [0.0, 0.0, 4.0, 3.0]),
    "two points": ([1.0, 1.0, 1.0, 1.0], [2.0, 5.0, 2.0, 5.0]),
    "one point twice": ([1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]),
    "two lines on a line": ([0.0, 1.0, 2.0, 1.0], [5.0, 1.0, 6.0, 1.0]),
    "one line twice": ([0.0, 1.0, 2.0, 1.0], [0.0, 1.0, 2.0, 1.0]),
    "a cross of lines": ([0.0, 1.0, 2.0, 1.0], [1.0, 0.0, 1.0, 2.0]),
    "less than the smallest area": ([0.0, 0.0, 1e-200, 1e-200], [0.0, 0.0, 1e-200, 1e-200]),
}


def random_boxes(n, seed=0, size=100.0, smallest=1.0, largest=40.0):
    """Boxes (n, 4) with centres in a square."""
    rng = np.random.default_rng(seed)
    centre, half = rng.uniform(0, size, (n, 2)), rng.uniform(smallest, largest, (n, 2)) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _ordered(pairs):
    boxes = np.asarray(pairs, dtype=float).reshape(-1, 2, 2)
    return np.sort(boxes, axis=1).reshape(-1, 4)


def boxes_of(coordinate, min_size=0, max_size=12):
    """Hypothesis: (n, 4) boxes with such coordinates, some of them without area."""
    box = st.tuples(*[coordinate] * 4)
    return st.lists(box, min_size=min_size, max_size=max_size).map(_ordered)


# Small whole numbers share edges, corners and whole boxes all the time.
whole_boxes = boxes_of(st.integers(0, 6))
real_boxes = boxes_of(st.floats(-1e4, 1e4))
any_boxes = whole_boxes | real_boxes


def central_differences(function, point, step=1e-6):
    """The derivatives of `function` (...) by the entries of `point`: the shape of `point`."""
    point = np.asarray(point, dtype=float)
    gradient = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        move = np.zeros(point.shape)
        move[index] = step
        change = function(point + move) - function(point - move)
        gradient[index] = float(change) / (2 * step)
    return gradient


def peak_memory(call):
    """Bytes at the highest, and the result."""
    tracemalloc.start()
    try:
        result = call()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()
