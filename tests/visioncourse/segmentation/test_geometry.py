"""The geometry of convolutions against what Torch does, and against gradients."""

from itertools import product

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import nn

from visioncourse.segmentation import (
    Layer,
    ReceptiveField,
    output_size,
    receptive_field,
    transposed_output_size,
)


def torch_size(layer, size):
    """The size that Torch gives, or None where it refuses."""
    try:
        return layer(torch.zeros(1, 1, size)).shape[-1]
    except RuntimeError:
        return None


def own_size(function, *arguments, **options):
    try:
        return function(*arguments, **options)
    except ValueError:
        return None


def test_output_sizes_are_those_of_torch():
    refused = 0
    for size, kernel, stride, padding, dilation in product(
        (1, 2, 5, 8), (1, 2, 3, 4), (1, 2, 3), (0, 1, 2), (1, 2, 3)
    ):
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        expected = torch_size(nn.Conv1d(1, 1, kernel, **options), size)
        assert own_size(output_size, size, kernel, **options) == expected, (size, kernel, options)
        refused += expected is None
    assert refused > 20


def test_a_pooling_has_the_same_arithmetic():
    for size, kernel, stride in product((4, 5, 9), (2, 3), (1, 2, 3)):
        expected = torch_size(nn.MaxPool1d(kernel, stride), size)
        assert output_size(size, kernel, stride=stride) == expected


def test_transposed_output_sizes_are_those_of_torch():
    refused = 0
    for size, kernel, stride, padding, output_padding, dilation in product(
        (1, 2, 5), (1, 2, 3, 4), (1, 2, 3), (0, 1, 2), (0, 1, 2), (1, 2, 3)
    ):
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        options["output_padding"] = output_padding
        expected = torch_size(nn.ConvTranspose1d(1, 1, kernel, **options), size)
        own = own_size(transposed_output_size, size, kernel, **options)
        assert own == (expected or None), (size, kernel, options)  # Torch may give no output
        refused += own is None
    assert refused > 20


def test_a_transposed_convolution_leads_back():
    """For each rest of the division one output padding names the size that there was before."""
    for size, kernel, stride, padding, dilation in product(
        range(7, 15), (1, 2, 3), (1, 2, 3), (0, 1), (1, 2)
    ):
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        outputs = output_size(size, kernel, **options)
        rest = (size + 2 * padding - dilation * (kernel - 1) - 1) % stride
        assert transposed_output_size(outputs, kernel, output_padding=rest, **options) == size


def seen(layers, size, index):
    """The pixels with a gradient of an output, where all weights are positive."""
    x = torch.rand(1, 1, size, dtype=torch.float64, requires_grad=True)
    y = x
    for layer in layers:
        convolution = nn.Conv1d(1, 1, *layer, bias=False).double()
        convolution.weight.data.fill_(1.0)
        y = convolution(y)
    y[0, 0, index].backward()
    return torch.nonzero(x.grad[0, 0])[:, 0].numpy()


@pytest.mark.parametrize(
    "layers",
    [
        [(3,)],
        [(3,), (3,), (3,)],
        [(3, 2), (3, 2), (3,)],
        [(3, 1, 1), (2, 2), (3, 1, 1), (2, 2), (3, 1, 1)],
        [(5, 3, 2), (1,), (4, 2, 1)],
        [(3, 1, 1, 1), (3, 1, 2, 2), (3, 1, 4, 4)],
    ],
)
def test_receptive_fields_are_where_the_gradient_is(layers):
    field = receptive_field(layers)
    for index in (0, 3, 4):
        pixels = [pixel for pixel in field.pixels(index) if 0 <= pixel < 60]
        found = seen(layers, 60, index)
        assert (found.min(), found.max()) == (pixels[0], pixels[-1])
        assert field.centre(index) == np.mean(field.pixels(index))


def test_two_convolutions_by_hand():
    """3, stride 2, then 3: output 0 sees places 0, 1, 2 of the first, which see 0-2, 2-4, 4-6."""
    field = receptive_field([Layer(3, stride=2), Layer(3)])
    assert field == ReceptiveField(size=7, stride=2, first=0)
    assert field.pixels(0) == range(7)
    assert field.centre(1) == 5


def test_the_gaps_of_a_dilation_belong_to_the_field():
    assert receptive_field([Layer(3, dilation=4)]).size == 9
    assert_array_equal(seen([Layer(3, dilation=4)], 9, 0), [0, 4, 8])


def test_no_layer_sees_one_pixel():
    assert receptive_field([]) == (1, 1, 0)


def test_numpys_numbers_do_not_overflow():
    small = np.int8(100)
    assert output_size(small, np.int8(1), padding=small) == 300
    assert transposed_output_size(small, small, stride=small) == 10_000
    assert receptive_field([(small, small), (small,)]).size == 10_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: output_size(0, 3), "size must be a whole number >= 1, got 0"),
        (lambda: output_size(4, 0), "kernel must be a whole number >= 1, got 0"),
        (lambda: output_size(4, 3, stride=0), "stride must be a whole number >= 1, got 0"),
        (lambda: output_size(4, 3, padding=-1), "padding must be a whole number >= 0, got -1"),
        (lambda: output_size(4, 3, dilation=0.5), "dilation must be a whole number >= 1, got 0.5"),
        (lambda: output_size(3, 2, dilation=4), "at most the 3 padded pixels, got one over 5"),
        (lambda: transposed_output_size(1, 2, padding=1), "padding must leave at least one output"),
        (
            lambda: transposed_output_size(4, 2, stride=2, output_padding=2),
            "output_padding must be below stride 2 or dilation 1, got 2",
        ),
        (
            lambda: transposed_output_size(4, 2, output_padding=-1),
            "output_padding must be a whole number >= 0, got -1",
        ),
        (lambda: receptive_field([(3,), (3, 0)]), r"layers\[1\].stride must be .* got 0"),
        (lambda: receptive_field([3]), r"layers must be \(kernel, stride, .* got \[3\]"),
        (lambda: receptive_field(3), "layers must be"),
        (lambda: receptive_field([(1, 1, 1, 1, 1)]), "layers must be"),
    ],
)
def test_what_is_no_geometry(call, message):
    with pytest.raises(ValueError, match=message):
        call()
