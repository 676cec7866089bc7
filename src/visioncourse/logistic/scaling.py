"""Features of one size: mean 0 and standard deviation 1."""

from .._validation import check_finite, check_ndim, check_shape
from ..arrays import Array, narrow, wide_arrays


def mean_and_scale(X: Array) -> tuple[Array, Array]:
    """The mean and the standard deviation of every feature: what :py:func:`standardize` needs.

    Measure them on the training data only; the test data must not take part.

    Args:
        X: (n, d) features.

    Returns:
        mean (d,) and scale (d,), the square root of the mean squared deviation. The scale of a
        constant feature is 1, as there is nothing to divide by. No example gives means 0, scales 1.

    Raises:
        ValueError: NaN, an infinite feature, or X that is no table.
    """
    xp, dtype, X = wide_arrays(X=X)
    check_finite(xp, X=X)
    check_ndim(2, "(n, d)", X=X)
    if X.shape[0] == 0:
        nothing = narrow(xp, xp.sum(X, axis=0), dtype)
        return xp.zeros_like(nothing), xp.ones_like(nothing)
    mean = narrow(xp, xp.mean(X, axis=0), dtype)
    scale = narrow(xp, xp.std(X, axis=0, correction=0), dtype)
    # Rounding can leave the deviation of a constant feature a little above zero.
    varies = (xp.max(X, axis=0) > xp.min(X, axis=0)) & (scale > 0)
    return mean, xp.where(varies, scale, xp.ones_like(scale))


def standardize(X: Array, mean: Array, scale: Array) -> Array:
    """(X - mean) / scale: features of mean 0 and standard deviation 1 on the data measured.

    Args:
        X: (..., d) features, training or test.
        mean, scale: (d,) each, from :py:func:`mean_and_scale` of the training data.

    Returns:
        (..., d) standardised features.

    Raises:
        ValueError: NaN, shapes that do not fit, or a scale that is not positive.
    """
    xp, dtype, X, mean, scale = wide_arrays(X=X, mean=mean, scale=scale)
    if X.ndim == 0:
        raise ValueError("X must have shape (..., d), got a single number")
    check_shape(X.shape[-1:], "one for each feature of X", mean=mean)
    check_shape(X.shape[-1:], "one for each feature of X", scale=scale)
    if not xp.all(scale > 0):
        raise ValueError(f"scale must be positive, got {xp.min(scale).item():g}")
    return narrow(xp, (X - mean) / scale, dtype)
