"""From two classes to K: softmax and the multinomial model."""

from typing import Any

import array_api_compat

from .._validation import check_class_indices, check_finite, check_not_negative, check_shape
from ..arrays import float_arrays, integer_arrays
from .losses import _mean, _penalty, _ridge, _with_ones
from .model import Array


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
    xp, logits = float_arrays(logits=logits)
    return _softmax(xp, logits, _checked_axis(xp, logits, axis))


def log_softmax(logits: Array, axis: int = -1) -> Array:
    """The logarithm of :py:func:`softmax`, :eq:`eq-log-softmax`, exact where softmax is 0.0.

    Arguments and errors as for :py:func:`softmax`.

    Returns:
        Same shape, in [-infinity, 0].
    """
    xp, logits = float_arrays(logits=logits)
    return _log_softmax(xp, logits, _checked_axis(xp, logits, axis))


def _checked_axis(xp: Any, logits: Array, axis: int) -> int:
    if not -logits.ndim <= axis < logits.ndim:
        raise ValueError(f"axis must name one of the {logits.ndim} axes of logits, got {axis}")
    if array_api_compat.size(logits) == 0:
        return axis
    largest = xp.max(logits, axis=axis)
    if not xp.all(xp.isfinite(largest)):
        raise ValueError(
            "logits must be below infinity, with a finite one along axis, "
            f"got a largest logit of {float(largest[~xp.isfinite(largest)][0])}"
        )
    return axis


def _softmax(xp: Any, logits: Array, axis: int) -> Array:
    # The quotient keeps the last digits that the exponential of a logarithm loses.
    exponentials = xp.exp(_shift(xp, logits, axis))
    return exponentials / xp.sum(exponentials, axis=axis, keepdims=True)


def _log_softmax(xp: Any, logits: Array, axis: int) -> Array:
    if array_api_compat.size(logits) == 0:
        return logits  # without classes the sum below is 0, and its logarithm warns
    shifted = _shift(xp, logits, axis)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def _shift(xp: Any, logits: Array, axis: int) -> Array:
    """Softmax does not change when all logits of an example move together: the largest moves to 0.

    Then no exponential overflows, and their sum is at least 1.
    """
    if array_api_compat.size(logits) == 0:
        return logits
    return logits - xp.max(logits, axis=axis, keepdims=True)


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
    xp, X, W, b = float_arrays(X=X, W=W, b=b)
    return _softmax(xp, _class_logits(X, W, b), -1)


def predict_softmax(X: Array, W: Array, b: Array) -> Array:
    """The most probable class of every example, :eq:`eq-argmax`; the first one of a tie.

    Arguments and errors as for :py:func:`predict_proba_softmax`.

    Returns:
        (...) integers 0 to K - 1.
    """
    xp, X, W, b = float_arrays(X=X, W=W, b=b)
    return xp.argmax(_class_logits(X, W, b), axis=-1)


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
    xp, X, y, W, b = _class_examples(X, y, W, b)
    check_not_negative(l1=l1, l2=l2)
    return _mean_class_nll(xp, _class_logits(X, W, b), y) + _penalty(xp, W, l1, l2)


def softmax_gradient(
    X: Array, y: Array, W: Array, b: Array, *, l2: float = 0.0
) -> tuple[Array, Array]:
    """The derivatives of :py:func:`softmax_loss` with l1 = 0, :eq:`eq-softmax-gradient`.

    Arguments and errors as for :py:func:`softmax_loss`.

    Returns:
        dW (d, K) and db (K,); the penalty's share alone for no example.
    """
    xp, X, y, W, b = _class_examples(X, y, W, b)
    check_not_negative(l2=l2)
    d, num_classes = W.shape
    z = _class_logits(X, W, b)
    residual = xp.reshape(_class_residual(xp, z, y), (-1, num_classes))  # (n, K)
    n = residual.shape[0]
    features = xp.reshape(X, (n, d))
    return features.T @ residual / max(n, 1) + l2 * W, xp.sum(residual, axis=0) / max(n, 1)


def _class_examples(X: Array, y: Array, W: Array, b: Array) -> tuple[Any, ...]:
    xp, X, W, b = float_arrays(X=X, W=W, b=b)
    _, y = integer_arrays(X, y=y)
    check_finite(xp, X=X, W=W, b=b)
    if W.ndim != 2:
        raise ValueError(f"W must have shape (d, K), got {tuple(W.shape)}")
    check_shape(X.shape[:-1], "one label for each example of X", y=y)
    check_class_indices(xp, W.shape[1], y=y)
    return xp, X, xp.astype(y, xp.int64, copy=False), W, b


def _class_logits(X: Array, W: Array, b: Array) -> Array:
    if W.ndim != 2 or W.shape[1] == 0:
        raise ValueError(f"W must have shape (d, K) with K >= 1, got {tuple(W.shape)}")
    if X.ndim == 0:
        raise ValueError("X must have shape (..., d), got a single number")
    check_shape((X.shape[-1], W.shape[1]), "one row for each feature of X", W=W)
    check_shape((W.shape[1],), "one bias for each column of W", b=b)
    return X @ W + b


def _one_hot(xp: Any, y: Array, like: Array) -> Array:
    """Class indices (...) as rows (..., K) with a single 1, in the dtype of `like` (..., K)."""
    classes = xp.arange(like.shape[-1], device=array_api_compat.device(like))
    return xp.astype(y[..., None] == classes, like.dtype)


def _mean_class_nll(xp: Any, z: Array, y: Array) -> Array:
    # `where`, not a product: 0 times a log-probability of -infinity would be NaN.
    chosen = xp.where(_one_hot(xp, y, z) == 1, _log_softmax(xp, z, -1), xp.zeros_like(z))
    return _mean(xp, -xp.sum(chosen, axis=-1))


def _class_residual(xp: Any, z: Array, y: Array) -> Array:
    return _softmax(xp, z, -1) - _one_hot(xp, y, z)


def _class_hessian(xp: Any, X: Array, p: Array, l2: float) -> Array:
    """The Hessian for X (n, d) and probabilities p (n, K): ((d + 1)·K)², features before classes.

    Moving all classes' parameters together changes no probability: the Hessian is 0 along those
    directions and the gradient has no part in them. Curvature 1 is added there, so that the
    Newton step is unique; it stays where the parameters of the K classes sum to zero.
    """
    n, d = X.shape
    num_classes = p.shape[1]
    features = _with_ones(xp, X)  # (n, d + 1)
    blocks = xp.zeros(
        (d + 1, num_classes, d + 1, num_classes),
        dtype=X.dtype,
        device=array_api_compat.device(X),
    )
    together = xp.eye(d + 1, dtype=X.dtype, device=array_api_compat.device(X)) / num_classes
    for k in range(num_classes):
        for other in range(k, num_classes):
            curvature = p[:, k] * ((1.0 if k == other else 0.0) - p[:, other]) / max(n, 1)  # (n,)
            block = (features * curvature[:, None]).T @ features + together
            if k == other:
                block = block + _ridge(xp, X, l2)
            blocks[:, k, :, other] = block
            blocks[:, other, :, k] = block
    size = (d + 1) * num_classes
    return xp.reshape(blocks, (size, size))
