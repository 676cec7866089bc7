"""How well parameters explain data: likelihood, its logarithm, the loss, its derivatives."""

from typing import Any

import array_api_compat

from .._validation import (
    check_binary,
    check_finite,
    check_not_negative,
    check_probabilities,
    check_shape,
)
from ..arrays import float_arrays
from .model import Array, _log_sigmoid, _logits, _sigmoid

BLOCK_ROWS = 8192


def likelihood(X: Array, y: Array, w: Array, b: Array) -> Array:
    """The probability of all labels given the features, :eq:`eq-likelihood`: a product.

    It underflows to 0.0 after some hundred examples; :py:func:`log_likelihood` does not.

    Args:
        X: (..., d) features, one example in the last axis.
        y: (...) labels, 0 or 1.
        w: (d,) weights.
        b: () bias.

    Returns:
        () in [0, 1]; 1 for no example.

    Raises:
        ValueError: NaN, an infinite feature, labels other than 0 and 1, shapes that do not fit.
    """
    xp, X, y, w, b = _examples(X, y, w, b)
    return xp.prod(_sigmoid(xp, _signed(xp, _logits(X, w, b), y)))


def log_likelihood(X: Array, y: Array, w: Array, b: Array) -> Array:
    """The sum of the labels' log-probabilities, :eq:`eq-log-likelihood`.

    Arguments and errors as for :py:func:`likelihood`.

    Returns:
        () in (-infinity, 0]; 0 for no example.
    """
    xp, X, y, w, b = _examples(X, y, w, b)
    return xp.sum(_log_sigmoid(xp, _signed(xp, _logits(X, w, b), y)))


def cross_entropy(p: Array, y: Array) -> Array:
    """The mean cross-entropy of predicted probabilities, :eq:`eq-cross-entropy`.

    Probabilities that have been rounded to 0 or 1 have lost what the logits still knew:
    :py:func:`loss` starts from the logits and stays finite.

    Args:
        p: (...) predicted probabilities of y = 1, in [0, 1].
        y: (...) labels, 0 or 1.

    Returns:
        () in [0, infinity], infinite when a label was given probability 0; 0 for no example.

    Raises:
        ValueError: NaN, p outside [0, 1], labels other than 0 and 1, shapes that differ.
    """
    xp, p, y = float_arrays(p=p, y=y)
    check_probabilities(xp, p=p)
    check_binary(xp, y=y)
    check_shape(p.shape, "one label for each entry of p", y=y)
    impossible = xp.where(y == 1, p == 0, p == 1)
    # log(0) warns: it never sees a 0. log1p keeps the digits of a tiny p that 1 - p loses.
    positive = xp.where((y == 1) & ~impossible, p, xp.ones_like(p))
    negative = xp.where((y == 0) & ~impossible, p, xp.zeros_like(p))
    nll = -xp.log(positive) - xp.log1p(-negative)
    return _mean(xp, xp.where(impossible, xp.full_like(p, float("inf")), nll))


def loss(X: Array, y: Array, w: Array, b: Array, *, l1: float = 0.0, l2: float = 0.0) -> Array:
    """Mean cross-entropy plus l1·‖w‖₁ + l2/2·‖w‖₂², :eq:`eq-regularised-loss`; b is free.

    Args:
        X: (..., d) features, one example in the last axis.
        y: (...) labels, 0 or 1.
        w: (d,) weights.
        b: () bias, never penalised.
        l1, l2: penalty strengths, >= 0.

    Returns:
        () >= 0; the penalty alone for no example.

    Raises:
        ValueError: as for :py:func:`likelihood`, or a negative penalty.
    """
    xp, X, y, w, b = _examples(X, y, w, b)
    check_not_negative(l1=l1, l2=l2)
    return _mean_nll(xp, _logits(X, w, b), y) + _penalty(xp, w, l1, l2)


def gradient(X: Array, y: Array, w: Array, b: Array, *, l2: float = 0.0) -> tuple[Array, Array]:
    """The derivatives of :py:func:`loss` with l1 = 0, :eq:`eq-gradient-w` and :eq:`eq-gradient-b`.

    ‖w‖₁ has no derivative at 0, so there is no `l1` here: see :eq:`eq-proximal`.

    Arguments and errors as for :py:func:`loss`.

    Returns:
        dw (d,) and db (); the penalty's share alone for no example.
    """
    xp, X, y, w, b = _examples(X, y, w, b)
    check_not_negative(l2=l2)
    residual = xp.reshape(_sigmoid(xp, _logits(X, w, b)) - y, (-1,))  # (n,)
    features = xp.reshape(X, (residual.shape[0], w.shape[0]))  # (n, d)
    n = max(residual.shape[0], 1)
    return features.T @ residual / n + l2 * w, xp.sum(residual) / n


def hessian(X: Array, w: Array, b: Array, *, l2: float = 0.0) -> Array:
    """The second derivatives of :py:func:`loss` with l1 = 0, :eq:`eq-hessian`.

    They do not depend on the labels. Arguments and errors as for :py:func:`loss`.

    Returns:
        (d + 1, d + 1) symmetric, positive semidefinite, in the order w, b.
    """
    xp, X, w, b = float_arrays(X=X, w=w, b=b)
    check_finite(xp, X=X, w=w, b=b)
    check_not_negative(l2=l2)
    z = xp.reshape(_logits(X, w, b), (-1,))
    return _hessian(xp, xp.reshape(X, (z.shape[0], w.shape[0])), _sigmoid(xp, z), l2)


def _examples(X: Array, y: Array, w: Array, b: Array) -> tuple[Any, Array, Array, Array, Array]:
    xp, X, y, w, b = float_arrays(X=X, y=y, w=w, b=b)
    check_finite(xp, X=X, w=w, b=b)
    check_binary(xp, y=y)
    check_shape(X.shape[:-1], "one label for each example of X", y=y)
    return xp, X, y, w, b


def _signed(xp: Any, z: Array, y: Array) -> Array:
    """z where y = 1 and -z where y = 0, since 1 - σ(z) = σ(-z)."""
    return xp.where(y == 1, z, -z)


def _mean(xp: Any, values: Array) -> Array:
    """The mean, and 0 where there is nothing to average."""
    return xp.sum(values) / max(array_api_compat.size(values), 1)


def _mean_nll(xp: Any, z: Array, y: Array) -> Array:
    return _mean(xp, -_log_sigmoid(xp, _signed(xp, z, y)))


def _penalty(xp: Any, w: Array, l1: float, l2: float) -> Array:
    # The strengths go first: without a penalty, huge weights must not overflow into 0 times inf.
    return xp.sum(l1 * xp.abs(w)) + xp.sum((l2 / 2 * w) * w)


def _hessian(xp: Any, X: Array, p: Array, l2: float) -> Array:
    """The Hessian for features X (n, d) and probabilities p (n,)."""
    n = X.shape[0]
    root = xp.sqrt(p * (1 - p) / max(n, 1))[:, None]  # (n, 1)
    curvature = _ridge(xp, X, l2)
    # Blocks of rows stay in the processor's cache: twice as fast as one large product.
    for start in range(0, n, BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        weighted = xp.concat([X[rows, :] * root[rows, :], root[rows, :]], axis=1)  # (rows, d + 1)
        curvature = curvature + weighted.T @ weighted
    return curvature


def _with_ones(xp: Any, X: Array) -> Array:
    """X (n, d) with a column of ones, the bias's feature, behind it: (n, d + 1)."""
    ones = xp.ones((X.shape[0], 1), dtype=X.dtype, device=array_api_compat.device(X))
    return xp.concat([X, ones], axis=1)


def _ridge(xp: Any, X: Array, l2: float) -> Array:
    """The penalty's second derivatives for one vector of weights and its bias, (d + 1, d + 1)."""
    d = X.shape[1]
    ridge = l2 * xp.eye(d + 1, dtype=X.dtype, device=array_api_compat.device(X))
    ridge[d, d] = 0.0
    return ridge
