"""Tracks on a frame of a video."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from .pictures import boxes
from .style import COLOURS

# White, so that a way is seen on a ground of its own colour.
_RIM = withStroke(linewidth=3.7, foreground="white")


def tracks(
    ax: Axes, rows: np.ndarray, frame: int, *, length: int = 30, **line: Any
) -> list[Line2D]:
    """The objects of one frame, each with its box, its identity, and the way that it has come.

    Identity i has the colour `COLOURS[i % 7]`, in every frame.

    Args:
        ax: where :py:func:`image` has drawn that frame; its view stays as it is.
        rows: (R, C) MOT rows with C >= 6: frame, identity, x, y, width, height, in pixels.
        frame: the number of the frame, as in the rows.
        length: over how many frames, this one included, a way goes back.
        line: properties of the ways, such as `linewidth`.

    Returns:
        A line for each object in the frame, through the centres of its boxes.

    Raises:
        ValueError: rows of another shape.
    """
    rows = np.asarray(rows)
    if rows.size == 0:
        rows = rows.reshape(0, 6)
    if rows.ndim != 2 or rows.shape[1] < 6:
        raise ValueError(f"rows must have shape (R, 6) or more columns, got {rows.shape}")
    now = rows[rows[:, 0] == frame]
    recent = rows[(frame - length < rows[:, 0]) & (rows[:, 0] <= frame)]
    colours = [COLOURS[int(identity) % len(COLOURS)] for identity in now[:, 1]]
    view = ax.axis()
    ways = []
    for identity, colour in zip(now[:, 1], colours, strict=True):
        way = recent[recent[:, 1] == identity]
        way = way[np.argsort(way[:, 0])]
        x, y = (way[:, 2:4] + way[:, 4:6] / 2).T
        ways += ax.plot(x, y, **{"color": colour, "path_effects": [_RIM], **line})
    corners = np.hstack([now[:, 2:4], now[:, 2:4] + now[:, 4:6]])
    boxes(ax, corners, labels=[f"{int(i)}" for i in now[:, 1]], colours=colours)
    ax.axis(view)
    return ways
