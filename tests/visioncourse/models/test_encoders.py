"""Encoders against loops over pixels, and what a place of each feature map sees."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from visioncourse.models.blocks.encoders import (
    ConvolutionBlock,
    ResidualBlock,
    ResNetEncoder,
    VGGEncoder,
    convolution,
)
from visioncourse.models.blocks.initialisation import initialise

ENCODERS = [VGGEncoder, ResNetEncoder]


def looped_convolution(x, weight, *, stride=1, dilation=1):
    """Cross-correlation of x (C, H, W) with weight (K, C, 3, 3), pixel by pixel, zeros around."""
    height, width = x.shape[1:]
    rows, columns = -(-height // stride), -(-width // stride)
    out = np.zeros((len(weight), rows, columns))
    for row, column in np.ndindex(rows, columns):
        for dy, dx in np.ndindex(3, 3):
            y, z = stride * row + dilation * (dy - 1), stride * column + dilation * (dx - 1)
            if 0 <= y < height and 0 <= z < width:
                out[:, row, column] += weight[:, :, dy, dx] @ x[:, y, z]
    return out


def normalised(x, norm):
    """Batch normalisation in evaluation: by the running mean and variance."""
    mean, variance, scale, shift = (
        tensor.detach().numpy()[:, None, None]
        for tensor in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return (x - mean) / np.sqrt(variance + norm.eps) * scale + shift


def relu(x):
    return np.maximum(x, 0)


def looped(layer, x, **options):
    """A convolution and its normalisation."""
    conv, norm = layer
    return normalised(looped_convolution(x, conv.weight.detach().numpy(), **options), norm)


def looped_pool(x):
    """The largest of each 2 × 2 pixels, of fewer at the right and lower edge."""
    channels, height, width = x.shape
    out = np.empty((channels, -(-height // 2), -(-width // 2)))
    for row, column in np.ndindex(out.shape[1:]):
        out[:, row, column] = x[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].max(
            axis=(1, 2)
        )
    return out


def random_model(model, seed=0):
    """In float64 and evaluation mode, with normalisation that does something."""
    initialise(model, seed)
    rng = np.random.default_rng(seed)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.running_mean, module.weight.data, module.bias.data):
                tensor.copy_(torch.tensor(rng.normal(size=tensor.shape)))
            module.running_var.copy_(torch.tensor(rng.uniform(0.5, 2, module.running_var.shape)))
    return model.double().eval()


def random_image(height, width, channels=3, seed=1):
    return np.random.default_rng(seed).uniform(size=(channels, height, width))


def apply(model, image):
    with torch.no_grad():
        return model(torch.tensor(image)[None])


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (2, 3), (1, 4)])
@pytest.mark.parametrize("size", [(6, 8), (5, 7), (1, 1)])
def test_a_convolution(stride, dilation, size):
    layer = random_model(convolution(3, 4, stride=stride, dilation=dilation))
    image = random_image(*size)
    expected = looped(layer, image, stride=stride, dilation=dilation)
    assert_allclose(apply(layer, image)[0], expected, atol=1e-12)


def test_a_block_of_convolutions():
    block = random_model(ConvolutionBlock(3, 4, depth=3))
    image = random_image(5, 4)
    x = image
    for layer in (block[0], block[2], block[4]):
        x = relu(looped(layer, x))
    assert_allclose(apply(block, image)[0], x, atol=1e-12)


@pytest.mark.parametrize(
    ("channels", "stride", "dilation"), [(3, 1, 1), (4, 1, 1), (3, 2, 1), (4, 2, 1), (4, 1, 2)]
)
def test_a_residual_block(channels, stride, dilation):
    block = random_model(ResidualBlock(3, channels, stride=stride, dilation=dilation))
    image = random_image(7, 6)
    first, _, second = block.residual
    residual = relu(looped(first, image, stride=stride, dilation=dilation))
    residual = looped(second, residual, dilation=dilation)
    shortcut = image
    if channels != 3 or stride != 1:
        conv, norm = block.shortcut
        weight = conv.weight.detach().numpy()[:, :, 0, 0]
        seen = image[:, ::stride, ::stride]
        shortcut = normalised(np.tensordot(weight, seen, axes=1), norm)
    assert_allclose(apply(block, image)[0], relu(shortcut + residual), atol=1e-12)


def test_a_residual_block_that_learnt_nothing_is_the_identity():
    block = ResidualBlock(3, 3).double().eval()
    torch.nn.init.zeros_(block.residual[2][0].weight)
    image = random_image(4, 4)
    assert_allclose(apply(block, image)[0], image)


@pytest.mark.parametrize("size", [(8, 12), (5, 7), (1, 3)])
def test_the_vgg_style_encoder(size):
    encoder = random_model(VGGEncoder((2, 4, 3), depth=1))
    image = random_image(*size)
    features = apply(encoder, image)
    assert list(features) == list(encoder.channels) == [1, 2, 4]
    x = image
    for level, stride in enumerate(features):
        x = relu(looped(encoder.blocks[level][0], looped_pool(x) if level else x))
        assert_allclose(features[stride][0], x, atol=1e-12)


@pytest.mark.parametrize("size", [(8, 12), (5, 7), (1, 3)])
def test_the_resnet_style_encoder(size):
    encoder = random_model(ResNetEncoder((2, 4, 3), depth=2))
    image = random_image(*size)
    features = apply(encoder, image)
    assert list(features) == list(encoder.channels) == [1, 2, 4]
    x = torch.tensor(relu(looped(encoder.stem[0], image)))[None]
    for stride, stage in zip(features, encoder.stages, strict=True):
        assert len(stage) == 2
        for block in stage:  # held against loops above
            with torch.no_grad():
                x = block(x)
        assert_allclose(features[stride], x, atol=1e-12)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("size", [(32, 48), (33, 47), (1, 1), (9, 2)])
def test_sizes_are_divided_by_the_stride_and_rounded_up(encoder, size):
    model = encoder((4, 5, 6, 7)).eval()
    features = model(torch.rand(2, 3, *size))
    expected = {
        stride: (2, width, -(-size[0] // stride), -(-size[1] // stride))
        for stride, width in {1: 4, 2: 5, 4: 6, 8: 7}.items()
    }
    assert {stride: tuple(x.shape) for stride, x in features.items()} == expected
    assert model.channels == {1: 4, 2: 5, 4: 6, 8: 7}


def seen_columns(model, stride, size=65):
    """Columns of the image that the place in the middle of a feature map depends on."""
    images = torch.rand(1, 3, 1, size, dtype=torch.float64, requires_grad=True)
    features = model(images)[stride]
    features[..., features.shape[-1] // 2].sum().backward()
    columns = torch.nonzero(images.grad.abs().sum(dim=(0, 1, 2)))[:, 0]
    return columns.min().item(), columns.max().item()


def positive(model):
    """All weights positive, so that no ReLU hides a dependence."""
    for parameter in model.parameters():
        parameter.data = parameter.data.abs() + 0.01
    return model.double().eval()


def test_dilation_sees_as_far_as_strides_do():
    """Chen et al.: leaving out a stride and dilating what follows keeps the field of view."""
    strided = positive(ResNetEncoder((2, 2, 2, 2), depth=1))
    dilated = positive(ResNetEncoder((2, 2, 2, 2), depth=1, output_stride=2))
    assert dilated.strides == [1, 2, 2, 2]
    assert list(dilated.channels) == [1, 2]
    first, last = seen_columns(strided, 8)
    dilated_first, dilated_last = seen_columns(dilated, 2)
    # The first block of a stage is dilated where the other strides, and sees twice as far.
    assert dilated_last - dilated_first >= last - first
    plain = positive(ResNetEncoder((2, 2, 2, 2), depth=1, output_stride=2))
    for module in plain.modules():
        if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (3, 3):
            module.dilation = module.padding = (1, 1)
    plain_first, plain_last = seen_columns(plain, 2)
    assert plain_last - plain_first < last - first


def test_of_stages_with_one_stride_the_last_counts():
    encoder = ResNetEncoder((2, 3, 4, 5), output_stride=2).eval()
    assert encoder.channels == {1: 2, 2: 5}
    features = encoder(torch.rand(1, 3, 9, 8))
    assert {stride: tuple(x.shape) for stride, x in features.items()} == {
        1: (1, 2, 9, 8),
        2: (1, 5, 5, 4),
    }


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_gradient_reaches_every_weight(encoder):
    model = encoder((4, 6, 8))
    initialise(model, 0)
    features = model(torch.rand(2, 3, 16, 16))
    features[4].square().sum().backward()
    assert [n for n, p in model.named_parameters() if not p.grad.abs().sum() > 0] == []


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize(
    ("widths", "options", "message"),
    [
        ((), {}, "widths must have at least one number of channels, got none"),
        ((4, 0), {}, r"widths\[1\] must be a whole number >= 1, got 0"),
        ((4, 2.5), {}, r"widths\[1\] must be"),
        ((4,), {"depth": 0}, "depth must be a whole number >= 1, got 0"),
        ((4,), {"in_channels": 0}, "in_channels must be"),
    ],
)
def test_arguments_out_of_range(encoder, widths, options, message):
    with pytest.raises(ValueError, match=message):
        encoder(widths, **options)


@pytest.mark.parametrize("output_stride", [0, 3, 6, 2.0])
def test_an_output_stride_is_a_power_of_two(output_stride):
    with pytest.raises(ValueError, match="output_stride must be"):
        ResNetEncoder((2, 2), output_stride=output_stride)
