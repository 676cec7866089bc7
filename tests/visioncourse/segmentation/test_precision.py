"""Half precision, roundings and any tensor: the losses and metrics of segmentation."""

import warnings

import array_api_compat.torch as xp
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional

from visioncourse import segmentation
from visioncourse.arrays import to_numpy
from visioncourse.segmentation import (
    combined_loss,
    cross_entropy,
    dice_coefficient,
    dice_from_iou,
    dice_loss,
    formulas,
    iou_from_dice,
    one_hot,
)

rng = np.random.default_rng(0)
LOGITS, LABELS = rng.normal(size=(2, 4, 5, 6)), rng.integers(0, 4, (2, 5, 6))
P, G = rng.random((2, 4, 5, 6)), np.moveaxis(one_hot(LABELS, 4), -1, 1)
LOSSES = {
    "cross_entropy": lambda z, p: cross_entropy(z, LABELS.tolist(), axis=1),
    "cross_entropy, weights": lambda z, p: cross_entropy(
        z, LABELS.tolist(), axis=1, weight=[1, 2, 3, 4], ignore_index=2, reduction="none"
    ),
    "cross_entropy, smoothing": lambda z, p: cross_entropy(
        z, LABELS.tolist(), axis=1, weight=[1, 2, 3, 4], label_smoothing=0.1
    ),
    "combined_loss": lambda z, p: combined_loss(z, LABELS.tolist(), axis=1, dice_axis=(2, 3)),
    "dice_coefficient": lambda z, p: dice_coefficient(p, G.tolist(), axis=(2, 3)),
    "dice_loss": lambda z, p: dice_loss(p, G.tolist(), squared=False),
    "dice_loss, weight": lambda z, p: dice_loss(p, G.tolist(), weight=[1, 2, 3, 4], class_axis=1),
    "dice_from_iou": lambda z, p: dice_from_iou(p),
    "iou_from_dice": lambda z, p: iou_from_dice(p),
}


@pytest.mark.parametrize("dtype", [np.float16, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_loses_its_last_digit_only(name, dtype):
    if isinstance(dtype, torch.dtype):
        halves = [torch.as_tensor(a).to(dtype) for a in (LOGITS, P)]
    else:
        halves = [a.astype(dtype) for a in (LOGITS, P)]
    ours = LOSSES[name](*halves)
    exact = LOSSES[name](*(to_numpy(half, float) for half in halves))
    assert ours.dtype == dtype
    eps = float((torch if isinstance(dtype, torch.dtype) else np).finfo(dtype).eps)
    assert_allclose(to_numpy(ours, float), exact, rtol=eps)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("name", LOSSES)
def test_a_gradient_passes_and_no_tensor_gives_a_warning(name, dtype):
    # Every second entry of a larger tensor: not contiguous.
    leaves = [torch.tensor(np.repeat(a, 2, axis=-1), dtype=dtype) for a in (LOGITS, P)]
    leaves = [leaf[..., ::2].requires_grad_() for leaf in leaves]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LOSSES[name](*leaves).sum().backward()
    gradients = [leaf.grad for leaf in leaves if leaf.grad is not None]
    assert len(gradients) == 1 and gradients[0].isfinite().all() and gradients[0].any()


def test_sums_of_half_precision_do_not_overflow():
    p = torch.full((1, 1, 600, 600), 0.5, dtype=torch.float16, requires_grad=True)
    loss = dice_loss(p, torch.ones_like(p))
    assert loss.item() == pytest.approx(1 - 2 * 0.5 / 1.25, rel=1e-3)
    loss.backward()
    assert p.grad.isfinite().all()
    z = np.zeros((300, 300, 3), dtype=np.float16)
    labels = np.zeros((300, 300), dtype=np.uint8)
    assert cross_entropy(z, labels) == pytest.approx(np.log(3), rel=1e-3)
    assert combined_loss(z, labels) == pytest.approx(np.log(3) + 1 - 0.5, rel=1e-3)


def test_probabilities_that_were_resized_reach_a_little_more_than_1():
    resized = functional.interpolate(torch.ones(1, 1, 7, 7), size=(25, 15), mode="bilinear")
    assert resized.max() > 1
    for squared in (True, False):
        loss = dice_loss(resized, torch.ones_like(resized), squared=squared)
        assert 0 <= loss < 1e-6
    assert dice_from_iou(resized).max() == iou_from_dice(resized).max() == 1
    with pytest.raises(ValueError, match=r"predictions must lie in \[0, 1\], got 1.00001"):
        dice_loss(resized + 1e-5, torch.ones_like(resized))


@pytest.mark.parametrize("axes", [None, (2, 3), (1, 2, 3), (0, 2, 3), (0, 1)])
def test_every_way_to_sum_gives_the_same_numbers(axes):
    """Large float32 tensors without a gradient are summed as dot products, image by image."""
    p = torch.rand((2, 9, 256, 256), generator=torch.Generator().manual_seed(0))
    g = (p + torch.rand(p.shape, generator=torch.Generator().manual_seed(1)) > 1).float()
    options = {"axis": axes}
    exact = dice_coefficient(p.double().numpy(), g.double().numpy(), **options)
    assert_allclose(dice_coefficient(p, g, **options), exact, rtol=2e-6)
    asked = dice_coefficient(p.requires_grad_(), g, **options)
    assert_allclose(asked.detach(), exact, rtol=2e-6)
    assert asked.requires_grad
    assert (dice_coefficient(g, g, **options) == 1).all()


def test_inner_products_take_the_fast_way_only_without_a_gradient():
    a = torch.rand(3, 256, 256, dtype=torch.float64)
    expected = (a * a).sum((1, 2))
    assert_allclose(formulas.inner(xp, a, a, (1, 2)), expected, rtol=1e-13)
    a.requires_grad_()
    assert formulas.inner(xp, a, a, (1, 2)).requires_grad


@pytest.mark.parametrize("shape", [(3, 5, 400, 300), (1, 5, 400, 300)])
def test_a_batch_taken_image_by_image_is_the_batch(shape):
    z = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.randint(5, (shape[0], *shape[2:]), generator=torch.Generator().manual_seed(1))
    z.requires_grad_()
    weights = torch.rand(labels.shape, dtype=torch.float64)
    for reduction in ("mean", "sum", "none"):
        ours = cross_entropy(z, labels, axis=1, reduction=reduction)
        torchs = functional.cross_entropy(z, labels, reduction=reduction)
        assert_allclose(ours.detach(), torchs.detach(), rtol=1e-12)
        seed = weights if reduction == "none" else None
        gradients = [torch.autograd.grad(loss, z, seed)[0] for loss in (ours, torchs)]
        assert_allclose(*gradients, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [(0, 0, 0, 0), (1, 3, 4, 5)])
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
@pytest.mark.parametrize("loss", [cross_entropy, combined_loss])
def test_no_bad_logit_is_overlooked(loss, convert, place, bad):
    """Not one at an ignored pixel, of another class than the label's, or in the last image."""
    z = LOGITS.copy()
    z[place] = bad
    for labels in (LABELS, np.full_like(LABELS, 9)):
        with pytest.raises(ValueError, match="logits must"):
            loss(convert(z), convert(labels), axis=1, ignore_index=9)
    z[place] = -np.inf
    assert loss(convert(z), convert(np.full_like(LABELS, 9)), axis=1, ignore_index=9) == 0
    z[:, :, 0, 0] = -np.inf
    with pytest.raises(ValueError, match="with a finite one along axis"):
        loss(convert(z), convert(LABELS), axis=1)


@pytest.mark.parametrize("name", ["pixel_accuracy", "mean_iou", "iou_per_class", "dice_per_class"])
def test_a_confusion_matrix_of_any_type_is_counted_exactly(name):
    confusion = np.array([[2**24 + 1, 3], [2, 2**25 + 3]])
    measure = getattr(segmentation, name)
    expected = measure(confusion)
    for other in (confusion.tolist(), torch.tensor(confusion), confusion.astype(float)):
        assert_allclose(measure(other), expected, rtol=1e-15)
    asked = torch.tensor(confusion, dtype=torch.float64, requires_grad=True)
    assert_allclose(measure(asked), expected, rtol=1e-15)
