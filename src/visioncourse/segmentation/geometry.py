"""The geometry of convolutions along one axis: how many places come out, and what each one sees.

Rows and columns follow the same arithmetic, each with its own numbers. Layers are described by the
arguments of Torch's `Conv1d`, `ConvTranspose1d` and `MaxPool1d`, in their order.
"""

import operator
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .._validation import check_whole


class Layer(NamedTuple):
    """A convolution or a pooling as geometry sees it, along one axis; the weights do not matter."""

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


class ReceptiveField(NamedTuple):
    """The pixels that an output can depend on, along one axis.

    Attributes:
        size: how many pixels lie between the first and the last, both included.
        stride: how many pixels further the next output looks.
        first: the first pixel that output 0 looks at; below 0 it lies in the padding.
    """

    size: int
    stride: int
    first: int

    def pixels(self, index: int) -> range:
        """The pixels from the first to the last that output `index` can depend on."""
        start = self.first + index * self.stride
        return range(start, start + self.size)

    def centre(self, index: int) -> float:
        """The coordinate of the middle of these pixels; pixel 0 is at coordinate 0."""
        return self.first + index * self.stride + (self.size - 1) / 2


def output_size(
    size: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """How many outputs a convolution or a pooling has along one axis, :eq:`eq-output-size`.

    ⌊(size + 2 padding - extent) / stride⌋ + 1, where extent = dilation (kernel - 1) + 1 are the
    pixels from the first weight to the last. Dumoulin and Visin, "A guide to convolution
    arithmetic for deep learning", 2016.

    Args:
        size: pixels along the axis, >= 1.
        kernel: weights along the axis, >= 1.
        stride: pixels from one output to the next, >= 1.
        padding: zeros added at each end, >= 0.
        dilation: pixels from one weight to the next, >= 1.

    Raises:
        ValueError: a number out of its range, or a kernel that is longer than the padded axis.
    """
    size = _whole(1, size=size)
    kernel, stride, padding, dilation = _checked(Layer(kernel, stride, padding, dilation))
    extent, padded = dilation * (kernel - 1) + 1, size + 2 * padding
    if extent > padded:
        raise ValueError(
            f"kernel must reach over at most the {padded} padded pixels, got one over {extent}"
        )
    return (padded - extent) // stride + 1


def transposed_output_size(
    size: int,
    kernel: int,
    *,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> int:
    """How many outputs a transposed convolution has, :eq:`eq-transposed-output-size`.

    (size - 1) stride + extent - 2 padding + output_padding, where the extent is
    dilation (kernel - 1) + 1. A convolution with these numbers would turn that many pixels into
    `size`. Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.

    Args:
        size: inputs along the axis, >= 1.
        kernel: weights along the axis, >= 1.
        stride: outputs from the one that an input starts at to that of the next, >= 1.
        padding: outputs cut off at each end, >= 0.
        output_padding: outputs added at the far end, >= 0 and below the stride or the dilation: a
            convolution gives one size for several sizes of its input, and this number says which
            of these is meant.
        dilation: outputs from one weight to the next, >= 1.

    Raises:
        ValueError: a number out of its range, or no output left.
    """
    size = _whole(1, size=size)
    output_padding = _whole(0, output_padding=output_padding)
    kernel, stride, padding, dilation = _checked(Layer(kernel, stride, padding, dilation))
    if output_padding >= max(stride, dilation):
        raise ValueError(
            f"output_padding must be below stride {stride} or dilation {dilation}, "
            f"got {output_padding}"
        )
    extent = dilation * (kernel - 1) + 1
    outputs = (size - 1) * stride + extent - 2 * padding + output_padding
    if outputs < 1:
        raise ValueError(
            f"padding must leave at least one output, got {padding}, which leaves none"
        )
    return outputs


def receptive_field(layers: Iterable[Layer | Sequence[int]]) -> ReceptiveField:
    """What an output of several layers can depend on along one axis, :eq:`eq-receptive-field`.

    Layer by layer, from size 1, stride 1 and first pixel 0: the size grows by
    dilation (kernel - 1) times the stride so far, the first pixel moves back by the padding times
    the stride so far, and the stride is multiplied. Araujo, Norris and Sim, "Computing Receptive
    Fields of Convolutional Neural Networks", 2019.

    Args:
        layers: from the image on, each a :py:class:`Layer` or its numbers: the kernel, and the
            stride, padding and dilation where they are not 1, 0 and 1.

    Raises:
        ValueError: what is no layer, or a number out of its range.
    """
    size, jump, first = 1, 1, 0
    try:
        layers = [Layer(*layer) for layer in layers]
    except TypeError:
        raise ValueError(
            f"layers must be (kernel, stride, padding, dilation) each, got {layers!r}"
        ) from None
    for index, layer in enumerate(layers):
        kernel, stride, padding, dilation = _checked(layer, f"layers[{index}].")
        size += dilation * (kernel - 1) * jump
        first -= padding * jump
        jump *= stride
    return ReceptiveField(size, jump, first)


def _checked(layer: Layer, prefix: str = "") -> Layer:
    """The layer with Python's whole numbers, which know no overflow."""
    smallest = Layer(kernel=1, stride=1, padding=0, dilation=1)
    return Layer(
        *(
            _whole(least, **{f"{prefix}{name}": number})
            for name, number, least in zip(layer._fields, layer, smallest, strict=True)
        )
    )


def _whole(smallest: int, **number: int) -> int:
    check_whole(smallest, **number)
    return operator.index(*number.values())
