"""`visioncourse.logistic.fit(solver="newton")` beside scikit-learn's LogisticRegression.

Both minimise mean cross-entropy + l2/2·‖w‖² with a free bias. A solver is timed at the loosest
tolerance with which its objective comes within GAP of the optimum: it must be right before it is
fast.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from harness import Timing, best_times, plot_costs, table, versions
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from visioncourse import logistic

GAP = 1e-8
TOLERANCES = [10.0**-k for k in range(1, 13)]
OURS = "ours, newton"
PEERS = ("lbfgs", "newton-cholesky", "newton-cg", "liblinear", "sag", "saga")
PLOTTED = PEERS[:3]
SAMPLES = (1000, 10_000, 100_000)
MAX_ITER = 1000


@dataclass(frozen=True)
class Problem:
    """Standardised features (n, d), labels (n,), penalty."""

    name: str
    X: np.ndarray
    y: np.ndarray
    l2: float

    def objective(self, w: np.ndarray, b: float) -> float:
        """By NumPy alone, from neither side's code."""
        z = self.X @ w + b
        return float(np.mean(np.logaddexp(0, z) - self.y * z) + self.l2 / 2 * (w @ w))


@dataclass(frozen=True)
class Candidate:
    """A solver at the loosest tolerance that reaches the optimum."""

    tol: float
    gap: float
    run: Callable[[], object]


def problems() -> list[Problem]:
    X, y = load_breast_cancer(return_X_y=True)
    breast_cancer = Problem("breast cancer 569×30", StandardScaler().fit_transform(X), y, 1e-2)
    X, y = make_classification(100_000, 50, n_informative=20, n_redundant=10, random_state=0)
    correlated = Problem("correlated 100,000×50", StandardScaler().fit_transform(X), y, 1e-4)
    return [breast_cancer, correlated, gaussian(100_000)]


def gaussian(n: int) -> Problem:
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(n, 50)), rng.normal(size=50) / 2
    y = (rng.random(n) < 1 / (1 + np.exp(-X @ w))).astype(int)
    return Problem(f"Gaussian {n:,}×50", X, y, 1e-4)


def fit_ours(problem: Problem, tol: float) -> tuple[np.ndarray, float]:
    result = logistic.fit(problem.X, problem.y, solver="newton", l2=problem.l2, tol=tol)
    return result.w, result.b


def fit_peer(problem: Problem, solver: str, tol: float) -> tuple[np.ndarray, float]:
    # The penalty of C·(sum of losses) + ½‖w‖² in ours is 1 / (C n).
    model = LogisticRegression(
        C=1 / (problem.l2 * len(problem.y)),
        solver=solver,
        tol=tol,
        max_iter=MAX_ITER,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(problem.X, problem.y)
    return model.coef_[0], model.intercept_[0]


def loosest(
    problem: Problem, fit: Callable[..., tuple[np.ndarray, float]], optimum: float
) -> Candidate | None:
    """The first tolerance that comes within GAP, or None where tightening it no longer helps."""
    previous = None
    for tol in TOLERANCES:
        w, b = fit(tol=tol)
        gap = problem.objective(w, b) - optimum
        if gap <= GAP:
            return Candidate(tol, gap, partial(fit, tol=tol))
        if tol < 1e-4 and gap == previous:
            return None
        previous = gap
    return None


def optimum(problem: Problem) -> float:
    """The lower of both sides' objectives at a tolerance far below GAP; they must agree."""
    ours = problem.objective(*fit_ours(problem, 1e-13))
    peer = problem.objective(*fit_peer(problem, "newton-cholesky", 1e-12))
    if abs(ours - peer) > GAP / 1000:
        raise RuntimeError(f"{problem.name}: the optima differ, {ours} and {peer}")
    return min(ours, peer)


def measure(
    problem: Problem, peers: tuple[str, ...] = PEERS
) -> tuple[dict[str, Candidate | None], dict[str, Timing]]:
    best = optimum(problem)
    fits = {OURS: partial(fit_ours, problem)}
    fits |= {solver: partial(fit_peer, problem, solver) for solver in peers}
    candidates = {name: loosest(problem, fit, best) for name, fit in fits.items()}
    return candidates, best_times({name: c.run for name, c in candidates.items() if c is not None})


def main() -> None:
    summary, details = [], []
    for problem in problems():
        candidates, timings = measure(problem)
        fastest = min((name for name in timings if name != OURS), key=timings.get)
        ours, peer = timings[OURS], timings[fastest]
        summary.append(
            (
                f"{problem.name}, l2 = {problem.l2:g}",
                ours.milliseconds,
                f"{peer.milliseconds} ({fastest})",
                f"{peer.seconds / ours.seconds:.1f}",
                f"{candidates[OURS].gap:.0e}",
                f"{candidates[fastest].gap:.0e}",
                f"{ours.threads} / {peer.threads}",
            )
        )
        for name, candidate in candidates.items():
            if candidate is None:
                details.append((problem.name, name, "-", "not reached", "-", "-"))
                continue
            timing = timings[name]
            tol, gap = f"{candidate.tol:.0e}", f"{candidate.gap:.0e}"
            details.append((problem.name, name, tol, gap, timing.milliseconds, timing.threads))
    print("## Logistic regression\n")
    print(f"{versions('numpy', 'scipy', 'scikit-learn')}\n")
    print(f"Time to an objective within {GAP:.0e} of the optimum (gap: how far above it).\n")
    print(
        table(
            (
                "problem",
                "ours, ms",
                "scikit-learn's best, ms",
                "ratio",
                "gap, ours",
                "gap, theirs",
                "threads",
            ),
            summary,
        )
    )
    print("\nEvery solver, at the loosest tolerance that gets there:\n")
    print(table(("problem", "solver", "tol", "gap", "ms", "threads"), details))
    growing = {n: measure(gaussian(n), PLOTTED)[1] for n in SAMPLES}
    print(
        plot_costs("logistic", "samples", {"logistic regression, Gaussian, 50 features": growing})
    )
    print(f"""
Data: scikit-learn's breast cancer, standardised; `make_classification(100_000, 50,
n_informative=20, n_redundant=10, random_state=0)`, standardised; independent standard normal
features with labels drawn from a logistic model. No solver was given more than {MAX_ITER}
iterations. liblinear penalises the bias too, so on small data its optimum is another one.

Behind: lbfgs at 10,000 Gaussian samples. Independent features need few of its steps, each of
them cheaper than one of Newton's, which forms the matrix of second derivatives.""")


if __name__ == "__main__":
    main()
