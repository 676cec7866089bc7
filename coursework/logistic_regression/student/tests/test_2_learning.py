"""Loss, penalty, gradient and descent: small examples with the arithmetic of the book."""

import numpy as np
import pytest

X = np.array([[1.5, 2.0], [1.0, -1.0]])  # (2, 2)
Y = np.array([1, 0])
W = np.array([0.3, 0.5])
B = -1.0


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/likelihood.html#one-example", "one example by hand")
def test_cross_entropy_of_one_example(student, expect):
    """At the logit 0.45 the label 0 costs 0.9432."""
    expect(
        student.cross_entropy(np.array([0.45]), np.array([0])),
        0.943249,
        rtol=1e-5,
        mistakes={
            "this is the loss of the label 1: the two labels are swapped": 0.493249,
            "the sign is missing: the loss is minus the log-likelihood": -0.943249,
            "this is a logarithm to base 2: the loss uses the natural one": 1.360821,
            "this is the squared error: cross-entropy takes the logarithm": 0.372880,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/likelihood.html#equation-eq-cross-entropy", "cross-entropy")
def test_cross_entropy_is_a_mean(student, expect):
    """Four examples with losses 0.4932, 0.3133, 0.1269 and 0.6931 have the mean 0.4066."""
    expect(
        student.cross_entropy(np.array([0.45, -1.0, 2.0, 0.0]), np.array([1, 0, 1, 0])),
        0.406646,
        rtol=1e-5,
        mistakes={
            "this is the sum over the examples: divide by their number n": 1.626586,
            "the two labels are swapped": 1.269146,
            "this is the squared error: cross-entropy takes the logarithm": 0.122035,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "logistic_regression/likelihood.html#from-the-logit-not-from-the-probability",
    "the loss from the logit",
)
def test_cross_entropy_of_a_confident_mistake(student, expect):
    """A positive at the logit -1000 costs 1000, not infinity."""
    expect(
        student.cross_entropy(np.array([-1000.0, 1000.0]), np.array([1, 1])),
        500.0,
        mistakes={
            "the sigmoid of -1000 has rounded to 0, and its logarithm is infinite: start from "
            "the logit, -log σ(z) = log(1 + e^(-z))": np.inf,
            "this is the sum over the examples: divide by their number n": 1000.0,
            "this is 0 times infinity, which is not a number: take the logarithm on paper, "
            "-log σ(z) = log(1 + e^(-z)), and use np.logaddexp": np.nan,
        },
        hint="the mean of 1000 and 0; a clipped probability would hide how wrong the model is",
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/regularisation.html#equation-eq-ridge", "the L2 penalty")
def test_penalised_loss_by_hand(student, expect):
    """With λ = 2 the weights [0.3, 0.5] cost 0.34 beside the loss of 0.4932."""
    expect(
        student.penalised_loss(X[:1], Y[:1], W, B, 2.0),
        0.833249,
        rtol=1e-5,
        mistakes={
            "the factor ½ is missing: the penalty is λ/2 times the square": 1.173249,
            "the length of w is not squared: it is λ/2 (w₁² + w₂²)": 1.076344,
            "the weights are not squared: this adds their absolute values, an L1 penalty": 1.293249,
            "the penalty is missing": 0.493249,
            "the bias is penalised: it is free": 1.833249,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "logistic_regression/regularisation.html#why-the-bias-is-free", "why the bias is free"
)
def test_penalised_loss_leaves_the_bias_free(student, expect):
    """With w = 0 a bias of 3 costs nothing, whatever λ is."""
    expect(
        student.penalised_loss(X, np.array([1, 1]), np.zeros(2), 3.0, 4.0),
        0.048587,
        rtol=1e-4,
        mistakes={
            "the bias is penalised: it is free": 18.048587,
            "this is the sum over the examples: divide by their number n": 0.0971747,
            "the penalty is multiplied with the loss: add it": 0.0,
        },
        hint="both logits are 3, and -log σ(3) is 0.0486",
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/gradient_descent.html#by-hand", "one gradient by hand")
def test_loss_gradient_by_hand(student, expect):
    """One example with the residual 0.6106 - 1 = -0.3894."""
    expect(
        student.loss_gradient(X[:1], Y[:1], W, B, 0.0),
        (np.array([-0.584041, -0.778722]), -0.389361),
        rtol=1e-5,
        mistakes={
            "the residual is turned round: it is ŷ - y": (
                np.array([0.584041, 0.778722]),
                0.389361,
            ),
            "there is a factor ŷ(1 - ŷ) too many: it cancels against the logarithm": (
                np.array([-0.138861, -0.185148]),
                -0.0925740,
            ),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/gradient_descent.html#equation-eq-gradient-w", "the gradient")
def test_loss_gradient_is_a_mean(student, expect):
    """Two examples with the residuals -0.3894 and 0.2315."""
    expect(
        student.loss_gradient(X, Y, W, B, 0.0),
        (np.array([-0.176283, -0.505098]), -0.0789428),
        rtol=1e-5,
        mistakes={
            "this is the sum over the examples: divide by their number n": (
                np.array([-0.352566, -1.010197]),
                -0.157886,
            ),
            "only dw is a mean, db is a sum: divide it by n, too": (
                np.array([-0.176283, -0.505098]),
                -0.157886,
            ),
            "the residual is turned round: it is ŷ - y": (
                np.array([0.176283, 0.505098]),
                0.0789428,
            ),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "logistic_regression/regularisation.html#equation-eq-gradient-ridge",
    "the pull of the penalty",
)
def test_loss_gradient_of_the_penalty(student, expect):
    """λ = 2 adds [0.6, 1.0] to dw, and nothing to db."""
    expect(
        student.loss_gradient(X, Y, W, B, 2.0),
        (np.array([0.423717, 0.494902]), -0.0789428),
        rtol=1e-5,
        mistakes={
            "the penalty is missing from dw: add λw": (
                np.array([-0.176283, -0.505098]),
                -0.0789428,
            ),
            "the pull is 2λw: the ½ of the penalty cancels the 2 of the square": (
                np.array([1.023717, 1.494902]),
                -0.0789428,
            ),
            "the pull is half of what it should be: it is λw, without a ½ and not divided by n": (
                np.array([0.123717, -0.005098]),
                -0.0789428,
            ),
            "the bias is penalised: it is free": (np.array([0.423717, 0.494902]), -2.0789428),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/gradient_descent.html#equation-eq-update-w", "the update")
def test_fit_one_step_by_hand(student, expect):
    """From zero, one step of size 0.5 leads to w = [0.375, 0.5], b = 0.25."""
    losses = [0.693147, 0.151214]
    expect(
        student.fit(X[:1], Y[:1], 0.5, 1),
        (np.array([0.375, 0.5]), 0.25, losses),
        rtol=1e-5,
        mistakes={
            "this climbs: the step goes against the gradient, with a minus": (
                np.array([-0.375, -0.5]),
                -0.25,
                [0.693147, 1.963714],
            ),
            "the learning rate is not used": (
                np.array([0.75, 1.0]),
                0.5,
                [0.693147, 0.0263002],
            ),
            "the weights had already moved when db was computed: compute both first": (
                np.array([0.375, 0.5]),
                0.0866441,
                [0.693147, 0.175812],
            ),
            "the bias never moves": (np.array([0.375, 0.5]), 0.0, [0.693147, 0.190299]),
            "the first loss is missing: keep it before the first step, too": (
                np.array([0.375, 0.5]),
                0.25,
                losses[1:],
            ),
            "the last loss is missing: keep one after the last step, too": (
                np.array([0.375, 0.5]),
                0.25,
                losses[:1],
            ),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("logistic_regression/regularisation.html#equation-eq-ridge", "the L2 penalty")
def test_fit_two_steps_with_a_penalty(student, expect):
    """Two steps on two positives, with λ = 0.5."""
    expect(
        student.fit(X, np.array([1, 1]), 0.5, 2, 0.5),
        (np.array([0.435633, 0.133231]), 0.416867, [0.693147, 0.438269, 0.366921]),
        rtol=1e-5,
        mistakes={
            "the penalty does not reach the gradient: hand l2 on": (
                np.array([0.513758, 0.164481]),
                0.416867,
                [0.693147, 0.438269, 0.362825],
            ),
            "the penalty does not reach the losses: hand l2 on": (
                np.array([0.435633, 0.133231]),
                0.416867,
                [0.693147, 0.409949, 0.315039],
            ),
            "the penalty pulls at the bias, too": (
                np.array([0.435633, 0.133231]),
                0.354367,
                [0.693147, 0.438269, 0.384038],
            ),
        },
    )
