"""The model: a linear function of the features, squashed into a probability."""

from typing import Any

from .._validation import check_probabilities, check_shape
from ..arrays import Array, float_arrays


def sigmoid(z: Array) -> Array:
    """The sigmoid function σ(z) = 1 / (1 + e^(-z)), :eq:`eq-sigmoid`.

    Args:
        z: any shape, any real value, ±infinity included.

    Returns:
        Same shape, in [0, 1]. Nothing overflows, so `sigmoid(-1000.0)` is 0.0 without a warning.

    Raises:
        ValueError: z contains NaN.
    """
    xp, z = float_arrays(z=z)
    return _sigmoid(xp, z)


def _sigmoid(xp: Any, z: Array) -> Array:
    # e^z / (e^z + 1) for z < 0 and 1 / (1 + e^-z) for z >= 0 in one expression: no exponent is
    # positive, so nothing overflows. `minimum` and `maximum` share the gradient at z = 0, where
    # |z| or `where` would make autograd return 0 or 1/2 instead of 1/4.
    zero = xp.zeros_like(z)
    numerator = xp.exp(xp.minimum(z, zero))
    return numerator / (numerator + xp.exp(-xp.maximum(z, zero)))


def log_sigmoid(z: Array) -> Array:
    """log σ(z) = -log(1 + e^(-z)), :eq:`eq-log-sigmoid`, exact where σ(z) rounds to 0 or 1.

    Args:
        z: any shape, any real value, ±infinity included.

    Returns:
        Same shape, in [-infinity, 0].

    Raises:
        ValueError: z contains NaN.
    """
    xp, z = float_arrays(z=z)
    return _log_sigmoid(xp, z)


def _log_sigmoid(xp: Any, z: Array) -> Array:
    # The exponent is never positive. At z = 0 the derivative of |z| counts as 0 and that of
    # `minimum` as 1/2, which together is right: autograd returns 1/2.
    return xp.minimum(z, xp.zeros_like(z)) - xp.log1p(xp.exp(-xp.abs(z)))


def logits(X: Array, w: Array, b: Array) -> Array:
    """The linear part z = wᵀx + b of every example, :eq:`eq-logit`.

    Args:
        X: (..., d) features, one example in the last axis: a table (n, d) or an image (H, W, C).
        w: (d,) weights.
        b: () bias.

    Returns:
        (...) one logit for each example.

    Raises:
        ValueError: NaN, or shapes that do not fit.
    """
    _, X, w, b = float_arrays(X=X, w=w, b=b)
    return _logits(X, w, b)


def _logits(X: Array, w: Array, b: Array) -> Array:
    if X.ndim == 0:
        raise ValueError("X must have shape (..., d), got a single number")
    check_shape((X.shape[-1],), "one weight for each feature in the last axis of X", w=w)
    check_shape((), "one bias", b=b)
    return X @ w + b


def predict_proba(X: Array, w: Array, b: Array) -> Array:
    """The probability ŷ = P(y = 1 | x) = σ(wᵀx + b) of every example, :eq:`eq-model`.

    Arguments and errors as for :py:func:`logits`.

    Returns:
        (...) probabilities in [0, 1].
    """
    xp, X, w, b = float_arrays(X=X, w=w, b=b)
    return _sigmoid(xp, _logits(X, w, b))


def predict(X: Array, w: Array, b: Array, threshold: float = 0.5) -> Array:
    """The class of every example: 1 where ŷ >= threshold, else 0, :eq:`eq-decision`.

    Args:
        X, w, b: as for :py:func:`logits`.
        threshold: in [0, 1].

    Returns:
        (...) integers 0 and 1.

    Raises:
        ValueError: NaN, shapes that do not fit, or a threshold outside [0, 1].
    """
    xp, X, w, b, threshold = float_arrays(X=X, w=w, b=b, threshold=threshold)
    check_shape((), "one threshold", threshold=threshold)
    check_probabilities(xp, threshold=threshold)
    return xp.astype(_sigmoid(xp, _logits(X, w, b)) >= threshold, xp.int64)
