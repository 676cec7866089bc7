"""Real data: what it says it is, checked against what its publishers wrote about it."""

import subprocess
import sys
from importlib import resources

import numpy as np
import pytest

from visioncourse import datasets
from visioncourse.datasets import breast_cancer, cell, coins, digits, horse, spam
from visioncourse.logistic import scaling

LOADERS = [breast_cancer, digits, spam]


@pytest.mark.parametrize("load", LOADERS)
def test_a_data_set_is_complete(load):
    data = load()
    n, d = data.X.shape
    assert data.y.shape == (n,)
    assert data.X.dtype == np.float64 and data.y.dtype == np.int64
    assert np.isfinite(data.X).all()
    assert len(set(data.feature_names)) == d
    assert all(type(name) is str for name in data.feature_names + data.class_names)
    assert set(data.y.tolist()) == set(range(len(data.class_names)))
    assert "doi:10.24432/" in data.source
    assert data.licence == "CC BY 4.0"
    assert data.description


def test_breast_cancer_has_malignant_as_the_positive_class():
    data = breast_cancer()
    assert data.X.shape == (569, 30)
    assert data.class_names == ("benign", "malignant")
    assert np.bincount(data.y).tolist() == [357, 212]
    # Malignant nuclei are the larger ones: no name of a class is trusted here.
    radius = data.X[:, data.feature_names.index("mean radius")]
    assert radius[data.y == 1].mean() == pytest.approx(17.46, abs=0.01)
    assert radius[data.y == 0].mean() == pytest.approx(12.15, abs=0.01)


def test_digits_are_the_published_test_set():
    data = digits()
    assert data.X.shape == (1797, 64)
    assert data.X.min() == 0 and data.X.max() == 16
    # The class distribution of optdigits.tes in optdigits.names.
    published = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(data.y).tolist() == published
    # A zero has a hole in the middle, a one has ink there: rows and columns are in order.
    pictures = data.X.reshape(-1, 8, 8)
    middle = pictures[:, 3:5, 3:5].mean(axis=(1, 2))
    assert middle[data.y == 0].mean() < 2 < 12 < middle[data.y == 1].mean()
    assert data.feature_names[8 * 2 + 5] == "pixel_2_5"


def test_coins_are_the_picture_of_scikit_image():
    picture = coins()
    assert picture.shape == (303, 384) and picture.dtype == np.float64
    assert picture.min() >= 0 and picture.max() <= 1
    # The mean and three corners of skimage.data.coins() in scikit-image 0.26.
    assert 255 * picture.mean() == pytest.approx(96.85551602, abs=1e-4)
    corners = [picture[0, 0], picture[0, -1], picture[-1, 0]]
    assert [round(255 * grey) for grey in corners] == [47, 12, 91]


def test_the_cell_is_the_picture_of_scikit_image():
    picture = cell()
    assert picture.shape == (660, 550) and picture.dtype == np.float64
    # The sum and the extremes of skimage.data.cell() in scikit-image 0.26.
    assert 255 * picture.sum() == pytest.approx(24_669_746, abs=1)
    assert (picture.min(), picture.max()) == (0, 1)


def test_the_horse_is_the_picture_of_scikit_image():
    mask = horse()
    assert mask.shape == (328, 400) and mask.dtype == bool
    # The number of False in skimage.data.horse() in scikit-image 0.26, and their rows and columns.
    assert mask.sum() == 43412
    places = np.argwhere(mask)
    assert places.min(axis=0).tolist() == [9, 18] and places.max(axis=0).tolist() == [312, 388]


@pytest.mark.parametrize(
    ("name", "terms", "source"),
    [
        ("coins", "without known copyright", "brooklynmuseum.org/opencollection"),
        ("cell", "CC0", "10.1364/OE.26.010729"),
        ("horse", "CC0", "openclipart.org/detail/158377"),
    ],
)
def test_a_picture_ships_with_its_licence(name, terms, source):
    text = (resources.files("visioncourse") / "data" / f"LICENSE-{name}.txt").read_text("utf-8")
    assert text.startswith(f"{name}.png") and terms in text and source in text


def test_spam_is_the_published_data():
    data = spam()
    assert data.X.shape == (4601, 6)
    assert data.class_names == ("not spam", "spam")
    assert np.bincount(data.y).tolist() == [2788, 1813]
    # Maximum, average and standard deviation from spambase.DOCUMENTATION (attributes 57, 53, 52,
    # 24, 23 and 1). It rounds the last two to five significant digits.
    published = [
        ("capital letters", 15841, 283.29, 606.35),
        ("dollar signs (%)", 6.003, 0.075811, 0.24588),
        ("exclamation marks (%)", 32.478, 0.26907, 0.81567),
        ("word money (%)", 12.5, 0.094269, 0.44264),
        ("word 000 (%)", 5.45, 0.10165, 0.35029),
        ("word make (%)", 4.54, 0.10455, 0.30536),
    ]
    assert data.feature_names == tuple(name for name, *_ in published)
    for feature, (_, largest, average, deviation) in zip(data.X.T, published, strict=True):
        assert feature.max() == largest
        assert feature.mean() == pytest.approx(average, rel=1e-4)
        assert feature.std(ddof=1) == pytest.approx(deviation, rel=1e-4)
    # Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, table 1.1.
    exclamations = data.X[:, data.feature_names.index("exclamation marks (%)")]
    assert exclamations[data.y == 1].mean() == pytest.approx(0.51, abs=0.005)
    assert exclamations[data.y == 0].mean() == pytest.approx(0.11, abs=0.005)


def test_spam_ships_with_its_licence():
    text = (resources.files("visioncourse") / "data" / "LICENSE-spam7.txt").read_text("utf-8")
    assert "https://creativecommons.org/licenses/by/4.0/" in text
    assert "https://doi.org/10.24432/C53G6X" in text
    for name in ("Hopkins", "Reeber", "Forman", "Suermondt", "Changes", *spam().feature_names):
        assert name in text


def test_importing_the_module_does_not_import_scikit_learn():
    program = "import sys, visioncourse.datasets; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_the_scaling_of_features_keeps_its_place_here():
    assert datasets.standardize is scaling.standardize
    assert datasets.mean_and_scale is scaling.mean_and_scale
