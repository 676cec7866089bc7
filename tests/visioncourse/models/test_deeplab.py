"""DeepLab against convolutions with zeros between their weights, and what its pyramid sees.

What it shares with the other networks is in `test_segmentation_models.py`.
"""

import pytest
import torch
from torch.nn import functional

from visioncourse.models import DeepLab
from visioncourse.models.deeplab import AtrousPyramid


def images(*shape, seed=0, dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def trained_a_little(model, x):
    """The model in evaluation mode, its running means and variances no longer 0 and 1."""
    model(x)
    return model.eval()


class WrittenOut:
    """The drawings of the docstrings from the weights alone, in evaluation mode.

    No convolution is dilated: a kernel of rate r is the larger one with zeros in between.
    """

    def __init__(self, model):
        self.weights = model.state_dict()

    def layer(self, x, name, *, rate=1, stride=1, relu=True):
        weight = self.weights[f"{name}.0.weight"]
        side = rate * (weight.shape[-1] - 1) + 1
        with_zeros = torch.zeros(*weight.shape[:2], side, side, dtype=weight.dtype)
        with_zeros[:, :, ::rate, ::rate] = weight
        x = functional.conv2d(x, with_zeros, stride=stride, padding=side // 2)
        norm = (f"{name}.1.{key}" for key in ("running_mean", "running_var", "weight", "bias"))
        x = functional.batch_norm(x, *(self.weights[key] for key in norm))
        return x.relu() if relu else x

    def stage(self, x, name, *, stride, shortcut):
        inner = self.layer(x, f"{name}.0.residual.0", stride=stride)
        inner = self.layer(inner, f"{name}.0.residual.2", relu=False)
        if shortcut:
            x = self.layer(x, f"{name}.0.shortcut", stride=stride, relu=False)
        return (x + inner).relu()

    def pyramid(self, x, rates, prefix=""):
        branches = [self.layer(x, f"{prefix}branches.0")]
        for index, rate in enumerate(rates, 1):
            branches.append(self.layer(x, f"{prefix}branches.{index}", rate=rate))
        return self.layer(torch.cat(branches, 1), f"{prefix}project")

    def deeplab(self, x, rates):
        fine = self.layer(x, "encoder.stem.0")
        fine = self.stage(fine, "encoder.stages.0", stride=1, shortcut=False)
        x = self.stage(fine, "encoder.stages.1", stride=2, shortcut=True)
        x = self.stage(x, "encoder.stages.2", stride=2, shortcut=True)
        x = self.pyramid(x, rates, "pyramid.")
        x = functional.interpolate(x, fine.shape[2:], mode="bilinear", align_corners=False)
        x = self.layer(torch.cat([fine, x], 1), "decoder.0")
        x = self.layer(x, "decoder.2")
        return functional.conv2d(
            x, self.weights["classifier.weight"], self.weights["classifier.bias"]
        )


@pytest.mark.parametrize("rates", [(), (1,), (2,), (1, 3, 6), (2, 5)])
@pytest.mark.parametrize("size", [(13, 9), (4, 4), (1, 1)])  # smaller than what a rate reaches
def test_the_pyramid_is_what_its_drawing_says(rates, size):
    pyramid = trained_a_little(AtrousPyramid(3, 4, rates), images(4, 3, 8, 8, seed=1))
    x = images(2, 3, *size)
    with torch.no_grad():
        result = pyramid(x)
        torch.testing.assert_close(result, WrittenOut(pyramid).pyramid(x, rates))
    assert result.shape == (2, 4, *size)


@pytest.mark.parametrize("rate", [1, 2, 3])
def test_a_branch_sees_nine_places_of_its_rate(rate):
    branch = AtrousPyramid(1, 1, (rate,)).double().branches[1][0]
    x = torch.zeros(1, 1, 15, 15, dtype=torch.float64, requires_grad=True)
    branch(x)[0, 0, 7, 7].backward()
    places = [7 - rate, 7, 7 + rate]
    seen = torch.cartesian_prod(torch.tensor(places), torch.tensor(places))
    assert torch.equal(x.grad[0, 0].nonzero(), seen)


@pytest.mark.parametrize("rates", [(1, 3, 6), (1, 1, 1), ()])
@pytest.mark.parametrize("size", [(16, 20), (13, 7), (1, 1), (2, 33)])
def test_it_is_what_its_drawing_says(rates, size):
    model = DeepLab(5, widths=(4, 6, 8), rates=rates, pyramid_width=4, decoder_width=6, seed=2)
    trained_a_little(model, images(4, 3, 16, 16, seed=1))
    x = images(2, 3, *size)
    with torch.no_grad():
        logits = model(x)
        torch.testing.assert_close(logits, WrittenOut(model).deeplab(x, rates))
    assert logits.shape == (2, 5, *size)


def seen_by_a_pixel(model, place=80):
    """How far to the left and to the right of a pixel its logits depend on the image."""
    for parameter in model.parameters():  # positive weights: no two paths cancel
        parameter.data = parameter.data.abs()
    x = torch.full((1, 3, 160, 160), 0.5, dtype=torch.float64, requires_grad=True)
    model(x)[0, :, place, place].sum().backward()
    columns = x.grad[0].abs().sum((0, 1)).nonzero()
    return place - columns.min().item(), columns.max().item() - place


@pytest.mark.parametrize(("rates", "reach"), [((1, 3, 6), 40), ((1, 1, 1), 20)])
def test_only_rates_widen_what_a_pixel_sees(rates, reach):
    """Encoder and enlargement see 16 px to each side, the largest rate 4 px more for each place."""
    model = DeepLab(7, rates=rates).double().eval()
    assert seen_by_a_pixel(model) == (reach, reach)


def test_the_rival_without_dilation_has_the_same_weights():
    model, rival = DeepLab(7), DeepLab(7, rates=(1, 1, 1))
    assert model.state_dict().keys() == rival.state_dict().keys()
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, rival.state_dict()[name])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": ()}, "widths must have at least one"),
        ({"widths": (4, -1)}, r"widths\[1\] must be"),
        ({"rates": (1, 0)}, r"rates\[1\] must be a whole number >= 1, got 0"),
        ({"rates": (1.5,)}, r"rates\[0\] must be a whole number >= 1, got 1.5"),
        ({"pyramid_width": 0}, "pyramid_width must be a whole number >= 1, got 0"),
        ({"decoder_width": 0}, "decoder_width must be a whole number >= 1, got 0"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        DeepLab(2, **arguments)
