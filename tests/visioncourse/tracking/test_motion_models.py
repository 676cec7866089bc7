"""SORT's model of a box, by hand and by round trips."""

import numpy as np
import pytest
import torch
from filterpy.kalman import KalmanFilter as FilterpyKalmanFilter
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse.tracking import (
    box_model,
    boxes_to_measurements,
    initial_box_states,
    states_to_boxes,
)

corners = arrays(float, (4, 2), elements=st.floats(-1e4, 1e4))
sizes = arrays(float, (4, 2), elements=st.floats(1e-2, 1e4))


def test_by_hand_a_box_as_the_filter_sees_it():
    assert_allclose(boxes_to_measurements([[10, 20, 40, 120]]), [[25, 70, 3000, 0.3]])
    assert_allclose(states_to_boxes([[25, 70, 3000, 0.3, 9, 9, 9]]), [[10, 20, 40, 120]])


def test_the_matrices_of_sort():
    model = box_model()
    moved = model.F @ [1, 2, 3, 4, 10, 20, 30]
    assert_array_equal(moved, [11, 22, 33, 4, 10, 20, 30])
    assert_array_equal(model.H @ moved, [11, 22, 33, 4])
    assert_array_equal(model.Q, np.diag([1, 1, 1, 1, 0.01, 0.01, 0.0001]))
    assert_array_equal(model.R, np.diag([1, 1, 10, 10]))
    x, P = initial_box_states([[10, 20, 40, 120], [0, 0, 2, 2]])
    assert_allclose(x, [[25, 70, 3000, 0.3, 0, 0, 0], [1, 1, 4, 1, 0, 0, 0]])
    assert_array_equal(P, [np.diag([10, 10, 10, 10, 1e4, 1e4, 1e4])] * 2)


def test_a_box_over_time_as_filterpy_follows_it():
    rng = np.random.default_rng(0)
    peer = FilterpyKalmanFilter(dim_x=7, dim_z=4)
    for position in range(3):
        peer.F[position, position + 4] = 1
    peer.H[range(4), range(4)] = 1
    peer.P = np.diag([10.0] * 4 + [1e4] * 3)
    peer.Q, peer.R = np.diag([1.0] * 4 + [0.01, 0.01, 0.0001]), np.diag([1.0, 1, 10, 10])
    box = np.array([10.0, 20, 40, 120])
    peer.x[:4, 0] = boxes_to_measurements(box)
    model, (x, P) = box_model(), initial_box_states(box)
    for step in range(50):
        x, P = model.predict(x, P)
        peer.predict()
        if step % 4:
            z = boxes_to_measurements(box + step * 3 + rng.normal(size=4))
            x, P = model.update(x, P, z)
            peer.update(z)
        assert_allclose(x, peer.x[:, 0], rtol=1e-10)
        assert_allclose(P, peer.P, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    boxes = torch.tensor([[0, 0, 512, 512]], dtype=dtype)  # float16 ends at 65504
    measurements = boxes_to_measurements(boxes)
    assert (measurements.dtype, measurements[0, 2].item()) == (torch.float32, 512 * 512)
    model, (x, P) = box_model(like=boxes), initial_box_states(boxes)
    x, P = model.update(*model.predict(x, P), measurements)
    assert x.dtype == P.dtype == torch.float32
    assert states_to_boxes(x.to(torch.bfloat16)).dtype == torch.bfloat16
    assert_array_equal(states_to_boxes(x).numpy(), [[0, 0, 512, 512]])


@given(corners, sizes)
def test_there_and_back(corner, size):
    boxes = np.hstack([corner, corner + size])
    assert_allclose(states_to_boxes(boxes_to_measurements(boxes)), boxes, rtol=1e-9, atol=1e-9)
    assert_allclose(states_to_boxes(initial_box_states(boxes)[0]), boxes, rtol=1e-9, atol=1e-9)


def test_boxes_without_area_are_legal():
    flat = [[1.0, 2, 5, 2], [1, 2, 1, 7], [3, 3, 3, 3]]
    measurements = boxes_to_measurements(flat)
    assert_array_equal(measurements, [[3, 2, 0, 0], [1, 4.5, 0, 0], [3, 3, 0, 0]])
    assert_array_equal(states_to_boxes(measurements)[:, :2], measurements[:, :2])
    assert_array_equal(states_to_boxes([[5, 5, -1, 1], [5, 5, 1, -1]]), [[5] * 4] * 2)
    assert_allclose(states_to_boxes([0, 0, 1e-200, 1e-200])[3], 0.5)


def test_no_boxes():
    assert boxes_to_measurements([]).shape == (0, 4)
    x, P = initial_box_states([])
    assert (x.shape, P.shape) == ((0, 7), (0, 7, 7))
    assert states_to_boxes(x).shape == (0, 4)


def test_torch_and_gradients():
    boxes = torch.tensor([[0.0, 0, 3, 4], [1, 1, 2, 9]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(boxes_to_measurements, boxes)
    states = torch.cat([boxes_to_measurements(boxes), torch.ones(2, 3)], dim=1).detach()
    assert torch.autograd.gradcheck(states_to_boxes, states.requires_grad_())
    assert_allclose(states_to_boxes(states).detach().numpy(), boxes.detach().numpy(), atol=1e-12)
    hard = torch.tensor([[0.0, 0, 0, 0], [1, 1, 4, 1]], requires_grad=True)
    states_to_boxes(boxes_to_measurements(hard)).sum().backward()
    assert torch.isfinite(hard.grad).all()
    x, P = initial_box_states(hard)
    model = box_model(like=hard)
    x, P = model.update(*model.predict(x, P), boxes_to_measurements(hard))
    assert (x.dtype, tuple(P.shape)) == (torch.float32, (2, 7, 7))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: boxes_to_measurements([[2, 0, 1, 1]]), "boxes must be"),
        (
            lambda: initial_box_states([[0, 0, 1]]),
            r"boxes must have shape \(..., 4\), got \(1, 3\)",
        ),
        (lambda: states_to_boxes([[0, 0, 1]]), r"x must have shape \(..., 4 or more\)"),
        (lambda: states_to_boxes([[0, 0, float("inf"), 1]]), "x must be finite"),
    ],
)
def test_bad_boxes_and_states(call, message):
    with pytest.raises(ValueError, match=message):
        call()
