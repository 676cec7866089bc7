"""Outlines of objects as COCO's files have them, and the pixels that lie inside."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .rle import read_size, rle_of_runs
from .runs import Runs

FINER = 5  # points of the outline a pixel, COCO's number
CENTRE = FINER // 2
BLOCK_POINTS = 2**20
LARGEST = 2**17  # of a coordinate


def polygons_to_rle(polygons: Sequence[Sequence[float]], size: Sequence[int]) -> dict[str, Any]:
    """The mask of an object whose parts are polygons, as pycocotools' `frPyObjects` and `merge`.

    The outline is followed in steps of a fifth of a pixel. In each column of pixels, those between
    the first and the second place at which it crosses the middle of the column are inside, those
    between the third and the fourth, and so on.

    Args:
        polygons: one or several, each x1, y1, x2, y2, ... with three points or more; together they
            are one object.
        size: [H, W] of the image.

    Returns:
        `{"size": [H, W], "counts": str}`, as of :py:func:`encode_rle`.

    Raises:
        ValueError: a polygon of fewer than three points, an odd number of coordinates, something
            that is no finite number, or a size that is none.
    """
    height, width = read_size(lambda: "size", size)
    runs = runs_of_polygons([polygons], np.array([[height, width]]), lambda row: "polygons")
    return rle_of_runs(runs)[0]


def runs_of_polygons(
    objects: Sequence[Any], sizes: np.ndarray, where: Callable[[int], str]
) -> Runs:
    """The runs of N objects of one or several polygons each, in images of `sizes` (N, 2)."""
    owners, outlines = [], []
    for row, polygons in enumerate(objects):
        for polygon in _list_of(where(row), polygons):
            outlines.append(_points(where(row), polygon))
            owners.append(row)
    groups = np.array(owners, dtype=np.int64)
    lengths = np.array([_num_points(outline) for outline in outlines], dtype=np.int64)
    blocks = np.split(
        np.arange(len(outlines)), np.flatnonzero(np.diff(np.cumsum(lengths) // BLOCK_POINTS)) + 1
    )
    parts = [_inside([outlines[i] for i in block], sizes[groups[block]]) for block in blocks]
    return Runs.joined(parts).union(groups, sizes)


def _list_of(where: str, polygons: Any) -> Sequence[Any]:
    if not isinstance(polygons, list | tuple) or not polygons:
        raise ValueError(f"{where} must be a list of polygons, got {polygons!r:.80}")
    return polygons


def _points(where: str, polygon: Any) -> np.ndarray:
    """The points (k, 2) of one polygon in fifths of a pixel, whole numbers."""
    try:
        points = np.asarray(polygon, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.zeros(0)
    if points.ndim != 1 or len(points) < 6 or len(points) % 2:
        raise ValueError(
            f"{where} must be polygons [x1, y1, x2, y2, x3, y3, ...], got {polygon!r:.80}"
        )
    if not (np.abs(points) <= LARGEST).all():
        raise ValueError(f"{where} must have coordinates up to {LARGEST}, got {polygon!r:.80}")
    return (FINER * points + 0.5).astype(np.int64).reshape(-1, 2)  # rounds towards 0, as COCO


def _num_points(outline: np.ndarray) -> int:
    """How many points its sides have, in steps of a fifth of a pixel."""
    return int(np.abs(outline - np.roll(outline, -1, axis=0)).max(axis=1).sum()) + len(outline)


def _inside(outlines: list[np.ndarray], sizes: np.ndarray) -> Runs:
    """The runs of polygons, each alone."""
    if not outlines:
        return Runs.joined([])
    polygon = np.repeat(np.arange(len(outlines)), [len(outline) for outline in outlines])
    u, v, side = _sides(
        np.concatenate(outlines),
        np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines]),
    )
    polygon = polygon[side]
    # A crossing is where the outline steps to the next fifth of a pixel across a column's middle.
    step = np.flatnonzero((u[1:] != u[:-1]) & (polygon[1:] == polygon[:-1]))
    column, off = np.divmod(np.where(u[step + 1] < u[step], u[step + 1], u[step + 1] - 1), FINER)
    polygon = polygon[step]
    height, width = sizes[polygon].T
    hits = (off == CENTRE) & (column >= 0) & (column < width)
    row = (np.minimum(v[step], v[step + 1]) + 0.5) / FINER - 0.5
    row = np.ceil(np.clip(row, 0, height)).astype(np.int64)
    edges, polygon = (column * height + row)[hits], polygon[hits]
    order = np.lexsort((edges, polygon))
    return _without_pairs(edges[order], polygon[order], sizes)


def _sides(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points of the sides, (m,) x and y in fifths of a pixel, and the side of each.

    Along the longer axis a side goes one fifth a point; the other coordinate is rounded, counted
    from the side's lower end so that both directions give the same points.
    """
    distance = np.abs(end - start)
    flat = distance[:, 0] >= distance[:, 1]
    longer = np.where(flat, distance[:, 0], distance[:, 1])
    side = np.repeat(np.arange(len(start)), longer + 1)
    step = np.arange(len(side)) - np.repeat(np.cumsum(longer + 1) - longer - 1, longer + 1)
    # `a` is the coordinate along the longer axis, `b` the other one.
    (a0, b0), (a1, b1) = (
        (np.where(flat, p[:, 0], p[:, 1]), np.where(flat, p[:, 1], p[:, 0])) for p in (start, end)
    )
    flipped = a0 > a1
    low_a, low_b, high_b = np.minimum(a0, a1), np.where(flipped, b1, b0), np.where(flipped, b0, b1)
    slope = (high_b - low_b) / np.maximum(longer, 1)
    step = np.where(flipped[side], longer[side] - step, step)
    a = low_a[side] + step
    b = (low_b[side] + slope[side] * step + 0.5).astype(np.int64)
    return np.where(flat[side], a, b), np.where(flat[side], b, a), side


def _without_pairs(edges: np.ndarray, polygon: np.ndarray, sizes: np.ndarray) -> Runs:
    """Runs of edges sorted by polygon; of equal ones two cancel each other."""
    new = np.ones(len(edges), dtype=bool)
    new[1:] = (edges[1:] != edges[:-1]) | (polygon[1:] != polygon[:-1])
    first = np.flatnonzero(new)
    odd = first[np.diff(first, append=len(edges)) % 2 == 1]
    ends = np.searchsorted(polygon[odd], np.arange(1, len(sizes) + 1))
    return Runs(edges[odd], ends, sizes)
