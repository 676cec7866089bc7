"""Optical flow: where the brightness around each pixel went, by Lucas and Kanade.

Brightness constancy, I(x) = J(x + d), linearised in d gives one equation per pixel,
∇I·d = I(x) - J(x), for two unknowns. A window of pixels that share d gives enough of them:

    G d = b,   G = Σ ∇I ∇Iᵀ,   b = Σ ∇I (I - J)

(Lucas and Kanade, "An Iterative Image Registration Technique", 1981). Where the smaller eigenvalue
of G is small there is no answer: a flat patch fixes nothing, an edge only the motion across it.
For motion of more than a pixel or two the linear equation fails; a pyramid of halved images turns
it into a small one, which every finer level refines (Bouguet, "Pyramidal Implementation of the
Lucas Kanade Feature Tracker", 2000).

Images may be NumPy's or Torch's, of any floating type, and results come back in theirs. The work is
SciPy's, in float64: values alone, without gradients for Torch.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.ndimage import correlate1d, map_coordinates, uniform_filter

from .._validation import (
    check_finite,
    check_ndim,
    check_positive,
    check_probabilities,
    check_shape,
    check_whole,
)
from ..arrays import Array, float_arrays, like, to_numpy

HALF_PIXEL = 0.5  # a pixel reaches so far beyond its centre: the image ends there


class Flow(NamedTuple):
    """Motion (H, W, 2) in pixels, x (right) before y (down), and where it is known (H, W)."""

    motion: Array
    valid: Array


class TrackedPoints(NamedTuple):
    """Points (N, 2) in the second image, x before y, and which of them were found (N,)."""

    points: Array
    valid: Array


def smallest_eigenvalue(image: Array, *, window_size: int = 15) -> Array:
    """How well the motion of each pixel's window is determined: the smaller eigenvalue of G.

    Its largest values are good points to track (Shi and Tomasi, "Good Features to Track", 1994).

    Args:
        image: (H, W) brightness in [0, 1].
        window_size: odd, the side of the window in pixels.

    Returns:
        (H, W) >= 0, the eigenvalue of G divided by the number of pixels in the window.

    Raises:
        ValueError: an image that is not (H, W) or not in [0, 1], or a window that is not odd.
    """
    back, image = _images(window_size, image=image)
    gradient_x, gradient_y = _gradient(image)
    products = (gradient_x * gradient_x, gradient_x * gradient_y, gradient_y * gradient_y)
    return back(_smaller_root(*_window_means(np.stack(products), window_size)))


def lucas_kanade(
    first: Array, second: Array, *, window_size: int = 15, min_eigenvalue: float = 1e-5
) -> Flow:
    """The flow at every pixel from one linear solve on the images as they are.

    Right for motion below about a pixel; for more use :py:func:`pyramidal_lucas_kanade`.

    Args:
        first, second: (H, W) brightness in [0, 1]; the mean over channels of a colour image.
        window_size: odd, the side of the window in pixels. Pixels outside the image do not count.
        min_eigenvalue: > 0; a window is valid where :py:func:`smallest_eigenvalue` reaches it. A
            gradient of 0.3 % per pixel in every direction has about 1e-5.

    Returns:
        The flow; (0, 0) where it is not valid, a window without texture in some direction, or
        motion that leads out of the image.

    Raises:
        ValueError: images that are not (H, W), not of one shape or not in [0, 1], a window that
            is not odd, or a min_eigenvalue that is not positive.
    """
    back, first, second = _images(window_size, min_eigenvalue, first=first, second=second)
    y, x = np.indices(first.shape)
    still = (np.zeros_like(first), np.zeros_like(first))
    u, v, valid = _dense_step(first, second, still, window_size, min_eigenvalue)
    return _flow(back, u, v, valid & _inside(first, x + u, y + v, margin=HALF_PIXEL))


def pyramidal_lucas_kanade(
    first: Array,
    second: Array,
    *,
    window_size: int = 15,
    levels: int = 4,
    iterations: int = 5,
    min_eigenvalue: float = 1e-5,
) -> Flow:
    """The flow at every pixel, coarse to fine.

    Each step solves for the whole motion d, around a second image warped by the d₀ so far:
    ∇I·d = ∇I·d₀ + I(x) - J(x + d₀). Where a level has no answer, the coarser one's stays.

    Args:
        first, second, window_size, min_eigenvalue: as for :py:func:`lucas_kanade`.
        levels: images in the pyramid, >= 1; fewer where one would be smaller than the window. Each
            doubles the motion within reach.
        iterations: steps on each level, >= 1.

    Returns:
        The flow, as for :py:func:`lucas_kanade`; valid is judged on the full images.

    Raises:
        ValueError: as for :py:func:`lucas_kanade`; levels or iterations below 1.
    """
    back, first, second = _images(window_size, min_eigenvalue, first=first, second=second)
    check_whole(1, levels=levels, iterations=iterations)
    pyramid = _image_pyramid(first, second, levels, window_size)
    coarsest = pyramid[-1][0]
    flow = (np.zeros_like(coarsest), np.zeros_like(coarsest))
    for level in range(len(pyramid) - 1, -1, -1):
        image, other = pyramid[level]
        y, x = np.indices(image.shape)
        if level < len(pyramid) - 1:
            flow = tuple(2 * _sample(part, x / 2, y / 2) for part in flow)
        for _ in range(iterations):
            u, v, valid = _dense_step(image, other, flow, window_size, min_eigenvalue)
            flow = (np.where(valid, u, flow[0]), np.where(valid, v, flow[1]))
    valid = valid & _inside(first, x + flow[0], y + flow[1], margin=HALF_PIXEL)
    return _flow(back, *flow, valid)


def track_points(
    first: Array,
    second: Array,
    points: Array,
    *,
    window_size: int = 15,
    levels: int = 4,
    iterations: int = 10,
    min_eigenvalue: float = 1e-5,
) -> TrackedPoints:
    """Follow single points from the first image to the second (Bouguet 2000).

    Args:
        first, second, levels, min_eigenvalue: as for :py:func:`pyramidal_lucas_kanade`.
        points: (N, 2) x, y in pixels, also between pixels; (0, 0) is the centre of the first one.
        window_size: odd, the side of the window around each point.
        iterations: steps on each level, >= 1.

    Returns:
        The points in the second image. Not valid, and left where it was, is a point outside the
        first image, without texture around it, or tracked out of the second image.

    Raises:
        ValueError: as for :py:func:`pyramidal_lucas_kanade`; points that are not (N, 2) or not
            finite.
    """
    _, _, given = float_arrays(first=first, points=points)
    _, first, second = _images(window_size, min_eigenvalue, first=first, second=second)
    check_whole(1, levels=levels, iterations=iterations)
    points = to_numpy(given, np.float64)
    points = points.reshape(0, 2) if points.shape == (0,) else points
    check_shape((points.shape[0] if points.ndim else 0, 2), "x, y of each point", points=points)
    check_finite(np, points=points)
    pyramid = _image_pyramid(first, second, levels, window_size)
    motion, valid = np.zeros_like(points), np.zeros(len(points), dtype=bool)
    for level in range(len(pyramid) - 1, -1, -1):
        scale = 2.0**level
        start, guess = points / scale, motion / scale
        guess, valid = _follow(
            *pyramid[level], start, guess, window_size, iterations, min_eigenvalue
        )
        motion = guess * scale
    end = points + motion
    for place in (points, end):
        valid = valid & _inside(first, place[:, 0], place[:, 1], margin=HALF_PIXEL)
    end = np.where(valid[:, None], end, points)
    return TrackedPoints(like(given, end, given.dtype), like(given, valid))


Back = Callable[[np.ndarray], Array]


def _images(
    window_size: int, min_eigenvalue: float = 1.0, **images: Array
) -> tuple[Back, *tuple[np.ndarray, ...]]:
    """The way back to the images' library and type, and the checked images in float64."""
    xp, *arrays = float_arrays(**images)
    given = dict(zip(images, arrays, strict=True))
    name, first = next(iter(given.items()))
    check_ndim(2, "(H, W)", **{name: first})
    for other, image in given.items():
        check_shape(first.shape, f"the shape of {name}", **{other: image})
    check_probabilities(xp, **given)
    check_whole(1, window_size=window_size)
    if window_size % 2 == 0:
        raise ValueError(f"window_size must be odd, got {window_size}")
    check_positive(min_eigenvalue=min_eigenvalue)

    def back(values: np.ndarray) -> Array:
        return like(first, values, None if values.dtype == bool else first.dtype)

    return back, *(to_numpy(image, np.float64) for image in arrays)


def _flow(back: Back, u: np.ndarray, v: np.ndarray, valid: np.ndarray) -> Flow:
    motion = np.stack([u, v], axis=-1)  # (H, W, 2)
    return Flow(back(np.where(valid[..., None], motion, 0.0)), back(valid))


def _gradient(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Central differences in x and y, one-sided at the border."""
    return tuple(
        np.gradient(image, axis=axis) if image.shape[axis] > 1 else np.zeros_like(image)
        for axis in (1, 0)
    )


def _window_means(images: np.ndarray, window_size: int) -> np.ndarray:
    """(k, H, W): the mean over the window around each pixel, with zeros outside the image."""
    return uniform_filter(images, size=(1, window_size, window_size), mode="constant")


def _image_pyramid(
    first: np.ndarray, second: np.ndarray, levels: int, window_size: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of images, each level smoothed by 1/4, 1/2, 1/4 and half as large; pixel 0 stays."""
    pyramid = [(first, second)]
    while len(pyramid) < levels and min(pyramid[-1][0].shape) >= 2 * window_size:
        pyramid.append(tuple(_smooth(_smooth(image, 0), 1)[::2, ::2] for image in pyramid[-1]))
    return pyramid


def _smooth(image: np.ndarray, axis: int) -> np.ndarray:
    return correlate1d(image, [0.25, 0.5, 0.25], axis=axis, mode="nearest")


def _sample(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The image between its pixels, bilinear; outside, the nearest border. x, y broadcast."""
    return map_coordinates(image, np.broadcast_arrays(y, x), order=1, mode="nearest")


def _inside(image: np.ndarray, x: np.ndarray, y: np.ndarray, *, margin: float = 0.0) -> np.ndarray:
    """Whether places lie between pixel centres, or up to `margin` pixels beyond them."""
    height, width = image.shape
    right, bottom = width - 1 + margin, height - 1 + margin
    return (x >= -margin) & (x <= right) & (y >= -margin) & (y <= bottom)


def _dense_step(
    first: np.ndarray,
    second: np.ndarray,
    flow: tuple[np.ndarray, np.ndarray],
    window_size: int,
    min_eigenvalue: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y, x = np.indices(first.shape)
    u, v = flow
    gradient_x, gradient_y = _gradient(first)
    change = gradient_x * u + gradient_y * v + first - _sample(second, x + u, y + v)
    equations = _equations(gradient_x, gradient_y, change) * _inside(first, x + u, y + v)
    return _solve(_window_means(equations, window_size), min_eigenvalue)


def _follow(
    first: np.ndarray,
    second: np.ndarray,
    points: np.ndarray,
    motion: np.ndarray,
    window_size: int,
    iterations: int,
    min_eigenvalue: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The motion (N, 2) of points (N, 2) on one level, and whether it could be computed (N,)."""
    radius = window_size // 2
    offsets = np.arange(-radius, radius + 1)
    x = points[:, 0, None, None] + offsets[None, None, :]  # (N, 1, window)
    y = points[:, 1, None, None] + offsets[None, :, None]  # (N, window, 1)
    patch, gradient_x, gradient_y = (_sample(image, x, y) for image in (first, *_gradient(first)))
    for _ in range(iterations):
        to_x, to_y = x + motion[:, 0, None, None], y + motion[:, 1, None, None]
        change = patch - _sample(second, to_x, to_y)
        weights = _inside(first, x, y) & _inside(first, to_x, to_y)
        equations = _equations(gradient_x, gradient_y, change) * weights
        u, v, valid = _solve(np.mean(equations, axis=(-2, -1)), min_eigenvalue)
        motion = motion + np.stack([u, v], axis=-1)
    return motion, valid


def _equations(gradient_x: np.ndarray, gradient_y: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Each pixel's share of G (xx, xy, yy) and b (x, y), stacked: (5, ...)."""
    gradient = np.stack([gradient_x, gradient_y])
    return np.concatenate([gradient_x * gradient, gradient_y * gradient[1:], change * gradient])


def _solve(
    equations: np.ndarray, min_eigenvalue: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d = G⁻¹ b by Cramer's rule; (0, 0) and False where G is too flat."""
    xx, xy, yy, bx, by = equations
    determinant = xx * yy - xy * xy
    valid = (_smaller_root(xx, xy, yy) >= min_eigenvalue) & (determinant > 0)
    determinant = np.where(valid, determinant, 1.0)
    u = np.where(valid, (yy * bx - xy * by) / determinant, 0.0)
    v = np.where(valid, (xx * by - xy * bx) / determinant, 0.0)
    return u, v, valid


def _smaller_root(xx: np.ndarray, xy: np.ndarray, yy: np.ndarray) -> np.ndarray:
    """The smaller eigenvalue of [[xx, xy], [xy, yy]], not below 0 by rounding."""
    half = (xx - yy) / 2
    return np.maximum((xx + yy) / 2 - np.sqrt(half * half + xy * xy), 0)
