"""Detection losses, against arithmetic, Torch's own, mpmath and finite differences."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from torch.nn import functional

from visioncourse.detection.boxes import (
    box_iou,
    complete_box_iou,
    distance_box_iou,
    generalized_box_iou,
)
from visioncourse.detection.losses import (
    categorical_focal_loss,
    complete_iou_loss,
    detection_loss,
    distance_iou_loss,
    focal_loss,
    generalized_iou_loss,
    iou_loss,
    objectness_loss,
    smooth_l1_loss,
)

from .examples import DEGENERATE_PAIRS, HARD_PAIRS, central_differences, random_boxes

BOX_LOSSES = {
    iou_loss: box_iou,
    generalized_iou_loss: generalized_box_iou,
    distance_iou_loss: distance_box_iou,
    complete_iou_loss: complete_box_iou,
}
SATURATED = [-1000.0, -745.0, -104.0, -37.0, -2.0, -1e-8, 0.0, 0.3, 17.0, 88.0, 710.0, 1000.0]
logit = st.floats(-1000, 1000)


def autograd(function, point):
    tensor = torch.tensor(point, dtype=torch.float64, requires_grad=True)
    function(tensor).backward()
    return tensor.grad.numpy()


def exact_focal(z, target, alpha, gamma):
    """The definition with p = σ(z), in enough digits for 1 - p."""
    with mpmath.workdps(1000):
        p = 1 / (1 + mpmath.exp(-mpmath.mpf(z)))
        p_t = p if target else 1 - p
        alpha_t = 1 if alpha == -1 else alpha if target else 1 - alpha
        return float(-alpha_t * (1 - p_t) ** gamma * mpmath.log(p_t))


# Smooth L1


def test_smooth_l1_by_hand():
    errors = [0.0, 0.5, -0.5, 1.0, -1.0, 3.0]
    expected = [0.0, 0.125, 0.125, 0.5, 0.5, 2.5]
    assert_array_equal(smooth_l1_loss(errors, [0.0] * 6, reduction="none"), expected)
    assert_allclose(smooth_l1_loss(errors, [0.0] * 6), sum(expected) / 6, rtol=1e-15)
    assert_allclose(smooth_l1_loss([0.1], [0.0], beta=1 / 9), 0.01 * 4.5, rtol=1e-14)
    assert_allclose(smooth_l1_loss([1.0], [0.0], beta=1 / 9), 1 - 1 / 18, rtol=1e-15)


@given(st.lists(st.floats(-100, 100), max_size=6), st.sampled_from([0.0, 1e-3, 1 / 9, 1.0, 4.0]))
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_smooth_l1_agrees_with_torch(reduction, errors, beta):
    errors = torch.tensor(errors, dtype=torch.float64)
    zeros = torch.zeros_like(errors)
    expected = functional.smooth_l1_loss(errors, zeros, beta=beta, reduction=reduction)
    got = smooth_l1_loss(errors, zeros, beta=beta, reduction=reduction)
    assert_allclose(got.numpy(), expected.numpy(), rtol=1e-13, atol=1e-300)
    in_numpy = smooth_l1_loss(errors.numpy(), zeros.numpy(), beta=beta, reduction=reduction)
    assert_allclose(in_numpy, got.numpy(), rtol=1e-14)


def test_smooth_l1_is_huber_divided_by_beta():
    rng = np.random.default_rng(0)
    a, b = torch.tensor(rng.normal(size=(2, 50)))
    huber = functional.huber_loss(a, b, delta=0.3)
    assert_allclose(float(smooth_l1_loss(a, b, beta=0.3)), float(huber) / 0.3, rtol=1e-14)


@pytest.mark.parametrize("beta", [0.0, 1 / 9, 1.0])
def test_smooth_l1_gradient(beta):
    errors = np.array([0.0, 1e-3, 1 / 9, -1 / 9, 0.5, 1.0, -1.0, 7.0, -1e6])
    got = autograd(
        lambda x: smooth_l1_loss(x, torch.zeros_like(x), beta=beta, reduction="sum"), errors
    )
    slopes = np.clip(errors / beta, -1, 1) if beta else np.sign(errors)
    assert_allclose(got, slopes, atol=1e-15)


def test_smooth_l1_of_a_huge_error_stays_finite():
    assert smooth_l1_loss([1e200], [0.0]) == 1e200
    assert_array_equal(autograd(lambda x: smooth_l1_loss(x, torch.zeros_like(x)), [1e200]), [1.0])


# Losses on boxes


@pytest.mark.parametrize(("loss", "matrix"), BOX_LOSSES.items())
def test_box_losses_are_one_minus_the_pairwise_diagonal(loss, matrix):
    predictions, targets = random_boxes(40, 0), random_boxes(40, 1)
    expected = 1 - np.diagonal(matrix(predictions, targets))
    assert_array_equal(loss(predictions, targets, reduction="none"), expected)
    assert_allclose(loss(predictions, targets), expected.mean(), rtol=1e-14)
    assert_allclose(loss(predictions, targets, reduction="sum"), expected.sum(), rtol=1e-14)
    one_box = loss(predictions[0], targets[0])
    assert_array_equal(one_box, expected[0])


@pytest.mark.parametrize("pair", HARD_PAIRS.values(), ids=HARD_PAIRS)
@pytest.mark.parametrize("loss", [iou_loss, generalized_iou_loss, distance_iou_loss])
def test_gradients_agree_with_finite_differences(loss, pair):
    point = np.array(pair)  # both boxes move
    got = autograd(lambda boxes: loss(boxes[0], boxes[1]), point)
    expected = central_differences(lambda boxes: loss(boxes[0], boxes[1]), point)
    # At a kink the quotient errs by the curvature times the step.
    assert_allclose(got, expected, rtol=1e-5, atol=2e-6)


def complete_loss_with(alpha, boxes):
    """1 - DIoU + α·v, with a number for α."""
    v = aspect_term(boxes)
    return distance_iou_loss(boxes[0], boxes[1]) + alpha * v


def aspect_term(boxes):
    (w, h), (other_w, other_h) = boxes[:, 2:] - boxes[:, :2]
    return 4 / math.pi**2 * (math.atan(other_w / other_h) - math.atan(w / h)) ** 2


@pytest.mark.parametrize("pair", HARD_PAIRS.values(), ids=HARD_PAIRS)
def test_the_gradient_of_complete_iou_holds_alpha_constant(pair):
    point = np.array(pair)
    v = aspect_term(point)
    alpha = v / (iou_loss(point[0], point[1]) + v) if v else 0.0
    got = autograd(lambda boxes: complete_iou_loss(boxes[0], boxes[1]), point)
    expected = central_differences(lambda boxes: complete_loss_with(alpha, boxes), point)
    assert_allclose(got, expected, rtol=1e-5, atol=2e-6)


def test_a_moving_alpha_would_have_another_gradient():
    point = np.array(HARD_PAIRS["overlapping"])
    point[1, 3] = 9.0
    got = autograd(lambda boxes: complete_iou_loss(boxes[0], boxes[1]), point)
    moving = central_differences(lambda boxes: complete_iou_loss(boxes[0], boxes[1]), point)
    assert np.max(np.abs(got - moving)) > 1e-3


@pytest.mark.parametrize("pair", DEGENERATE_PAIRS.values(), ids=DEGENERATE_PAIRS)
@pytest.mark.parametrize("loss", BOX_LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_of_boxes_without_area_are_finite(loss, pair, dtype):
    boxes = torch.tensor(pair, dtype=dtype, requires_grad=True)
    value = loss(boxes[0], boxes[1])
    value.backward()
    assert torch.isfinite(value) and torch.all(torch.isfinite(boxes.grad))


def test_only_iou_loss_leaves_distant_boxes_alone():
    point = np.array(HARD_PAIRS["distant"])
    pulls = {
        loss: -autograd(lambda boxes, loss=loss: loss(boxes[0], boxes[1]), point)[0]
        for loss in BOX_LOSSES
    }
    assert_array_equal(pulls[iou_loss], np.zeros(4))
    for loss in (generalized_iou_loss, distance_iou_loss):
        # The target is to the right and below: the far corner goes there.
        assert pulls[loss][2] > 0 and pulls[loss][3] > 0


@pytest.mark.parametrize("loss", BOX_LOSSES)
def test_descent_brings_boxes_together(loss):
    boxes = torch.tensor([[1.0, 1.0, 4.0, 3.0]], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[2.0, 1.5, 6.0, 5.0]], dtype=torch.float64)
    optimizer = torch.optim.Adam([boxes], lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        loss(boxes, target).backward()
        optimizer.step()
    assert box_iou(boxes.detach(), target) > 0.95


# Focal loss


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [0.25, 0.0, 1.0, -1])
def test_focal_loss_agrees_with_its_definition(alpha, gamma):
    for target in (0, 1):
        expected = [exact_focal(z, target, alpha, gamma) for z in SATURATED]
        targets = [target] * len(SATURATED)
        got = focal_loss(SATURATED, targets, alpha=alpha, gamma=gamma, reduction="none")
        assert_allclose(got, expected, rtol=1e-12, atol=1e-300)
        assert_allclose(
            focal_loss(SATURATED, targets, alpha=alpha, gamma=gamma), np.mean(expected), rtol=1e-12
        )


def test_an_easy_example_counts_a_hundred_times_less():
    # The paper's example: p_t = 0.9 and gamma = 2.
    z = math.log(0.9 / 0.1)
    focal, entropy = (focal_loss([z], [1], alpha=-1, gamma=g) for g in (2.0, 0.0))
    assert_allclose(entropy / focal, 100, rtol=1e-13)
    assert_allclose(focal_loss([z], [1]), -0.25 * 0.01 * math.log(0.9), rtol=1e-13)


@given(st.lists(st.tuples(logit, st.booleans()), min_size=1, max_size=8))
def test_without_focus_it_is_cross_entropy(examples):
    z, t = torch.tensor(examples, dtype=torch.float64).T
    expected = functional.binary_cross_entropy_with_logits(z, t)
    # Torch loses digits of a small loss.
    got = focal_loss(z, t, alpha=-1, gamma=0.0)
    assert_allclose(float(got), float(expected), rtol=1e-12, atol=1e-15)
    assert float(focal_loss(z, t, alpha=-1)) <= float(got)


@given(
    st.lists(logit, min_size=1, max_size=8), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 5)
)
def test_focal_loss_is_symmetric_in_the_classes(z, alpha, gamma):
    ones, z = np.ones(len(z)), np.array(z)
    as_positive = focal_loss(z, ones, alpha=alpha, gamma=gamma)
    as_negative = focal_loss(-z, 0 * ones, alpha=1 - alpha, gamma=gamma)
    assert_allclose(as_positive, as_negative, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_gradients(gamma):
    z = np.array([*SATURATED, *SATURATED])
    t = np.repeat([0.0, 1.0], len(SATURATED))

    def loss(z):
        targets = torch.tensor(t) if torch.is_tensor(z) else t
        return focal_loss(z, targets, gamma=gamma, reduction="sum")

    got = autograd(loss, z)
    assert np.all(np.isfinite(got))
    for i in range(len(z)):
        exact = mpmath.diff(
            lambda x, i=i: exact_focal_mp(x, t[i], 0.25, gamma), mpmath.mpf(z[i]), h=1e-20
        )
        assert_allclose(got[i], float(exact), rtol=1e-9, atol=1e-15)


def exact_focal_mp(z, target, alpha, gamma):
    with mpmath.workdps(500):
        p = 1 / (1 + mpmath.exp(-z if target else z))
        return -(alpha if target else 1 - alpha) * (1 - p) ** gamma * mpmath.log(p)


# Categorical focal loss


def test_categorical_focal_loss_by_hand():
    p = np.array([0.7, 0.2, 0.1])
    for c in range(3):
        expected = -0.25 * (1 - p[c]) ** 2 * math.log(p[c])
        assert_allclose(categorical_focal_loss(np.log(p), c, alpha=0.25), expected, rtol=1e-13)
    balanced = categorical_focal_loss(np.log([p, p]), [0, 2], alpha=[1, 2, 3], reduction="none")
    expected = [-0.09 * math.log(0.7), -3 * 0.81 * math.log(0.1)]
    assert_allclose(balanced, expected, rtol=1e-13)


def test_categorical_focal_loss_without_focus_is_cross_entropy():
    rng = np.random.default_rng(0)
    logits, labels = torch.tensor(rng.normal(0, 200, (5, 4, 6))), torch.tensor(
        rng.integers(0, 4, (5, 6))
    )  # fmt: skip
    for reduction in ("mean", "sum", "none"):
        expected = functional.cross_entropy(logits, labels, reduction=reduction)
        got = categorical_focal_loss(logits, labels, gamma=0.0, axis=1, reduction=reduction)
        assert_allclose(got.numpy(), expected.numpy(), rtol=1e-12, atol=1e-12)


@given(logit, logit, st.booleans(), st.floats(0, 4))
def test_two_classes_are_the_binary_focal_loss(a, b, label, gamma):
    categorical = categorical_focal_loss([a, b], int(label), gamma=gamma)
    binary = focal_loss([b - a], [int(label)], alpha=-1, gamma=gamma)
    assert_allclose(categorical, binary, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
def test_categorical_gradients(gamma, scale):
    logits = scale * np.random.default_rng(0).normal(size=(6, 3))
    labels = np.array([0, 1, 2, 2, 1, 0])

    def loss(logits):
        targets = torch.tensor(labels) if torch.is_tensor(logits) else labels
        return categorical_focal_loss(logits, targets, gamma=gamma, alpha=[1.0, 0.5, 2.0])

    assert_allclose(autograd(loss, logits), central_differences(loss, logits), atol=1e-7, rtol=1e-6)


# Objectness and the total


@given(st.lists(st.tuples(logit, st.floats(0, 1)), min_size=1, max_size=8))
def test_objectness_agrees_with_torch(examples):
    z, t = torch.tensor(examples, dtype=torch.float64).T
    for reduction in ("mean", "sum", "none"):
        expected = functional.binary_cross_entropy_with_logits(z, t, reduction=reduction).numpy()
        got = objectness_loss(z, t, reduction=reduction)
        assert_allclose(got.numpy(), expected, rtol=1e-9, atol=1e-12)
        in_numpy = objectness_loss(z.numpy(), t.numpy(), reduction=reduction)
        assert_allclose(in_numpy, got.numpy(), rtol=1e-14, atol=1e-300)


def test_objectness_gradient_is_probability_minus_target():
    z, t = np.array(SATURATED), np.linspace(0, 1, len(SATURATED))
    got = autograd(lambda z: objectness_loss(z, torch.tensor(t), reduction="sum"), z)
    p = [float(1 / (1 + mpmath.exp(-x))) for x in z]
    assert_allclose(got, p - t, rtol=1e-12, atol=1e-15)


def test_the_total_by_hand():
    assert detection_loss(2.0, 3.0, 4.0) == 9
    total = detection_loss(2.0, 3.0, 4.0, lambda_bbox=5.0, lambda_cls=1.0, lambda_obj=0.5)
    assert total == 15
    parts = torch.tensor([2.0, 3.0, 4.0], requires_grad=True)
    detection_loss(*parts, lambda_bbox=5.0, lambda_cls=0.0, lambda_obj=0.5).backward()
    assert parts.grad.tolist() == [5.0, 0.0, 0.5]


# Half precision

HALF = [torch.float16, torch.bfloat16]


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_sums_of_half_precision_are_taken_in_float32(dtype, reduction):
    """90,000 entries: float16 ends at 65504, and bfloat16 stops counting at 256."""
    rng = np.random.default_rng(0)
    z = torch.tensor(3 * rng.normal(size=(300, 300))).to(dtype)
    t = torch.tensor((rng.random((300, 300)) < 0.1).astype(int))
    calls = [
        lambda z, **options: smooth_l1_loss(z, t, **options),
        lambda z, **options: objectness_loss(z, t, **options),
        lambda z, **options: focal_loss(z, t, **options),
        lambda z, **options: categorical_focal_loss(z, t[:, 0], **options),
    ]
    for call in calls:
        z.requires_grad_().grad = None
        got = call(z, reduction=reduction)
        got.sum().backward()
        expected = call(z.detach().float(), reduction=reduction)
        assert got.dtype == z.grad.dtype == dtype
        assert got.tolist() == expected.to(dtype).tolist()
        assert torch.all(torch.isfinite(z.grad))


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("loss", BOX_LOSSES)
def test_losses_of_half_boxes_are_computed_in_float32(loss, dtype):
    a, b = ((20 * torch.tensor(random_boxes(40, seed))).to(dtype) for seed in (0, 1))
    got = loss(a.requires_grad_(), b, reduction="none")
    got.sum().backward()
    assert got.dtype == a.grad.dtype == dtype
    assert got.tolist() == loss(a.detach().float(), b.float(), reduction="none").to(dtype).tolist()
    assert torch.all(torch.isfinite(a.grad))


def test_the_total_of_half_precision():
    parts = torch.tensor([2049.0, 3.0, 4.0]).half()
    assert detection_loss(*parts, lambda_bbox=0.1).item() == torch.tensor(211.8).half().item()
    assert detection_loss(parts[0], 3.0, 4.0).dtype == torch.float16


@pytest.mark.parametrize("number", [None, "2", math.nan, math.inf, [1.0]])
def test_a_number_of_another_kind_is_named(number):
    box = [[0, 0, 1, 1]]
    for name, call in (
        ("beta", lambda n: smooth_l1_loss([1.0], [0.0], beta=n)),
        ("gamma", lambda n: focal_loss([1.0], [0.0], gamma=n)),
        ("alpha", lambda n: focal_loss([1.0], [0.0], alpha=n)),
        ("gamma", lambda n: categorical_focal_loss([1.0, 2.0], 0, gamma=n)),
        ("axis", lambda n: categorical_focal_loss([1.0, 2.0], 0, axis=n)),
        ("lambda_cls", lambda n: detection_loss(1.0, 1.0, 1.0, lambda_cls=n)),
        ("reduction", lambda n: iou_loss(box, box, reduction=n)),
        ("reduction", lambda n: objectness_loss([1.0], [1.0], reduction=n)),
    ):
        with pytest.raises(ValueError, match=f"{name} must"):
            call(number)


# Edges


@pytest.mark.parametrize(
    "loss",
    [
        *BOX_LOSSES,
        smooth_l1_loss,
        focal_loss,
        objectness_loss,
        lambda a, b, **options: categorical_focal_loss(a, b[:, 0], **options),
    ],
)
def test_nothing_costs_nothing(loss):
    for empty in (np.zeros((0, 4)), torch.zeros(0, 4)):
        assert float(loss(empty, empty)) == 0
        assert float(loss(empty, empty, reduction="sum")) == 0
        assert loss(empty, empty, reduction="none").shape[0] == 0
    tensor = torch.zeros(0, 4, requires_grad=True)
    loss(tensor, torch.zeros(0, 4)).backward()
    assert tensor.grad.shape == (0, 4)


@pytest.mark.parametrize("loss", BOX_LOSSES)
def test_bad_boxes_are_named(loss):
    good, bad = [[0, 0, 1, 1], [0, 0, 2, 2]], [[0, 0, 1, 1], [3, 0, 2, 2]]
    with pytest.raises(ValueError, match=r"predictions must be .*x2 >= x1.*in row 1"):
        loss(bad, good)
    with pytest.raises(ValueError, match=r"targets must be .*x2 >= x1.*in row 1"):
        loss(good, bad)
    with pytest.raises(ValueError, match=r"targets must have shape \(2, 4\)"):
        loss(good, good[:1])
    with pytest.raises(ValueError, match="reduction must be"):
        loss(good, good, reduction="average")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: smooth_l1_loss([1.0], [1.0, 2.0]), r"targets must have shape \(1,\)"),
        (lambda: smooth_l1_loss([math.inf], [1.0]), "predictions must be finite"),
        (lambda: smooth_l1_loss([1.0], [1.0], beta=-1), "beta must be a finite number >= 0"),
        (lambda: focal_loss([1.0], [0.5]), "targets must contain only 0 and 1, got 0.5"),
        (lambda: focal_loss([math.nan], [1]), "logits must not contain NaN"),
        (lambda: focal_loss([math.inf], [1]), "logits must be finite"),
        (lambda: focal_loss([1.0], [1], alpha=1.5), r"alpha must lie in \[0, 1\]"),
        (lambda: focal_loss([1.0], [1], alpha=[0.2, 0.8]), r"alpha must lie in \[0, 1\]"),
        (lambda: focal_loss([1.0], [1], alpha=torch.ones(2)), r"alpha must lie in \[0, 1\]"),
        (lambda: focal_loss([1.0], [1], gamma=-1.0), "gamma must be a finite number >= 0"),
        (lambda: focal_loss([1.0], [1], reduction="x"), "reduction must be .*got 'x'"),
        (lambda: objectness_loss([1.0], [1.5]), r"targets must lie in \[0, 1\], got 1.5"),
        (lambda: objectness_loss([1.0], [1, 0]), r"targets must have shape \(1,\)"),
        (lambda: categorical_focal_loss([[1.0, 2.0]], [2]), "labels must contain class indices"),
        (lambda: categorical_focal_loss([[1.0, 2.0]], [0, 1]), r"labels must have shape \(1,\)"),
        (lambda: categorical_focal_loss([[1.0]], [0]), "at least two classes along axis, got 1"),
        (lambda: categorical_focal_loss([1.0, 2.0], 0, axis=1), "axis must name one of the 1"),
        (lambda: categorical_focal_loss([1.0, 2.0], 0, alpha=[1]), r"alpha must have shape \(2,\)"),
        (lambda: categorical_focal_loss([1.0, 2.0], 0, alpha=-1), "alpha must be >= 0, got -1"),
        (lambda: detection_loss(1.0, -2.0, 3.0), "cls_loss must be >= 0, got -2"),
        (lambda: detection_loss(1.0, 2.0, [3.0]), r"obj_loss must have shape \(\)"),
        (lambda: detection_loss(1.0, 2.0, 3.0, lambda_obj=-1), "lambda_obj must be a finite"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_iou_that_a_rounding_took_above_one_is_a_legal_target():
    above = torch.nextafter(torch.ones(1), torch.tensor(2.0))
    assert_allclose(objectness_loss(torch.zeros(1), above).item(), math.log(2), rtol=1e-6)
