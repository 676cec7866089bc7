"""Points, boundaries, probabilities and counts."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.contour import QuadContourSet
from matplotlib.image import AxesImage
from matplotlib.lines import AxLine

from .style import BOUNDARY, COLOURS, GREEN, MARKERS, ORANGE, PROBABILITY, readable_on


def labelled_points(
    ax: Axes,
    X: np.ndarray,
    y: np.ndarray,
    *,
    class_names: Sequence[str] | None = None,
    size: float = 36,
) -> list[PathCollection]:
    """Points in the plane; colour and marker tell the class.

    Args:
        ax: where to draw.
        X: (n, 2) points.
        y: (n,) class indices, 0 to 6.
        class_names: one for each class, for `ax.legend()`.
        size: area of a marker in square points.

    Returns:
        One artist for each class that occurs, in the order of the indices.

    Raises:
        ValueError: shapes that do not fit, or a class index without a marker or a name.
    """
    X, y = np.asarray(X), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != X.shape[:1]:
        raise ValueError(f"X must have shape (n, 2) and y (n,), got {X.shape} and {y.shape}")
    num_classes = min(len(MARKERS), len(MARKERS if class_names is None else class_names))
    unknown = np.setdiff1d(y, np.arange(num_classes))
    if unknown.size:
        raise ValueError(f"y must contain class indices 0 to {num_classes - 1}, got {unknown[0]}")
    return [
        ax.scatter(
            *X[y == k].T,
            s=size,
            color=COLOURS[k],
            marker=MARKERS[k],
            edgecolors="white",
            linewidths=0.7,
            label=None if class_names is None else class_names[k],
            zorder=3,
        )
        for k in np.unique(y).astype(int)
    ]


def decision_boundary(ax: Axes, w: np.ndarray, b: float, **line: Any) -> AxLine:
    """The line wᵀx + b = 0 across the whole view, which it does not change.

    Args:
        ax: where to draw.
        w: (2,) weights.
        b: () bias.
        line: properties of the line, such as `label` or `linestyle`.

    Returns:
        The line. Where it misses the view, nothing is seen.

    Raises:
        ValueError: weights that are both 0 (no line), or not two finite numbers.
    """
    w, b = np.asarray(w, dtype=float), float(b)
    if w.shape != (2,) or not np.isfinite([*w, b]).all():
        raise ValueError(f"w must be two finite weights and b a finite bias, got {w} and {b}")
    if not w.any():
        raise ValueError("w must not be zero: then every point is on the same side")
    nearest = -b * w / (w @ w)  # the point of the line nearest to the origin
    slope = -w[0] / w[1] if w[1] else np.inf
    # Given a transform, Matplotlib does not widen the view to hold that point.
    style = {"color": BOUNDARY, "transform": ax.transData, **line}
    return ax.axline(tuple(nearest), slope=slope, **style)


def probability_map(
    ax: Axes,
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    label: str | None = "probability of class 1",
) -> QuadContourSet:
    """The predicted probability at every point of the view, in steps of 0.1, with a colour bar.

    It fills the view as it is: draw the points first.

    Args:
        ax: where to draw.
        predict: takes (m, 2) points, returns (m,) probabilities in [0, 1].
        label: of the colour bar; None leaves the bar out.

    Returns:
        The filled contours.
    """
    x_limits, y_limits = ax.get_xlim(), ax.get_ylim()
    x, y = np.meshgrid(np.linspace(*x_limits, 200), np.linspace(*y_limits, 200))
    p = np.asarray(predict(np.stack([x.ravel(), y.ravel()], axis=1))).reshape(x.shape)
    filled = ax.contourf(x, y, p, levels=np.linspace(0, 1, 11), cmap=PROBABILITY, zorder=0)
    ax.set(xlim=x_limits, ylim=y_limits)
    ax.grid(False)
    if label is not None:
        ax.figure.colorbar(filled, ax=ax, label=label, ticks=np.linspace(0, 1, 6))
    return filled


def confusion_table(
    ax: Axes, counts: np.ndarray, *, class_names: Sequence[str] | None = None
) -> AxesImage:
    """How often each class was taken for each: rows are the truth, columns the prediction.

    Right is green and wrong is orange; the fuller the colour, the larger the share of the row.

    Args:
        ax: where to draw.
        counts: (K, K) counts, or :py:class:`visioncourse.logistic.ConfusionCounts`.
        class_names: K names; None writes the indices.

    Returns:
        The coloured cells.

    Raises:
        ValueError: counts of another shape, or another number of names.
    """
    counts = np.asarray(counts)
    if counts.shape == (4,):
        true_positives, false_positives, false_negatives, true_negatives = counts
        counts = np.array([[true_negatives, false_positives], [false_negatives, true_positives]])
    num_classes = counts.shape[0] if counts.ndim else 0
    if counts.shape != (num_classes, num_classes):
        raise ValueError(f"counts must have shape (K, K) or be four counts, got {counts.shape}")
    names = [str(k) for k in range(num_classes)] if class_names is None else list(class_names)
    if len(names) != num_classes:
        raise ValueError(f"class_names must be {num_classes} names, got {len(names)}")

    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    full = np.where(np.eye(num_classes)[..., None] == 1, to_rgb(GREEN), to_rgb(ORANGE))
    # The root lets a rare mistake be seen beside a row's many right answers.
    cells = 1 - np.sqrt(share)[..., None] * (1 - full)  # (K, K, 3)
    artist = ax.imshow(cells, interpolation="nearest")
    for (row, column), count in np.ndenumerate(counts):
        colour = readable_on(cells[row, column])
        ax.text(column, row, f"{count}", color=colour, ha="center", va="center")
    ax.set_xticks(range(num_classes), names)
    ax.set_yticks(range(num_classes), names)
    ax.set(xlabel="predicted", ylabel="true")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(True)
    ax.grid(False)
    return artist
