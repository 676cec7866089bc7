"""Lucas–Kanade on patterns that move by a known formula, and against exhaustive search."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import uniform_filter

from visioncourse.tracking.optical_flow import (
    lucas_kanade,
    pyramidal_lucas_kanade,
    smallest_eigenvalue,
    track_points,
)

HEIGHT, WIDTH = 96, 128
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(float)


def pattern(x, y, seed=0):
    """A brightness in [0, 1] that is known between pixels too: twenty waves of 12 to 120 pixels."""
    rng = np.random.default_rng(seed)
    brightness = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(y)))
    for _ in range(20):
        length, angle, phase = np.exp(rng.uniform(np.log(12), np.log(120))), *rng.uniform(0, 7, 2)
        brightness += np.cos((np.cos(angle) * x + np.sin(angle) * y) * math.tau / length + phase)
    return 0.5 + brightness / 40


def moved_by(u, v, seed=0):
    """Two images (H, W): what is at x in the first is at x + (u, v) in the second."""
    return pattern(X, Y, seed), pattern(X - u, Y - v, seed)


def errors(flow, expected, *, margin):
    """End-point errors of the valid pixels that lie at least `margin` inside."""
    inner = np.zeros((HEIGHT, WIDTH), dtype=bool)
    inner[margin:-margin, margin:-margin] = True
    assert flow.valid[inner].mean() > 0.95
    return np.linalg.norm(flow.motion - expected, axis=-1)[inner & flow.valid]


def inner_points(n=25, seed=1, margin=30):
    rng = np.random.default_rng(seed)
    return rng.uniform([margin, margin], [WIDTH - margin, HEIGHT - margin], (n, 2))


@pytest.mark.parametrize("motion", [(0.5, 0.0), (0.0, -0.5), (0.3, -0.2), (-0.4, 0.3)])
def test_one_step_is_right_below_a_pixel(motion):
    flow = lucas_kanade(*moved_by(*motion))
    error = errors(flow, motion, margin=8)
    assert error.mean() < 0.03 and error.max() < 0.15


def test_nothing_moves_between_equal_images():
    image, _ = moved_by(0, 0)
    for estimate in (lucas_kanade, pyramidal_lucas_kanade):
        flow = estimate(image, image)
        assert flow.valid.mean() > 0.95
        assert_allclose(flow.motion, 0, atol=1e-12)
    points = inner_points()
    tracked = track_points(image, image, points)
    assert tracked.valid.all()
    assert_allclose(tracked.points, points, atol=1e-12)


@pytest.mark.parametrize("motion", [(0.3, -0.2), (3.4, 1.7), (-8.3, 6.1), (11.0, -9.5)])
def test_the_pyramid_follows_large_motion(motion):
    first, second = moved_by(*motion)
    margin = 12 + math.ceil(max(map(abs, motion)))
    error = errors(pyramidal_lucas_kanade(first, second), motion, margin=margin)
    assert error.mean() < 0.03 and error.max() < 0.15
    points = inner_points()
    tracked = track_points(first, second, points)
    assert tracked.valid.all()
    assert_allclose(tracked.points, points + motion, atol=0.05)


def test_one_level_loses_large_motion():
    first, second = moved_by(-8.3, 6.1)
    for levels, closest in [(1, 1.0), (4, 0.0)]:
        tracked = track_points(first, second, inner_points(), levels=levels)
        error = np.linalg.norm(tracked.points - inner_points() - [-8.3, 6.1], axis=1)
        assert closest <= np.median(error) < closest + (math.inf if closest else 0.03)


def test_affine_motion():
    # x goes to centre + A (x - centre) + t: the motion differs from pixel to pixel.
    A = np.array([[1.02, -0.03], [0.03, 0.99]])
    centre, t = np.array([WIDTH / 2, HEIGHT / 2]), np.array([1.5, -0.7])
    places = np.stack([X, Y], axis=-1)  # (H, W, 2)
    origin = (places - centre - t) @ np.linalg.inv(A).T + centre
    first, second = pattern(X, Y), pattern(origin[..., 0], origin[..., 1])
    expected = (places - centre) @ A.T + centre + t - places
    # The window's pixels move differently; its answer is an average of what they do.
    to_corner = np.linalg.norm(A - np.eye(2), 2) * 7 * math.sqrt(2)
    error = errors(pyramidal_lucas_kanade(first, second), expected, margin=14)
    assert error.mean() < to_corner / 3 and error.max() < to_corner
    points = inner_points()
    tracked = track_points(first, second, points)
    error = np.linalg.norm(tracked.points - (points - centre) @ A.T - centre - t, axis=1)
    assert tracked.valid.all() and error.mean() < to_corner / 3 and error.max() < to_corner


@given(st.integers(0, 10**6), st.integers(-4, 4), st.integers(-4, 4))
def test_tracking_finds_what_exhaustive_search_finds(seed, u, v):
    rng = np.random.default_rng(seed)
    first, second = moved_by(u, v, seed=seed)
    noise = 0.002 * rng.normal(size=(2, HEIGHT, WIDTH))
    first, second = np.clip(first + noise[0], 0, 1), np.clip(second + noise[1], 0, 1)
    x, y = int(rng.integers(30, WIDTH - 30)), int(rng.integers(30, HEIGHT - 30))
    tracked = track_points(first, second, [[x, y]])
    patch = first[y - 7 : y + 8, x - 7 : x + 8]
    costs = {
        (i, j): np.sum((second[y + j - 7 : y + j + 8, x + i - 7 : x + i + 8] - patch) ** 2)
        for i in range(-8, 9)
        for j in range(-8, 9)
    }
    assert tracked.valid.all()
    assert_allclose(tracked.points[0] - [x, y], min(costs, key=costs.get), atol=0.5)


def test_an_edge_leaves_motion_along_it_open():
    first, second = pattern(X, 0 * Y), pattern(X - 0.5, 0 * Y - 3)
    assert_allclose(smallest_eigenvalue(first), 0, atol=1e-15)
    for flow in (lucas_kanade(first, second), pyramidal_lucas_kanade(first, second)):
        assert not flow.valid.any()
        assert_array_equal(flow.motion, np.zeros((HEIGHT, WIDTH, 2)))
    tracked = track_points(first, second, inner_points())
    assert not tracked.valid.any()
    assert_array_equal(tracked.points, inner_points())


def test_a_flat_region_has_no_answer_beside_texture_that_has():
    first, second = moved_by(0.4, 0.2)
    first[:, :64] = second[:, :64] = 0.5
    flow = lucas_kanade(first, second)
    assert not flow.valid[:, :56].any() and flow.valid[:, 72:].mean() > 0.95
    assert_array_equal(flow.motion[:, :56], np.zeros((HEIGHT, 56, 2)))
    points = [[20.0, 40.0], [100.0, 40.0]]
    tracked = track_points(first, second, points)
    assert_array_equal(tracked.valid, [False, True])
    assert_array_equal(tracked.points[0], points[0])
    assert_allclose(tracked.points[1], [100.4, 40.2], atol=0.05)


def test_points_that_leave_the_image_are_lost():
    first, second = moved_by(-8.0, 0.0)
    points = np.array([[3.0, 40.0], [60.0, 40.0], [-5.0, 40.0], [60.0, 1e9]])
    tracked = track_points(first, second, points)
    assert_array_equal(tracked.valid, [False, True, False, False])
    assert_array_equal(tracked.points[~tracked.valid], points[~tracked.valid])
    left_out = pyramidal_lucas_kanade(first, second).valid[20:-20, :7]
    assert left_out.mean() < 0.2


def test_smallest_eigenvalue_equals_the_definition():
    image, _ = moved_by(0, 0)
    dy, dx = np.gradient(image)
    means = [uniform_filter(p, 7, mode="constant") for p in (dx * dx, dx * dy, dy * dy)]
    xx, xy, yy = means
    tensors = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)  # (H, W, 2, 2)
    expected = np.linalg.eigvalsh(tensors)[..., 0]
    assert_allclose(smallest_eigenvalue(image, window_size=7), expected, rtol=1e-9, atol=1e-15)


def test_one_step_solves_the_least_squares_problem_of_its_window():
    first, second = moved_by(0.3, -0.2)
    dy, dx = np.gradient(first)
    window = (slice(40 - 4, 40 + 5), slice(50 - 4, 50 + 5))
    A = np.stack([dx[window].ravel(), dy[window].ravel()], axis=1)
    expected, *_ = np.linalg.lstsq(A, (first - second)[window].ravel())
    flow = lucas_kanade(first, second, window_size=9)
    assert flow.valid[40, 50]
    assert_allclose(flow.motion[40, 50], expected, rtol=1e-10)


def test_dark_and_bright_make_no_difference_to_the_motion():
    first, second = moved_by(0.3, -0.2)
    expected = lucas_kanade(first, second)
    inverted = lucas_kanade(1 - first, 1 - second)
    assert_allclose(inverted.motion, expected.motion, atol=1e-9)
    turned = lucas_kanade(first.T, second.T)
    assert_array_equal(turned.valid, expected.valid.T)
    assert_allclose(turned.motion[..., ::-1], np.swapaxes(expected.motion, 0, 1), atol=1e-9)


def test_torch_and_numpy_agree():
    first, second = moved_by(2.3, -1.2)
    images = torch.tensor(first), torch.tensor(second)
    for estimate in (lucas_kanade, pyramidal_lucas_kanade):
        by_numpy, by_torch = estimate(first, second), estimate(*images)
        assert_array_equal(by_torch.valid.numpy(), by_numpy.valid)
        assert_allclose(by_torch.motion.numpy(), by_numpy.motion, atol=1e-9)
    by_numpy = track_points(first, second, inner_points())
    by_torch = track_points(*images, torch.tensor(inner_points()))
    assert_allclose(by_torch.points.numpy(), by_numpy.points, atol=1e-9)
    in_float32 = track_points(first.astype(np.float32), second.astype(np.float32), inner_points())
    assert in_float32.valid.all()
    assert_allclose(in_float32.points, by_numpy.points, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_any_tensor_gives_values_of_its_type(dtype):
    first, second = (torch.tensor(image, dtype=dtype) for image in moved_by(1.5, -1))
    images = first.T.contiguous().T.requires_grad_(), second
    expected = pyramidal_lucas_kanade(first.double().detach().numpy(), second.double().numpy())
    flow = pyramidal_lucas_kanade(*images)
    assert flow.motion.dtype == dtype and not flow.motion.requires_grad
    assert_array_equal(flow.valid.numpy(), expected.valid)
    assert_array_equal(
        flow.motion.double().numpy(), torch.tensor(expected.motion).to(dtype).double()
    )
    assert smallest_eigenvalue(images[0]).dtype == dtype
    tracked = track_points(*images, [[40, 40]])
    assert tracked.points.dtype == dtype and tracked.valid.dtype == torch.bool


@pytest.mark.parametrize("image", [None, "image", [[0.5, 0.5], [0.5]], [[2.0, 0.0]]])
def test_the_image_is_named(image):
    with pytest.raises(ValueError, match="image must"):
        smallest_eigenvalue(image)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (1, 1), (1, 7), (3, 2)])
def test_tiny_images_have_no_flow(shape):
    image = np.zeros(shape)
    for flow in (lucas_kanade(image, image), pyramidal_lucas_kanade(image, image)):
        assert flow.motion.shape == (*shape, 2)
        assert flow.valid.shape == shape and not flow.valid.any()
    assert smallest_eigenvalue(image).shape == shape
    assert not track_points(image, image, [[0.0, 0.0]]).valid.any()


def test_no_point():
    image, _ = moved_by(0, 0)
    tracked = track_points(image, image, [])
    assert tracked.points.shape == (0, 2) and tracked.valid.shape == (0,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"first": np.zeros((4, 4, 3))}, r"first must have shape \(H, W\), got \(4, 4, 3\)"),
        ({"second": np.zeros((4, 5))}, r"second must have shape \(4, 4\)"),
        ({"second": np.full((4, 4), 200)}, r"second must lie in \[0, 1\], got 200"),
        ({"first": np.full((4, 4), np.nan)}, "first must not contain NaN, got 16"),
        ({"window_size": 4}, "window_size must be odd, got 4"),
        ({"window_size": 0}, "window_size must be a whole number >= 1, got 0"),
        ({"min_eigenvalue": 0.0}, "min_eigenvalue must be a finite number > 0, got 0.0"),
        ({"levels": 0}, "levels must be a whole number >= 1, got 0"),
        ({"iterations": 1.5}, "iterations must be a whole number >= 1, got 1.5"),
        ({"points": [[1.0, 2.0, 3.0]]}, r"points must have shape \(1, 2\)"),
        ({"points": [[1.0, np.inf]]}, "points must be finite"),
    ],
)
def test_wrong_arguments_are_named(changes, message):
    arguments = {"first": np.zeros((4, 4)), "second": np.zeros((4, 4)), "points": [[1.0, 1.0]]}
    with pytest.raises(ValueError, match=message):
        track_points(**arguments | changes)
