"""The network on scenes that are drawn for each submission: a test for each threshold."""

import pytest
from small_world import draw_scenes, score

SEE = ("segmentation/unet.html#the-shape-of-the-network", "the U-Net")
SCENES = 40
_scores = {}


@pytest.fixture
def miou(student, request, rng):
    """The score of a submission, computed by the first test that asks for it."""
    who = request.node.callspec.params["student"]
    if who not in _scores:
        seeds = rng.integers(10_000, 2**31, size=SCENES).tolist()
        images, truth = draw_scenes(tuple(seeds))
        predicted = student.predict(images, student.arrays("weights.npz"))
        _scores[who], _ = score(predicted, truth)
    return _scores[who]


@pytest.mark.points(1)
@pytest.mark.see(*SEE)
def test_hidden_predict_reaches_30(expect, miou):
    """The mean IoU on hidden scenes reaches 0.30."""
    expect.that(bool(miou >= 0.30), "0.30")


@pytest.mark.points(2)
@pytest.mark.see(*SEE)
def test_hidden_predict_reaches_50(expect, miou):
    """The mean IoU on hidden scenes reaches 0.50."""
    expect.that(bool(miou >= 0.50), "0.50")


@pytest.mark.points(3)
@pytest.mark.see(*SEE)
def test_hidden_predict_reaches_60(expect, miou):
    """The mean IoU on hidden scenes reaches 0.60."""
    expect.that(bool(miou >= 0.60), "0.60")


@pytest.mark.points(3)
@pytest.mark.see(*SEE)
def test_hidden_predict_reaches_70(expect, miou):
    """The mean IoU on hidden scenes reaches 0.70."""
    expect.that(bool(miou >= 0.70), "0.70")
