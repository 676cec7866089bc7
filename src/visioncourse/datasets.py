"""Small real data that needs no download: it ships inside scikit-learn or beside this file."""

from dataclasses import dataclass
from importlib import resources

import numpy as np

from ._validation import check_finite, check_shape
from .arrays import Array, float_arrays


@dataclass(frozen=True)
class Dataset:
    """A table of n examples with d features, and where it comes from.

    Attributes:
        X: (n, d) features, float.
        y: (n,) class indices; `class_names[y[i]]` is the class of example i.
        feature_names: d names, with units where there are any.
        class_names: one name a class.
        description: what an example is and what was measured.
        source: who made it, and where it is published.
        licence: under which terms it may be passed on.
    """

    X: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    description: str
    source: str
    licence: str


def breast_cancer() -> Dataset:
    """569 breast masses, 30 measurements of the cell nuclei; y = 1 is malignant, 0 benign.

    The disease is the positive class, so that recall is the share of cancers found.
    scikit-learn's `load_breast_cancer` has it the other way round: 0 malignant, 1 benign.
    """
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    return Dataset(
        X=data.data,
        y=(data.target == data.target_names.tolist().index("malignant")).astype(np.int64),
        feature_names=tuple(data.feature_names.tolist()),
        class_names=("benign", "malignant"),
        description=(
            "Fine needle aspirates of 569 breast masses, one digitised image each. Ten properties "
            "of the cell nuclei in it (radius, texture, perimeter, ...): their mean, their "
            "standard error and the mean of the three largest ('worst')."
        ),
        source=(
            "W. H. Wolberg, O. L. Mangasarian, N. Street and W. Street, Breast Cancer Wisconsin "
            "(Diagnostic), UCI Machine Learning Repository, 1995, doi:10.24432/C5DW2B; "
            "the copy in scikit-learn"
        ),
        licence="CC BY 4.0",
    )


def digits() -> Dataset:
    """1797 handwritten digits of 8 x 8 pixels; y is the digit.

    `X[i].reshape(8, 8)` is the picture, 0 (paper) to 16 (ink).
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    return Dataset(
        X=data.data,
        y=data.target.astype(np.int64),
        feature_names=tuple(data.feature_names),
        class_names=tuple(str(digit) for digit in data.target_names),
        description=(
            "Digits written by 13 people, scanned at 32 x 32 pixels, black or white. A feature "
            "counts the black ones in a block of 4 x 4."
        ),
        source=(
            "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (its test set), "
            "UCI Machine Learning Repository, 1998, doi:10.24432/C50P49; the copy in scikit-learn"
        ),
        licence="CC BY 4.0",
    )


def spam() -> Dataset:
    """4601 real e-mails, six features each; y = 1 is spam, 0 is not.

    The features are heavily skewed: most e-mails have a 0 in most of them.
    """
    file = resources.files("visioncourse") / "data" / "spam7.csv"
    with file.open(encoding="utf-8") as lines:
        *feature_names, _ = next(lines).rstrip("\n").split(",")
        table = np.loadtxt(lines, delimiter=",")
    return Dataset(
        X=table[:, :-1],
        y=table[:, -1].astype(np.int64),
        feature_names=tuple(feature_names),
        class_names=("not spam", "spam"),
        description=(
            "E-mails collected at Hewlett-Packard Labs in 1999: the number of letters in runs of "
            "capitals, the share of $ and of ! among the characters, and of 'money', '000' and "
            "'make' among the words."
        ),
        source=(
            "M. Hopkins, E. Reeber, G. Forman and J. Suermondt, Spambase, UCI Machine Learning "
            "Repository, 1999, doi:10.24432/C53G6X; six of its 57 features, as chosen for "
            "spam7 in the R package DAAG"
        ),
        licence="CC BY 4.0",
    )


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
    xp, X = float_arrays(X=X)
    check_finite(xp, X=X)
    if X.ndim != 2:
        raise ValueError(f"X must have shape (n, d), got {tuple(X.shape)}")
    if X.shape[0] == 0:
        return xp.zeros_like(xp.sum(X, axis=0)), xp.ones_like(xp.sum(X, axis=0))
    mean = xp.mean(X, axis=0)
    scale = xp.std(X, axis=0, correction=0)
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
    xp, X, mean, scale = float_arrays(X=X, mean=mean, scale=scale)
    if X.ndim == 0:
        raise ValueError("X must have shape (..., d), got a single number")
    check_shape(X.shape[-1:], "one for each feature of X", mean=mean)
    check_shape(X.shape[-1:], "one for each feature of X", scale=scale)
    if not xp.all(scale > 0):
        raise ValueError(f"scale must be positive, got {float(xp.min(scale)):g}")
    return (X - mean) / scale
