"""How points and boxes move, as models for the Kalman filter."""

from typing import Any

import array_api_compat
import numpy as np

from .._validation import check_finite, check_not_negative, check_positive
from ..arrays import Array, float_arrays, narrow, wide_arrays
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
        like: an array whose library, floating dtype (at least float32) and device the matrices
            take; None: NumPy.

    Raises:
        ValueError: an argument out of its range.
    """
    check_positive(dimensions=dimensions, noise=noise, dt=dt)
    if dimensions != int(dimensions):
        raise ValueError(f"dimensions must be a whole number >= 1, got {dimensions}")
    check_not_negative(acceleration=acceleration)
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
        like: an array whose library, floating dtype (at least float32) and device the matrices
            take; None: NumPy.
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
        x (..., 7) and P (..., 7, 7) = diag(10, 10, 10, 10, 10000, 10000, 10000), in at least
        float32: the area of 300 × 300 pixels does not fit float16.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, another shape.
    """
    return initial_states(*_measured(boxes))


def boxes_to_measurements(boxes: Array) -> Array:
    """Boxes as SORT's filter sees them: centre, area, width / height.

    Args:
        boxes: (..., 4) as x1, y1, x2, y2.

    Returns:
        (..., 4) as cx, cy, area, ratio, in at least float32. The ratio of a box without height is
        0.

    Raises:
        ValueError: NaN, x2 < x1, y2 < y1, a coordinate too large to be squared, another shape.
    """
    return _measured(boxes)[1]


def states_to_boxes(x: Array) -> Array:
    """The boxes of SORT's states: width √(s·r) and height √(s/r) around the centre.

    Args:
        x: (..., 4 or more) as cx, cy, area s, ratio r, ...: states or measurements.

    Returns:
        (..., 4) as x1, y1, x2, y2. Without a positive area and ratio, width and height are 0.

    Raises:
        ValueError: NaN or infinity, or fewer than 4 entries.
    """
    xp, dtype, x = wide_arrays(x=x)
    check_finite(xp, x=x)
    if x.ndim == 0 or x.shape[-1] < 4:
        raise ValueError(f"x must have shape (..., 4 or more), got {tuple(x.shape)}")
    x = x[..., :4]
    is_box = xp.all(x[..., 2:] > 0, axis=-1, keepdims=True)
    points = xp.concat([x[..., :2], x[..., :2]], axis=-1)
    # 1 in place of what has no root with a finite gradient
    boxes = xp.where(is_box, boxes_of(xp, xp.where(is_box, x, 1.0)), points)
    return narrow(xp, boxes, dtype)


def initial_states(xp: Any, measurements: Array) -> tuple[Array, Array]:
    """x (..., 7) and P (..., 7, 7) of what was measured (..., 4) once, unchecked."""
    leading, dtype = tuple(measurements.shape[:-1]), measurements.dtype
    device = array_api_compat.device(measurements)
    rest = xp.zeros((*leading, 3), dtype=dtype, device=device)
    variances = xp.asarray(INITIAL_VARIANCES, dtype=dtype, device=device)
    P = variances * xp.eye(7, dtype=dtype, device=device)
    # A copy for each box, that it may be written to.
    return xp.concat([measurements, rest], axis=-1), P + xp.zeros(
        (*leading, 1, 1), dtype=dtype, device=device
    )


def measure(xp: Any, boxes: Array) -> Array:
    """Centre, area and ratio (..., 4) of boxes (..., 4) that have a height, unchecked."""
    size = boxes[..., 2:] - boxes[..., :2]
    width, height = size[..., :1], size[..., 1:]
    return xp.concat([boxes[..., :2] + size / 2, width * height, width / height], axis=-1)


def boxes_of(xp: Any, x: Array) -> Array:
    """The boxes (..., 4) of states (..., 4 or more) with area and ratio above 0, unchecked."""
    centre, roots = x[..., :2], xp.sqrt(x[..., 2:4])
    # Roots first: the product of a tiny area and a tiny ratio would round to 0.
    side, stretch = roots[..., :1], roots[..., 1:]
    half = xp.concat([side * stretch, side / stretch], axis=-1) / 2
    return xp.concat([centre - half, centre + half], axis=-1)


def _measured(boxes: Array) -> tuple[Any, Array]:
    """The namespace, and :py:func:`measure` of checked boxes, of those without height too."""
    xp, boxes = box_arrays(boxes=boxes)
    flat = boxes[..., 3:] == boxes[..., 1:2]
    top_left, size = boxes[..., :2], boxes[..., 2:] - boxes[..., :2]
    points = xp.concat([top_left + size / 2, xp.zeros_like(size)], axis=-1)
    some_box = xp.asarray([0.0, 0, 1, 1], dtype=boxes.dtype, device=array_api_compat.device(boxes))
    return xp, xp.where(flat, points, measure(xp, xp.where(flat, some_box, boxes)))


def _filter_like(like: Array | None, **matrices: Array) -> KalmanFilter:
    """A filter from NumPy matrices in the library, floating dtype and device of an array."""
    if like is None:
        return KalmanFilter(**matrices)
    _, _, *arrays = float_arrays(
        like=like, **{name: matrix.tolist() for name, matrix in matrices.items()}
    )
    return KalmanFilter(**dict(zip(matrices, arrays, strict=True)))
