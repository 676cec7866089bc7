"""Fitting a model: a solver, run until it has converged or cannot."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .._validation import check_binary, check_class_indices, check_not_negative, check_table
from ..arrays import float_arrays, integer_arrays
from .model import Array
from .objective import BinaryObjective, Objective, SoftmaxObjective
from .separability import grows_for_ever, may_be_unbounded
from .solvers import Iterate, gradient_descent, newton, proximal_gradient


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
    check_table(xp, X=X, y=y)
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
    xp, X = float_arrays(X=X)
    _, labels = integer_arrays(X, y=y)
    check_table(xp, X=X, y=labels)
    check_not_negative(l1=l1, l2=l2)
    if num_classes is None:
        num_classes = max(int(xp.max(labels)) + 1, 2) if labels.shape[0] else 2
    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, got {num_classes}")
    check_class_indices(xp, num_classes, y=labels)
    labels = xp.astype(labels, xp.int64, copy=False)
    objective = SoftmaxObjective(xp, X, labels, l1, l2, num_classes)
    return _minimise(objective, solver, learning_rate, max_iter, tol)


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
    unbounded = may_be_unbounded(objective)
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
    separable = separable or (
        unbounded and np.isfinite(iterate.value) and grows_for_ever(objective, iterate.z)
    )
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
