"""What a pixel's surroundings say: the window around each pixel as one row of features."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._validation import check_whole
from .still import make_scene


def pixel_windows(image: np.ndarray, reach: int) -> np.ndarray:
    """The colours of the window around every pixel; beyond its edges the picture is mirrored.

    Args:
        image: (H, W, C), its sides longer than `reach`.
        reach: pixels on each side of the middle, >= 0: the window has 2·reach + 1 a side.

    Returns:
        (H·W, (2·reach + 1)²·C), a row for each pixel, row by row; in it the window row by row, and
        the colours of each pixel side by side.

    Raises:
        ValueError: another shape, or a reach that is out of range.
    """
    check_whole(0, reach=reach)
    image = np.asarray(image)
    if image.ndim != 3:
        raise ValueError(f"image must have shape (H, W, C), got {image.shape}")
    if reach >= min(image.shape[:2]):
        raise ValueError(f"reach must be below the sides of image, {image.shape[:2]}, got {reach}")
    side = 2 * reach + 1
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    view = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(0, 1))
    # The view has the colours before the window: (H, W, C, side, side).
    return np.moveaxis(view, 2, -1).reshape(-1, side * side * image.shape[2])


def labelled_windows(
    seeds: Iterable[int], per_scene: int, *, reach: int = 4, **world: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Some pixels of some scenes with their windows, and whether each belongs to an object.

    Args:
        seeds: of the scenes.
        per_scene: how many pixels of each, drawn at random without repetition, >= 0.
        reach: of the windows, as for :py:func:`pixel_windows`.
        world: keyword arguments of :py:func:`make_scene`.

    Returns:
        X (n, (2·reach + 1)²·3) in [0, 1] and y (n,) True for a pixel of an object.

    Raises:
        ValueError: an argument out of its range.
    """
    check_whole(0, per_scene=per_scene)
    rng = np.random.default_rng(0)
    X, y = [np.zeros((0, 3 * (2 * reach + 1) ** 2))], [np.zeros(0, dtype=bool)]
    for seed in seeds:
        scene = make_scene(seed, **world)
        labels = scene.semantic_mask.ravel() > 0
        chosen = rng.permutation(labels.size)[:per_scene]
        X.append(pixel_windows(scene.image, reach)[chosen])
        y.append(labels[chosen])
    return np.concatenate(X), np.concatenate(y)
