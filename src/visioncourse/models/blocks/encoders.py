"""Encoders: from an image to features at ever larger strides.

A feature map of stride s has one place for every s × s pixels: its height is H / s, rounded up.
Both encoders give a dictionary of them, `features[stride]` of shape (N, widths, H/s, W/s), and say
in `channels` how many channels each has.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from ..._validation import check_whole


def convolution(
    in_channels: int, out_channels: int, *, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    """A 3 × 3 convolution that keeps the size (divided by `stride`), and batch normalisation."""
    return nn.Sequential(
        # Normalisation subtracts the mean, and with it any bias.
        nn.Conv2d(in_channels, out_channels, 3, stride, dilation, dilation, bias=False),
        nn.BatchNorm2d(out_channels),
    )


class ConvolutionBlock(nn.Sequential):
    """`depth` times a 3 × 3 convolution, batch normalisation and ReLU; the size stays."""

    def __init__(self, in_channels: int, out_channels: int, depth: int = 2) -> None:
        layers = []
        for index in range(depth):
            layers += [convolution(out_channels if index else in_channels, out_channels)]
            layers += [nn.ReLU(inplace=True)]
        super().__init__(*layers)


class ResidualBlock(nn.Module):
    """y = ReLU(x + F(x)), F two 3 × 3 convolutions (He et al., "Deep Residual Learning", 2016)::

        x (N, C, H, W) ─┬─ 3×3, stride ─ ReLU ─ 3×3 ─┬─ + ─ ReLU ─ (N, K, H/stride, W/stride)
                        └─ 1×1, stride ──────────────┘

    The lower path is the identity where x already has the shape of F(x).
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            convolution(in_channels, out_channels, stride=stride, dilation=dilation),
            nn.ReLU(inplace=True),
            convolution(out_channels, out_channels, dilation=dilation),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, K, H/stride, W/stride)."""
        return functional.relu(self.shortcut(x) + self.residual(x))


class VGGEncoder(nn.Module):
    """Blocks of 3 × 3 convolutions with 2 × 2 max-pooling between them::

        images (N, 3, H, W)
          block 0 ──────────────────────────── features[1] (N, widths[0], H,   W)
            max-pool, block 1 ──────────────── features[2] (N, widths[1], H/2, W/2)
              max-pool, block 2 ────────────── features[4] (N, widths[2], H/4, W/4)  ...

    Simonyan and Zisserman, "Very Deep Convolutional Networks", 2015; with batch normalisation.

    Args:
        widths: channels of each block, from stride 1 on; at least one.
        depth: convolutions in a block, >= 1.
        in_channels: of the images.

    Raises:
        ValueError: no width, or a number below 1.
    """

    def __init__(self, widths: Sequence[int], *, depth: int = 2, in_channels: int = 3) -> None:
        super().__init__()
        _check_widths(widths)
        check_whole(1, depth=depth, in_channels=in_channels)
        inputs = (in_channels, *widths[:-1])
        self.blocks = nn.ModuleList(
            ConvolutionBlock(before, after, depth)
            for before, after in zip(inputs, widths, strict=True)
        )
        self.channels = {2**level: width for level, width in enumerate(widths)}

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        """Images (N, 3, H, W) to `features[stride]`, (N, channels[stride], H/stride, W/stride)."""
        features, x = {}, images
        for stride, block in zip(self.channels, self.blocks, strict=True):
            if stride > 1:
                x = functional.max_pool2d(x, 2, ceil_mode=True)  # the last odd row counts too
            features[stride] = x = block(x)
        return features


class ResNetEncoder(nn.Module):
    """A convolution, then stages of residual blocks; each stage but the first halves the size::

        images (N, 3, H, W)
          3×3, stage 0 ─────────────────────── features[1] (N, widths[0], H,   W)
            stage 1, stride 2 ──────────────── features[2] (N, widths[1], H/2, W/2)
              stage 2, stride 2 ────────────── features[4] (N, widths[2], H/4, W/4)  ...

    With `output_stride` the size is halved no further than that: the later stages see as far by
    dilated convolutions instead, with twice the dilation for each halving left out (Chen et al.,
    "DeepLab", 2018). Of stages with one stride, `features` has the last.

    Args:
        widths: channels of each stage, from stride 1 on; at least one.
        depth: residual blocks in a stage, >= 1.
        in_channels: of the images.
        output_stride: the largest stride, a power of 2; None for 2 to the number of stages less 1.

    Raises:
        ValueError: no width, a number below 1, or an output stride that is no power of 2.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        depth: int = 2,
        in_channels: int = 3,
        output_stride: int | None = None,
    ) -> None:
        super().__init__()
        _check_widths(widths)
        check_whole(1, depth=depth, in_channels=in_channels)
        if output_stride is None:
            output_stride = 2 ** (len(widths) - 1)
        check_whole(1, output_stride=output_stride)
        if output_stride & (output_stride - 1):
            raise ValueError(f"output_stride must be a power of 2, got {output_stride}")
        self.stem = nn.Sequential(convolution(in_channels, widths[0]), nn.ReLU(inplace=True))
        self.stages = nn.ModuleList()
        self.strides = [min(2**level, output_stride) for level in range(len(widths))]
        # Of stages with one stride the last counts.
        self.channels = dict(zip(self.strides, widths, strict=True))
        before, at = widths[0], 1
        for level, (width, stride) in enumerate(zip(widths, self.strides, strict=True)):
            dilation = 2**level // stride
            first = ResidualBlock(before, width, stride=stride // at, dilation=dilation)
            rest = [ResidualBlock(width, width, dilation=dilation) for _ in range(depth - 1)]
            self.stages.append(nn.Sequential(first, *rest))
            before, at = width, stride

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        """Images (N, 3, H, W) to `features[stride]`, (N, channels[stride], H/stride, W/stride)."""
        features, x = {}, self.stem(images)
        for stride, stage in zip(self.strides, self.stages, strict=True):
            features[stride] = x = stage(x)
        return features


def _check_widths(widths: Sequence[int]) -> None:
    if len(widths) == 0:
        raise ValueError("widths must have at least one number of channels, got none")
    check_whole(1, **{f"widths[{level}]": width for level, width in enumerate(widths)})
