"""What optical flow does with images: derivatives, window sums, pyramids, values between pixels.

Images are (H, W); nothing is checked here.
"""

from typing import Any

import array_api_compat

from ..arrays import Array


def window_means(xp: Any, images: Array, window_size: int) -> Array:
    """(..., H, W): the mean over the window around each pixel, with zeros outside the image."""
    radius = window_size // 2
    *leading, height, width = images.shape
    like = {"dtype": images.dtype, "device": array_api_compat.device(images)}
    rows = xp.zeros((*leading, radius, width), **like)
    images = xp.concat([rows, images, rows], axis=-2)
    images = sum(images[..., i : i + height, :] for i in range(window_size))
    columns = xp.zeros((*leading, height, radius), **like)
    images = xp.concat([columns, images, columns], axis=-1)
    return sum(images[..., i : i + width] for i in range(window_size)) / window_size**2


def derivative(xp: Any, image: Array, axis: int) -> Array:
    """Central differences, one-sided at the border."""
    before, after = _neighbours(xp, image, axis, 1)
    distance = xp.astype(xp.clip(after - before, min=1), image.dtype)
    difference = xp.take(image, after, axis=axis) - xp.take(image, before, axis=axis)
    return difference / (distance[:, None] if axis == 0 else distance)


def _neighbours(xp: Any, image: Array, axis: int, step: int) -> tuple[Array, Array]:
    """The places before and after each `step`-th place along `axis`, inside the image."""
    last = image.shape[axis] - 1
    places = xp.arange(0, last + 1, step, device=array_api_compat.device(image))
    return xp.clip(places - 1, min=0), xp.clip(places + 1, max=last)


def image_pyramid(
    xp: Any, first: Array, second: Array, levels: int, window_size: int
) -> list[tuple[Array, Array]]:
    """Pairs of images, each level smoothed by 1/4, 1/2, 1/4 and half as large; pixel 0 stays."""
    pyramid = [(first, second)]
    while len(pyramid) < levels and min(pyramid[-1][0].shape) >= 2 * window_size:
        pyramid.append(tuple(_halve(xp, _halve(xp, image, 0), 1) for image in pyramid[-1]))
    return pyramid


def _halve(xp: Any, image: Array, axis: int) -> Array:
    before, after = _neighbours(xp, image, axis, 2)
    centre = xp.arange(0, image.shape[axis], 2, device=array_api_compat.device(image))
    parts = (xp.take(image, places, axis=axis) for places in (before, centre, centre, after))
    return sum(parts) / 4


def grid(xp: Any, image: Array) -> tuple[Array, Array]:
    """x (1, W) and y (H, 1) of every pixel."""
    like = {"dtype": image.dtype, "device": array_api_compat.device(image)}
    height, width = image.shape
    return xp.arange(width, **like)[None, :], xp.arange(height, **like)[:, None]


def inside(image: Array, x: Array, y: Array, *, margin: float = 0.0) -> Array:
    """Whether places lie between pixel centres, or up to `margin` pixels beyond them."""
    height, width = image.shape
    right, bottom = width - 1 + margin, height - 1 + margin
    return (x >= -margin) & (x <= right) & (y >= -margin) & (y <= bottom)


def sample(xp: Any, image: Array, x: Array, y: Array) -> Array:
    """The image between its pixels, bilinear; outside, the nearest border. x, y broadcast."""
    height, width = image.shape
    x, y = xp.clip(x, min=0, max=width - 1), xp.clip(y, min=0, max=height - 1)
    left, top = xp.floor(x), xp.floor(y)
    right_share, bottom_share = x - left, y - top
    left, top = xp.astype(left, xp.int64), xp.astype(top, xp.int64)
    right, bottom = xp.clip(left + 1, max=width - 1), xp.clip(top + 1, max=height - 1)
    upper = image[top, left] * (1 - right_share) + image[top, right] * right_share
    lower = image[bottom, left] * (1 - right_share) + image[bottom, right] * right_share
    return upper * (1 - bottom_share) + lower * bottom_share
