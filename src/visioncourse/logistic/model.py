"""The model: a linear function of the features, squashed into a probability."""

from .._validation import check_linear, check_probabilities, check_shape
from ..arrays import Array, narrow, wide_arrays
from . import formulas


def sigmoid(z: Array) -> Array:
    """The sigmoid function σ(z) = 1 / (1 + e^(-z)), :eq:`eq-sigmoid`.

    Args:
        z: any shape, any real value, ±infinity included.

    Returns:
        Same shape, in [0, 1]. Nothing overflows, so `sigmoid(-1000.0)` is 0.0 without a warning.

    Raises:
        ValueError: z contains NaN.
    """
    xp, dtype, z = wide_arrays(z=z)
    return narrow(xp, formulas.sigmoid(xp, z), dtype)


def log_sigmoid(z: Array) -> Array:
    """log σ(z) = -log(1 + e^(-z)), :eq:`eq-log-sigmoid`, exact where σ(z) rounds to 0 or 1.

    Args:
        z: any shape, any real value, ±infinity included.

    Returns:
        Same shape, in [-infinity, 0].

    Raises:
        ValueError: z contains NaN.
    """
    xp, dtype, z = wide_arrays(z=z)
    return narrow(xp, formulas.log_sigmoid(xp, z), dtype)


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
    xp, dtype, X, w, b = wide_arrays(X=X, w=w, b=b)
    check_linear(X, w=w, b=b)
    return narrow(xp, formulas.logits(xp, X, w, b), dtype)


def predict_proba(X: Array, w: Array, b: Array) -> Array:
    """The probability ŷ = P(y = 1 | x) = σ(wᵀx + b) of every example, :eq:`eq-model`.

    Arguments and errors as for :py:func:`logits`.

    Returns:
        (...) probabilities in [0, 1].
    """
    xp, dtype, X, w, b = wide_arrays(X=X, w=w, b=b)
    check_linear(X, w=w, b=b)
    return narrow(xp, formulas.sigmoid(xp, formulas.logits(xp, X, w, b)), dtype)


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
    xp, _, X, w, b, threshold = wide_arrays(X=X, w=w, b=b, threshold=threshold)
    check_shape((), "one threshold", threshold=threshold)
    check_probabilities(xp, threshold=threshold)
    check_linear(X, w=w, b=b)
    p = formulas.sigmoid(xp, formulas.logits(xp, X, w, b))
    return xp.astype(p >= threshold, xp.int64)
