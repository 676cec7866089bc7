"""How points and boxes move, as models for the Kalman filter."""

from typing import Any

import array_api_compat
import numpy as np

from .._validation import check_finite, check_not_negative
from ..arrays import Array, float_arrays
from ..detection.boxes import box_arrays
from .kalman import KalmanFilter

# SORT's state is centre x, centre y, area, width / height, then the velocities of the first three.
# The paper names the state; these variances are those of its authors' code.
INITIAL_VARIANCES = (10.0, 10.0, 10.0, 10.0, 1e4, 1e4, 1e4)
PROCESS_VARIANCES = (1.0, 1.0, 1.0, 1.0, 0.01, 0.01, 1e-4)
MEASUREMENT_VARIANCES = (1.0, 1.0, 10.0, 10.0)


def constant_velocity(
    dimensions: int,
    *,
    acceleration: float,
    noise: float,
    dt: float = 1.0,
    like: Array | None = None,
) -> KalmanFilter:
    """A point that keeps its velocity up to random pushes and whose position is measured.

    The state is the position, then the velocity: n = 2·dimensions, H = [I 0]. Between two steps
    the acceleration is constant and random, so that it adds acceleration·dt²/2 to the position and
    acceleration·dt to the velocity (Bar-Shalom et al. 2001, "Estimation with Applications to
    Tracking and Navigation", section 6.3.2).

    Args:
        dimensions: of the space, >= 1.
        acceleration: standard deviation of the acceleration, >= 0.
        noise: standard deviation of each measured coordinate, > 0.
        dt: time between two steps, > 0.
        like: an array whose library, floating dtype and device the matrices take; None: NumPy.

    Raises:
        ValueError: an argument out of its range.
    """
    if dimensions != int(dimensions) or dimensions < 1:
        raise ValueError(f"dimensions must be a whole number >= 1, got {dimensions}")
    check_not_negative(acceleration=acceleration, noise=noise, dt=dt)
    for name, value in (("noise", noise), ("dt", dt)):
        if value == 0:
            raise ValueError(f"{name} must be > 0, got {value}")
    identity = np.eye(int(dimensions))
    push = acceleration * np.array([[dt**2 / 2], [dt]])  # (2, 1): effect on position, velocity
    return _filter_like(
        like,
        F=np.kron([[1.0, dt], [0.0, 1.0]], identity),
        H=np.kron([[1.0, 0.0]], identity),
        Q=np.kron(push @ push.T, identity),
        R=noise**2 * identity,
    )


def box_model(*, like: Array | None = None) -> KalmanFilter:
    """SORT's model of a box: centre and area keep their velocity, the aspect ratio stays.

    State (cx, cy, s, r, cx', cy', s') with area s and ratio r = width / height, measurement
    (cx, cy, s, r): see :py:func:`boxes_to_measurements`. R = diag(1, 1, 10, 10) and
    Q = diag(1, 1, 1, 1, 0.01, 0.01, 0.0001), in pixels and frames. Source: Bewley et al. 2016,
    "Simple Online and Realtime Tracking", equation 1, with the variances of the authors' code.

    Args:
        like: an array whose library, floating dtype and device the matrices take; None: NumPy.
    """
    F = np.eye(7)
    F[:3, 4:] = np.eye(3)
    Q, R = np.diag(PROCESS_VARIANCES), np.diag(MEASUREMENT_VARIANCES)
    return _filter_like(like, F=F, H=np.eye(4, 7), Q=Q, R=R)


def initial_box_states(boxes: Array) -> tuple[Array, Array]:
    """The state of boxes that were seen once: at rest, with hardly known velocities.

    Args:
        boxes: (..., 4) as x1, y1, x2, y2.

    Returns:
        x (..., 7) and P (..., 7, 7) = diag(10, 10, 10, 10, 10000, 10000, 10000).

    Raises:
        ValueError: as for :py:func:`boxes_to_measurements`.
    """
    xp, boxes = box_arrays(boxes=boxes)
    return _initial_states(xp, _measurements(xp, boxes))


def boxes_to_measurements(boxes: Array) -> Array:
    """Boxes as SORT's filter sees them: centre, area, width / height.

    Args:
        boxes: (..., 4) as x1, y1, x2, y2.

    Returns:
        (..., 4) as cx, cy, area, ratio. The ratio of a box without height is 0.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, another shape.
    """
    xp, boxes = box_arrays(boxes=boxes)
    return _measurements(xp, boxes)


def states_to_boxes(x: Array) -> Array:
    """The boxes of SORT's states: width √(s·r) and height √(s/r) around the centre.

    Args:
        x: (..., 4 or more) as cx, cy, area s, ratio r, ...: states or measurements.

    Returns:
        (..., 4) as x1, y1, x2, y2. Without a positive area and ratio, width and height are 0.

    Raises:
        ValueError: NaN or infinity, or fewer than 4 entries.
    """
    xp, x = float_arrays(x=x)
    check_finite(xp, x=x)
    if x.ndim == 0 or x.shape[-1] < 4:
        raise ValueError(f"x must have shape (..., 4 or more), got {tuple(x.shape)}")
    return _boxes(xp, x)


def _initial_states(xp: Any, measurements: Array) -> tuple[Array, Array]:
    leading, dtype = tuple(measurements.shape[:-1]), measurements.dtype
    device = array_api_compat.device(measurements)
    rest = xp.zeros((*leading, 3), dtype=dtype, device=device)
    variances = xp.asarray(INITIAL_VARIANCES, dtype=dtype, device=device)
    P = variances * xp.eye(7, dtype=dtype, device=device)
    # A copy for each box, that it may be written to.
    return xp.concat([measurements, rest], axis=-1), P + xp.zeros(
        (*leading, 1, 1), dtype=dtype, device=device
    )


def _measurements(xp: Any, boxes: Array) -> Array:
    size = boxes[..., 2:] - boxes[..., :2]
    width, height = size[..., 0], size[..., 1]
    ratio = xp.where(height > 0, width / xp.where(height > 0, height, 1.0), 0.0)
    rest = xp.stack([width * height, ratio], axis=-1)
    return xp.concat([boxes[..., :2] + size / 2, rest], axis=-1)


def _boxes(xp: Any, x: Array) -> Array:
    centre, area, ratio = x[..., :2], x[..., 2], x[..., 3]
    is_box = (area > 0) & (ratio > 0)
    # Roots first: the product of a tiny area and a tiny ratio would round to 0.
    side, stretch = (xp.sqrt(xp.where(is_box, value, 1.0)) for value in (area, ratio))
    size = xp.stack([side * stretch, side / stretch], axis=-1)
    half = xp.where(is_box[..., None], size / 2, 0.0)
    return xp.concat([centre - half, centre + half], axis=-1)


def _filter_like(like: Array | None, **matrices: Array) -> KalmanFilter:
    """A filter from NumPy matrices in the library, floating dtype and device of an array."""
    if like is None:
        return KalmanFilter(**matrices)
    _, _, *arrays = float_arrays(
        like=like, **{name: matrix.tolist() for name, matrix in matrices.items()}
    )
    return KalmanFilter(**dict(zip(matrices, arrays, strict=True)))
