"""Softmax, cross-entropy and Dice: what a network's output is worth at every pixel."""

import numpy as np
import pytest

SOFTMAX = "logistic_regression/softmax.html#equation-eq-softmax"
CROSS_ENTROPY = "logistic_regression/softmax.html#equation-eq-class-cross-entropy"
DICE = "segmentation/pixel_losses.html#equation-eq-dice-forms"
SLOPE = "segmentation/pixel_losses.html#equation-eq-dice-gradient"


def of_pixels(*pixels):
    """Logits (1, K, 1, number of pixels) from the logits of each pixel."""
    return np.array(pixels, dtype=float).T[None, :, None]


def array_like(value, shape):
    """What came back, or NaN in its place where it is no array of this shape."""
    if isinstance(value, np.ndarray) and value.shape == shape and value.dtype.kind in "iuf":
        return value
    return np.full(shape, np.nan)


@pytest.mark.points(1)
@pytest.mark.see(SOFTMAX, "the softmax")
def test_pixel_softmax_by_hand(student, expect):
    """Two pixels with the logits (2, 1, 0) and (0, 0, 3): the sum over the classes is 1."""
    logits = of_pixels((2, 1, 0), (0, 0, 3))
    got = student.pixel_softmax(logits)
    p = array_like(got, logits.shape)
    sums = {axis: np.allclose(p.sum(axis=axis), 1) for axis in (0, 2, 3)}
    expect.that(
        bool(np.allclose(p.sum(axis=1), 1)),
        "an array of the same shape, with sum 1 along axis 1",
        mistakes={
            "each number became 1: axis 1 holds the classes, axis 0 the images": sums[0],
            "this is the softmax along the columns: axis 1 holds the classes": sums[3],
            "this is the softmax over the whole image": bool(np.isclose(p.sum(), 1)),
        },
    )
    want = of_pixels((0.665241, 0.244728, 0.090031), (0.045279, 0.045279, 0.909443))
    expect(
        got,
        want,
        rtol=1e-4,
        mistakes={
            "these are shares of the logits: take the exponentials first": of_pixels(
                (2 / 3, 1 / 3, 0), (0, 0, 1)
            )
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/softmax.html#equation-eq-softmax-shift", "the shift")
def test_pixel_softmax_of_large_logits(student, expect):
    """A logit of 1000 overflows nothing."""
    expect(
        student.pixel_softmax(of_pixels((1000, 0), (-1000, -1000))),
        of_pixels((1, 0), (0.5, 0.5)),
        hint="subtract the largest logit of each pixel before you take exponentials",
        mistakes={
            "a pixel lost its probabilities: subtract the largest logit of each pixel, not of all "
            "of them": of_pixels((1, 0), (np.nan, np.nan)),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(CROSS_ENTROPY, "the cross-entropy")
def test_pixel_loss_by_hand(student, expect):
    """Logits (1, 0) and (0, 2), both pixels of class 0: (0.3133 + 2.1269) / 2."""
    expect(
        student.pixel_loss(of_pixels((1, 0), (0, 2)), np.array([[[0, 0]]])),
        1.220095,
        rtol=1e-4,
        mistakes={
            "this is the sum over the pixels: take the mean": 2.440190,
            "the sign is missing: the loss is minus the logarithm": -1.220095,
            "this is the softmax along the columns: axis 1 holds the classes": 0.813262,
            "this is the mean probability of the true class, without a logarithm": 0.425131,
            "this is the loss of the other class": 0.720095,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(CROSS_ENTROPY, "the cross-entropy")
def test_pixel_loss_stays_finite(student, expect):
    """Logits 800 and 0, the true class is the second: the loss is 800."""
    got = student.pixel_loss(of_pixels((800, 0)), np.array([[[1]]]))
    expect(
        got,
        800.0,
        mistakes={
            "the logarithm of a probability that was rounded to 0: use the formula with M": np.inf,
            "something small inside of the logarithm hides the infinity, and the loss is wrong: "
            "use the formula with M": lambda: got if type(got) is float and 5 < got < 760 else None,
        },
        hint="take the logarithm of the sum, after you subtracted the largest logit of the pixel",
    )


@pytest.mark.points(1)
@pytest.mark.see("segmentation/pixel_losses.html#the-label-255", "the label 255")
def test_pixel_loss_leaves_void_out(student, expect):
    """Of three pixels the second is void: (0.3133 + 3.0486) / 2."""
    expect(
        student.pixel_loss(of_pixels((1, 0), (0, 2), (3, 0)), np.array([[[0, 255, 1]]])),
        1.680924,
        rtol=1e-4,
        mistakes={
            "the void pixel is not in the sum, but you divide by 3: divide by the number of "
            "labelled pixels": 1.120616,
            "the void pixel was counted as class 0": 1.829592,
            "the void pixel was counted as the last class": 1.162926,
        },
        hint="labels != 255 is where a pixel counts",
    )


@pytest.mark.points(1)
@pytest.mark.see("segmentation/pixel_losses.html#the-label-255", "the label 255")
def test_pixel_loss_of_void_alone(student, expect):
    """An image without a labelled pixel has the loss 0."""
    expect(
        student.pixel_loss(of_pixels((1, 0), (0, 2)), np.array([[[255, 255]]])),
        0.0,
        mistakes={"this is 0/0: divide by 1 where no pixel counts": np.nan},
        hint="the mean of nothing is 0/0: divide by the number of pixels, but at least by 1",
    )


P, Y = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[1, 0], [1, 0]])


@pytest.mark.points(1)
@pytest.mark.see(DICE, "the Dice loss")
def test_dice_loss_by_hand(student, expect):
    """I = 1.5 and S = 3.5, with eps 0.5: 1 - 3.5 / 4 = 0.125."""
    expect(
        student.dice_loss(P, Y, 0.5),
        0.125,
        mistakes={
            "this is the Dice coefficient: the loss is 1 minus it": 0.875,
            "the probabilities below the line are not squared": 1 - 3.5 / 4.5,
            "the factor 2 above the line is missing": 0.5,
            "eps is missing": 1 - 3 / 3.5,
            "eps is missing above the line": 0.25,
            "eps is missing below the line": 0.0,
            "this is one minus a soft IoU: do not subtract the intersection": 0.2,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(DICE, "the Dice loss")
def test_dice_loss_of_nothing(student, expect):
    """A class that is neither there nor predicted costs 0."""
    expect(
        student.dice_loss(np.zeros((2, 3)), np.zeros((2, 3))),
        0.0,
        mistakes={
            "this is 0/0: eps stands above and below the line": np.nan,
            "eps stands below the line only: it belongs above, too": 1.0,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(SLOPE, "the Dice gradient")
def test_dice_gradient_is_the_slope(student, expect):
    """It tells by how much your own dice_loss moves when one probability is nudged."""
    p, y, step = np.array([[0.3, 0.9], [0.6, 0.2]]), np.array([[0, 1], [1, 0]]), 1e-5
    slopes = np.zeros(p.shape)
    for place in np.ndindex(*p.shape):
        nudge = np.zeros(p.shape)
        nudge[place] = step
        ends = [student.dice_loss(p + sign * nudge, y) for sign in (1, -1)]
        numbers = all(type(end) is float for end in ends)
        slopes[place] = (ends[0] - ends[1]) / (2 * step) if numbers else np.nan
    expect(
        student.dice_gradient(p, y),
        slopes,
        rtol=1e-4,
        atol=1e-7,
        mistakes={"this points uphill: the coefficient is subtracted from 1": -slopes},
        hint="expected are the slopes of your dice_loss, so that one has to be right, too",
    )


@pytest.mark.points(1)
@pytest.mark.see(SLOPE, "the Dice gradient")
def test_dice_gradient_by_hand(student, expect):
    """p = (0.5, 1), y = (1, 0), eps 0.75: u = 1.75 and v = 3."""
    expect(
        student.dice_gradient(np.array([0.5, 1.0]), np.array([1, 0]), 0.75),
        np.array([-4.25, 3.5]) / 9,
        mistakes={
            "only what stands above the line was differentiated: S contains p, too, so use the "
            "quotient rule": np.array([-2 / 3, 0.0]),
            "a quotient's derivative is not the quotient of the derivatives": np.array([-2.0, 0.0]),
            "the square below the line is missing: it is v², not v": np.array([-4.25, 3.5]) / 3,
            "the derivative of p² is 2 p": np.array([-5.125, 1.75]) / 9,
            "this points uphill: the coefficient is subtracted from 1": np.array([4.25, -3.5]) / 9,
            "the rule has a minus: u' v - u v'": np.array([-7.75, -3.5]) / 9,
        },
    )
