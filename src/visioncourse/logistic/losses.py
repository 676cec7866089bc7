"""How well parameters explain data: likelihood, its logarithm, the loss, its derivatives."""

from typing import Any

from .._validation import (
    check_binary,
    check_factors,
    check_finite,
    check_linear,
    check_probabilities,
    check_shape,
)
from ..arrays import Array, narrow, wide_arrays
from . import formulas


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
    xp, dtype, X, y, w, b = _examples(X, y, w, b)
    z = formulas.logits(xp, X, w, b)
    return narrow(xp, xp.prod(formulas.sigmoid(xp, formulas.signed(xp, z, y))), dtype)


def log_likelihood(X: Array, y: Array, w: Array, b: Array) -> Array:
    """The sum of the labels' log-probabilities, :eq:`eq-log-likelihood`.

    Arguments and errors as for :py:func:`likelihood`.

    Returns:
        () in (-infinity, 0]; 0 for no example.
    """
    xp, dtype, X, y, w, b = _examples(X, y, w, b)
    z = formulas.logits(xp, X, w, b)
    return narrow(xp, xp.sum(-formulas.nll(xp, z, y)), dtype)


def cross_entropy(p: Array, y: Array) -> Array:
    """The mean cross-entropy of predicted probabilities, :eq:`eq-cross-entropy`.

    Probabilities that have been rounded to 0 or 1 have lost what the logits still knew:
    :py:func:`loss` starts from the logits and stays finite, and so does
    :py:func:`visioncourse.segmentation.cross_entropy` for several classes.

    Args:
        p: (...) predicted probabilities of y = 1, in [0, 1]; a rounding error beyond, of four
            units in the last place, counts as 0 or 1.
        y: (...) labels, 0 or 1.

    Returns:
        () in [0, infinity], infinite when a label was given probability 0; 0 for no example.

    Raises:
        ValueError: NaN, p outside [0, 1], labels other than 0 and 1, shapes that differ.
    """
    xp, dtype, p, y = wide_arrays(p=p, y=y)
    check_probabilities(xp, dtype, p=p)
    check_binary(xp, y=y)
    check_shape(p.shape, "one label for each entry of p", y=y)
    p = xp.clip(p, 0, 1)
    impossible = xp.where(y == 1, p == 0, p == 1)
    # log(0) warns: it never sees a 0. log1p keeps the digits of a tiny p that 1 - p loses.
    positive = xp.where((y == 1) & ~impossible, p, xp.ones_like(p))
    negative = xp.where((y == 0) & ~impossible, p, xp.zeros_like(p))
    nll = -xp.log(positive) - xp.log1p(-negative)
    nll = xp.where(impossible, xp.full_like(p, float("inf")), nll)
    return narrow(xp, formulas.mean(xp, nll), dtype)


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
    xp, dtype, X, y, w, b = _examples(X, y, w, b)
    check_factors(l1=l1, l2=l2)
    nll = formulas.nll(xp, formulas.logits(xp, X, w, b), y)
    return narrow(xp, formulas.mean(xp, nll) + formulas.penalty(xp, w, l1, l2), dtype)


def gradient(X: Array, y: Array, w: Array, b: Array, *, l2: float = 0.0) -> tuple[Array, Array]:
    """The derivatives of :py:func:`loss` with l1 = 0, :eq:`eq-gradient-w` and :eq:`eq-gradient-b`.

    ‖w‖₁ has no derivative at 0, so there is no `l1` here: see :eq:`eq-proximal`.

    Arguments and errors as for :py:func:`loss`.

    Returns:
        dw (d,) and db (); the penalty's share alone for no example.
    """
    xp, dtype, X, y, w, b = _examples(X, y, w, b)
    check_factors(l2=l2)
    residual = formulas.sigmoid(xp, formulas.logits(xp, X, w, b)) - y
    residual = xp.reshape(residual, (-1,))  # (n,)
    features = xp.reshape(X, (residual.shape[0], w.shape[0]))  # (n, d)
    dw, db = formulas.gradient(xp, features, residual, w, l2)
    return narrow(xp, dw, dtype), narrow(xp, db, dtype)


def hessian(X: Array, w: Array, b: Array, *, l2: float = 0.0) -> Array:
    """The second derivatives of :py:func:`loss` with l1 = 0, :eq:`eq-hessian`.

    They do not depend on the labels. Arguments and errors as for :py:func:`loss`.

    Returns:
        (d + 1, d + 1) symmetric, positive semidefinite, in the order w, b.
    """
    xp, dtype, X, w, b = wide_arrays(X=X, w=w, b=b)
    check_finite(xp, X=X, w=w, b=b)
    check_factors(l2=l2)
    check_linear(X, w=w, b=b)
    z = xp.reshape(formulas.logits(xp, X, w, b), (-1,))
    features = xp.reshape(X, (z.shape[0], w.shape[0]))
    return narrow(xp, formulas.hessian(xp, features, formulas.sigmoid(xp, z), l2), dtype)


def _examples(X: Array, y: Array, w: Array, b: Array) -> tuple[Any, ...]:
    xp, dtype, X, y, w, b = wide_arrays(X=X, y=y, w=w, b=b)
    check_finite(xp, X=X, w=w, b=b)
    check_binary(xp, y=y)
    check_linear(X, w=w, b=b)
    check_shape(X.shape[:-1], "one label for each example of X", y=y)
    return xp, dtype, X, y, w, b
