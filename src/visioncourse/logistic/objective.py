"""What the solvers minimise: the regularised mean cross-entropy of a linear model.

The two objectives differ in their logits only: one number for each example (sigmoid) or K of
them (softmax). A solver sees weights `w`, a bias `b` and what is asked of them here.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import array_api_compat

from ..arrays import Array
from . import formulas


@dataclass(frozen=True)
class Objective:
    """Features X (n, d), labels y (n,), penalties; checked by whoever makes it."""

    xp: Any
    X: Array
    y: Array
    l1: float
    l2: float

    curvature_bound: ClassVar[float]  # the nll of one example bends no more than this, by its logit
    num_classes: ClassVar[int]

    def start(self) -> tuple[Array, Array]:
        """Weights and bias of zero: every class equally probable."""
        raise NotImplementedError

    def nll(self, z: Array) -> Array:
        """The mean negative log-likelihood of logits z."""
        raise NotImplementedError

    def residual(self, z: Array) -> Array:
        """Predicted minus true probability, the derivative of n·nll by the logits z."""
        raise NotImplementedError

    def hessian(self, z: Array) -> Array:
        """Second derivatives by all parameters, the bias behind the weights."""
        raise NotImplementedError

    def margin(self, z: Array) -> float:
        """By how much the worst example is right: positive when all are classified correctly."""
        raise NotImplementedError

    def lacks_class(self) -> bool:
        """Whether some class has no example: nothing then stops the fall of its free bias."""
        return self.xp.unique_values(self.y).shape[0] < self.num_classes

    def logits(self, w: Array, b: Array) -> Array:
        return formulas.logits(self.xp, self.X, w, b)

    def value(self, z: Array, w: Array) -> float:
        return float(self.nll(z) + formulas.penalty(self.xp, w, self.l1, self.l2))

    def gradient(self, z: Array, w: Array) -> tuple[Array, Array]:
        """The derivatives of all but the L1 penalty."""
        return formulas.gradient(self.xp, self.X, self.residual(z), w, self.l2)

    def newton_step(self, hessian: Array, dw: Array, db: Array) -> tuple[Array, Array]:
        """The step H⁻¹∇: subtracting it minimises the quadratic with that Hessian."""
        xp = self.xp
        gradient = xp.concat([dw, db[None]], axis=0)  # (d + 1,) or (d + 1, K)
        # In units in which every curvature is 1, metres and millimetres make no difference.
        diagonal = xp.linalg.diagonal(hessian)
        unit = xp.where(diagonal > 0, xp.sqrt(diagonal), xp.ones_like(diagonal))[:, None]
        scaled = hessian / unit / unit.T
        # A singular Hessian (collinear features) leaves directions along which nothing changes:
        # a little curvature there keeps the solution finite and moves no logit.
        identity = xp.eye(unit.shape[0], dtype=dw.dtype, device=array_api_compat.device(dw))
        scaled = scaled + 1000 * self.epsilon() * identity
        step = xp.linalg.solve(scaled, xp.reshape(gradient, (-1, 1)) / unit)
        step = xp.reshape(step / unit, gradient.shape)
        return step[:-1, ...], step[-1, ...]

    def sample(self) -> "Objective | None":
        """The same objective on every k-th example, or None when that would not be far less.

        A hundred examples for each feature put the optimum near that of all.
        """
        stride = self.X.shape[0] // (100 * (self.X.shape[1] + 1))
        if stride < 8:
            return None
        return replace(self, X=self.X[::stride, :], y=self.y[::stride])

    def resolution(self) -> float:
        """What rounding hides of the gradient: no entry of it can be known better."""
        if array_api_compat.size(self.X) == 0:
            return 0.0
        largest = max(float(self.xp.max(self.X)), -float(self.xp.min(self.X)), 1.0)
        return self.epsilon() * largest

    def epsilon(self) -> float:
        """The relative rounding error of the dtype."""
        return float(self.xp.finfo(self.X.dtype).eps)

    def smoothness(self) -> float:
        """The largest curvature L anywhere, :eq:`eq-smoothness`: steps up to 1/L are safe."""
        xp = self.xp
        if self.X.shape[0] == 0:
            return self.l2 or 1.0
        features = formulas.with_ones(xp, self.X)
        gram = features.T @ features / features.shape[0]
        return self.curvature_bound * float(xp.max(xp.linalg.eigvalsh(gram))) + self.l2

    def _zeros(self, *shape: int) -> Array:
        device = array_api_compat.device(self.X)
        return self.xp.zeros(shape, dtype=self.X.dtype, device=device)


class BinaryObjective(Objective):
    """One logit for each example, labels 0.0 and 1.0 in the dtype of X."""

    curvature_bound = 0.25  # p(1 - p) <= 1/4
    num_classes = 2

    def start(self) -> tuple[Array, Array]:
        return self._zeros(self.X.shape[1]), self._zeros()

    def nll(self, z: Array) -> Array:
        return formulas.mean(self.xp, formulas.nll(self.xp, z, self.y))

    def residual(self, z: Array) -> Array:
        return formulas.sigmoid(self.xp, z) - self.y

    def hessian(self, z: Array) -> Array:
        return formulas.hessian(self.xp, self.X, formulas.sigmoid(self.xp, z), self.l2)

    def margin(self, z: Array) -> float:
        return float(self.xp.min(formulas.signed(self.xp, z, self.y)))


@dataclass(frozen=True)
class SoftmaxObjective(Objective):
    """K logits for each example, labels 0 to K - 1."""

    num_classes: int

    curvature_bound = 0.5  # no eigenvalue of diag(p) - ppᵀ exceeds 1/2

    def start(self) -> tuple[Array, Array]:
        return self._zeros(self.X.shape[1], self.num_classes), self._zeros(self.num_classes)

    def nll(self, z: Array) -> Array:
        return formulas.mean(self.xp, formulas.class_nll(self.xp, z, self.y, -1))

    def residual(self, z: Array) -> Array:
        return formulas.class_residual(self.xp, z, self.y)

    def hessian(self, z: Array) -> Array:
        p = formulas.softmax(self.xp, z, -1)
        return formulas.class_hessian(self.xp, self.X, p, self.l2)

    def margin(self, z: Array) -> float:
        xp = self.xp
        true = formulas.one_hot(xp, self.y, self.num_classes, xp.bool)
        infinity = xp.full_like(z, float("inf"))
        right = xp.min(xp.where(true, z, infinity), axis=-1)
        best_wrong = xp.max(xp.where(true, -infinity, z), axis=-1)
        return float(xp.min(right - best_wrong))
