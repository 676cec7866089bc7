"""Where an object will be, and how sure that is: the Kalman filter.

A state is a pair: its mean x (..., n) and its covariance P (..., n, n). Leading axes are a batch
(all tracks of a frame at once); axes that differ broadcast. All functions return new arrays.
"""

import math
from typing import Any, NoReturn

import array_api_compat
import numpy as np
from scipy.special import gammaincinv

from .._validation import check_finite, check_positive, check_shares
from ..arrays import Array, at_least_float32, float_arrays


class KalmanFilter:
    """A linear motion with Gaussian noise, seen through linear measurements with Gaussian noise.

        x_t = F x_{t-1} + B u_{t-1} + w,  w ~ N(0, Q)        z_t = H x_t + v,  v ~ N(0, R)

    Args:
        F: (..., n, n) state transition.
        H: (..., m, n) measurement of a state.
        Q: (..., n, n) covariance of the process noise.
        R: (..., m, m) covariance of the measurement noise; H P Hᵀ + R must be invertible.
        B: (..., n, k) effect of a control input, or None.

    Attributes:
        checked: True; a loop whose states are its own may set it to False. Then nothing that comes
            to a method is looked at or converted: a third of the time with a few states at once.

    States and measurements follow the library and dtype of the matrices, at least float32. Source:
    Kalman, "A New Approach to Linear Filtering and Prediction Problems" (1960).

    Raises:
        ValueError: NaN or infinity, shapes that do not fit, or a Q or R that is no covariance
            (not symmetric, or a negative variance).
    """

    def __init__(self, F: Array, H: Array, Q: Array, R: Array, B: Array | None = None) -> None:
        given = {"F": F, "H": H, "Q": Q, "R": R} | ({} if B is None else {"B": B})
        xp, *arrays = float_arrays(**given)
        matrices = {n: at_least_float32(xp, a) for n, a in zip(given, arrays, strict=True)}
        check_finite(xp, **matrices)
        _check_matrices(xp, matrices)
        self.F, self.H, self.Q, self.R = (matrices[name] for name in "FHQR")
        self.B = matrices.get("B")
        self._xp, self._n, self._m = xp, self.F.shape[-1], self.H.shape[-2]
        self._I = xp.eye(self._n, dtype=self.F.dtype, device=array_api_compat.device(self.F))
        self.checked = True
        self._batch: tuple[int, ...] = ()
        self._batch = self._check_batch(**{name: m.shape[:-2] for name, m in matrices.items()})

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
        x, P = self._state(x, P)
        moved = _apply(self.F, x)  # x = F x
        if u is not None:
            u = self._checked("u", u, self.B.shape[-1])
            self._check_batch(x=x.shape[:-1], u=u.shape[:-1])
            moved = moved + _apply(self.B, u)  # + B u
        return moved, self.F @ P @ self.F.mT + self.Q  # P = F P Fᵀ + Q

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
        x, P = self._state(x, P)
        z = self._checked("z", z, self._m)
        self._check_batch(x=x.shape[:-1], P=P.shape[:-2], z=z.shape[:-1])
        H, R = self.H, self.R
        y = z - _apply(H, x)  # y = z - H x, the surprise
        PHt = P @ H.mT
        S = H @ PHt + R  # S = H P Hᵀ + R, its covariance
        K = PHt @ self._xp.linalg.inv(S)  # K = P Hᵀ S⁻¹, the gain
        x = x + _apply(K, y)  # x = x + K y
        kept = self._I - K @ H
        P = kept @ P @ kept.mT + K @ R @ K.mT  # P = (I - K H) P (I - K H)ᵀ + K R Kᵀ
        return x, P

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
        x, P = self._state(x, P)
        z = self._checked("z", z, self._m)
        if z.ndim < 2:
            raise ValueError(f"z must have shape (..., M, {self._m}), got {tuple(z.shape)}")
        self._check_batch(x=x.shape[:-1], P=P.shape[:-2], z=z.shape[:-2])
        y = z - _apply(self.H, x)[..., None, :]  # (..., M, m)
        S = self.H @ P @ self.H.mT + self.R  # (..., m, m)
        return self._xp.sum(y.mT * self._xp.linalg.solve(S, y.mT), axis=-2)

    def _state(self, x: Array, P: Array) -> tuple[Array, Array]:
        """The checked state."""
        x, P = self._checked("x", x, self._n), self._checked("P", P, self._n, self._n)
        self._check_batch(x=x.shape[:-1], P=P.shape[:-2])
        return x, P

    def _checked(self, name: str, value: Array, *axes: int) -> Array:
        """An argument with these last axes, finite, as an array of the matrices' kind."""
        if not self.checked:
            return value
        # Every step of every track comes through here: arrays of the right kind skip conversion.
        if type(value) is not type(self.F) or value.dtype != self.F.dtype:
            _, _, value = float_arrays(F=self.F, **{name: value})
            value = self._xp.astype(value, self.F.dtype)
        if value.shape[-len(axes) :] != axes:
            _refuse_axes(name, value, axes, f"n = {self._n}, m = {self._m}")
        # A finite sum of squares, the quickest of all reductions, proves every entry finite.
        if type(value) is np.ndarray and math.isfinite(np.vdot(value, value)):
            return value
        check_finite(self._xp, **{name: value})
        return value

    def _check_batch(self, **leading_axes: tuple[int, ...]) -> tuple[int, ...]:
        """The axes that all broadcast to, those of the matrices among them."""
        if not self.checked:
            return ()
        shapes = {self._batch, *map(tuple, leading_axes.values())} - {()}
        if len(shapes) < 2:  # the usual case; `broadcast_shapes` takes longer than a product
            return next(iter(shapes), ())
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            names = ", ".join(leading_axes)
            got = ", ".join(str(tuple(axes)) for axes in leading_axes.values())
            raise ValueError(
                f"{names} must have leading axes that broadcast, with those of the matrices "
                f"{self._batch}, too, got {got}"
            ) from None


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
    check_positive(degrees=degrees)
    if degrees < 1:
        raise ValueError(f"degrees must be at least 1, got {degrees}")
    check_shares(probability=probability)
    # The chi-square distribution is a gamma distribution; scipy.stats takes long to import.
    return float(2 * gammaincinv(degrees / 2, probability))


def _apply(matrix: Array, vectors: Array) -> Array:
    """The product of each matrix (..., m, n) with its vector (..., n); one matrix serves all."""
    if matrix.ndim == 2:
        return vectors @ matrix.mT
    return (matrix @ vectors[..., None])[..., 0]


def _check_matrices(xp: Any, matrices: dict[str, Array]) -> None:
    """Refuse shapes that do not fit, and a Q or R that is no covariance."""
    for name, matrix in matrices.items():
        if matrix.ndim < 2:
            raise ValueError(f"{name} must be a matrix, got shape {tuple(matrix.shape)}")
    n, m = matrices["F"].shape[-1], matrices["H"].shape[-2]
    columns = {"F": (n, n), "H": (m, n), "Q": (n, n), "R": (m, m)}
    if "B" in matrices:
        columns["B"] = (n, matrices["B"].shape[-1])
    for name, expected in columns.items():
        if matrices[name].shape[-2:] != expected:
            _refuse_axes(name, matrices[name], expected, "n states, m measurements")
    for name in "QR":
        _check_covariance(xp, **{name: matrices[name]})


def _refuse_axes(name: str, array: Array, axes: tuple[int, ...], why: str) -> NoReturn:
    wanted = ", ".join(["...", *map(str, axes)])
    raise ValueError(f"{name} must have shape ({wanted}) ({why}), got {tuple(array.shape)}")


def _check_covariance(xp: Any, **matrices: Array) -> None:
    for name, matrix in matrices.items():
        if array_api_compat.size(matrix) == 0:
            continue
        tolerance = xp.finfo(matrix.dtype).eps ** 0.5 * xp.max(xp.abs(matrix))
        if xp.any(xp.abs(matrix - matrix.mT) > tolerance):
            raise ValueError(f"{name} must be symmetric, got a difference from its transpose")
        variances = xp.linalg.diagonal(matrix)
        if xp.any(variances < 0):
            smallest = float(xp.min(variances))
            raise ValueError(f"{name} must have variances >= 0 on its diagonal, got {smallest:g}")
