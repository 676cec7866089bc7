"""Finding the parameters: gradient descent, Newton's method, proximal gradient."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import array_api_compat
import numpy as np

from .._validation import (
    check_binary,
    check_finite,
    check_not_negative,
    check_shape,
    class_indices,
    float_arrays,
)
from .losses import _with_ones
from .model import Array
from .objective import BinaryObjective, Objective, SoftmaxObjective

# A fitted probability this close to 0 or 1 (|z| = 12: 6e-6) is rare unless it is on its way there.
SATURATED_LOGIT = 12.0


# A Newton step with an old Hessian must still divide the gradient by this to be worth another.
REUSE_HESSIAN_BELOW = 0.25


class SeparableDataWarning(UserWarning):
    """The classes can be told apart without an error, so the loss has no finite minimum."""


@dataclass(frozen=True)
class FitResult:
    """What a solver found.

    Attributes:
        w: weights, (d,) or (d, K).
        b: bias, () or (K,).
        loss_history: the objective before the first and after each iteration, (n_iter + 1,).
        n_iter: iterations done.
        converged: whether the optimality conditions hold within `tol`.
        separable: whether the data was seen to have no finite optimum: longer w and b would
            have a lower loss still. A run that was stopped early may not have seen it.
        message: why the solver stopped.
    """

    w: Array
    b: Array
    loss_history: np.ndarray
    n_iter: int
    converged: bool
    separable: bool
    message: str


def fit(
    X: Array,
    y: Array,
    *,
    solver: str = "newton",
    l1: float = 0.0,
    l2: float = 0.0,
    learning_rate: float | None = None,
    max_iter: int = 1000,
    tol: float = 1e-10,
) -> FitResult:
    """Minimise :py:func:`visioncourse.logistic.loss` over w and b, starting from zero.

    Args:
        X: (n, d) features.
        y: (n,) labels, 0 or 1.
        solver: "newton" (:eq:`eq-newton`; the fast one), "gradient_descent" (:eq:`eq-update-w`) or
            "proximal_gradient" (:eq:`eq-proximal`; the one for l1 > 0: it finds exact zeros).
        l1, l2: penalty strengths, >= 0; the bias is not penalised.
        learning_rate: the step η of the two gradient solvers; None is 1/L, :eq:`eq-smoothness`.
            Too large a step of "gradient_descent" diverges, as it does in the text.
        max_iter: stop after this many iterations.
        tol: stop when no entry of the gradient is larger ("proximal_gradient": of its step over η),
            or larger than the rounding errors of X's dtype leave visible.

    Returns:
        A :py:class:`FitResult`. Data that can be separated has no finite optimum without a
        penalty: then the solver stops, `separable` is True and a
        :py:class:`SeparableDataWarning` is given once. The same holds, with a penalty too, when
        a class has no example: the bias is free to grow. No example at all: w = 0, b = 0.

    Raises:
        ValueError: NaN, an infinite feature, labels other than 0 and 1, shapes that do not fit,
            a negative penalty, an unknown solver, or l1 > 0 with a solver that needs derivatives.
    """
    xp, X, y = float_arrays(X=X, y=y)
    _check_table(xp, X, y)
    check_binary(xp, y=y)
    check_not_negative(l1=l1, l2=l2)
    objective = BinaryObjective(xp, X, y, l1, l2)
    return _minimise(objective, solver, learning_rate, max_iter, tol)


def fit_softmax(
    X: Array,
    y: Array,
    *,
    num_classes: int | None = None,
    solver: str = "newton",
    l1: float = 0.0,
    l2: float = 0.0,
    learning_rate: float | None = None,
    max_iter: int = 1000,
    tol: float = 1e-10,
) -> FitResult:
    """Minimise :py:func:`visioncourse.logistic.softmax_loss` over W and b, starting from zero.

    Args:
        X: (n, d) features.
        y: (n,) class indices 0 to K - 1.
        num_classes: K, at least 2; None is the largest label plus one.
        solver, l1, l2, learning_rate, max_iter, tol: as for :py:func:`fit`. "newton" solves a
            system of (d + 1)·K equations in each iteration.

    Returns:
        A :py:class:`FitResult` with w (d, K) and b (K,). Of the many equivalent biases (and,
        without a penalty, weights) it is the one whose classes sum to zero.

    Raises:
        ValueError: as for :py:func:`fit`; labels that are no class indices.
    """
    xp, X, y = float_arrays(X=X, y=y)
    _check_table(xp, X, y)
    check_not_negative(l1=l1, l2=l2)
    if num_classes is None:
        num_classes = max(int(xp.max(y)) + 1, 2) if y.shape[0] else 2
    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, got {num_classes}")
    labels = class_indices(xp, "y", y, num_classes)
    objective = SoftmaxObjective(xp, X, labels, l1, l2, num_classes)
    return _minimise(objective, solver, learning_rate, max_iter, tol)


def is_separable(X: Array, y: Array) -> bool:
    """Whether some hyperplane has no example on its wrong side and not all examples on it.

    Exactly then the unpenalised loss has no minimum (Albert and Anderson 1984): moving along the
    hyperplane's normal lowers it for ever. Decided by a linear program (Konis 2007).

    Args:
        X: (n, d) features.
        y: (n,) labels, 0 or 1.

    Returns:
        True for complete and for quasi-complete separation; False for no example.

    Raises:
        ValueError: as for :py:func:`fit`.
    """
    xp, X, y = float_arrays(X=X, y=y)
    _check_table(xp, X, y)
    check_binary(xp, y=y)
    return X.shape[0] > 0 and _separating_direction_exists(X, y, 2)


def _separating_direction_exists(X: Array, y: Array, num_classes: int) -> bool:
    # Imported here: it takes as long as all other imports together, and few fits need it.
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    features, labels = _to_numpy(X).astype(float), _to_numpy(y).astype(int)
    scale = np.abs(features).max(axis=0, initial=0)
    features = np.c_[features / np.where(scale > 0, scale, 1.0), np.ones(len(features))]
    # The margin of an example against another class is its logit minus the other's. Only the
    # differences count, so class 0 stays at zero and the others have a direction each.
    classes = np.eye(num_classes)
    example, other = np.nonzero(classes[labels] == 0)  # (n(K - 1),) each
    signs = (classes[labels[example]] - classes[other])[:, 1:]  # (n(K - 1), K - 1)
    margins = (signs[:, :, None] * features[example][:, None, :]).reshape(len(example), -1)
    # Maximise the sum of margins, none negative, over directions in a box.
    program = linprog(
        -margins.sum(axis=0), A_ub=csr_array(-margins), b_ub=np.zeros(len(margins)), bounds=(-1, 1)
    )
    return -program.fun > 1e-6


def _to_numpy(array: Array) -> np.ndarray:
    return np.asarray(array.detach().cpu() if array_api_compat.is_torch_array(array) else array)


def _check_table(xp: Any, X: Array, y: Array) -> None:
    check_finite(xp, X=X)
    if X.ndim != 2:
        raise ValueError(f"X must have shape (n, d), got {tuple(X.shape)}")
    check_shape("y", y, (X.shape[0],), "one label for each row of X")


class Iterate(NamedTuple):
    """Where a solver stands: parameters, their logits, objective, violation of optimality."""

    w: Array
    b: Array
    z: Array
    value: float
    violation: float


def gradient_descent(objective: Objective, learning_rate: float) -> Iterator[Iterate]:
    """Step against the gradient, :eq:`eq-update-w` and :eq:`eq-update-b`."""
    w, b = objective.start()
    while True:
        z = objective.logits(w, b)
        dw, db = objective.gradient(z, w)
        yield Iterate(w, b, z, objective.value(z, w), _largest(objective.xp, dw, db))
        w, b = w - learning_rate * dw, b - learning_rate * db


def newton(objective: Objective) -> Iterator[Iterate]:
    """Step to the minimum of the local quadratic, :eq:`eq-newton`, halved until the loss falls.

    A Hessian costs more than a gradient: it serves as long as its steps still pay. A large table
    starts at the optimum of a sample of its rows.
    """
    w, b, hessian = _sample_optimum(objective)
    z = objective.logits(w, b)
    value = objective.value(z, w)
    last_violation = float("inf")
    rounding = 50 * objective.epsilon()
    while True:
        dw, db = objective.gradient(z, w)
        violation = _largest(objective.xp, dw, db)
        yield Iterate(w, b, z, value, violation)
        if hessian is None or violation > REUSE_HESSIAN_BELOW * last_violation:
            hessian = objective.hessian(z)
        last_violation = violation
        step_w, step_b = objective.newton_step(hessian, dw, db)
        step_z = objective.logits(step_w, step_b)
        slope = float(objective.xp.sum(dw * step_w) + objective.xp.sum(db * step_b))
        scale = 1.0
        while True:
            candidate = w - scale * step_w
            new_value = objective.value(z - scale * step_z, candidate)
            # Armijo's rule, with room for rounding once the decrease is below it.
            if new_value <= value - 1e-4 * scale * slope + rounding * abs(value) or scale < 1e-9:
                break
            scale /= 2
        w, b, z, value = candidate, b - scale * step_b, z - scale * step_z, new_value


def _sample_optimum(objective: Objective) -> tuple[Array, Array, Array | None]:
    """Where Newton's method starts, and the Hessian there if it is known."""
    sample = objective.sample()
    if sample is None:
        return *objective.start(), None
    for iterate in islice(newton(sample), 20):
        if iterate.violation < 1e-3:
            return iterate.w, iterate.b, sample.hessian(iterate.z)
    # A sample of a few large or separable rows may have no optimum nearby.
    return *objective.start(), None


def proximal_gradient(objective: Objective, learning_rate: float) -> Iterator[Iterate]:
    """Gradient step, then shrink the weights by η·l1, :eq:`eq-proximal`.

    With momentum (FISTA, Beck and Teboulle 2009) that restarts when it points uphill
    (O'Donoghue and Candès 2015).
    """
    xp, l1 = objective.xp, objective.l1
    w, b = objective.start()
    ahead_w, ahead_b, momentum = w, b, 1.0
    violation = float("inf")
    while True:
        z = objective.logits(w, b)
        yield Iterate(w, b, z, objective.value(z, w), violation)
        dw, db = objective.gradient(objective.logits(ahead_w, ahead_b), ahead_w)
        new_w = _shrink(xp, ahead_w - learning_rate * dw, learning_rate * l1)
        new_b = ahead_b - learning_rate * db
        back_w, back_b = ahead_w - new_w, ahead_b - new_b
        violation = _largest(xp, back_w, back_b) / learning_rate
        uphill = float(xp.sum(back_w * (new_w - w)) + xp.sum(back_b * (new_b - b))) > 0
        next_momentum = 1.0 if uphill else (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        push = 0.0 if uphill else (momentum - 1) / next_momentum
        ahead_w, ahead_b = new_w + push * (new_w - w), new_b + push * (new_b - b)
        w, b, momentum = new_w, new_b, next_momentum


def _shrink(xp: Any, values: Array, by: float) -> Array:
    """Move every entry towards zero by `by`, and no further: the proximal map of by·‖·‖₁."""
    return values - xp.clip(values, -by, by)


def _largest(xp: Any, *arrays: Array) -> float:
    return max((float(xp.max(xp.abs(a))) for a in arrays if array_api_compat.size(a)), default=0.0)


def _iterates(objective: Objective, solver: str, learning_rate: float | None) -> Iterator[Iterate]:
    if learning_rate is not None and not 0 < learning_rate < float("inf"):
        raise ValueError(f"learning_rate must be positive and finite, got {learning_rate}")
    if objective.l1 > 0 and solver in ("newton", "gradient_descent"):
        raise ValueError(
            f'solver="{solver}" needs derivatives, which l1={objective.l1} has not at zero: '
            'use solver="proximal_gradient"'
        )
    if solver == "newton":
        if learning_rate is not None:
            raise ValueError('solver="newton" finds its own step: leave learning_rate out')
        return newton(objective)
    if solver == "gradient_descent":
        return gradient_descent(objective, learning_rate or 1 / objective.smoothness())
    if solver == "proximal_gradient":
        return proximal_gradient(objective, learning_rate or 1 / objective.smoothness())
    raise ValueError(
        f'solver must be "newton", "gradient_descent" or "proximal_gradient", got {solver!r}'
    )


def _minimise(
    objective: Objective, solver: str, learning_rate: float | None, max_iter: int, tol: float
) -> FitResult:
    check_not_negative(max_iter=max_iter, tol=tol)
    tol = max(tol, objective.resolution())
    unbounded = _may_be_unbounded(objective)
    history: list[float] = []
    separable = converged = False
    with np.errstate(over="ignore", invalid="ignore"):  # the result tells of a divergence
        for iterate in _iterates(objective, solver, learning_rate):
            history.append(iterate.value)
            if not np.isfinite(iterate.value):
                message = "diverged: the loss is no longer finite; lower the learning rate"
                break
            if unbounded and objective.margin(iterate.z) > 0:
                separable = True
                break
            if iterate.violation <= tol:
                converged = True
                message = f"converged: no entry of the gradient exceeds {tol:g}"
                break
            if len(history) > max_iter:
                message = f"stopped after max_iter={max_iter} iterations"
                break
    separable = separable or (unbounded and _grows_for_ever(objective, iterate))
    if separable:
        converged = False
        message = (
            "the classes can be separated without an error, so the loss has no finite minimum: "
            "it falls for ever as the parameters grow; add a penalty (l2 > 0), or, when a class "
            "has no example, some of it"
        )
        warnings.warn(message, SeparableDataWarning, stacklevel=3)
    return FitResult(
        iterate.w, iterate.b, np.array(history), len(history) - 1, converged, separable, message
    )


def _may_be_unbounded(objective: Objective) -> bool:
    """Whether nothing holds some parameter: no penalty, or a class without examples."""
    if objective.y.shape[0] == 0:
        return False
    return (objective.l1 == 0 and objective.l2 == 0) or objective.lacks_class()


def _grows_for_ever(objective: Objective, iterate: Iterate) -> bool:
    """Whether the gradient vanishes at infinity only: a class is absent or partly separable."""
    if objective.lacks_class():
        return True
    if not np.isfinite(iterate.value) or _largest(objective.xp, iterate.z) < SATURATED_LOGIT:
        return False
    # At the end of a run, an example whose probabilities are still in doubt lies on every
    # separating hyperplane. When such examples span all directions there is none, and the linear
    # program, slow on a large table, need not say so.
    xp = objective.xp
    residual = xp.abs(objective.residual(iterate.z))  # (n,) or (n, K)
    in_doubt = xp.min(xp.reshape(residual, (residual.shape[0], -1)), axis=1) > 1e-6
    features = _with_ones(xp, objective.X[in_doubt, :])
    if int(xp.linalg.matrix_rank(features.T @ features)) == features.shape[1]:
        return False
    return _separating_direction_exists(objective.X, objective.y, objective.num_classes)
