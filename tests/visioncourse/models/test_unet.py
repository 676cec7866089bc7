"""U-Net against its drawing written in functions, a scene learnt by heart, and unusual images."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from visioncourse import training
from visioncourse.models import UNet
from visioncourse.scenes import make_scene
from visioncourse.segmentation import mean_iou


def images(*shape, seed=0, dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def written_out(model, x):
    """The drawing of the docstring for three widths, from the weights alone, in evaluation mode."""
    weights = model.state_dict()

    def block(x, name):
        for layer in (f"{name}.0", f"{name}.2"):
            x = functional.conv2d(x, weights[f"{layer}.0.weight"], padding=1)
            norm = [weights[f"{layer}.1.{key}"] for key in ("running_mean", "running_var")]
            scale = [weights[f"{layer}.1.{key}"] for key in ("weight", "bias")]
            x = functional.batch_norm(x, *norm, *scale).relu()
        return x

    def enlarged(x, skip):
        size = skip.shape[2:]
        return functional.interpolate(x, size, mode="bilinear", align_corners=False)

    a = block(x, "encoder.blocks.0")
    b = block(functional.max_pool2d(a, 2, ceil_mode=True), "encoder.blocks.1")
    c = block(functional.max_pool2d(b, 2, ceil_mode=True), "encoder.blocks.2")
    x = block(torch.cat([b, enlarged(c, b)], 1) if model.skips else enlarged(c, b), "decoder.2")
    x = block(torch.cat([a, enlarged(x, a)], 1) if model.skips else enlarged(x, a), "decoder.1")
    return functional.conv2d(x, weights["classifier.weight"], weights["classifier.bias"])


@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("size", [(16, 20), (13, 7), (1, 1), (2, 33)])
def test_it_is_what_its_drawing_says(skips, size):
    model = UNet(5, widths=(4, 6, 8), skips=skips, seed=2)
    model(images(4, 3, 16, 16, seed=1))  # in training mode: running means and variances move
    model.eval()
    x = images(2, 3, *size)
    with torch.no_grad():
        logits = model(x)
        torch.testing.assert_close(logits, written_out(model, x))
    assert logits.shape == (2, 5, *size)


def test_sizes_need_not_be_even_and_one_model_takes_all():
    model = UNet(3)
    for size in [(64, 64), (65, 63), (17, 96), (1, 5)]:
        predictions = model.predict(images(1, 3, *size))
        assert predictions.shape == (1, *size)
        assert predictions.dtype == torch.int64


def test_no_image_gives_no_prediction():
    assert UNet(3).predict(images(0, 3, 8, 8)).shape == (0, 8, 8)


def test_one_width_is_a_network_without_pooling():
    assert UNet(2, widths=(4,)).predict(images(1, 3, 5, 5)).shape == (1, 5, 5)


def test_only_skips_carry_what_the_deepest_features_do_not():
    """With the deepest features cut off, a network without skips sees no picture any more."""
    for skips in (True, False):
        model = UNet(3, widths=(4, 4, 4), skips=skips).eval()
        model.encoder.blocks[-1].register_forward_hook(lambda *_: torch.ones(1, 4, 4, 4))
        with torch.no_grad():
            first, second = (model(images(1, 3, 16, 16, seed=seed)) for seed in (1, 2))
        assert torch.equal(first, second) == (not skips)


def test_losses_are_cross_entropy_and_dice():
    model = UNet(3, widths=(4, 4)).double().eval()
    x = images(2, 3, 6, 5, dtype=torch.float64)
    targets = torch.randint(0, 3, (2, 6, 5), generator=torch.Generator().manual_seed(1))
    losses = model.losses(x, targets)
    logits = model(x)
    expected = functional.cross_entropy(logits, targets)
    torch.testing.assert_close(losses["cross_entropy"], expected)
    p = logits.softmax(1)
    dice = 0
    for k in range(3):
        truth = (targets == k).double()
        dice += 2 * (p[:, k] * truth).sum() / (p[:, k].square().sum() + truth.sum()) / 3
    torch.testing.assert_close(losses["dice"], 1 - dice)
    assert list(losses) == ["cross_entropy", "dice"]


@pytest.mark.parametrize("skips", [True, False])
def test_the_gradient_reaches_every_weight(skips):
    model = UNet(3, skips=skips)
    targets = torch.arange(2 * 17 * 16).reshape(2, 17, 16) % 3
    losses = model.losses(images(2, 3, 17, 16), targets)
    sum(losses.values()).backward()
    assert [n for n, p in model.named_parameters() if not p.grad.abs().sum() > 0] == []


def test_a_prediction_is_the_largest_logit_in_evaluation_mode():
    model = UNet(4, widths=(4, 4))
    x = images(3, 3, 8, 8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    predictions = model.predict(x)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(predictions, model.predict(x))
    # One image at a time: the others of a batch have no say.
    assert torch.equal(predictions, torch.cat([model.predict(one[None]) for one in x]))
    model.eval()
    assert torch.equal(predictions, model(x).argmax(1))
    model.predict(x)
    assert not model.training


def test_a_seed_decides_the_weights():
    first, again, other = (UNet(2, seed=seed).state_dict() for seed in (1, 1, 2))
    name = "classifier.weight"
    assert torch.equal(first[name], again[name])
    assert not torch.equal(first[name], other[name])


def test_it_learns_one_scene_by_heart():
    scene = make_scene(4, height=32, width=40)
    x = torch.tensor(scene.image, dtype=torch.float32).permute(2, 0, 1)[None]
    y = torch.tensor(scene.semantic_mask)[None]
    model = UNet(4, widths=(8, 16, 24))
    training.fit(model, lambda rng: (x, y), steps=80, seed=0, learning_rate=1e-2)
    assert mean_iou(model.predict(x), y, 4) > 0.99


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((1, 3, 8, 8), dtype=np.float32), r"tensor \(N, 3, H, W\), got ndarray"),
        (torch.zeros(3, 8, 8), r"\(N, 3, H, W\), got shape \(3, 8, 8\)"),
        (torch.zeros(1, 8, 8, 3), r"got shape \(1, 8, 8, 3\)"),
        (torch.zeros(1, 4, 8, 8), r"got shape \(1, 4, 8, 8\)"),
        (torch.zeros(1, 3, 0, 8), r"got shape \(1, 3, 0, 8\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "torch.float32, got torch.uint8"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.float64), "torch.float32, got torch.float64"),
        (torch.full((1, 3, 8, 8), 255.0), r"images must lie in \[0, 1\], got 255 to 255"),
        (torch.full((1, 3, 8, 8), -0.5), r"images must lie in \[0, 1\], got -0.5 to -0.5"),
        (torch.full((1, 3, 8, 8), float("nan")), r"images must lie in \[0, 1\], got nan"),
    ],
)
@pytest.mark.parametrize("method", ["forward", "predict", "losses"])
def test_what_are_no_images(wrong, message, method):
    model = UNet(2, widths=(4,))
    arguments = (wrong, torch.zeros(1, 8, 8, dtype=torch.int64))[: 1 + (method == "losses")]
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(*arguments)


@pytest.mark.parametrize(
    "targets",
    [
        torch.full((1, 8, 8), 2),
        torch.full((1, 8, 8), -1),
        torch.full((1, 8, 8), 0.5),
        torch.zeros(1, 8, 7, dtype=torch.int64),
        torch.zeros(8, 8, dtype=torch.int64),
    ],
)
def test_targets_that_do_not_fit(targets):
    with pytest.raises(ValueError):
        UNet(2, widths=(4,)).losses(torch.zeros(1, 3, 8, 8), targets)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "num_classes must be a whole number >= 1, got 0"),
        ({"num_classes": 2, "widths": ()}, "widths must have at least one"),
        ({"num_classes": 2, "widths": (4, -1)}, r"widths\[1\] must be"),
        ({"num_classes": 2, "seed": -1}, "seed must be a whole number >= 0, got -1"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        UNet(**arguments)
