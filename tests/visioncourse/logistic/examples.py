"""Data that several test files fit or evaluate."""

from functools import cache
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_breast_cancer


class Table(NamedTuple):
    """Features (n, d), labels (n,), weights (d,), bias ()."""

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray
    b: float


def noisy_table(n: int = 60, d: int = 4, seed: int = 0) -> Table:
    """Labels drawn from a logistic model: the classes overlap."""
    rng = np.random.default_rng(seed)
    X, w, b = rng.normal(size=(n, d)), rng.normal(size=d), 0.3
    y = (rng.random(n) < 1 / (1 + np.exp(-(X @ w + b)))).astype(float)
    return Table(X, y, w, b)


def class_table(n: int = 60, d: int = 3, num_classes: int = 4, seed: int = 0) -> Table:
    """Labels drawn at random from `num_classes`, weights (d, K), biases (K,)."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, d)), rng.integers(0, num_classes, n)
    return Table(X, y, rng.normal(size=(d, num_classes)), rng.normal(size=num_classes))


@cache
def breast_cancer() -> tuple[np.ndarray, np.ndarray]:
    """The 569 standardised rows of 30 features, and their labels."""
    X, y = load_breast_cancer(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y
