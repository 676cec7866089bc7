"""Finding the parameters: gradient descent, Newton's method, proximal gradient.

Each is a generator: it yields where it stands, and steps when it is asked for more.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import array_api_compat

from .._validation import check_factors, check_one_of, check_positive
from ..arrays import Array
from . import formulas
from .objective import Objective

# A Newton step with an old Hessian must still divide the gradient by this to be worth another.
REUSE_HESSIAN_BELOW = 0.25


class Iterate(NamedTuple):
    """Where a solver stands: parameters, their logits, objective, violation of optimality."""

    w: Array
    b: Array
    z: Array
    value: float
    violation: float


def iterates(objective: Objective, solver: str, learning_rate: float | None) -> Iterator[Iterate]:
    """The chosen solver at its start; None is the learning rate 1/L, :eq:`eq-smoothness`."""
    check_one_of(("newton", "gradient_descent", "proximal_gradient"), solver=solver)
    if learning_rate is not None:
        check_positive(learning_rate=learning_rate)
        check_factors(learning_rate=learning_rate)
    if objective.l1 > 0 and solver != "proximal_gradient":
        raise ValueError(
            f'solver="{solver}" needs derivatives, which l1={objective.l1} has not at zero: '
            'use solver="proximal_gradient"'
        )
    if solver == "newton":
        if learning_rate is not None:
            raise ValueError('solver="newton" finds its own step: leave learning_rate out')
        return newton(objective)
    method = gradient_descent if solver == "gradient_descent" else proximal_gradient
    return method(objective, learning_rate or 1 / objective.smoothness())


def gradient_descent(objective: Objective, learning_rate: float) -> Iterator[Iterate]:
    """Step against the gradient, :eq:`eq-update-w` and :eq:`eq-update-b`."""
    w, b = objective.start()
    while True:
        z = objective.logits(w, b)
        dw, db = objective.gradient(z, w)
        yield Iterate(w, b, z, objective.value(z, w), _largest(objective.xp, dw, db))
        w, b = w - learning_rate * dw, b - learning_rate * db


def newton(objective: Objective) -> Iterator[Iterate]:
    """Step to the minimum of the local quadratic, :eq:`eq-newton`, halved until the loss falls.

    A Hessian costs more than a gradient: it serves as long as its steps still pay. A large table
    starts at the optimum of a sample of its rows.
    """
    w, b, hessian = _sample_optimum(objective)
    z = objective.logits(w, b)
    value = objective.value(z, w)
    last_violation = float("inf")
    rounding = 50 * objective.epsilon()
    while True:
        dw, db = objective.gradient(z, w)
        violation = _largest(objective.xp, dw, db)
        yield Iterate(w, b, z, value, violation)
        if hessian is None or violation > REUSE_HESSIAN_BELOW * last_violation:
            hessian = objective.hessian(z)
        last_violation = violation
        step_w, step_b = objective.newton_step(hessian, dw, db)
        step_z = objective.logits(step_w, step_b)
        slope = float(objective.xp.sum(dw * step_w) + objective.xp.sum(db * step_b))
        scale = 1.0
        while True:
            candidate = w - scale * step_w
            new_value = objective.value(z - scale * step_z, candidate)
            # Armijo's rule, with room for rounding once the decrease is below it.
            if new_value <= value - 1e-4 * scale * slope + rounding * abs(value) or scale < 1e-9:
                break
            scale /= 2
        w, b, z, value = candidate, b - scale * step_b, z - scale * step_z, new_value


def _sample_optimum(objective: Objective) -> tuple[Array, Array, Array | None]:
    """Where Newton's method starts, and the Hessian there if it is known."""
    sample = objective.sample()
    if sample is None:
        return *objective.start(), None
    for iterate in islice(newton(sample), 20):
        if iterate.violation < 1e-3:
            return iterate.w, iterate.b, sample.hessian(iterate.z)
    # A sample of a few large or separable rows may have no optimum nearby.
    return *objective.start(), None


def proximal_gradient(objective: Objective, learning_rate: float) -> Iterator[Iterate]:
    """Gradient step, then shrink the weights by η·l1, :eq:`eq-proximal`.

    With momentum (FISTA, Beck and Teboulle 2009) that restarts when it points uphill
    (O'Donoghue and Candès 2015).
    """
    xp, l1 = objective.xp, objective.l1
    w, b = objective.start()
    ahead_w, ahead_b, momentum = w, b, 1.0
    violation = float("inf")
    while True:
        z = objective.logits(w, b)
        yield Iterate(w, b, z, objective.value(z, w), violation)
        dw, db = objective.gradient(objective.logits(ahead_w, ahead_b), ahead_w)
        new_w = formulas.soft_threshold(xp, ahead_w - learning_rate * dw, learning_rate * l1)
        new_b = ahead_b - learning_rate * db
        back_w, back_b = ahead_w - new_w, ahead_b - new_b
        violation = _largest(xp, back_w, back_b) / learning_rate
        uphill = float(xp.sum(back_w * (new_w - w)) + xp.sum(back_b * (new_b - b))) > 0
        next_momentum = 1.0 if uphill else (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        push = 0.0 if uphill else (momentum - 1) / next_momentum
        ahead_w, ahead_b = new_w + push * (new_w - w), new_b + push * (new_b - b)
        w, b, momentum = new_w, new_b, next_momentum


def _largest(xp: Any, *arrays: Array) -> float:
    return max((float(xp.max(xp.abs(a))) for a in arrays if array_api_compat.size(a)), default=0.0)
