"""Re-identification: embeddings in which one identity lies close together and others far away."""

from typing import Any

import array_api_compat

from .._validation import (
    check_between,
    check_finite,
    check_ndim,
    check_not_negative,
    check_shape,
)
from ..arrays import Array, integer_arrays, narrow, wide_arrays
from ..logistic import formulas
from .association import directions

UNKNOWN = -1
BLOCK_PAIRS = 2**22  # of a query and a gallery embedding, in memory at once


def triplet_loss(anchor: Array, positive: Array, negative: Array, *, margin: float) -> Array:
    """The mean of max(0, ‖a - p‖² - ‖a - n‖² + margin) over triplets.

    It asks that the negative be farther from the anchor than the positive, by a margin in squared
    distance (Schroff et al., "FaceNet", 2015, equation 3, with margin 0.2 on unit vectors).
    `torch.nn.functional.triplet_margin_loss` takes distances that are not squared.

    Args:
        anchor, positive, negative: (..., d) finite embeddings, of one identity, the same identity,
            and another one; all of one shape.
        margin: finite, >= 0.

    Returns:
        () >= 0, the mean over all triplets, of which satisfied ones count as 0; 0 for no triplet.

    Raises:
        ValueError: NaN, an entry whose square is not finite, shapes that differ, or a negative
            margin.
    """
    xp, dtype, anchor, positive, negative = wide_arrays(
        anchor=anchor, positive=positive, negative=negative
    )
    check_not_negative(margin=margin)
    if anchor.ndim == 0:
        raise ValueError("anchor must have shape (..., d), got a single number")
    check_shape(anchor.shape, "one positive for each anchor", positive=positive)
    check_shape(anchor.shape, "one negative for each anchor", negative=negative)
    _check_squares_are_finite(xp, anchor=anchor, positive=positive, negative=negative)
    to_positive, to_negative = _squared(xp, anchor, positive), _squared(xp, anchor, negative)
    loss = formulas.mean(xp, xp.clip(to_positive - to_negative + margin, min=0))
    return narrow(xp, loss, dtype)


def batch_hard_triplets(embeddings: Array, identities: Array) -> tuple[Array, Array, Array]:
    """For every anchor of a batch its farthest positive and its nearest negative.

    Batch-hard mining (Hermans et al., "In Defense of the Triplet Loss", 2017, equation 5). An
    anchor without another example of its identity, or without one of another identity, has no
    triplet.

    Args:
        embeddings: (N, d) finite.
        identities: (N,) whole numbers.

    Returns:
        anchors, positives, negatives, (T,) row numbers, T <= N, anchors ascending; the first row
        of a tie.

    Raises:
        ValueError: NaN, an entry whose square is not finite, identities that are no whole numbers,
            or shapes that do not fit.
    """
    xp, _, embeddings, identities = _batch(embeddings, identities)
    return _batch_hard(xp, embeddings, identities)


def batch_hard_loss(
    embeddings: Array, identities: Array, *, margin: float | None, squared: bool = True
) -> Array:
    """The triplet loss over :py:func:`batch_hard_triplets`, averaged over them.

    Args:
        embeddings, identities: as for :py:func:`batch_hard_triplets`.
        margin: finite, >= 0; None for the soft margin log(1 + e^{d_p - d_n}), which keeps pulling
            after the margin is reached (Hermans et al., 2017).
        squared: whether distances are squared, as in :py:func:`triplet_loss`. Hermans et al.
            found that distances which are not collapse to a point less easily.

    Returns:
        () >= 0; 0 for no triplet. The gradient of a distance of 0 that is not squared counts as 0.

    Raises:
        ValueError: as for :py:func:`batch_hard_triplets`, or a negative margin.
    """
    if margin is not None:
        check_not_negative(margin=margin)
    xp, dtype, embeddings, identities = _batch(embeddings, identities)
    anchors, positives, negatives = _batch_hard(xp, embeddings, identities)
    to_positive = _squared(xp, embeddings[anchors, :], embeddings[positives, :])
    to_negative = _squared(xp, embeddings[anchors, :], embeddings[negatives, :])
    if not squared:
        to_positive, to_negative = _root(xp, to_positive), _root(xp, to_negative)
    violation = to_positive - to_negative
    if margin is None:
        losses = xp.logaddexp(violation, xp.zeros_like(violation))
    else:
        losses = xp.clip(violation + margin, min=0)
    return narrow(xp, formulas.mean(xp, losses), dtype)


def match_gallery(
    queries: Array, gallery: Array, identities: Array, *, threshold: float
) -> tuple[Array, Array]:
    """Give every query the identity of the most similar gallery embedding, if similar enough.

    Similarity is the cosine of the angle, cos θ = f₁·f₂ / (‖f₁‖ ‖f₂‖). An identity may stand in
    the gallery many times; its most similar embedding counts. Queries do not compete: two may get
    one identity. Where that must not be, give 1 - similarity to `associate`.

    Args:
        queries: (Q, d) embeddings.
        gallery: (G, d) embeddings of known identities.
        identities: (G,) whole numbers >= 0, one for each row of gallery.
        threshold: the smallest similarity that counts, in [-1, 1].

    Returns:
        identities (Q,) int64, -1 for an unknown; similarities (Q,) of the best gallery embedding
        in [-1, 1], the first one of a tie. With an empty gallery all are unknown, at -1.

    Raises:
        ValueError: NaN or an infinite entry, shapes that do not fit, a negative identity, or a
            threshold outside [-1, 1].
    """
    xp, dtype, queries, gallery = wide_arrays(queries=queries, gallery=gallery)
    if queries.ndim != 2 or queries.shape[1] == 0:
        raise ValueError(f"queries must have shape (Q, d), d >= 1, got {tuple(queries.shape)}")
    d = queries.shape[1]
    gallery = xp.reshape(gallery, (0, d)) if gallery.shape == (0,) else gallery
    check_shape((*gallery.shape[:1], d), "the columns of queries", gallery=gallery)
    check_finite(xp, queries=queries, gallery=gallery)
    identities = integer_arrays(gallery, identities=identities)[1]
    check_shape(gallery.shape[:1], "one for each row of gallery", identities=identities)
    if array_api_compat.size(identities) and int(xp.min(identities)) < 0:
        raise ValueError(f"identities must be >= 0, got {int(xp.min(identities))}")
    check_between(-1, 1, threshold=threshold)
    if gallery.shape[0] == 0:
        nobody = xp.full_like(queries[:, 0], UNKNOWN)
        return xp.astype(nobody, xp.int64), xp.astype(nobody, dtype)
    nearest, similarities = _most_similar(xp, queries, gallery)
    found = xp.astype(identities[nearest], xp.int64)
    found = xp.where(similarities >= threshold, found, xp.full_like(found, UNKNOWN))
    return found, narrow(xp, similarities, dtype)


def _most_similar(xp: Any, queries: Array, gallery: Array) -> tuple[Array, Array]:
    """The gallery's row with the largest cosine for each query (Q,), and that cosine (Q,)."""
    queries, gallery = directions(xp, queries), directions(xp, gallery)
    step = max(1, BLOCK_PAIRS // gallery.shape[0])  # of all pairs only the best are kept
    rows, cosines = [], []
    for start in range(0, max(queries.shape[0], 1), step):
        block = xp.clip(queries[start : start + step] @ gallery.mT, -1.0, 1.0)
        rows.append(xp.argmax(block, axis=1))
        cosines.append(xp.max(block, axis=1))
    return xp.concat(rows), xp.concat(cosines)


def _batch(embeddings: Array, identities: Array) -> tuple[Any, Any, Array, Array]:
    """The namespace, the result's dtype, and the checked batch."""
    xp, dtype, embeddings = wide_arrays(embeddings=embeddings)
    identities = integer_arrays(embeddings, identities=identities)[1]
    if embeddings.shape == (0,):
        embeddings = xp.reshape(embeddings, (0, 0))
    check_ndim(2, "(N, d)", embeddings=embeddings)
    check_shape(embeddings.shape[:1], "one for each row of embeddings", identities=identities)
    _check_squares_are_finite(xp, embeddings=embeddings)
    return xp, dtype, embeddings, identities


def _check_squares_are_finite(xp: Any, **embeddings: Array) -> None:
    """Raise ValueError for entries so large that a squared distance would not be finite."""
    for name, array in embeddings.items():
        limit = (xp.finfo(array.dtype).max / (8 * max(array.shape[-1], 1))) ** 0.5
        if xp.any(xp.abs(array) > limit):
            largest = float(xp.max(xp.abs(array)))
            raise ValueError(f"{name} must lie within ±{limit:.0e}, got a size of {largest:g}")


def _batch_hard(xp: Any, embeddings: Array, identities: Array) -> tuple[Array, Array, Array]:
    rows = xp.arange(identities.shape[0], device=array_api_compat.device(embeddings))
    if identities.shape[0] == 0:
        return rows, rows, rows
    same = identities[:, None] == identities[None, :]  # (N, N)
    positive = same & (rows[:, None] != rows[None, :])
    distances = _pairwise_squared(xp, embeddings)
    infinite = xp.full_like(distances, float("inf"))
    farthest = xp.argmax(xp.where(positive, distances, -infinite), axis=1)
    nearest = xp.argmin(xp.where(same, infinite, distances), axis=1)
    anchors = rows[xp.any(positive, axis=1) & ~xp.all(same, axis=1)]
    return anchors, farthest[anchors], nearest[anchors]


def _pairwise_squared(xp: Any, embeddings: Array) -> Array:
    """All squared distances (N, N), to rounding; good enough to rank, the loss is exact."""
    # |a - b|² = |a|² + |b|² - 2 a·b needs no (N, N, d) array. It loses the digits that a common
    # offset takes, and distances do not change without it.
    centred = embeddings - xp.mean(embeddings, axis=0, keepdims=True)
    norms = xp.sum(centred * centred, axis=1)
    return norms[:, None] + norms[None, :] - 2 * centred @ centred.T


def _squared(xp: Any, a: Array, b: Array) -> Array:
    difference = a - b
    return xp.sum(difference * difference, axis=-1)


def _root(xp: Any, squares: Array) -> Array:
    """The square root, whose derivative at 0 counts as 0."""
    positive = squares > 0
    return xp.where(positive, xp.sqrt(xp.where(positive, squares, 1.0)), 0.0)
