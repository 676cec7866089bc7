"""Colours and settings that all figures share."""

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap, to_rgb

# The colours of Okabe and Ito (2008), told apart by colour-blind readers; those that stand out from
# white come first. Their yellow is left out: a yellow line on white is hardly seen.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "^", "s", "D", "v", "P", "X")  # one for each of the colours

NEGATIVE, POSITIVE = BLUE, VERMILION  # the classes 0 and 1
BOUNDARY = BLACK

# From a tint of NEGATIVE over white at ½ to one of POSITIVE: pale, so that points stand out.
PROBABILITY = LinearSegmentedColormap.from_list("probability", ["#7DB8DC", "#FFFFFF", "#F4A877"])

WIDTH = 6.0  # inches: letters of 11 points stay legible on a phone, at 360 pixels for all of it


def use_course_style() -> None:
    """Make figures look alike on every page; call it in the first code cell.

    Starts from Matplotlib's own defaults, whatever the reader's settings are. The ground is white
    and opaque, legible on a light page and on a dark one.
    """
    settings = {
        "figure.figsize": (WIDTH, 3.6),
        "figure.dpi": 128,
        "figure.constrained_layout.use": True,
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E4E4E4",
        "font.size": 12,
        "axes.titlesize": 12,
        "xtick.labelsize": 11,
        "ytick.labelsize": 11,
        "legend.fontsize": 11,
        "lines.linewidth": 2.2,
    }
    plt.style.use(["default", settings])


def readable_on(colour: str | np.ndarray) -> str:
    """Black or white, whichever has more contrast to the colour (WCAG 2.2, relative luminance)."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    # (L + 0.05) / 0.05 against black equals 1.05 / (L + 0.05) against white where L is 0.179.
    return "black" if luminance > 0.179 else "white"
