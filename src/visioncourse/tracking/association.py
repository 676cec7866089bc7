"""Which detection belongs to which track: costs of pairs, and assignments of least cost.

Rows are one side (say, tracks), columns the other (detections).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from .._validation import check_between, check_finite, check_ndim
from ..arrays import Array, float_arrays, like, narrow, to_numpy, wide_arrays
from ..detection.boxes import box_iou


class Association(NamedTuple):
    """Pairs, and what stayed alone; all are int64 and ascend by row, then by column."""

    matches: Array  # (K, 2) row, column
    unmatched_rows: Array
    unmatched_columns: Array


def cosine_similarity(features1: Array, features2: Array) -> Array:
    """The cosine of the angle between every pair of vectors, f₁·f₂ / (‖f₁‖ ‖f₂‖).

    Args:
        features1: (N, d), d >= 1.
        features2: (M, d).

    Returns:
        (N, M) in [-1, 1]. A zero vector has no direction, and its similarity to any vector is 0.

    Raises:
        ValueError: NaN, infinity, or shapes that do not fit.
    """
    xp, dtype, first, second = wide_arrays(features1=features1, features2=features2)
    check_ndim(2, "(n, d), d >= 1", features1=first, features2=second)
    for name, array in (("features1", first), ("features2", second)):
        if array.shape[1] == 0:
            raise ValueError(f"{name} must have shape (n, d), d >= 1, got {tuple(array.shape)}")
    check_finite(xp, features1=first, features2=second)
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"features2 must have the {first.shape[1]} columns of features1, got {second.shape[1]}"
        )
    # Rounding leads beyond 1 for parallel vectors.
    cosines = xp.clip(directions(xp, first) @ directions(xp, second).mT, -1.0, 1.0)
    return narrow(xp, cosines, dtype)


def directions(xp: Any, vectors: Array) -> Array:
    """Vectors (n, d) at length 1, and zero vectors as they are; unchecked."""
    # The largest entry moves to 1 before squares are taken, which could overflow or vanish.
    largest = xp.max(xp.abs(vectors), axis=-1, keepdims=True)
    is_zero = largest == 0
    scaled = vectors / xp.where(is_zero, 1.0, largest)
    # `where` inside the root: its gradient is infinite at 0.
    squares = xp.where(is_zero, 1.0, xp.sum(scaled * scaled, axis=-1, keepdims=True))
    return scaled / xp.sqrt(squares)


def iou_cost(boxes1: Array, boxes2: Array) -> Array:
    """1 - IoU of every pair of boxes: 0 for equal boxes, 1 for boxes that do not overlap.

    Args:
        boxes1: (N, 4) as x1, y1, x2, y2.
        boxes2: (M, 4), likewise.

    Returns:
        (N, M) in [0, 1].

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, another shape.
    """
    return 1 - box_iou(boxes1, boxes2)


def associate(cost: Array, *, max_cost: float) -> Association:
    """The pairs of least total cost, when whoever stays alone costs `max_cost`.

    Among all sets of pairs with cost <= max_cost it finds one with the largest
    Σ (max_cost - cost), and among those one with the most pairs. A forbidden pair therefore never
    changes what happens to the others. With max_cost = infinity the number of pairs comes first.
    This is DeepSORT's rule. SORT itself assigns on all costs and strikes out forbidden pairs
    afterwards, which can leave two good partners alone: :py:class:`Sort` keeps to that.

    Solved by the Hungarian method (Kuhn 1955; SciPy's `linear_sum_assignment`).

    Args:
        cost: (N, M), any number or +infinity, which forbids a pair.
        max_cost: the largest cost of a pair that may be matched, > -infinity.

    Returns:
        An :py:class:`Association` with `matches` (K, 2) with K <= min(N, M), `unmatched_rows`
        (N - K,), `unmatched_columns` (M - K,).

    Raises:
        ValueError: NaN or -infinity, or a cost that is not a matrix.
    """
    cost, costs, allowed = _checked(cost, max_cost)
    price = _price(costs[allowed], max_cost, min(costs.shape))
    rows, columns = linear_sum_assignment(np.where(allowed, costs, price))
    kept = allowed[rows, columns]
    return _association(cost, rows[kept], columns[kept])


def greedy_associate(cost: Array, *, max_cost: float) -> Association:
    """The cheapest pair first, then the cheapest of the others, and so on up to `max_cost`.

    Of equal costs the lower row goes first, then the lower column. Its total may be larger than
    that of :py:func:`associate`, whose arguments, return value and errors it shares.
    """
    cost, costs, allowed = _checked(cost, max_cost)
    rows, columns = np.nonzero(allowed)
    order = np.argsort(costs[rows, columns], kind="stable")
    row_of_column: dict[int, int] = {}
    taken: set[int] = set()
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in taken and column not in row_of_column:
            row_of_column[column] = row
            taken.add(row)
    pairs = sorted((row, column) for column, row in row_of_column.items())
    matched = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return _association(cost, matched[:, 0], matched[:, 1])


def _checked(cost: Array, max_cost: float) -> tuple[Array, np.ndarray, np.ndarray]:
    """The cost, the cost in NumPy's float64, and which pairs are allowed."""
    _, cost = float_arrays(cost=cost)
    check_ndim(2, "(N, M)", cost=cost)
    costs = to_numpy(cost, np.float64)
    if np.any(costs == -np.inf):
        raise ValueError("cost must be above -infinity, got -infinity")
    check_between(-np.inf, np.inf, max_cost=max_cost)
    if max_cost == -np.inf:
        raise ValueError("max_cost must be a number above -infinity, got -inf")
    max_cost = float(max_cost)
    return cost, costs, (costs <= max_cost) & (costs < np.inf)


def _price(allowed_costs: np.ndarray, max_cost: float, most_pairs: int) -> float:
    """The cost of a forbidden pair: that of staying alone, and dearer than any allowed pair."""
    if allowed_costs.size == 0:
        return 0.0
    lowest, highest = allowed_costs.min(), allowed_costs.max()
    if math.isinf(max_cost):
        # One pair more must outweigh whatever the others save.
        return float(highest + (highest - lowest) * most_pairs + 1)
    # A little above max_cost, or a pair at exactly max_cost might as well stay alone.
    return float(max_cost + 1e-9 * ((max_cost - lowest) or 1.0))


def _association(cost: Array, rows: np.ndarray, columns: np.ndarray) -> Association:
    parts = (
        np.stack([rows, columns], axis=-1),
        np.setdiff1d(np.arange(cost.shape[0]), rows),
        np.setdiff1d(np.arange(cost.shape[1]), columns),
    )
    return Association(*(like(cost, part.astype(np.int64)) for part in parts))
