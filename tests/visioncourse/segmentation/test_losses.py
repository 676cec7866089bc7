"""Cross-entropy and Dice against Torch, arithmetic by hand, and definitions spelled out."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from torch.autograd import gradcheck
from torch.nn import functional

from visioncourse.logistic import softmax
from visioncourse.segmentation import (
    combined_loss,
    cross_entropy,
    dice_coefficient,
    dice_loss,
    iou_from_dice,
    one_hot,
)

# The course text's 3 × 3 image: logits of three classes, and the truth.
LOGITS = np.array(
    [
        [(2, 1, 0), (3, 0, 1), (0, 4, 2)],
        [(2, 1, 0), (1, 2, 0), (0, 3, 1)],
        [(0, 1, 4), (1, 0, 3), (0, 0, 5)],
    ]
)
LABELS = np.array([[0, 0, 1], [0, 1, 1], [2, 2, 2]])


def random_pixels(shape=(2, 5, 4, 3), seed=0, scale=3.0):
    """Logits (N, K, H, W) and labels (N, H, W)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    return scale * rng.normal(size=shape), labels


def dice_by_loops(predictions, targets, *, squared):
    power = 2 if squared else 1
    overlap = sizes = 0.0
    for p, g in zip(predictions.flat, targets.flat, strict=True):
        overlap += p * g
        sizes += p**power + g**power
    return 1.0 if sizes == 0 else 2 * overlap / sizes


def test_one_hot_equals_torch_in_value_and_type():
    labels = np.random.default_rng(0).integers(0, 4, (3, 2, 5))
    expected = functional.one_hot(torch.tensor(labels), 4)
    assert_array_equal(one_hot(labels, 4), expected.numpy())
    got = one_hot(torch.tensor(labels), 4)
    assert torch.equal(got, expected) and got.dtype == expected.dtype


def test_one_hot_takes_any_kind_of_whole_number():
    for labels in ([0, 1], [0.0, 1.0], [False, True], np.array([0, 1], np.uint8)):
        assert_array_equal(one_hot(labels, 2), [[1, 0], [0, 1]])
    assert one_hot([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "num_classes", "message"),
    [
        ([0, 3], 3, "labels must contain class indices 0 to 2, got 3"),
        ([-1], 3, "labels must contain class indices 0 to 2, got -1"),
        ([0.5], 3, "labels must contain whole numbers, got 0.5"),
        ([math.nan], 3, "labels must contain whole numbers, got nan"),
        ([0], 0, "num_classes must be a whole number >= 1, got 0"),
        ([0], 2.0, "num_classes must be a whole number >= 1, got 2.0"),
        (["a"], 2, "labels must contain whole numbers"),
    ],
)
def test_one_hot_names_what_is_wrong(labels, num_classes, message):
    with pytest.raises(ValueError, match=message):
        one_hot(labels, num_classes)


def test_the_worked_example_by_hand():
    by_hand = [  # -log of the true class's share of e^logit
        math.log(1 + math.exp(-1) + math.exp(-2)),  # (2, 1, 0), label 0
        math.log(1 + math.exp(-3) + math.exp(-2)),
        math.log(1 + math.exp(-4) + math.exp(-2)),
        math.log(1 + math.exp(-1) + math.exp(-2)),
        math.log(1 + math.exp(-1) + math.exp(-2)),
        math.log(1 + math.exp(-3) + math.exp(-2)),
        math.log(1 + math.exp(-4) + math.exp(-3)),
        math.log(1 + math.exp(-2) + math.exp(-3)),
        math.log(1 + math.exp(-5) + math.exp(-5)),
    ]
    losses = cross_entropy(LOGITS, LABELS, reduction="none")
    assert_allclose(losses.ravel(), by_hand, rtol=1e-13)
    assert f"{losses[0, 0]:.4f}" == "0.4076"
    mean = cross_entropy(LOGITS, LABELS)
    assert_allclose(mean, math.fsum(by_hand) / 9, rtol=1e-14)
    assert f"{mean:.4f}" == "0.2172"


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("ignore_index", [None, -100, 255, 2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_cross_entropy_equals_torch(reduction, ignore_index, weighted, label_smoothing, scale):
    logits, labels = random_pixels(scale=scale)
    weights = np.array([0.5, 2.0, 0.0, 1.0, 3.0]) if weighted else None
    if ignore_index is not None:
        labels[0, :2] = ignore_index
    options = {"reduction": reduction, "label_smoothing": label_smoothing}
    if ignore_index is not None:
        options["ignore_index"] = ignore_index
    z = torch.tensor(logits, requires_grad=True)
    w = None if weights is None else torch.tensor(weights)
    expected = functional.cross_entropy(z, torch.tensor(labels), weight=w, **options)
    (expected_gradient,) = torch.autograd.grad(expected.sum(), z)
    expected = expected.detach().numpy()
    assert_allclose(
        cross_entropy(logits, labels, axis=1, weight=weights, **options), expected, rtol=1e-13
    )
    got = cross_entropy(z, torch.tensor(labels), axis=1, weight=w, **options)
    assert_allclose(got.detach().numpy(), expected, rtol=1e-13)
    (got_gradient,) = torch.autograd.grad(got.sum(), z)
    assert_allclose(got_gradient.numpy(), expected_gradient.numpy(), rtol=1e-12, atol=1e-15)


def test_label_smoothing_is_a_truth_that_leaves_a_share_to_every_class():
    logits, labels = random_pixels()
    truth = 0.9 * np.moveaxis(one_hot(labels, 5), -1, 1) + 0.1 / 5
    expected = functional.cross_entropy(torch.tensor(logits), torch.tensor(truth)).item()
    assert_allclose(cross_entropy(logits, labels, axis=1, label_smoothing=0.1), expected)
    combined = combined_loss(logits, labels, axis=1, label_smoothing=0.1, dice_weight=0)
    assert_allclose(combined, expected)


def test_class_weights_have_two_names():
    logits, labels = random_pixels()
    for loss in (cross_entropy, combined_loss):
        expected = loss(logits, labels, axis=1, weight=[1, 2, 3, 4, 5])
        assert loss(logits, labels, axis=1, weights=[1, 2, 3, 4, 5]) == expected


def test_cross_entropy_finds_its_classes_on_any_axis():
    logits, labels = random_pixels()
    expected = cross_entropy(logits, labels, axis=1)
    assert_allclose(cross_entropy(np.moveaxis(logits, 1, -1), labels), expected, rtol=1e-14)
    assert_allclose(cross_entropy(np.moveaxis(logits, 1, 0), labels, axis=0), expected, rtol=1e-14)


@given(st.floats(-500, 500), st.integers(0, 10**6))
def test_cross_entropy_is_not_negative_and_blind_to_an_offset(offset, seed):
    logits, labels = random_pixels(shape=(1, 3, 2, 2), seed=seed)
    losses = cross_entropy(logits, labels, axis=1, reduction="none")
    assert np.all(losses >= 0)
    moved = cross_entropy(logits + offset, labels, axis=1, reduction="none")
    assert_allclose(moved, losses, rtol=1e-9, atol=1e-11)


def test_cross_entropy_at_certainty():
    assert cross_entropy([[1000.0, -1000.0]], [0]) == 0
    assert cross_entropy([[1000.0, -1000.0]], [1]) == 2000
    assert cross_entropy([[0.0, -math.inf]], [0]) == 0
    assert cross_entropy([[0.0, -math.inf]], [1]) == math.inf
    # A loss of infinity with weight 0, or an ignored one, counts for nothing.
    assert cross_entropy([[0.0, -math.inf], [0, 0]], [1, 0], weight=[1, 0]) == math.log(2)
    assert cross_entropy([[-math.inf, 0.0], [0, 0]], [7, 1], ignore_index=7) == math.log(2)
    # With smoothing a class without probability costs infinity, unless its weight is 0.
    smoothing = {"label_smoothing": 0.5}
    assert cross_entropy([[0.0, -math.inf]], [0], **smoothing) == math.inf
    assert cross_entropy([[0.0, -math.inf]], [1], label_smoothing=1) == math.inf
    assert cross_entropy([[0.0, -math.inf]], [0], weight=[1, 0], **smoothing) == 0
    assert cross_entropy([[-math.inf, 0.0], [0, 0]], [7, 1], ignore_index=7, **smoothing) == (
        pytest.approx(math.log(2), rel=1e-15)
    )


def test_cross_entropy_of_nothing_is_zero():
    assert cross_entropy(np.zeros((0, 3)), []) == 0
    assert cross_entropy(np.zeros((0, 3)), [], reduction="none").shape == (0,)
    assert cross_entropy(np.zeros((2, 3)), [9, 9], ignore_index=9) == 0
    assert cross_entropy(np.zeros((2, 3)), [1, 1], weight=[1.0, 0.0, 1.0]) == 0
    assert cross_entropy(np.zeros((1, 2)), [1], weight=[1, 0], label_smoothing=0.5) == 0
    z = torch.zeros((2, 3), requires_grad=True)
    cross_entropy(z, [9, 9], ignore_index=9).backward()
    assert_array_equal(z.grad.numpy(), np.zeros((2, 3)))


def test_float32_stays_float32():
    logits, labels = random_pixels()
    assert cross_entropy(logits.astype(np.float32), labels, axis=1).dtype == np.float32
    z = torch.tensor(logits, dtype=torch.float32)
    assert combined_loss(z, torch.tensor(labels), axis=1).dtype == torch.float32


@pytest.mark.parametrize(
    ("logits", "labels", "options", "message"),
    [
        ([[math.nan, 0.0]], [0], {}, "logits must not contain NaN"),
        ([[math.inf, 0.0]], [0], {}, "logits must be below infinity"),
        ([[0.0, 0.0]], [2], {}, "labels must contain class indices 0 to 1, got 2"),
        ([[0.0, 0.0]], [-100], {}, "labels must contain class indices 0 to 1, got -100"),
        ([[0.0, 0.0]], [0, 1], {}, r"labels must have shape \(1,\)"),
        ([[0.0, 0.0]], [0], {"axis": 2}, "axis must name one of the 2 axes, got 2"),
        ([[0.0, 0.0]], [0], {"weight": [1.0]}, r"weight must have shape \(2,\)"),
        ([[0.0, 0.0]], [0], {"weight": [1.0, -2.0]}, "weight must be >= 0, got -2"),
        ([[0.0, 0.0]], [0], {"weight": [1.0, math.inf]}, "weight must be finite"),
        ([[0.0, 0.0]], [0], {"label_smoothing": 1.5}, r"label_smoothing must lie in \[0, 1\]"),
        ([[0.0, 0.0]], [0], {"weight": [1, 1], "weights": [1, 1]}, "weight .* under one name"),
        ([[math.nan, 0.0]], [7], {"ignore_index": 7, "label_smoothing": 0.1}, "logits .* NaN"),
        ([[0.0, 0.0]], [0], {"reduction": "average"}, "reduction must be .* got 'average'"),
        (np.zeros((2, 0)), [0, 0], {}, "logits must have at least one class"),
        (np.zeros((1, 2)), torch.zeros(1), {}, "arrays of one library, got .*torch"),
    ],
)
def test_cross_entropy_names_what_is_wrong(logits, labels, options, message):
    with pytest.raises(ValueError, match=message):
        cross_entropy(logits, labels, **options)


def test_dice_by_hand():
    predictions, targets = [0.8, 0.4, 0.0], [1.0, 0.0, 1.0]
    assert_allclose(dice_coefficient(predictions, targets), 1.6 / (0.64 + 0.16 + 2), rtol=1e-15)
    plain = dice_coefficient(predictions, targets, squared=False)
    assert_allclose(plain, 1.6 / 3.2, rtol=1e-15)
    smooth = dice_coefficient(predictions, targets, smooth=1.0)
    assert_allclose(smooth, 2.6 / 3.8, rtol=1e-15)
    assert_allclose(dice_loss(predictions, targets, smooth=1.0), 1 - 2.6 / 3.8, rtol=1e-15)


@pytest.mark.parametrize("squared", [True, False])
def test_dice_is_its_definition_on_every_choice_of_axes(squared):
    rng = np.random.default_rng(0)
    p, g = rng.random((2, 3, 4, 5)), rng.integers(0, 2, (2, 3, 4, 5))
    pooled = dice_coefficient(p, g, squared=squared)
    assert_allclose(pooled, dice_by_loops(p, g, squared=squared), rtol=1e-13)
    per_mask = dice_coefficient(p, g, axis=(2, -1), squared=squared)
    per_class = dice_coefficient(p, g, axis=(0, 2, 3), squared=squared)
    assert per_mask.shape == (2, 3) and per_class.shape == (3,)
    for k in range(3):
        expected = dice_by_loops(p[:, k], g[:, k], squared=squared)
        assert_allclose(per_class[k], expected, rtol=1e-13)
        for n in range(2):
            expected = dice_by_loops(p[n, k], g[n, k], squared=squared)
            assert_allclose(per_mask[n, k], expected, rtol=1e-13)
    means = {round(float(value), 6) for value in (pooled, per_mask.mean(), per_class.mean())}
    assert len(means) == 3  # pooling is not averaging
    by_torch = dice_coefficient(torch.tensor(p), torch.tensor(g), axis=(2, 3), squared=squared)
    assert_allclose(by_torch.numpy(), per_mask, rtol=1e-13)


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_class_weights_in_dice_are_the_generalised_dice(convert):
    logits, labels = random_pixels(shape=(2, 3, 6, 7))
    p, g = softmax(logits, axis=1), np.moveaxis(one_hot(labels, 3), -1, 1)
    weight = 1 / g.sum(axis=(0, 2, 3)) ** 2
    options = {"weight": convert(weight), "class_axis": 1, "squared": False}

    def by_sums(p, g):
        overlap, *sizes = (np.sum(weight[:, None, None] * a) for a in (p * g, p, g))
        return 1 - 2 * overlap / sum(sizes)

    assert_allclose(dice_loss(convert(p), convert(g), **options), by_sums(p, g), rtol=1e-12)
    # A batch that is large enough to be read image by image.
    p, g = (np.tile(a, (1, 1, 100, 100)) for a in (p, g))
    images = dice_loss(convert(p), convert(g), axis=(1, 2, 3), **options)
    assert_allclose(images, [by_sums(p[n], g[n]) for n in range(2)], rtol=1e-12)


@pytest.mark.parametrize("squared", [True, False])
def test_whole_class_weights_in_dice_are_copies_of_the_class(squared):
    rng = np.random.default_rng(0)
    p, g = rng.random((4, 3)), rng.random((4, 3))
    copied = [0, 0, 2, 2, 2]
    expected = dice_by_loops(p[:, copied], g[:, copied], squared=squared)
    assert_allclose(dice_coefficient(p, g, weight=[2, 0, 3], squared=squared), expected, rtol=1e-13)
    assert dice_coefficient(p, g, weight=[0, 0, 0], squared=squared) == 1


masks = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20)


@given(masks, st.booleans(), st.sampled_from([0.0, 1e-5, 1.0]))
def test_dice_is_bounded_and_symmetric(pairs, squared, smooth):
    p, g = np.array(pairs).T
    options = {"squared": squared, "smooth": smooth}
    d = dice_coefficient(p, g, **options)
    assert 0 <= d <= 1 + 1e-15
    assert dice_coefficient(g, p, **options) == d
    assert_allclose(dice_coefficient(np.round(p), np.round(p), **options), 1, rtol=1e-15)


@given(masks, st.booleans())
def test_dice_and_iou_of_one_pair_determine_each_other(pairs, squared):
    p, g = np.array(pairs).T.round(6)
    power = 2 if squared else 1
    overlap, union = np.sum(p * g), np.sum(p**power + g**power - p * g)
    iou = overlap / union if union else 1.0
    assert_allclose(iou_from_dice(dice_coefficient(p, g, squared=squared)), iou, rtol=1e-13)


@pytest.mark.parametrize("squared", [True, False])
def test_dice_of_empty_regions(squared):
    nothing, something = np.zeros((2, 4)), np.eye(2, 4)
    assert dice_coefficient(nothing, nothing, squared=squared) == 1
    assert dice_coefficient(nothing, nothing, squared=squared, smooth=1e-9) == 1
    assert dice_coefficient(nothing, something, squared=squared) == 0
    assert dice_coefficient([], [], squared=squared) == 1
    assert dice_coefficient(np.zeros((0, 3)), np.zeros((0, 3)), axis=0, squared=squared).shape == (
        3,
    )
    p = torch.zeros((2, 4), requires_grad=True)
    dice_loss(p, torch.zeros((2, 4)), squared=squared).backward()
    assert_array_equal(p.grad.numpy(), nothing)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("smooth", [0.0, 0.5])
@pytest.mark.parametrize("targets", [np.eye(3, 4), np.zeros((3, 4)), np.ones((3, 4))])
def test_gradient_of_dice_agrees_with_differences(squared, smooth, targets):
    p = torch.tensor(np.random.default_rng(0).uniform(0.1, 0.9, (3, 4)), requires_grad=True)
    g = torch.tensor(targets)

    def loss(p):
        return dice_loss(p, g, axis=1, squared=squared, smooth=smooth)

    assert gradcheck(loss, (p,))


@pytest.mark.parametrize(
    ("predictions", "targets", "options", "message"),
    [
        ([1.5], [1.0], {}, r"predictions must lie in \[0, 1\], got 1.5"),
        ([0.5], [-1.0], {}, r"targets must lie in \[0, 1\], got -1"),
        ([0.5, math.nan], [1, 1], {}, "predictions must not contain NaN, got 1"),
        ([0.5], [1, 1], {}, r"targets must have shape \(1,\)"),
        ([0.5], [1], {"axis": 1}, "axis must name one of the 1 axes, got 1"),
        ([[0.5]], [[1]], {"axis": (0, -2)}, "axis must name each axis once"),
        ([[0.5]], [[1]], {"weight": [1], "axis": 0}, "class_axis must be one of .* got 1"),
        (
            [[0.5]],
            [[1]],
            {"weight": [1], "class_axis": 2},
            "class_axis must name one of the 2 axes",
        ),
        ([[0.5]], [[1]], {"weight": [1, 2]}, r"weight must have shape \(1,\)"),
        ([[0.5]], [[1]], {"weight": [-1]}, "weight must be >= 0, got -1"),
        ([0.5], [1], {"smooth": -1.0}, "smooth must be a finite number >= 0, got -1.0"),
    ],
)
def test_dice_names_what_is_wrong(predictions, targets, options, message):
    with pytest.raises(ValueError, match=message):
        dice_coefficient(predictions, targets, **options)


@pytest.mark.parametrize("dice_axis", [None, (2, 3), (0, 2, 3)])
@pytest.mark.parametrize("ignore_index", [None, 255])
def test_combined_loss_is_the_sum_of_its_parts(dice_axis, ignore_index):
    logits, labels = random_pixels()
    if ignore_index is not None:
        labels[:, 1] = ignore_index
    options = {"axis": 1, "ignore_index": ignore_index, "weight": [1.0, 2.0, 3.0, 4.0, 5.0]}
    keep = labels != 255
    targets = np.moveaxis(one_hot(np.where(keep, labels, 0), 5), -1, 1) * keep[:, None]
    predictions = softmax(logits, axis=1) * keep[:, None]
    dice = dice_loss(predictions, targets, axis=dice_axis, squared=False, smooth=0.1).mean()
    expected = 0.3 * cross_entropy(logits, labels, **options) + 0.7 * dice
    options |= {"dice_axis": dice_axis, "squared": False, "smooth": 0.1}
    options |= {"cross_entropy_weight": 0.3, "dice_weight": 0.7}
    assert_allclose(combined_loss(logits, labels, **options), expected, rtol=1e-13)


def test_ignored_pixels_do_not_move_the_combined_loss():
    logits, labels = random_pixels()
    labels[0, 0] = 9
    changed = logits.copy()
    changed[0, :, 0] = 50 * np.random.default_rng(1).normal(size=(5, 3))
    options = {"axis": 1, "ignore_index": 9}
    expected = combined_loss(logits, labels, **options)
    assert_allclose(combined_loss(changed, labels, **options), expected, rtol=1e-14)


def test_combined_loss_at_the_edges():
    assert combined_loss(np.zeros((0, 3)), []) == 0
    assert combined_loss(np.zeros((0, 3, 4)), np.zeros((0, 4)), axis=1, dice_axis=2) == 0
    assert combined_loss(np.zeros((2, 3)), [9, 9], ignore_index=9) == 0
    assert combined_loss([[1000.0, 0.0], [0.0, 1000.0]], [0, 1]) == 0
    with pytest.raises(ValueError, match="dice_axis must name one of the 2 axes, got 5"):
        combined_loss([[0.0, 0.0]], [0], dice_axis=5)
    with pytest.raises(ValueError, match="dice_weight must be a finite number >= 0, got -1"):
        combined_loss([[0.0, 0.0]], [0], dice_weight=-1)


@pytest.mark.parametrize("loss", [cross_entropy, combined_loss])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_gradients_from_logits_agree_with_differences(loss, scale):
    logits, labels = random_pixels(shape=(1, 3, 2, 2), scale=scale)
    labels[0, 0, 0] = 7
    z = torch.tensor(logits, requires_grad=True)
    assert gradcheck(
        lambda z: loss(z, torch.tensor(labels), axis=1, weight=[1.0, 2.0, 0.5], ignore_index=7),
        (z,),
    )


def test_gradients_stay_finite_at_saturated_logits():
    z = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], dtype=torch.float64, requires_grad=True)
    combined_loss(z, [1, 1], dice_axis=0).backward()
    assert_allclose(z.grad.numpy(), [[0.5, -0.5, 0.0], [0.0, 0.0, 0.0]], atol=1e-12)
