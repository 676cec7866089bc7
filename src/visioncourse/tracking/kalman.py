"""Where an object will be, and how sure that is: the Kalman filter.

A state is a pair: its mean x (..., n) and its covariance P (..., n, n). Leading axes are a batch
(all tracks of a frame at once); axes that differ broadcast. All functions return new arrays.
"""

import math
from collections.abc import Callable
from operator import matmul
from typing import Any

import array_api_compat
import numpy as np
from scipy.special import gammaincinv

from .._validation import check_finite
from ..arrays import Array, float_arrays

Product = Callable[[Array, Array], Array]


class KalmanFilter:
    """A linear motion with Gaussian noise, seen through linear measurements with Gaussian noise.

        x_t = F x_{t-1} + B u_{t-1} + w,  w ~ N(0, Q)        z_t = H x_t + v,  v ~ N(0, R)

    Args:
        F: (..., n, n) state transition.
        H: (..., m, n) measurement of a state.
        Q: (..., n, n) covariance of the process noise.
        R: (..., m, m) covariance of the measurement noise; H P Hᵀ + R must be invertible.
        B: (..., n, k) effect of a control input, or None.

    States and measurements follow the library and dtype of the matrices. Source: Kalman, "A New
    Approach to Linear Filtering and Prediction Problems" (1960).

    Raises:
        ValueError: NaN or infinity, shapes that do not fit, or a Q or R that is no covariance
            (not symmetric, or a negative variance).
    """

    def __init__(self, F: Array, H: Array, Q: Array, R: Array, B: Array | None = None) -> None:
        given = {"F": F, "H": H, "Q": Q, "R": R} | ({} if B is None else {"B": B})
        xp, *arrays = float_arrays(**given)
        matrices = dict(zip(given, arrays, strict=True))
        check_finite(xp, **matrices)
        for name, matrix in matrices.items():
            if matrix.ndim < 2:
                raise ValueError(f"{name} must be a matrix, got shape {tuple(matrix.shape)}")
        n, m = matrices["F"].shape[-1], matrices["H"].shape[-2]
        rows_columns = {"F": (n, n), "H": (m, n), "Q": (n, n), "R": (m, m)}
        if B is not None:
            rows_columns["B"] = (n, matrices["B"].shape[-1])
        for name, expected in rows_columns.items():
            _check_last_axes(name, matrices[name], expected, "n states, m measurements")
        for name in "QR":
            _check_covariance(xp, name, matrices[name])
        self.F, self.H, self.Q, self.R = (matrices[name] for name in "FHQR")
        self.B = matrices.get("B")
        self._xp, self._n, self._m = xp, n, m
        device = array_api_compat.device(self.F)
        self._identity = xp.eye(n, dtype=self.F.dtype, device=device)
        leading_axes = {name: matrix.shape[:-2] for name, matrix in matrices.items()}
        self._batch: tuple[int, ...] = ()
        self._check_batch(**leading_axes)
        self._batch = np.broadcast_shapes(*map(tuple, leading_axes.values()))
        self._is_numpy = array_api_compat.is_numpy_array(self.F)
        self._is_one_numpy_model = self._is_numpy and all(m.ndim == 2 for m in arrays)

    def predict(self, x: Array, P: Array, u: Array | None = None) -> tuple[Array, Array]:
        """The state one step later: x = F x + B u and P = F P Fᵀ + Q.

        Args:
            x: (..., n) means.
            P: (..., n, n) covariances, symmetric.
            u: (..., k) control inputs, only for a filter with B; None: no control.

        Returns:
            New x (..., n) and P (..., n, n).

        Raises:
            ValueError: NaN or infinity, shapes that do not fit, or u for a filter without B.
        """
        if u is not None and self.B is None:
            raise ValueError("u must be None for a filter without B, got a control input")
        product, x, P = self._state(x, P)
        x, P = _predict(product, self.F, self.Q, x, P)
        if u is None:
            return x, P
        u = self._checked("u", u)
        _check_last_axes("u", u, (self.B.shape[-1],), "one entry for each column of B")
        self._check_batch(x=x.shape[:-1], u=u.shape[:-1])
        return x + _apply(matmul, self.B, u), P

    def update(self, x: Array, P: Array, z: Array) -> tuple[Array, Array]:
        """The state after a measurement: x = x + K (z - H x), K = P Hᵀ (H P Hᵀ + R)⁻¹.

        P = (I - K H) P (I - K H)ᵀ + K R Kᵀ, Joseph's form. With this optimal K it equals the
        shorter (I - K H) P, but only in exact arithmetic: a measurement much surer than the state
        lets K H round to I and the short form to 0, a certainty from which no measurement leads
        back; K R Kᵀ remains. Joseph's form is a sum of squares, symmetric, and right for any K, so
        that a rounding error in K counts only squared.
        Source: Bucy and Joseph, "Filtering for Stochastic Processes" (1968).

        Args:
            x: (..., n) means.
            P: (..., n, n) covariances, symmetric.
            z: (..., m) measurements, one for each state.

        Returns:
            New x (..., n) and P (..., n, n).

        Raises:
            ValueError: NaN or infinity, or shapes that do not fit.
        """
        product, x, P = self._state(x, P)
        z = self._measurement(z)
        if product is matmul:
            self._check_batch(x=x.shape[:-1], P=P.shape[:-2], z=z.shape[:-1])
        return _update(self._xp, product, self._identity, self.H, self.R, x, P, z)

    def squared_mahalanobis(self, x: Array, P: Array, z: Array) -> Array:
        """How far measurements lie from where each state expects its own, in its own uncertainty.

        d² = yᵀ S⁻¹ y with y = z - H x and S = H P Hᵀ + R. For the true measurement d² follows the
        chi-square distribution with m degrees of freedom: see :py:func:`chi_square_gate`.

        Args:
            x: (..., n) means.
            P: (..., n, n) covariances, symmetric.
            z: (..., M, m) measurements; each state is compared with all M.

        Returns:
            (..., M) distances >= 0.

        Raises:
            ValueError: NaN or infinity, or shapes that do not fit.
        """
        _, x, P = self._state(x, P)
        z = self._measurement(z)
        if z.ndim < 2:
            raise ValueError(f"z must have shape (..., M, {self._m}), got {tuple(z.shape)}")
        self._check_batch(x=x.shape[:-1], P=P.shape[:-2], z=z.shape[:-2])
        y = z - _apply(matmul, self.H, x)[..., None, :]  # (..., M, m)
        S = self.H @ P @ self.H.mT + self.R  # (..., m, m)
        return self._xp.sum(y.mT * self._xp.linalg.solve(S, y.mT), axis=-2)

    def _state(self, x: Array, P: Array) -> tuple[Product, Array, Array]:
        """The matrix product for one state or for a batch, and the checked state."""
        x, P = self._checked("x", x), self._checked("P", P)
        _check_last_axes("x", x, (self._n,), "one entry for each row of F")
        _check_last_axes("P", P, (self._n, self._n), "one row for each entry of x")
        if x.ndim == 1 and P.ndim == 2 and self._is_one_numpy_model:
            # One state is all overhead: `dot` starts in half the time of `@`, but has no batch.
            return np.ndarray.dot, x, P
        self._check_batch(x=x.shape[:-1], P=P.shape[:-2])
        return matmul, x, P

    def _check_batch(self, **leading_axes: tuple[int, ...]) -> None:
        try:
            np.broadcast_shapes(self._batch, *map(tuple, leading_axes.values()))
        except ValueError:
            names = ", ".join(leading_axes)
            got = ", ".join(str(tuple(axes)) for axes in leading_axes.values())
            raise ValueError(
                f"{names} must have leading axes that broadcast, with those of the matrices "
                f"{self._batch}, too, got {got}"
            ) from None

    def _measurement(self, z: Array) -> Array:
        z = self._checked("z", z)
        _check_last_axes("z", z, (self._m,), "one entry for each row of H")
        return z

    def _checked(self, name: str, value: Array) -> Array:
        # Every step of every track comes through here: arrays of the right kind skip conversion.
        if type(value) is not type(self.F) or value.dtype != self.F.dtype:
            _, _, value = float_arrays(F=self.F, **{name: value})
            value = self._xp.astype(value, self.F.dtype)
        # A finite sum of squares, the quickest of all reductions, proves every entry finite.
        if self._is_numpy and math.isfinite(np.vdot(value, value)):
            return value
        check_finite(self._xp, **{name: value})
        return value


def chi_square_gate(degrees: int, probability: float = 0.95) -> float:
    """The squared Mahalanobis distance that a true measurement stays under with `probability`.

    It is the quantile of the chi-square distribution; 9.4877 for a box's 4 degrees at 95 %, the
    gate of DeepSORT (Wojke et al. 2017, "Simple Online and Realtime Tracking with a Deep
    Association Metric", section 2.2).

    Args:
        degrees: number of entries of a measurement, >= 1.
        probability: in [0, 1]; 1 gives infinity.

    Raises:
        ValueError: an argument out of its range.
    """
    if degrees < 1:
        raise ValueError(f"degrees must be at least 1, got {degrees}")
    if not 0 <= probability <= 1:
        raise ValueError(f"probability must lie in [0, 1], got {probability}")
    # The chi-square distribution is a gamma distribution; scipy.stats takes long to import.
    return float(2 * gammaincinv(degrees / 2, probability))


def _predict(product: Product, F: Array, Q: Array, x: Array, P: Array) -> tuple[Array, Array]:
    return _apply(product, F, x), product(product(F, P), F.mT) + Q


def _update(
    xp: Any, product: Product, identity: Array, H: Array, R: Array, x: Array, P: Array, z: Array
) -> tuple[Array, Array]:
    PHt = product(P, H.mT)  # (..., n, m)
    K = product(PHt, xp.linalg.inv(product(H, PHt) + R))  # (..., n, m)
    kept = identity - product(K, H)  # (..., n, n)
    new_x = x + _apply(product, K, z - _apply(product, H, x))
    return new_x, product(product(kept, P), kept.mT) + product(product(K, R), K.mT)


def _apply(product: Product, matrix: Array, vectors: Array) -> Array:
    """The product of each matrix (..., m, n) with its vector (..., n); one matrix serves all."""
    if matrix.ndim == 2:
        return product(vectors, matrix.mT)
    return (matrix @ vectors[..., None])[..., 0]


def _check_last_axes(name: str, array: Array, expected: tuple[int, ...], why: str) -> None:
    if array.shape[-len(expected) :] != expected:
        wanted = ", ".join(["...", *map(str, expected)])
        raise ValueError(f"{name} must have shape ({wanted}) ({why}), got {tuple(array.shape)}")


def _check_covariance(xp: Any, name: str, matrix: Array) -> None:
    if array_api_compat.size(matrix) == 0:
        return
    tolerance = xp.finfo(matrix.dtype).eps ** 0.5 * xp.max(xp.abs(matrix))
    if xp.any(xp.abs(matrix - matrix.mT) > tolerance):
        raise ValueError(f"{name} must be symmetric, got a difference from its transpose")
    variances = xp.linalg.diagonal(matrix)
    if xp.any(variances < 0):
        smallest = float(xp.min(variances))
        raise ValueError(f"{name} must have variances >= 0 on its diagonal, got {smallest:g}")
