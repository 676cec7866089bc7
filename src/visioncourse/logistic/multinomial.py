"""From two classes to K: softmax and the multinomial model."""

from typing import Any

from .._validation import (
    check_class_indices,
    check_class_logits,
    check_classes_linear,
    check_factors,
    check_finite,
    check_shape,
)
from ..arrays import Array, integer_arrays, narrow, wide_arrays
from . import formulas


def softmax(logits: Array, axis: int = -1) -> Array:
    """Probabilities proportional to e^logit, :eq:`eq-softmax`.

    Args:
        logits: any shape, any real value; -infinity gives probability 0.
        axis: the axis of the classes.

    Returns:
        Same shape, in [0, 1], summing to 1 along `axis`. Nothing overflows unless two logits
        differ by more than the largest float.

    Raises:
        ValueError: NaN, +infinity, only -infinity along `axis`, or an axis that is not there.
    """
    xp, dtype, logits = wide_arrays(logits=logits)
    check_class_logits(xp, axis, logits=logits)
    return narrow(xp, formulas.softmax(xp, logits, axis), dtype)


def log_softmax(logits: Array, axis: int = -1) -> Array:
    """The logarithm of :py:func:`softmax`, :eq:`eq-log-softmax`, exact where softmax is 0.0.

    Arguments and errors as for :py:func:`softmax`.

    Returns:
        Same shape, in [-infinity, 0].
    """
    xp, dtype, logits = wide_arrays(logits=logits)
    check_class_logits(xp, axis, logits=logits)
    return narrow(xp, formulas.log_softmax(xp, logits, axis), dtype)


def predict_proba_softmax(X: Array, W: Array, b: Array) -> Array:
    """The K class probabilities softmax(Wᵀx + b) of every example, :eq:`eq-softmax-model`.

    Args:
        X: (..., d) features, one example in the last axis.
        W: (d, K) weights, one column for each class.
        b: (K,) biases.

    Returns:
        (..., K) probabilities that sum to 1 in the last axis.

    Raises:
        ValueError: NaN, or shapes that do not fit.
    """
    xp, dtype, X, W, b = wide_arrays(X=X, W=W, b=b)
    check_classes_linear(X, W=W, b=b)
    return narrow(xp, formulas.softmax(xp, formulas.logits(xp, X, W, b), -1), dtype)


def predict_softmax(X: Array, W: Array, b: Array) -> Array:
    """The most probable class of every example, :eq:`eq-argmax`; the first one of a tie.

    Arguments and errors as for :py:func:`predict_proba_softmax`.

    Returns:
        (...) integers 0 to K - 1.
    """
    xp, _, X, W, b = wide_arrays(X=X, W=W, b=b)
    check_classes_linear(X, W=W, b=b)
    return xp.argmax(formulas.logits(xp, X, W, b), axis=-1)


def softmax_loss(
    X: Array, y: Array, W: Array, b: Array, *, l1: float = 0.0, l2: float = 0.0
) -> Array:
    """Mean cross-entropy of K classes plus l1·‖W‖₁ + l2/2·‖W‖₂², :eq:`eq-softmax-loss`.

    Args:
        X: (..., d) features, one example in the last axis.
        y: (...) class indices 0 to K - 1.
        W: (d, K) weights.
        b: (K,) biases, never penalised.
        l1, l2: penalty strengths, >= 0.

    Returns:
        () >= 0; the penalty alone for no example.

    Raises:
        ValueError: NaN, an infinite entry, labels out of range, shapes that do not fit, or a
            negative penalty.
    """
    xp, dtype, X, y, W, b = _class_examples(X, y, W, b)
    check_factors(l1=l1, l2=l2)
    nll = formulas.class_nll(xp, formulas.logits(xp, X, W, b), y, -1)
    return narrow(xp, formulas.mean(xp, nll) + formulas.penalty(xp, W, l1, l2), dtype)


def softmax_gradient(
    X: Array, y: Array, W: Array, b: Array, *, l2: float = 0.0
) -> tuple[Array, Array]:
    """The derivatives of :py:func:`softmax_loss` with l1 = 0, :eq:`eq-softmax-gradient`.

    Arguments and errors as for :py:func:`softmax_loss`.

    Returns:
        dW (d, K) and db (K,); the penalty's share alone for no example.
    """
    xp, dtype, X, y, W, b = _class_examples(X, y, W, b)
    check_factors(l2=l2)
    d, num_classes = W.shape
    residual = formulas.class_residual(xp, formulas.logits(xp, X, W, b), y)  # (..., K)
    residual = xp.reshape(residual, (-1, num_classes))
    features = xp.reshape(X, (residual.shape[0], d))
    dW, db = formulas.gradient(xp, features, residual, W, l2)
    return narrow(xp, dW, dtype), narrow(xp, db, dtype)


def _class_examples(X: Array, y: Array, W: Array, b: Array) -> tuple[Any, ...]:
    xp, dtype, X, W, b = wide_arrays(X=X, W=W, b=b)
    _, y = integer_arrays(X, y=y)
    check_finite(xp, X=X, W=W, b=b)
    check_classes_linear(X, W=W, b=b)
    check_shape(X.shape[:-1], "one label for each example of X", y=y)
    check_class_indices(xp, W.shape[1], y=y)
    return xp, dtype, X, xp.astype(y, xp.int64, copy=False), W, b
