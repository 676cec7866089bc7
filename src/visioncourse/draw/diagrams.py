"""The way of learning as a drawing: forward to a loss, back to new weights."""

from collections.abc import Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from .style import BLUE, VERMILION

PITCH, ROW = 1.3, 1.25  # from one box to the next, in units of a box's width, and between the rows
HEIGHT = 0.8
SAME, CHANGED = "#E8F1F8", "#FBE3D3"  # tints of BLUE and VERMILION


def pipeline(
    ax: Axes,
    forward: Sequence[tuple[str, str]],
    backward: Sequence[tuple[str, str]],
    *,
    changed: Collection[int] = (),
) -> list[Text]:
    """Draw a loop of boxes: the forward pass above, left to right, and below the way back.

    The last box of the way back holds what learning changes; an arrow leads from it to the second
    box of the forward pass, which uses it.

    Args:
        ax: where to draw; its axes are switched off. A figure of 6 x 2.6 inches holds four boxes.
        forward: for each box its symbol and a word below it, such as ("$z$", "logit"); two or more.
        backward: likewise, in the order of the calculation; one or more, not more than `forward`.
        changed: places of boxes to highlight, counted through both rows: what is new on a page.

    Returns:
        The texts, two for each box, in the order of the boxes.

    Raises:
        ValueError: too few or too many boxes, or a place without a box.
    """
    if len(forward) < 2 or not 1 <= len(backward) < len(forward):
        raise ValueError(
            "forward must have at least 2 boxes and backward 1 to one less than forward, "
            f"got {len(forward)} and {len(backward)}"
        )
    unknown = set(changed) - set(range(len(forward) + len(backward)))
    if unknown:
        raise ValueError(f"changed must name boxes that are there, got {min(unknown)}")
    last = len(forward) - 1
    places = [(PITCH * k, ROW) for k in range(last + 1)]
    # The way back ends below the second box.
    stride = (last - 1) / max(len(backward) - 1, 1)
    places += [(PITCH * (last - stride * k), 0.0) for k in range(len(backward))]
    if len(backward) == 1:
        places[-1] = (PITCH, 0.0)
    texts = []
    for k, ((x, y), (symbol, word)) in enumerate(zip(places, [*forward, *backward], strict=True)):
        texts += _box(ax, x, y, symbol, word, is_changed=k in changed)
    for k, (start, end) in enumerate(zip(places, [*places[1:], places[1]], strict=True)):
        _arrow(ax, start, end, backwards=k >= last)
    ax.set(xlim=(-0.55, PITCH * last + 0.55), ylim=(-HEIGHT / 2 - 0.05, ROW + HEIGHT / 2 + 0.05))
    ax.axis("off")
    return texts


def _box(
    ax: Axes, x: float, y: float, symbol: str, word: str, *, is_changed: bool
) -> tuple[Text, Text]:
    colour, edge = (CHANGED, VERMILION) if is_changed else (SAME, BLUE)
    ax.add_patch(
        FancyBboxPatch(
            (x - 0.5, y - HEIGHT / 2),
            1.0,
            HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor=colour,
            edgecolor=edge,
            linewidth=2.5 if is_changed else 1.2,
            zorder=2,
        )
    )
    return (
        ax.text(x, y + 0.13, symbol, ha="center", va="center", fontsize=15, zorder=3),
        ax.text(x, y - 0.22, word, ha="center", va="center", fontsize=11, zorder=3),
    )


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], *, backwards: bool
) -> None:
    """From the edge of one box to that of the next; the way back is dashed."""
    (x0, y0), (x1, y1) = start, end
    if y0 == y1:
        step = 0.5 if x1 > x0 else -0.5
        x0, x1 = x0 + step, x1 - step
    else:
        step = HEIGHT / 2 if y1 > y0 else -HEIGHT / 2
        y0, y1 = y0 + step, y1 - step
    ax.annotate(
        "",
        xy=(x1, y1),
        xytext=(x0, y0),
        arrowprops={
            "arrowstyle": "-|>",
            "color": "0.2",
            "linewidth": 1.6,
            "linestyle": (0, (4, 2)) if backwards else "solid",
            "shrinkA": 1,
            "shrinkB": 1,
        },
    )
