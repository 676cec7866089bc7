"""U-Net against its drawing written in functions; test_segmentation_models.py has the rest."""

import pytest
import torch
from torch.nn import functional

from visioncourse.models import UNet


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 2, "widths": ()}, "widths must have at least one"),
        ({"num_classes": 2, "widths": (4, -1)}, r"widths\[1\] must be"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        UNet(**arguments)
