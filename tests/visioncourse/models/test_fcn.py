"""FCN against its drawing written in functions, and its enlargement against matrices and Torch."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn
from torch.nn import functional

from visioncourse.models import FCN
from visioncourse.models.blocks.initialisation import initialise
from visioncourse.models.fcn import bilinear_kernel, enlarging, start_bilinear
from visioncourse.segmentation import output_size, transposed_output_size


def images(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def scored(model, features, stride):
    """A 1 × 1 convolution is one linear unit for each class, the same for every place."""
    layer = model.scores[str(stride)]
    scores = torch.einsum("kc,nchw->nkhw", layer.weight[:, :, 0, 0], features[stride])
    return scores + layer.bias[:, None, None]


def enlarged(model, logits, stride, factor, size):
    if model.enlarge[str(stride)].__class__ is nn.ConvTranspose2d:
        weight = model.enlarge[str(stride)].weight
        logits = functional.conv_transpose2d(logits, weight, stride=factor, padding=factor // 2)
    else:
        logits = functional.interpolate(
            logits, scale_factor=factor, mode="bilinear", align_corners=False
        )
    return logits[:, :, : size[0], : size[1]]


@pytest.mark.parametrize("encoder", ["vgg", "resnet"])
@pytest.mark.parametrize("upsampling", ["bilinear", "transposed"])
@pytest.mark.parametrize("size", [(16, 24), (13, 7), (1, 1), (2, 33)])
def test_it_is_what_its_drawing_says(encoder, upsampling, size):
    model = FCN(5, encoder=encoder, widths=(4, 6, 8, 5), upsampling=upsampling, seed=2)
    model(images(4, 3, 16, 16, seed=1))  # in training mode: running means and variances move
    model.eval()
    x = images(2, 3, *size)
    with torch.no_grad():
        features = model.encoder(x)
        y = scored(model, features, 8)
        for stride in (4, 2):
            y = enlarged(model, y, stride, 2, features[stride].shape[2:])
            y = y + scored(model, features, stride)
        y = enlarged(model, y, 1, 2, size)
        torch.testing.assert_close(model(x), y)
    assert y.shape == (2, 5, *size)


@pytest.mark.parametrize("upsampling", ["bilinear", "transposed"])
def test_strides_that_are_left_out_are_crossed_at_once(upsampling):
    model = FCN(3, widths=(4, 6, 8, 5), skips=(4,), upsampling=upsampling).eval()
    x = images(1, 3, 19, 16)
    with torch.no_grad():
        features = model.encoder(x)
        y = enlarged(model, scored(model, features, 8), 4, 2, (5, 4)) + scored(model, features, 4)
        torch.testing.assert_close(model(x), enlarged(model, y, 1, 4, (19, 16)))
    assert set(model.scores) == {"8", "4"}


@pytest.mark.parametrize("skips", [(1, 2, 4), (4, 2, 1), [2], ()])
def test_the_order_of_skips_does_not_matter(skips):
    model = FCN(3, widths=(4, 4, 4, 4), skips=skips)
    assert {int(stride) for stride in model.scores} == {8, *skips}
    assert FCN(3, widths=(4, 4, 4, 4), skips=skips).predict(images(1, 3, 9, 9)).shape == (1, 9, 9)


def test_one_width_is_a_network_without_strides():
    model = FCN(2, widths=(4,), skips=())
    assert len(model.enlarge) == 0
    assert model.predict(images(1, 3, 5, 5)).shape == (1, 5, 5)


def test_skips_are_what_lets_detail_through():
    """With the deepest scores cut off, a network without skips sees no picture any more."""
    for skips in ((2,), ()):
        model = FCN(3, widths=(4, 4, 4), skips=skips).eval()
        model.encoder.blocks[-1].register_forward_hook(lambda *_: torch.ones(1, 4, 4, 4))
        with torch.no_grad():
            first, second = (model(images(1, 3, 16, 16, seed=seed)) for seed in (1, 2))
        assert torch.equal(first, second) == (skips == ())


def convolution_matrix(kernel, rows, columns, stride, padding):
    """W of shape (outputs, rows · columns): what each output of a convolution takes from each."""
    heights, widths = (
        output_size(size, len(kernel), stride=stride, padding=padding) for size in (rows, columns)
    )
    matrix = np.zeros((heights, widths, rows, columns))
    for i, j, di, dj in np.ndindex(heights, widths, *kernel.shape):
        y, x = stride * i + di - padding, stride * j + dj - padding
        if 0 <= y < rows and 0 <= x < columns:
            matrix[i, j, y, x] = kernel[di, dj]
    return matrix.reshape(heights * widths, rows * columns)


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("size", [(3, 4), (1, 1), (2, 5)])
def test_a_transposed_convolution_is_the_transposed_matrix(factor, size):
    layer = enlarging(2, factor, "transposed").double()
    initialise(layer, 3)
    weight = layer.weight.detach().numpy()
    rows, columns = (
        transposed_output_size(n, 2 * factor, stride=factor, padding=factor // 2) for n in size
    )
    assert (rows, columns) == (factor * size[0], factor * size[1])
    x = np.random.default_rng(0).normal(size=(2, *size))
    expected = np.zeros((2, rows * columns))
    for channel_in, channel_out in np.ndindex(2, 2):
        kernel = weight[channel_in, channel_out]
        W = convolution_matrix(kernel, rows, columns, factor, factor // 2)
        expected[channel_out] += W.T @ x[channel_in].ravel()
    with torch.no_grad():
        result = layer(torch.tensor(x)[None])[0]
    assert_allclose(result, expected.reshape(2, rows, columns), atol=1e-12)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_transposed_convolution_starts_as_bilinear_interpolation(factor):
    layer = enlarging(3, factor, "transposed").double()
    start_bilinear(layer)
    x = torch.tensor(np.random.default_rng(0).normal(size=(2, 3, 5, 6)))
    with torch.no_grad():
        transposed, bilinear = layer(x), enlarging(3, factor, "bilinear")(x)
    inner = slice(factor // 2, -(factor // 2))  # at the edge one repeats the last, the other has 0
    assert_allclose(transposed[..., inner, inner], bilinear[..., inner, inner], atol=1e-12)
    assert not np.allclose(transposed[..., 0, 0], bilinear[..., 0, 0])


def test_bilinear_weights_by_hand():
    line = np.array([0.25, 0.75, 0.75, 0.25])
    assert_array_equal(bilinear_kernel(2), np.outer(line, line))
    kernel = bilinear_kernel(4)
    # Each output adds up two weights along an axis, one factor apart.
    assert_allclose(kernel.reshape(2, 4, 2, 4).sum(axis=(0, 2)), 1)


def test_both_ways_to_enlarge_begin_with_the_same_other_weights():
    bilinear, transposed = (
        FCN(3, widths=(4, 4, 4), skips=(2,), upsampling=way).state_dict()
        for way in ("bilinear", "transposed")
    )
    assert transposed.keys() - bilinear.keys() == {"enlarge.2.weight", "enlarge.1.weight"}
    assert all(torch.equal(bilinear[name], transposed[name]) for name in bilinear)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": ()}, "widths must have at least one"),
        ({"widths": (4, -1)}, r"widths\[1\] must be"),
        ({"encoder": "alexnet"}, r"encoder must be one of \['vgg', 'resnet'\], got 'alexnet'"),
        ({"upsampling": "nearest"}, "upsampling must be one of .* got 'nearest'"),
        (
            {"widths": (4, 4), "skips": (4,)},
            r"skips must be different strides of \[1\], got \(4,\)",
        ),
        ({"widths": (4, 4), "skips": (2,)}, "skips must be different strides"),
        ({"widths": (4, 4, 4), "skips": (2, 2)}, r"skips must be .* of \[1, 2\], got \(2, 2\)"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        FCN(2, **arguments)
