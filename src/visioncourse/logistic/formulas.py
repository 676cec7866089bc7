"""The formulas of Part I alone: each takes the array namespace, then arrays that were checked.

The public functions are their checked edge; the later parts and training loops use them too.
"""

from typing import Any, Literal

import array_api_compat

from ..arrays import Array

Reduction = Literal["mean", "sum", "none"]

BLOCK_ROWS = 2048


def logits(xp: Any, X: Array, w: Array, b: Array) -> Array:
    """wᵀx + b, :eq:`eq-logit`: (...) for w (d,), or (..., K) for w (d, K)."""
    return X @ w + b


def sigmoid(xp: Any, z: Array) -> Array:
    """σ(z), :eq:`eq-sigmoid`."""
    # e^z / (e^z + 1) for z < 0 and 1 / (1 + e^-z) for z >= 0 in one expression: no exponent is
    # positive, so nothing overflows. `minimum` and `maximum` share the gradient at z = 0, where
    # |z| or `where` would make autograd return 0 or 1/2 instead of 1/4.
    zero = xp.zeros_like(z)
    numerator = xp.exp(xp.minimum(z, zero))
    return numerator / (numerator + xp.exp(-xp.maximum(z, zero)))


def log_sigmoid(xp: Any, z: Array) -> Array:
    """log σ(z), :eq:`eq-log-sigmoid`."""
    # The exponent is never positive. At z = 0 the derivative of |z| counts as 0 and that of
    # `minimum` as 1/2, which together is right: autograd returns 1/2.
    return xp.minimum(z, xp.zeros_like(z)) - xp.log1p(xp.exp(-xp.abs(z)))


def signed(xp: Any, z: Array, y: Array) -> Array:
    """z where y = 1 and -z where y = 0: the logit of the true class, since 1 - σ(z) = σ(-z)."""
    return xp.where(y == 1, z, -z)


def nll(xp: Any, z: Array, y: Array) -> Array:
    """The negative log-likelihood of each label y under its logit z, (...)."""
    return -log_sigmoid(xp, signed(xp, z, y))


def penalty(xp: Any, w: Array, l1: float, l2: float) -> Array:
    """l1·‖w‖₁ + l2/2·‖w‖₂², :eq:`eq-regularised-loss`."""
    # The strengths go first: without a penalty, huge weights must not overflow into 0 times inf.
    return xp.sum(l1 * xp.abs(w)) + xp.sum((l2 / 2 * w) * w)


def soft_threshold(xp: Any, values: Array, by: float) -> Array:
    """Move every entry towards zero by `by`, and no further: the proximal map of by·‖·‖₁."""
    return values - xp.clip(values, -by, by)


def gradient(xp: Any, X: Array, residual: Array, w: Array, l2: float) -> tuple[Array, Array]:
    """The derivatives by w and b, :eq:`eq-gradient-w` and :eq:`eq-gradient-b`.

    For features X (n, d), and residuals p - y: (n,) with w (d,), or (n, K) with w (d, K).
    """
    n = max(residual.shape[0], 1)
    return X.T @ residual / n + l2 * w, xp.sum(residual, axis=0) / n


def hessian(xp: Any, X: Array, p: Array, l2: float) -> Array:
    """The second derivatives, :eq:`eq-hessian`, for X (n, d), p (n,): (d + 1, d + 1)."""
    n = X.shape[0]
    root = xp.sqrt(p * (1 - p) / max(n, 1))[:, None]  # (n, 1)
    curvature = _ridge(xp, X, l2)
    # Blocks of rows stay in the processor's cache: twice as fast as one large product.
    for start in range(0, n, BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        weighted = xp.concat([X[rows, :] * root[rows, :], root[rows, :]], axis=1)  # (rows, d + 1)
        curvature = curvature + weighted.T @ weighted
    return curvature


def softmax(xp: Any, logits: Array, axis: int) -> Array:
    """Probabilities proportional to e^logit, :eq:`eq-softmax`."""
    # The quotient keeps the last digits that the exponential of a logarithm loses.
    exponentials = xp.exp(_shift(xp, logits, axis))
    return exponentials / xp.sum(exponentials, axis=axis, keepdims=True)


def log_softmax(xp: Any, logits: Array, axis: int) -> Array:
    """The logarithm of the softmax, :eq:`eq-log-softmax`."""
    if array_api_compat.is_torch_namespace(xp):
        return xp.log_softmax(logits, axis)  # the same, in one pass over memory
    if array_api_compat.size(logits) == 0:
        return logits  # without classes the sum below is 0, and its logarithm warns
    shifted = _shift(xp, logits, axis)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def log_sum_exp(xp: Any, logits: Array, axis: int) -> Array:
    """log Σ e^logit along `axis`, which goes; one entry of it at least is finite."""
    if array_api_compat.size(logits) == 0:
        return xp.sum(logits, axis=axis)
    largest = xp.max(logits, axis=axis, keepdims=True)
    total = xp.sum(xp.exp(logits - largest), axis=axis, keepdims=True)
    return xp.squeeze(xp.log(total) + largest, axis=axis)


def one_hot(xp: Any, labels: Array, num_classes: int, dtype: Any, axis: int = -1) -> Array:
    """Class indices (...) as (..., K) with a single 1 along the new axis of the classes."""
    labels = xp.expand_dims(labels, axis=axis)
    shape = [1] * labels.ndim
    shape[axis] = num_classes
    classes = xp.arange(num_classes, device=array_api_compat.device(labels))
    return xp.astype(labels == xp.reshape(classes, tuple(shape)), dtype)


def class_nll(xp: Any, logits: Array, labels: Array, axis: int) -> Array:
    """The negative log-likelihood -log softmax(logits)[label] of each int64 label, (...)."""
    return -of_label(xp, log_softmax(xp, logits, axis), labels, axis)


def of_label(xp: Any, values: Array, labels: Array, axis: int) -> Array:
    """Of the values of K classes along `axis`, which goes, that of each int64 label, (...)."""
    labels = xp.expand_dims(labels, axis=axis)
    if array_api_compat.is_torch_namespace(xp):  # the same in half the time
        chosen = xp.gather(values, axis, labels)
    else:
        chosen = xp.take_along_axis(values, labels, axis=axis)
    return xp.squeeze(chosen, axis=axis)


def class_residual(xp: Any, logits: Array, labels: Array) -> Array:
    """Predicted minus true probabilities, the derivative of the nll by the logits, (..., K)."""
    return softmax(xp, logits, -1) - one_hot(xp, labels, logits.shape[-1], logits.dtype)


def class_hessian(xp: Any, X: Array, p: Array, l2: float) -> Array:
    """The second derivatives for X (n, d), p (n, K): ((d + 1)·K)², features before classes.

    Moving all classes' parameters together changes no probability: the Hessian is 0 along those
    directions and the gradient has no part in them. Curvature 1 is added there, so that the
    Newton step is unique; it stays where the parameters of the K classes sum to zero.
    """
    n, d = X.shape
    num_classes = p.shape[1]
    features = with_ones(xp, X)  # (n, d + 1)
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


def roc_counts(xp: Any, scores: Array, labels: Array) -> tuple[Array, Array, Array]:
    """True positives, false positives and thresholds, (m + 1,) each, :eq:`eq-roc`.

    For scores (n,), m of them distinct, and labels (n,), int64: float32 counts to 2²⁴ only.
    """
    order = xp.argsort(scores, descending=True, stable=True)
    scores, labels = scores[order], labels[order]
    last_of_tie = xp.concat([scores[1:] != scores[:-1], xp.ones_like(scores[:1], dtype=xp.bool)])
    device = array_api_compat.device(scores)
    nothing = xp.zeros(1, dtype=xp.int64, device=device)
    infinity = xp.full(1, float("inf"), dtype=scores.dtype, device=device)
    return (
        xp.concat([nothing, xp.cumulative_sum(labels)[last_of_tie]]),
        xp.concat([nothing, xp.cumulative_sum(1 - labels)[last_of_tie]]),
        xp.concat([infinity, scores[last_of_tie]]),
    )


def with_ones(xp: Any, X: Array) -> Array:
    """X (n, d) with a column of ones, the bias's feature, behind it: (n, d + 1)."""
    ones = xp.ones((X.shape[0], 1), dtype=X.dtype, device=array_api_compat.device(X))
    return xp.concat([X, ones], axis=1)


def mean(xp: Any, values: Array) -> Array:
    """The mean, and 0 where there is nothing to average."""
    return xp.sum(values) / max(array_api_compat.size(values), 1)


def reduced(xp: Any, values: Array, reduction: Reduction) -> Array:
    """The mean or the sum of all values, or the values themselves for "none"."""
    if reduction == "none":
        return values
    return mean(xp, values) if reduction == "mean" else xp.sum(values)


def _shift(xp: Any, logits: Array, axis: int) -> Array:
    """Softmax does not change when all logits of an example move together: the largest moves to 0.

    Then no exponential overflows, and their sum is at least 1.
    """
    if array_api_compat.size(logits) == 0:
        return logits
    return logits - xp.max(logits, axis=axis, keepdims=True)


def _ridge(xp: Any, X: Array, l2: float) -> Array:
    """The penalty's second derivatives for one vector of weights and its bias, (d + 1, d + 1)."""
    d = X.shape[1]
    ridge = l2 * xp.eye(d + 1, dtype=X.dtype, device=array_api_compat.device(X))
    ridge[d, d] = 0.0
    return ridge
