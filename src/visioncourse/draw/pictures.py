"""Pictures, and what is known or predicted about them.

A picture of H x W pixels fills the axes from (0, 0), its upper left corner, to (W, H): boxes, which
are edges of pixels, lie on it as they are, and the centre of the first pixel is (½, ½).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from scipy import ndimage

from .style import COLOURS, ORANGE, readable_on


def image(ax: Axes, pixels: np.ndarray, **how: Any) -> AxesImage:
    """A picture with sharp pixels and no ticks.

    Args:
        ax: where to draw.
        pixels: (H, W, 3) or (H, W, 4) colours in [0, 1], or (H, W) numbers in [0, 1], drawn from
            black to white.
        how: arguments of `Axes.imshow`, such as `cmap=draw.PROBABILITY`.

    Returns:
        The picture.
    """
    pixels = np.asarray(pixels)
    height, width = pixels.shape[:2]
    style = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest", **how}
    artist = ax.imshow(pixels, extent=(0, width, height, 0), **style)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return artist


def masks(
    ax: Axes,
    masks: np.ndarray,
    *,
    colours: str | Sequence[str] = COLOURS,
    alpha: float = 0.65,
    outline: bool = True,
) -> AxesImage:
    """Masks laid over a picture: a tint, and an outline of full colour one pixel wide.

    Args:
        ax: where :py:func:`image` has drawn.
        masks: (H, W) class indices or booleans, 0 not drawn; or (N, H, W) booleans, one mask for
            each object, the later over the earlier.
        colours: one for all, or one for each class (the background's comes first) or object; they
            start again when they run out.
        alpha: of the tint, 0 to 1.
        outline: False for masks with many small holes.

    Returns:
        The overlay, (H, W, 4) red, green, blue and alpha.

    Raises:
        ValueError: masks of another dimension.
    """
    masks = np.asarray(masks)
    if masks.ndim == 2:
        layers = {k: masks == k for k in range(1, int(masks.max(initial=0)) + 1)}
    elif masks.ndim == 3:
        layers = dict(enumerate(masks.astype(bool)))
    else:
        raise ValueError(f"masks must have shape (H, W) or (N, H, W), got {masks.shape}")
    colours = [colours] if isinstance(colours, str) else colours
    overlay = np.zeros((*masks.shape[-2:], 4))
    for index, layer in layers.items():
        colour = colours[index % len(colours)]
        overlay[layer] = to_rgba(colour, alpha)
        if outline:
            overlay[layer & ~ndimage.binary_erosion(layer)] = to_rgba(colour)
    return image(ax, overlay)


def boxes(
    ax: Axes,
    boxes: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    scores: Sequence[float] | None = None,
    colours: str | Sequence[str] = ORANGE,
    **line: Any,
) -> list[Rectangle]:
    """Boxes on a picture, each with what it is said to be.

    Args:
        ax: where :py:func:`image` has drawn.
        boxes: (N, 4) x1, y1, x2, y2 in pixels.
        labels: one for each box.
        scores: one for each box, written behind the label with two digits.
        colours: one for all or one for each box.
        line: properties of the rectangles, such as `linestyle`.

    Returns:
        One rectangle for each box.

    Raises:
        ValueError: boxes of another shape, or lists of another length.
    """
    boxes = np.asarray(boxes, dtype=float)
    if boxes.size == 0:
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes must have shape (N, 4), got {boxes.shape}")
    colours = [colours] * len(boxes) if isinstance(colours, str) else colours
    for name, values in (("labels", labels), ("scores", scores), ("colours", colours)):
        if values is not None and len(values) != len(boxes):
            raise ValueError(
                f"{name} must be one for each of {len(boxes)} boxes, got {len(values)}"
            )
    rectangles = []
    for index, (x1, y1, x2, y2) in enumerate(boxes):
        style = {"edgecolor": colours[index], "linewidth": 2, "fill": False, **line}
        box = ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, **style))
        # A white rim: the box is seen on a ground of its own colour.
        box.set_path_effects([withStroke(linewidth=box.get_linewidth() + 1.5, foreground="white")])
        rectangles.append(box)
        words = [] if labels is None else [str(labels[index])]
        words += [] if scores is None else [f"{scores[index]:.2f}"]
        if words:
            _tag(ax, boxes[index], " ".join(words), colours[index])
    return rectangles


def _tag(ax: Axes, box: np.ndarray, words: str, colour: str) -> None:
    """Words on a plate of the colour at the top of the box, where the picture has room for them."""
    x1, y1, x2, _ = box
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    on_the_left = (x1 + x2) / 2 < (left + right) / 2
    near_the_top = abs(y1 - top) < 0.1 * abs(bottom - top)
    ax.text(
        x1 if on_the_left else x2,
        y1,
        words,
        color=readable_on(colour),
        fontsize=10,
        horizontalalignment="left" if on_the_left else "right",
        verticalalignment="top" if near_the_top else "bottom",
        bbox={"facecolor": colour, "edgecolor": "none", "pad": 1.5},
        clip_on=True,
    )
