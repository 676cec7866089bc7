"""Optical flow: where the brightness around each pixel went, by Lucas and Kanade.

Brightness constancy, I(x) = J(x + d), linearised in d gives one equation per pixel,
∇I·d = I(x) - J(x), for two unknowns. A window of pixels that share d gives enough of them:

    G d = b,   G = Σ ∇I ∇Iᵀ,   b = Σ ∇I (I - J)

(Lucas and Kanade, "An Iterative Image Registration Technique", 1981). Where the smaller eigenvalue
of G is small there is no answer: a flat patch fixes nothing, an edge only the motion across it.
For motion of more than a pixel or two the linear equation fails; a pyramid of halved images turns
it into a small one, which every finer level refines (Bouguet, "Pyramidal Implementation of the
Lucas Kanade Feature Tracker", 2000).

Everything runs on NumPy arrays and on Torch tensors.
"""

from typing import Any, NamedTuple

import array_api_compat

from .._validation import check_finite, check_probabilities, check_shape, check_whole
from ..arrays import Array, float_arrays
from ._sampling import derivative, grid, image_pyramid, inside, sample, window_means

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
    xp, image, _ = _images(image, image, window_size, 1.0)
    gradient_x, gradient_y = derivative(xp, image, 1), derivative(xp, image, 0)
    products = (gradient_x * gradient_x, gradient_x * gradient_y, gradient_y * gradient_y)
    return _smaller_root(xp, *window_means(xp, xp.stack(products), window_size))


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
    xp, first, second = _images(first, second, window_size, min_eigenvalue)
    x, y = grid(xp, first)
    still = (xp.zeros_like(first), xp.zeros_like(first))
    u, v, valid = _dense_step(xp, first, second, still, window_size, min_eigenvalue)
    return _flow(xp, u, v, valid & inside(first, x + u, y + v, margin=HALF_PIXEL))


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
    xp, first, second = _images(first, second, window_size, min_eigenvalue)
    check_whole(1, levels=levels, iterations=iterations)
    pyramid = image_pyramid(xp, first, second, levels, window_size)
    coarsest = pyramid[-1][0]
    flow = (xp.zeros_like(coarsest), xp.zeros_like(coarsest))
    for level in range(len(pyramid) - 1, -1, -1):
        image, other = pyramid[level]
        x, y = grid(xp, image)
        if level < len(pyramid) - 1:
            flow = tuple(2 * sample(xp, part, x / 2, y / 2) for part in flow)
        for _ in range(iterations):
            u, v, valid = _dense_step(xp, image, other, flow, window_size, min_eigenvalue)
            flow = (xp.where(valid, u, flow[0]), xp.where(valid, v, flow[1]))
    valid = valid & inside(first, x + flow[0], y + flow[1], margin=HALF_PIXEL)
    return _flow(xp, *flow, valid)


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
    xp, first, second = _images(first, second, window_size, min_eigenvalue)
    check_whole(1, levels=levels, iterations=iterations)
    _, _, points = float_arrays(first=first, points=points)
    points = xp.reshape(points, (0, 2)) if points.shape == (0,) else points
    check_shape((points.shape[0] if points.ndim else 0, 2), "x, y of each point", points=points)
    check_finite(xp, points=points)
    if array_api_compat.size(first) == 0:
        return TrackedPoints(points, xp.zeros_like(points[:, 0], dtype=xp.bool))
    pyramid = image_pyramid(xp, first, second, levels, window_size)
    motion = xp.zeros_like(points)
    for level in range(len(pyramid) - 1, -1, -1):
        scale = 2.0**level
        start, guess = points / scale, motion / scale
        guess, valid = _follow(
            xp, *pyramid[level], start, guess, window_size, iterations, min_eigenvalue
        )
        motion = guess * scale
    end = points + motion
    for place in (points, end):
        valid = valid & inside(first, place[:, 0], place[:, 1], margin=HALF_PIXEL)
    return TrackedPoints(xp.where(valid[:, None], end, points), valid)


def _images(
    first: Array, second: Array, window_size: int, min_eigenvalue: float
) -> tuple[Any, Array, Array]:
    xp, first, second = float_arrays(first=first, second=second)
    if first.ndim != 2:
        raise ValueError(f"first must have shape (H, W), got {tuple(first.shape)}")
    check_shape(first.shape, "the shape of first", second=second)
    check_probabilities(xp, first=first, second=second)
    check_whole(1, window_size=window_size)
    if window_size % 2 == 0:
        raise ValueError(f"window_size must be odd, got {window_size}")
    if not 0 < min_eigenvalue < float("inf"):
        raise ValueError(f"min_eigenvalue must be a finite number > 0, got {min_eigenvalue}")
    return xp, first, second


def _flow(xp: Any, u: Array, v: Array, valid: Array) -> Flow:
    motion = xp.stack([u, v], axis=-1)  # (H, W, 2)
    return Flow(xp.where(valid[..., None], motion, xp.zeros_like(motion)), valid)


def _dense_step(
    xp: Any,
    first: Array,
    second: Array,
    flow: tuple[Array, Array],
    window_size: int,
    min_eigenvalue: float,
) -> tuple[Array, Array, Array]:
    x, y = grid(xp, first)
    u, v = flow
    gradient_x, gradient_y = derivative(xp, first, 1), derivative(xp, first, 0)
    change = gradient_x * u + gradient_y * v + first - sample(xp, second, x + u, y + v)
    equations = _equations(xp, gradient_x, gradient_y, change)
    weights = xp.astype(inside(first, x + u, y + v), first.dtype)
    return _solve(xp, window_means(xp, equations * weights, window_size), min_eigenvalue)


def _follow(
    xp: Any,
    first: Array,
    second: Array,
    points: Array,
    motion: Array,
    window_size: int,
    iterations: int,
    min_eigenvalue: float,
) -> tuple[Array, Array]:
    """The motion (N, 2) of points (N, 2) on one level, and whether it could be computed (N,)."""
    radius = window_size // 2
    device = array_api_compat.device(first)
    offsets = xp.arange(-radius, radius + 1, dtype=first.dtype, device=device)
    x = points[:, 0][:, None, None] + offsets[None, None, :]  # (N, 1, window)
    y = points[:, 1][:, None, None] + offsets[None, :, None]  # (N, window, 1)
    patch, gradient_x, gradient_y = (
        sample(xp, image, x, y)
        for image in (first, derivative(xp, first, 1), derivative(xp, first, 0))
    )
    for _ in range(iterations):
        to_x, to_y = x + motion[:, 0][:, None, None], y + motion[:, 1][:, None, None]
        change = patch - sample(xp, second, to_x, to_y)
        weights = xp.astype(inside(first, x, y) & inside(first, to_x, to_y), first.dtype)
        equations = _equations(xp, gradient_x, gradient_y, change) * weights
        u, v, valid = _solve(xp, xp.mean(equations, axis=(-2, -1)), min_eigenvalue)
        motion = motion + xp.stack([u, v], axis=-1)
    return motion, valid


def _equations(xp: Any, gradient_x: Array, gradient_y: Array, change: Array) -> Array:
    """Each pixel's share of G (xx, xy, yy) and b (x, y), stacked: (5, ...)."""
    return xp.stack(
        [
            gradient_x * gradient_x,
            gradient_x * gradient_y,
            gradient_y * gradient_y,
            gradient_x * change,
            gradient_y * change,
        ]
    )


def _solve(xp: Any, equations: Array, min_eigenvalue: float) -> tuple[Array, Array, Array]:
    """d = G⁻¹ b by Cramer's rule; (0, 0) and False where G is too flat."""
    xx, xy, yy, bx, by = (equations[i, ...] for i in range(5))
    determinant = xx * yy - xy * xy
    valid = (_smaller_root(xp, xx, xy, yy) >= min_eigenvalue) & (determinant > 0)
    determinant = xp.where(valid, determinant, xp.ones_like(determinant))
    nothing = xp.zeros_like(determinant)
    u = xp.where(valid, (yy * bx - xy * by) / determinant, nothing)
    v = xp.where(valid, (xx * by - xy * bx) / determinant, nothing)
    return u, v, valid


def _smaller_root(xp: Any, xx: Array, xy: Array, yy: Array) -> Array:
    """The smaller eigenvalue of [[xx, xy], [xy, yy]], not below 0 by rounding."""
    half = (xx - yy) / 2
    return xp.clip((xx + yy) / 2 - xp.sqrt(half * half + xy * xy), min=0)
