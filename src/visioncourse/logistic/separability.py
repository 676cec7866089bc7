"""Whether the loss has a minimum at all: it has none when the classes can be separated."""

import numpy as np

from .._validation import check_binary, check_table
from ..arrays import Array, to_numpy, wide_arrays
from . import formulas
from .objective import Objective

# A fitted probability this close to 0 or 1 (|z| = 12: 6e-6) is rare unless it is on its way there.
SATURATED_LOGIT = 12.0


def is_separable(X: Array, y: Array) -> bool:
    """Whether some hyperplane has no example on its wrong side and not all examples on it.

    Exactly then the unpenalised loss has no minimum (Albert and Anderson 1984): moving along the
    hyperplane's normal lowers it for ever. Decided by a linear program (Konis 2007).

    Args:
        X: (n, d) features.
        y: (n,) labels, 0 or 1.

    Returns:
        True for complete and for quasi-complete separation; False for no example.

    Raises:
        ValueError: as for :py:func:`fit`.
    """
    xp, _, X, y = wide_arrays(X=X, y=y)
    check_table(xp, X=X, y=y)
    check_binary(xp, y=y)
    return X.shape[0] > 0 and _separating_direction_exists(X, y, 2)


def _separating_direction_exists(X: Array, y: Array, num_classes: int) -> bool:
    # Imported here: it takes as long as all other imports together, and few fits need it.
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    features, labels = to_numpy(X, float), to_numpy(y, int)
    scale = np.abs(features).max(axis=0, initial=0)
    features = np.c_[features / np.where(scale > 0, scale, 1.0), np.ones(len(features))]
    # The margin of an example against another class is its logit minus the other's. Only the
    # differences count, so class 0 stays at zero and the others have a direction each.
    classes = np.eye(num_classes)
    example, other = np.nonzero(classes[labels] == 0)  # (n(K - 1),) each
    signs = (classes[labels[example]] - classes[other])[:, 1:]  # (n(K - 1), K - 1)
    margins = (signs[:, :, None] * features[example][:, None, :]).reshape(len(example), -1)
    # Maximise the sum of margins, none negative, over directions in a box.
    program = linprog(
        -margins.sum(axis=0), A_ub=csr_array(-margins), b_ub=np.zeros(len(margins)), bounds=(-1, 1)
    )
    return -program.fun > 1e-6


def may_be_unbounded(objective: Objective) -> bool:
    """Whether nothing holds some parameter: no penalty, or a class without examples."""
    if objective.y.shape[0] == 0:
        return False
    return (objective.l1 == 0 and objective.l2 == 0) or objective.lacks_class()


def grows_for_ever(objective: Objective, z: Array) -> bool:
    """Whether the gradient vanishes at infinity only: a class is absent or partly separable."""
    if objective.lacks_class():
        return True
    if float(objective.xp.max(objective.xp.abs(z))) < SATURATED_LOGIT:
        return False
    # At the end of a run, an example whose probabilities are still in doubt lies on every
    # separating hyperplane. When such examples span all directions there is none, and the linear
    # program, slow on a large table, need not say so.
    xp = objective.xp
    residual = xp.abs(objective.residual(z))  # (n,) or (n, K)
    in_doubt = xp.min(xp.reshape(residual, (residual.shape[0], -1)), axis=1) > 1e-6
    features = formulas.with_ones(xp, objective.X[in_doubt, :])
    if int(xp.linalg.matrix_rank(features.T @ features)) == features.shape[1]:
        return False
    return _separating_direction_exists(objective.X, objective.y, objective.num_classes)
