"""The Kalman filter, against filterpy, least squares over all measurements, and Bayes' rule."""

import numpy as np
import pytest
import torch
from filterpy.common import Q_discrete_white_noise
from filterpy.kalman import KalmanFilter as FilterpyKalmanFilter
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chi2, multivariate_normal

from visioncourse.tracking import (
    KalmanFilter,
    box_model,
    chi_square_gate,
    constant_velocity,
)


def covariance(rng, size):
    root = rng.normal(size=(size, size))
    return root @ root.T + 0.1 * np.eye(size)


def random_model(rng, n=5, m=3, k=2):
    """Any matrices: no structure that could hide a transpose."""
    F = np.linalg.qr(rng.normal(size=(n, n)))[0] + 0.1 * rng.normal(size=(n, n))
    matrices = (F, rng.normal(size=(m, n)), covariance(rng, n), covariance(rng, m))
    return *matrices, rng.normal(size=(n, k))


def filterpy_model(F, H, Q, R, B=None):
    peer = FilterpyKalmanFilter(dim_x=F.shape[0], dim_z=H.shape[0])
    peer.F, peer.H, peer.Q, peer.R, peer.B = F, H, Q, R, B
    return peer


def test_by_hand_one_dimension():
    # A ruler of variance 1 on a position known to variance 2, that may have drifted by variance 2:
    # predicted variance 4, gain 4 / (4 + 1) = 0.8, posterior variance 0.2 * 4 = 0.8.
    model = KalmanFilter(F=[[1.0]], H=[[1.0]], Q=[[2.0]], R=[[1.0]])
    x, P = model.predict([10.0], [[2.0]])
    assert_allclose(x, [10])
    assert_allclose(P, [[4]])
    x, P = model.update(x, P, [11.0])
    assert_allclose(x, [10.8], rtol=1e-15)
    assert_allclose(P, [[0.8]], rtol=1e-15)


def test_by_hand_position_and_velocity():
    model = constant_velocity(1, acceleration=0.0, noise=1.0)
    x, P = model.predict([0.0, 1.0], [[1.0, 0.0], [0.0, 1.0]])
    assert_allclose(x, [1, 1])
    assert_allclose(P, [[2, 1], [1, 1]])
    x, P = model.update(x, P, [4.0])  # K = [2, 1] / 3: the velocity learns from the position
    assert_allclose(x, [3, 2], rtol=1e-15)
    assert_allclose(P, [[2 / 3, 1 / 3], [1 / 3, 2 / 3]], rtol=1e-15)


@pytest.mark.parametrize("seed", range(8))
def test_equals_filterpy_along_random_runs(seed):
    rng = np.random.default_rng(seed)
    F, H, Q, R, B = random_model(rng)
    F = F / max(1.0, np.abs(np.linalg.eigvals(F)).max())  # a run that does not explode
    model, peer = KalmanFilter(F, H, Q, R, B), filterpy_model(F, H, Q, R, B)
    x, P = rng.normal(size=5), covariance(rng, 5)
    peer.x, peer.P = x[:, None], P
    for step in range(100):
        u = rng.normal(size=2) if step % 3 == 0 else None
        x, P = model.predict(x, P, u)
        peer.predict(u=None if u is None else u[:, None])
        assert_allclose(x, peer.x[:, 0], rtol=1e-12, atol=1e-12)
        assert_allclose(P, peer.P, rtol=1e-12, atol=1e-12)
        if step % 4:  # a measurement is missing now and then
            z = rng.normal(size=3)
            x, P = model.update(x, P, z)
            peer.update(z[:, None])
            assert_allclose(x, peer.x[:, 0], rtol=1e-12, atol=1e-12)
            assert_allclose(P, peer.P, rtol=1e-12, atol=1e-12)


def test_equals_least_squares_over_all_measurements():
    # The filter's last state is the one that the least squares problem of prior, every step and
    # every measurement, each weighted by its covariance, ends in.
    rng = np.random.default_rng(0)
    F, H, Q, R, _ = random_model(rng, n=3, m=2)
    model, steps = KalmanFilter(F, H, Q, R), 12
    x0, P0, measurements = rng.normal(size=3), covariance(rng, 3), rng.normal(size=(steps, 2))

    rows, targets = [], []

    def equation(blocks, target, noise):
        whiten = np.linalg.inv(np.linalg.cholesky(noise))
        row = np.zeros((len(target), 3 * (steps + 1)))
        for time, block in blocks.items():
            row[:, 3 * time : 3 * time + 3] = block
        rows.append(whiten @ row)
        targets.append(whiten @ target)

    equation({0: np.eye(3)}, x0, P0)
    for time, z in enumerate(measurements, start=1):
        equation({time: np.eye(3), time - 1: -F}, np.zeros(3), Q)
        equation({time: H}, z, R)
    system = np.vstack(rows)
    solution = np.linalg.lstsq(system, np.concatenate(targets))[0]
    uncertainty = np.linalg.inv(system.T @ system)

    x, P = x0, P0
    for z in measurements:
        x, P = model.update(*model.predict(x, P), z)
    assert_allclose(x, solution[-3:], rtol=1e-9, atol=1e-10)
    assert_allclose(P, uncertainty[-3:, -3:], rtol=1e-9, atol=1e-10)


def test_update_is_bayes_rule():
    # N(x; mean, P) N(z; H x, R) is proportional in x to the posterior's density.
    rng = np.random.default_rng(1)
    _, H, _, R, _ = random_model(rng, n=3, m=2)
    model = KalmanFilter(np.eye(3), H, np.eye(3), R)
    mean, P, z = rng.normal(size=3), covariance(rng, 3), rng.normal(size=2)
    new_mean, new_P = model.update(mean, P, z)
    points = rng.normal(size=(20, 3))
    joint = [
        multivariate_normal(mean, P).logpdf(point) + multivariate_normal(H @ point, R).logpdf(z)
        for point in points
    ]
    evidence = multivariate_normal(H @ mean, H @ P @ H.T + R).logpdf(z)
    posterior = multivariate_normal(new_mean, new_P).logpdf(points)
    assert_allclose(posterior, np.array(joint) - evidence, rtol=1e-10, atol=1e-10)


def test_josephs_form_is_the_short_form_for_the_optimal_gain():
    rng = np.random.default_rng(2)
    F, H, Q, R, _ = random_model(rng)
    P = covariance(rng, 5)
    K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
    got = KalmanFilter(F, H, Q, R).update(np.zeros(5), P, np.zeros(3))[1]
    assert_allclose(got, (np.eye(5) - K @ H) @ P, rtol=1e-10, atol=1e-12)


def test_a_sure_measurement_does_not_make_the_state_certain():
    P, R = 1e12, 1e-6
    K = P / (P + R)
    assert (1 - K) * P == 0  # the short form: this state would never move again
    model = KalmanFilter([[1.0]], [[1.0]], [[0.0]], [[R]])
    x, P = model.update([0.0], [[P]], [1.0])
    assert_allclose(P, [[R]], rtol=1e-15)
    assert_allclose(model.update(x, P, [2.0])[0], [1.5])


@pytest.mark.parametrize("name", ["box", "constant velocity", "random"])
def test_the_covariance_stays_symmetric_positive_definite(name):
    rng = np.random.default_rng(3)
    model = {
        "box": box_model(),
        "constant velocity": constant_velocity(2, acceleration=1e-3, noise=5.0, dt=0.04),
        "random": KalmanFilter(*random_model(rng)[:4]),
    }[name]
    n, m = model.F.shape[0], model.H.shape[0]
    x, P = np.zeros(n), 1e4 * np.eye(n)
    for step in range(10_000):
        x, P = model.predict(x, P)
        if step % 7:
            x, P = model.update(x, P, model.H @ x + rng.normal(size=m))
        if step % 100 == 0 or step < 50:
            assert np.abs(P - P.T).max() <= 1e-12 * np.abs(P).max()
            assert np.linalg.eigvalsh(P).min() > 0
    assert np.all(np.isfinite(x))


def test_a_batch_is_its_states_one_by_one():
    rng = np.random.default_rng(4)
    model = KalmanFilter(*random_model(rng))
    x, u, z = (rng.normal(size=(2, 4, size)) for size in (5, 2, 3))
    P = np.array([[covariance(rng, 5) for _ in range(4)] for _ in range(2)])
    predicted, updated = model.predict(x, P, u), model.update(x, P, z)
    distances = model.squared_mahalanobis(x, P, z[0])
    for i in np.ndindex(2, 4):
        for got, expected in zip(predicted, model.predict(x[i], P[i], u[i]), strict=True):
            assert_allclose(got[i], expected, rtol=1e-11, atol=1e-12)
        for got, expected in zip(updated, model.update(x[i], P[i], z[i]), strict=True):
            assert_allclose(got[i], expected, rtol=1e-11, atol=1e-12)
        expected = model.squared_mahalanobis(x[i], P[i], z[0])
        assert_allclose(distances[i], expected, rtol=1e-11)


def test_each_state_may_have_its_own_matrices():
    rng = np.random.default_rng(5)
    models = [random_model(rng) for _ in range(3)]
    together = KalmanFilter(*(np.array(matrices) for matrices in zip(*models, strict=True)))
    x, u, z = (rng.normal(size=(3, size)) for size in (5, 2, 3))
    P = np.array([covariance(rng, 5) for _ in range(3)])
    predicted, updated = together.predict(x, P, u), together.update(x, P, z)
    for i, matrices in enumerate(models):
        alone = KalmanFilter(*matrices)
        for got, expected in zip(predicted, alone.predict(x[i], P[i], u[i]), strict=True):
            assert_allclose(got[i], expected, rtol=1e-11, atol=1e-12)
        for got, expected in zip(updated, alone.update(x[i], P[i], z[i]), strict=True):
            assert_allclose(got[i], expected, rtol=1e-11, atol=1e-12)


def test_leading_axes_broadcast():
    rng = np.random.default_rng(6)
    model = KalmanFilter(*random_model(rng)[:4])
    x, P, z = rng.normal(size=(6, 5)), covariance(rng, 5), rng.normal(size=3)
    new_x, new_P = model.update(*model.predict(x, P), z)
    assert new_P.shape == (5, 5)
    for i in range(6):
        assert_allclose(new_x[i], model.update(*model.predict(x[i], P), z)[0], atol=1e-12)
    several = model.update(x[0], P, rng.normal(size=(4, 3)))[0]  # hypotheses for one state
    assert several.shape == (4, 5)


def test_empty_batches():
    model = box_model()
    x, P = model.predict(np.empty((0, 7)), np.empty((0, 7, 7)))
    x, P = model.update(x, P, np.empty((0, 4)))
    assert (x.shape, P.shape) == ((0, 7), (0, 7, 7))
    assert model.squared_mahalanobis(x, P, np.ones((3, 4))).shape == (0, 3)
    assert model.squared_mahalanobis(np.ones(7), np.eye(7), np.empty((0, 4))).shape == (0,)


def test_no_state_may_have_no_matrices_of_its_own():
    noise = np.empty((0, 7, 7)), np.empty((0, 4, 4))
    model = KalmanFilter(box_model().F, box_model().H, *noise)
    x, P = model.predict(np.empty((0, 7)), np.empty((0, 7, 7)))
    assert model.update(x, P, np.empty((0, 4)))[1].shape == (0, 7, 7)


def test_the_arguments_stay_as_they_are():
    model = box_model()
    x, P, z = np.ones(7), np.eye(7), np.zeros(4)
    first = model.update(*model.predict(x, P), z)
    assert_array_equal(x, np.ones(7))
    assert_array_equal(P, np.eye(7))
    for one, other in zip(first, model.update(*model.predict(x, P), z), strict=True):
        assert_array_equal(one, other)


def test_torch_equals_numpy_and_has_gradients():
    rng = np.random.default_rng(7)
    matrices = random_model(rng)
    model, twin = KalmanFilter(*matrices), KalmanFilter(*map(torch.tensor, matrices))
    x, u, z = (rng.normal(size=(4, size)) for size in (5, 2, 3))
    P = np.array([covariance(rng, 5) for _ in range(4)])
    tensors = [torch.tensor(values) for values in (x, P, u, z)]
    got = twin.update(*twin.predict(*tensors[:3]), tensors[3])
    for values, expected in zip(got, model.update(*model.predict(x, P, u), z), strict=True):
        assert_allclose(values.numpy(), expected, rtol=1e-11, atol=1e-12)
    distances = twin.squared_mahalanobis(tensors[0], tensors[1], tensors[3])
    assert_allclose(distances.numpy(), model.squared_mahalanobis(x, P, z), rtol=1e-11)

    def step(R, x, P, z):
        learned = KalmanFilter(twin.F, twin.H, twin.Q, R)
        return learned.update(*learned.predict(x, P), z)

    R = twin.R.clone()
    arguments = [values[0].clone().requires_grad_() for values in (tensors[0], tensors[3])]
    P = tensors[1][0].clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, P, z: step(R, x, P, z), (arguments[0], P, arguments[1])
    )
    scale = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda s: step(s * R, arguments[0].detach(), P.detach(), arguments[1].detach()), scale
    )


def test_states_take_the_dtype_of_the_matrices():
    model = box_model(like=torch.zeros(1, dtype=torch.float32))
    x, P = model.predict([0] * 7, torch.eye(7, dtype=torch.float64))
    assert (x.dtype, P.dtype) == (torch.float32, torch.float32)


def test_half_precision_is_computed_in_float32():
    rng = np.random.default_rng(10)
    matrices = [matrix.astype(np.float16) for matrix in random_model(rng)[:4]]
    matrices[2:] = [(matrix + matrix.T) / 2 for matrix in matrices[2:]]
    x, P, z = (values.astype(np.float16) for values in (rng.normal(size=5), np.eye(5), np.ones(3)))
    got = KalmanFilter(*matrices).update(x, P, z)
    expected = KalmanFilter(*(m.astype(float) for m in matrices)).update(x, P, z)
    for values, exact in zip(got, expected, strict=True):
        assert values.dtype == np.float32
        assert_allclose(values, exact, rtol=1e-3, atol=1e-4)


def test_a_filter_that_checks_nothing_computes_the_same():
    rng = np.random.default_rng(11)
    matrices, x, P = random_model(rng), rng.normal(size=(3, 5)), np.array([np.eye(5)] * 3)
    z, u = rng.normal(size=(3, 3)), rng.normal(size=(3, 2))
    model, quick = KalmanFilter(*matrices), KalmanFilter(*matrices)
    quick.checked = False
    for got, expected in (
        (quick.predict(x, P, u), model.predict(x, P, u)),
        (quick.update(x, P, z), model.update(x, P, z)),
        (quick.squared_mahalanobis(x, P, z), model.squared_mahalanobis(x, P, z)),
    ):
        for values, exact in zip(got, expected, strict=True):
            assert_array_equal(values, exact)
    assert np.isnan(quick.predict(np.full(5, np.nan), np.eye(5))[0]).all()


def test_squared_mahalanobis_against_scipy():
    rng = np.random.default_rng(8)
    model = KalmanFilter(*random_model(rng)[:4])
    x, P, z = rng.normal(size=5), covariance(rng, 5), rng.normal(size=(6, 3))
    S = model.H @ P @ model.H.T + model.R
    # log N(z) = -d²/2 - log N's constant
    densities = multivariate_normal(model.H @ x, S).logpdf(z)
    constant = multivariate_normal(np.zeros(3), S).logpdf(np.zeros(3))
    got = model.squared_mahalanobis(x, P, z)
    assert_allclose(got, 2 * (constant - densities), rtol=1e-10)


def test_squared_mahalanobis_follows_the_chi_square_distribution():
    rng = np.random.default_rng(9)
    model = KalmanFilter(*random_model(rng)[:4])
    x, P = rng.normal(size=5), covariance(rng, 5)
    true = rng.multivariate_normal(x, P, size=20_000)
    z = true @ model.H.T + rng.multivariate_normal(np.zeros(3), model.R, size=20_000)
    inside = model.squared_mahalanobis(x, P, z) <= chi_square_gate(3, 0.95)
    assert abs(inside.mean() - 0.95) < 0.005  # three standard deviations


def test_the_gate():
    assert f"{chi_square_gate(4):.4f}" == "9.4877"  # DeepSORT's table
    assert_allclose(chi_square_gate(2, 0.99), -2 * np.log(0.01), rtol=1e-12)  # closed form for 2
    assert chi_square_gate(1, 0.0) == 0
    assert chi_square_gate(1, 1.0) == np.inf


@given(st.integers(1, 20), st.floats(0.001, 0.999))
def test_the_gate_inverts_the_distribution(degrees, probability):
    assert_allclose(chi2.cdf(chi_square_gate(degrees, probability), degrees), probability)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_constant_velocity_against_filterpy(dimensions):
    model = constant_velocity(dimensions, acceleration=0.3, noise=2.0, dt=0.5)
    expected = Q_discrete_white_noise(
        2, dt=0.5, var=0.09, block_size=dimensions, order_by_dim=False
    )
    assert_allclose(model.Q, expected, rtol=1e-14, atol=1e-16)
    assert_array_equal(model.R, 4 * np.eye(dimensions))
    position, velocity = np.arange(dimensions) + 1.0, np.arange(dimensions) - 5.0
    moved = model.F @ np.concatenate([position, velocity])
    assert_allclose(moved, np.concatenate([position + velocity / 2, velocity]))
    assert_array_equal(model.H @ moved, moved[:dimensions])


def test_constant_velocity_finds_the_velocity():
    model = constant_velocity(2, acceleration=0.0, noise=1.0)
    x, P = np.zeros(4), 1e6 * np.eye(4)
    for step in range(1, 60):
        x, P = model.update(*model.predict(x, P), [3.0 * step, -2.0 * step])
    assert_allclose(x, [177, -118, 3, -2], rtol=1e-4)


GOOD = {"F": np.eye(3), "H": np.eye(2, 3), "Q": np.eye(3), "R": np.eye(2)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"F": np.ones((3, 4))}, r"F must have shape \(..., 4, 4\)"),
        ({"F": np.ones(3)}, r"F must be a matrix, got shape \(3,\)"),
        ({"H": np.ones((2, 4))}, r"H must have shape \(..., 2, 3\)"),
        ({"Q": np.eye(2)}, r"Q must have shape \(..., 3, 3\)"),
        ({"R": np.eye(3)}, r"R must have shape \(..., 2, 2\)"),
        ({"B": np.ones((2, 1))}, r"B must have shape \(..., 3, 1\)"),
        ({"Q": np.full((3, 3), np.nan)}, "Q must not contain NaN"),
        ({"F": np.full((3, 3), np.inf)}, "F must be finite"),
        ({"Q": np.triu(np.ones((3, 3)))}, "Q must be symmetric"),
        ({"R": np.diag([1.0, -1.0])}, "R must have variances >= 0 on its diagonal, got -1"),
        ({"R": torch.eye(2)}, "arrays of one library"),
        ({"F": np.ones((2, 3, 3)), "H": np.ones((4, 2, 3))}, "leading axes that broadcast"),
    ],
)
def test_bad_matrices(wrong, message):
    with pytest.raises(ValueError, match=message):
        KalmanFilter(**(GOOD | wrong))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.predict(np.ones(2), np.eye(3)), r"x must have shape \(..., 3\).*got \(2,\)"),
        (lambda m: m.predict(np.ones(3), np.ones(3)), r"P must have shape \(..., 3, 3\)"),
        (lambda m: m.predict(np.ones((2, 3)), np.ones((4, 3, 3))), "leading axes that broadcast"),
        (lambda m: m.predict(np.full(3, np.nan), np.eye(3)), "x must be finite"),
        (lambda m: m.predict([float("nan")] * 3, np.eye(3)), "x must not contain NaN"),
        (lambda m: m.predict(np.ones(3), np.full((3, 3), np.inf)), "P must be finite"),
        (lambda m: m.predict(np.ones(3), np.eye(3), np.ones(1)), "u must be None for a filter"),
        (lambda m: m.update(np.ones(3), np.eye(3), np.ones(3)), r"z must have shape \(..., 2\)"),
        (lambda m: m.update(np.ones(3), np.eye(3), np.array([0, np.nan])), "z must be finite"),
        (lambda m: m.update(np.ones(3), np.eye(3), torch.ones(2)), "arrays of one library"),
        (
            lambda m: m.squared_mahalanobis(
                np.ones((2, 3)), np.ones((2, 3, 3)), np.ones((5, 4, 2))
            ),
            "leading axes that broadcast",
        ),
        (
            lambda m: m.update(np.ones((2, 3)), np.ones((2, 3, 3)), np.ones((5, 2))),
            "leading axes that broadcast",
        ),
        (
            lambda m: m.squared_mahalanobis(np.ones(3), np.eye(3), np.ones(2)),
            r"z must have shape \(..., M, 2\)",
        ),
    ],
)
def test_bad_states_and_measurements(call, message):
    with pytest.raises(ValueError, match=message):
        call(KalmanFilter(**GOOD))


def test_a_control_input_needs_the_columns_of_b():
    model = KalmanFilter(**GOOD, B=np.ones((3, 2)))
    assert_allclose(model.predict(np.zeros(3), np.eye(3), [1.0, 2.0])[0], [3, 3, 3])
    assert_allclose(model.predict(np.zeros(3), np.eye(3))[0], [0, 0, 0])
    with pytest.raises(ValueError, match=r"u must have shape \(..., 2\)"):
        model.predict(np.zeros(3), np.eye(3), [1.0])


def test_large_finite_numbers_are_finite():
    model = KalmanFilter([[1.0]], [[1.0]], [[1.0]], [[1.0]])
    assert_allclose(model.predict([1e200], [[1e200]])[0], [1e200])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chi_square_gate(0.5, 0.9), "degrees must be at least 1, got 0.5"),
        (lambda: chi_square_gate(0), "degrees must be a finite number > 0, got 0"),
        (lambda: chi_square_gate(4, 1.5), r"probability must lie in \[0, 1\], got 1.5"),
        (lambda: constant_velocity(0, acceleration=1, noise=1), "dimensions must be"),
        (lambda: constant_velocity(1.5, acceleration=1, noise=1), "dimensions must be"),
        (lambda: constant_velocity(1, acceleration=-1, noise=1), "acceleration must be"),
        (
            lambda: constant_velocity(1, acceleration=1, noise=0),
            "noise must be a finite",
        ),
        (
            lambda: constant_velocity(1, acceleration=1, noise=1, dt=0),
            "dt must be a finite",
        ),
    ],
)
def test_bad_settings(call, message):
    with pytest.raises(ValueError, match=message):
        call()
