"""DeepLab: convolutions whose weights lie apart see far without losing places or adding weights."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .._validation import check_whole
from .blocks.encoders import ConvolutionBlock, ResNetEncoder, convolution
from .blocks.images import check_images, evaluating
from .blocks.initialisation import initialise
from .blocks.losses import cross_entropy_and_dice


class AtrousPyramid(nn.Module):
    """Atrous spatial pyramid pooling: one feature map, looked at with several reaches at once::

        x (N, C, h, w) ─┬─ 1×1 ──────────────── (N, width, h, w) ─┐
                        ├─ 3×3, rates[0] apart ─ (N, width, h, w) ─┤ side by side, 1×1
                        └─ 3×3, rates[1] apart ─ (N, width, h, w) ─┘ ─▶ (N, width, h, w)

    Every convolution is followed by batch normalisation and ReLU. A 3 × 3 convolution of rate r
    (dilation r) has the nine weights of any other, r places apart, and reaches r places to each
    side. Chen et al., "DeepLab", 2018, and "Rethinking Atrous Convolution", 2017; without the
    latter's average over the whole image.

    Args:
        in_channels: C.
        width: channels of each branch and of the result.
        rates: of the 3 × 3 convolutions, each >= 1; perhaps none.
    """

    def __init__(self, in_channels: int, width: int, rates: Sequence[int]) -> None:
        super().__init__()
        check_whole(1, in_channels=in_channels, width=width)
        check_whole(1, **{f"rates[{index}]": rate for index, rate in enumerate(rates)})
        self.branches = nn.ModuleList([activated(pointwise(in_channels, width))])
        for rate in rates:
            self.branches.append(activated(convolution(in_channels, width, dilation=rate)))
        self.project = activated(pointwise(width * len(self.branches), width))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to (N, width, h, w)."""
        return self.project(torch.cat([branch(x) for branch in self.branches], dim=1))


class DeepLab(nn.Module):
    """A class for every pixel, from features of several reaches and from fine ones.

    With widths (a, b, c)::

        images (N, 3, H, W)                          logits (N, K, H, W)
          │ stage                                      ▲ 1 × 1
        (N, a, H, W) ──────── fine features ─────────▶ block: (N, decoder_width, H, W)
          │ stage, stride 2                            ▲ enlarge 4 times
        (N, b, H/2, W/2)                               │
          │ stage, stride 2                            │
        (N, c, H/4, W/4) ── AtrousPyramid ──▶ (N, pyramid_width, H/4, W/4)

    Chen et al., "Encoder-Decoder with Atrous Separable Convolution" (DeepLabv3+), 2018, whose fine
    features have stride 4 and whose pyramid works at stride 16 on photographs many times as large;
    here they have stride 1, so that a wire of one pixel is still seen. With `rates` of 1
    throughout, the same network with the same number of weights sees only what is near.

    Args:
        num_classes: K >= 1, the background included.
        widths: channels at strides 1, 2, 4, ...
        rates: of the pyramid's 3 × 3 convolutions, in places of the coarsest feature map.
        pyramid_width: channels of each branch of the pyramid, and of its result.
        decoder_width: channels of the decoder's block.
        seed: of the initial weights.

    Raises:
        ValueError: a number below 1, or no width.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        widths: Sequence[int] = (16, 32, 64),
        rates: Sequence[int] = (1, 3, 6),
        pyramid_width: int = 48,
        decoder_width: int = 24,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_whole(1, num_classes=num_classes, decoder_width=decoder_width)
        check_whole(1, pyramid_width=pyramid_width)
        check_whole(0, seed=seed)
        self.num_classes = num_classes
        self.encoder = ResNetEncoder(widths, depth=1)
        self.pyramid = AtrousPyramid(widths[-1], pyramid_width, rates)
        self.decoder = ConvolutionBlock(widths[0] + pyramid_width, decoder_width)
        self.classifier = nn.Conv2d(decoder_width, num_classes, 1)
        initialise(self, seed)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to logits (N, K, H, W)."""
        check_images(self, images)
        features = self.encoder(images)
        fine, coarse = features[1], features[max(features)]
        far = functional.interpolate(self.pyramid(coarse), fine.shape[-2:], mode="bilinear")
        return self.classifier(self.decoder(torch.cat([fine, far], dim=1)))

    def losses(self, images: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Cross-entropy, and the Dice loss of each class over the batch, averaged.

        Args:
            images: (N, 3, H, W).
            targets: (N, H, W) class indices 0 to K - 1.
        """
        return cross_entropy_and_dice(self(images), targets)

    def predict(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to the likeliest class of each pixel, (N, H, W) int64."""
        with evaluating(self):
            return self(images).argmax(dim=1)


def pointwise(in_channels: int, out_channels: int) -> nn.Sequential:
    """A 1 × 1 convolution, the same for each place, and batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
    )


def activated(layers: nn.Sequential) -> nn.Sequential:
    """These layers, and ReLU after them."""
    return layers.append(nn.ReLU(inplace=True))
