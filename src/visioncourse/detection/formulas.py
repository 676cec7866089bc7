"""The formulas of a detector's losses and of its box code, unchecked.

Each takes the array namespace, then arrays that were checked. The public functions of `losses` and
`anchors` are their checked edge; training loops may use them too. The measures of two boxes have a
room of their own, `overlap`.
"""

from typing import Any

from ..arrays import Array
from ..logistic.formulas import class_nll, log_sigmoid, log_sum_exp, one_hot
from .boxes import from_xyxy, to_xyxy


def smooth_l1(xp: Any, error: Array, beta: float) -> Array:
    """Δ²/(2·beta) where `|Δ| < beta`, else `|Δ| - beta/2`, of every error Δ."""
    error = xp.abs(error)
    if beta == 0:
        return error
    # Both branches in one: the square is never taken of a large number.
    small = xp.minimum(error, beta)
    return small / beta * small / 2 + (error - small)


def focal(xp: Any, z: Array, gamma: float) -> Array:
    """-(1 - pₜ)^γ·log pₜ, where z is the logit of the true class: pₜ = σ(z)."""
    log_p_t = log_sigmoid(xp, z)
    log_1_minus_p_t = log_sigmoid(xp, -z)
    # As the exponential of a logarithm, the power has a gradient where 1 - pₜ rounds to 0.
    return -xp.exp(gamma * log_1_minus_p_t) * log_p_t


def categorical_focal(xp: Any, logits: Array, labels: Array, gamma: float) -> Array:
    """-(1 - p_c)^γ·log p_c for p = softmax(logits) (..., K) and the true class c (...), int64."""
    log_p_c = -class_nll(xp, logits, labels, -1)
    others = xp.where(one_hot(xp, labels, logits.shape[-1], xp.bool), -xp.inf, logits)
    log_1_minus_p_c = log_sum_exp(xp, others, -1) - log_sum_exp(xp, logits, -1)
    return -xp.exp(gamma * log_1_minus_p_c) * log_p_c


def objectness(xp: Any, z: Array, t: Array) -> Array:
    """-[t·log p + (1 - t)·log(1 - p)] for p = σ(z) and a target t in [0, 1]."""
    return -(t * log_sigmoid(xp, z) + (1 - t) * log_sigmoid(xp, -z))


def encode(xp: Any, boxes: Array, anchors: Array) -> Array:
    """dx = (x - xₐ)/wₐ, dy = (y - yₐ)/hₐ, dw = log(w/wₐ), dh = log(h/hₐ): (..., 4)."""
    centre, size = centre_and_size(xp, boxes)
    anchor_centre, anchor_size = centre_and_size(xp, anchors)
    moves = (centre - anchor_centre) / anchor_size
    return xp.concat([moves, xp.log(size / anchor_size)], axis=-1)


def decode(xp: Any, deltas: Array, anchors: Array, max_log_scale: float) -> Array:
    """x = xₐ + dx·wₐ, y = yₐ + dy·hₐ, w = wₐ·e^dw, h = hₐ·e^dh as corners, (..., 4)."""
    anchor_centre, anchor_size = centre_and_size(xp, anchors)
    centre = anchor_centre + deltas[..., :2] * anchor_size
    size = anchor_size * xp.exp(xp.minimum(deltas[..., 2:], max_log_scale))
    return to_xyxy(xp, xp.concat([centre, size], axis=-1), "cxcywh")


def centre_and_size(xp: Any, boxes: Array) -> tuple[Array, Array]:
    """(x, y) and (w, h) of boxes (..., 4), each (..., 2)."""
    boxes = from_xyxy(xp, boxes, "cxcywh")
    return boxes[..., :2], boxes[..., 2:]
