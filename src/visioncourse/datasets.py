"""Small real data that needs no download: it ships inside scikit-learn or beside this file."""

from dataclasses import dataclass
from importlib import resources

import numpy as np

from .logistic.scaling import mean_and_scale, standardize

__all__ = [
    "Dataset",
    "breast_cancer",
    "cell",
    "coins",
    "digits",
    "horse",
    "mean_and_scale",
    "spam",
    "standardize",
]


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


def coins() -> np.ndarray:
    """A photograph of 24 Greek coins from Pompeii on a grey ground, lit unevenly.

    From the Brooklyn Museum's collection of archive images, no known copyright restrictions; the
    copy in scikit-image.

    Returns:
        (303, 384) grey levels in [0, 1].
    """
    return _picture("coins.png")


def cell() -> np.ndarray:
    """A cell that floats in saline: a quantitative phase image, with faint bands in the ground.

    One pixel is 0.107 micrometres wide. CC0, from P. Müller and others, Accurate evaluation of
    size and refractive index for spherical objects in quantitative phase imaging, Optics Express
    26(8), 2018, doi:10.1364/OE.26.010729; the copy in scikit-image.

    Returns:
        (660, 550) phase as grey levels in [0, 1].
    """
    return _picture("cell.png")


def horse() -> np.ndarray:
    """The silhouette of a horse, drawn by Andreas Preuss: a mask with thin legs and a tail.

    CC0, from Openclipart; the copy in scikit-image, where the horse is False.

    Returns:
        (328, 400) bool, True on the horse.
    """
    return _picture("horse.png")[..., 0] < 0.5  # black on white


def _picture(name: str) -> np.ndarray:
    from matplotlib.image import imread

    file = resources.files("visioncourse") / "data" / name
    with file.open("rb") as stream:
        return imread(stream, format="png").astype(np.float64)
