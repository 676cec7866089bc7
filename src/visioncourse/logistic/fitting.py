"""Fitting a model: a solver, run until it has converged or cannot."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .._validation import (
    check_binary,
    check_class_indices,
    check_factors,
    check_not_negative,
    check_num_classes,
    check_table,
)
from ..arrays import Array, integer_arrays, narrow, wide_arrays, without_gradient
from .objective import BinaryObjective, Objective, SoftmaxObjective
from .separability import grows_for_ever, may_be_unbounded
from .solvers import Iterate, iterates


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

        float16 and bfloat16 are solved in float32, and w and b go back to the dtype of X.

    Raises:
        ValueError: NaN, an infinite feature, labels other than 0 and 1, shapes that do not fit,
            a negative penalty, an unknown solver, or l1 > 0 with a solver that needs derivatives.
    """
    objective, dtype = _binary_objective(X, y, l1, l2)
    return _minimise(objective, dtype, solver, learning_rate, max_iter, tol)


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
        num_classes: K, at least 2; None is the largest label plus one, at most n.
        solver, l1, l2, learning_rate, max_iter, tol: as for :py:func:`fit`. "newton" solves a
            system of (d + 1)·K equations in each iteration.

    Returns:
        A :py:class:`FitResult` with w (d, K) and b (K,). Of the many equivalent biases (and,
        without a penalty, weights) it is the one whose classes sum to zero.

    Raises:
        ValueError: as for :py:func:`fit`; labels that are no class indices.
    """
    objective, dtype = _softmax_objective(X, y, l1, l2, num_classes)
    return _minimise(objective, dtype, solver, learning_rate, max_iter, tol)


class Step(NamedTuple):
    """Where a solver stands: weights (d,) or (d, K), bias () or (K,), and the loss there."""

    w: Array
    b: Array
    loss: float


def steps(
    X: Array,
    y: Array,
    *,
    solver: str = "newton",
    l1: float = 0.0,
    l2: float = 0.0,
    learning_rate: float | None = None,
    num_classes: int | None = None,
) -> Iterator[Step]:
    """The way of a solver, one :py:class:`Step` after the other, without end.

    First comes the start, then what :py:func:`fit` (or :py:func:`fit_softmax`) would reach after
    each iteration; whoever asks decides when it is enough::

        for w, b, loss in itertools.islice(steps(X, y, solver="gradient_descent"), 101):

    Args:
        X, y, solver, l1, l2, learning_rate: as for :py:func:`fit`.
        num_classes: None for the sigmoid model, with labels 0 and 1; K >= 2 for the softmax model,
            with labels 0 to K - 1.

    Returns:
        An iterator. The start is w = 0, b = 0, except for "newton" on a large table, which begins
        at the optimum of a sample of the rows. A solver that diverges goes on with infinity or NaN.

    Raises:
        ValueError: as for :py:func:`fit` and :py:func:`fit_softmax`, at the call.
    """
    if num_classes is None:
        objective, dtype = _binary_objective(X, y, l1, l2)
    else:
        objective, dtype = _softmax_objective(X, y, l1, l2, num_classes)
    return _steps(objective.xp, iterates(objective, solver, learning_rate), dtype)


def _steps(xp: Any, way: Iterator[Iterate], dtype: Any) -> Iterator[Step]:
    while True:
        with np.errstate(over="ignore", invalid="ignore"):  # a divergence is there to be seen
            iterate = next(way)
        w, b = narrow(xp, iterate.w, dtype), narrow(xp, iterate.b, dtype)
        yield Step(w, b, iterate.value)


def _binary_objective(X: Array, y: Array, l1: float, l2: float) -> tuple[BinaryObjective, Any]:
    """The objective, in at least float32, and the caller's dtype."""
    xp, dtype, X, y = wide_arrays(X=X, y=y)
    check_table(xp, X=X, y=y)
    check_binary(xp, y=y)
    check_factors(l1=l1, l2=l2)
    return BinaryObjective(xp, without_gradient(X), without_gradient(y), l1, l2), dtype


def _softmax_objective(
    X: Array, y: Array, l1: float, l2: float, num_classes: int | None
) -> tuple[SoftmaxObjective, Any]:
    xp, dtype, X = wide_arrays(X=X)
    _, y = integer_arrays(X, y=y)
    check_table(xp, X=X, y=y)
    check_factors(l1=l1, l2=l2)
    if num_classes is None:
        num_classes = max(int(xp.max(y)) + 1, 2) if y.shape[0] else 2
        if num_classes > max(y.shape[0], 2):  # identities, say: weights for all would fill memory
            raise ValueError(
                f"num_classes must be given where there are more classes than examples, got a "
                f"label {num_classes - 1} in y of {y.shape[0]} examples"
            )
    check_num_classes(2, num_classes)
    check_class_indices(xp, num_classes, y=y)
    y = xp.astype(y, xp.int64, copy=False)
    return SoftmaxObjective(xp, without_gradient(X), y, l1, l2, num_classes), dtype


def _minimise(
    objective: Objective,
    dtype: Any,
    solver: str,
    learning_rate: float | None,
    max_iter: int,
    tol: float,
) -> FitResult:
    check_not_negative(max_iter=max_iter, tol=tol)
    tol = max(tol, objective.resolution())
    unbounded = may_be_unbounded(objective)
    history: list[float] = []
    separable = converged = False
    with np.errstate(over="ignore", invalid="ignore"):  # the result tells of a divergence
        for iterate in iterates(objective, solver, learning_rate):
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
    w, b = narrow(objective.xp, iterate.w, dtype), narrow(objective.xp, iterate.b, dtype)
    return FitResult(w, b, np.array(history), len(history) - 1, converged, separable, message)
