"""FCN: an encoder made for whole images, class scores at several strides, enlarged and added."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .._validation import check_one_of, check_whole
from .blocks.encoders import ResNetEncoder, VGGEncoder
from .blocks.images import check_images, evaluating
from .blocks.initialisation import initialise
from .blocks.losses import cross_entropy_and_dice

ENCODERS = {"vgg": VGGEncoder, "resnet": ResNetEncoder}


class FCN(nn.Module):
    """A class for every pixel, from scores of coarse features, refined by scores of finer ones.

    With widths (a, b, c, d) and skips (4, 2)::

        images (N, 3, H, W)                                     logits (N, K, H, W)
          │ encoder                                               ▲ enlarge
        (N, b, H/2, W/2) ── 1 × 1 ──▶ scores (N, K, H/2, W/2) ──▶ +
          │                                                       ▲ enlarge
        (N, c, H/4, W/4) ── 1 × 1 ──▶ scores (N, K, H/4, W/4) ──▶ +
          │                                                       ▲ enlarge
        (N, d, H/8, W/8) ── 1 × 1 ──▶ scores (N, K, H/8, W/8) ────┘

    Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation", 2015;
    with encoders of a few layers, trained all at once and from nothing. What is enlarged and added
    are scores, one map for each class, :eq:`eq-fcn-fusion`: there is no decoder that could compute
    with them.

    Args:
        num_classes: K >= 1, the background included.
        encoder: "vgg" or "resnet".
        widths: channels at strides 1, 2, 4, ...; the last stride is scored first.
        skips: the smaller strides whose scores are added, perhaps none.
        upsampling: "bilinear", or "transposed": convolutions that start as bilinear interpolation
            and are then learnt.
        seed: of the initial weights.

    Raises:
        ValueError: a number below 1, no width, an unknown encoder or upsampling, or skips that are
            not different strides below the last.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        encoder: str = "vgg",
        widths: Sequence[int] = (16, 32, 48, 64),
        skips: Sequence[int] = (4, 2),
        upsampling: str = "bilinear",
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_whole(1, num_classes=num_classes)
        check_whole(0, seed=seed)
        check_one_of(tuple(ENCODERS), encoder=encoder)
        check_one_of(("bilinear", "transposed"), upsampling=upsampling)
        self.num_classes = num_classes
        self.encoder = ENCODERS[encoder](widths)
        *finer, last = self.encoder.channels
        if not set(skips) <= set(finer) or len(set(skips)) < len(skips):
            raise ValueError(f"skips must be different strides of {finer}, got {skips!r}")
        self.scores = nn.ModuleDict()  # by stride
        self.enlarge = nn.ModuleDict()  # by the stride that it leads to
        before = last
        for stride in sorted({1, last, *skips}, reverse=True):
            if stride == last or stride in skips:
                self.scores[str(stride)] = nn.Conv2d(self.encoder.channels[stride], num_classes, 1)
            if stride < before:
                self.enlarge[str(stride)] = enlarging(num_classes, before // stride, upsampling)
            before = stride
        initialise(self, seed)
        for layer in self.enlarge.values():
            if isinstance(layer, nn.ConvTranspose2d):
                start_bilinear(layer)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to logits (N, K, H, W)."""
        check_images(self, images)
        features = self.encoder(images)
        last = max(features)
        logits = self.scores[str(last)](features[last])
        for stride, enlarge in self.enlarge.items():
            # Sizes are rounded up from stride to stride: the last row may reach out of the image.
            height, width = features[int(stride)].shape[-2:]
            logits = enlarge(logits)[..., :height, :width]
            if stride in self.scores:
                logits = logits + self.scores[stride](features[int(stride)])
        return logits

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


def enlarging(channels: int, factor: int, upsampling: str) -> nn.Module:
    """A layer from (N, channels, h, w) to (N, channels, factor h, factor w); the factor is even."""
    if upsampling == "bilinear":
        return nn.Upsample(scale_factor=factor, mode="bilinear")
    # The kernel is a multiple of the stride: every output is a sum of equally many inputs.
    return nn.ConvTranspose2d(channels, channels, 2 * factor, factor, factor // 2, bias=False)


def start_bilinear(layer: nn.ConvTranspose2d) -> None:
    """Set the weights to bilinear interpolation of each channel on its own."""
    channels, _, size, _ = layer.weight.shape
    weight = np.zeros(layer.weight.shape)
    weight[range(channels), range(channels)] = bilinear_kernel(size // 2)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))


def bilinear_kernel(factor: int) -> np.ndarray:
    """What one input adds to the outputs around it, (2 factor, 2 factor), :eq:`eq-bilinear-kernel`.

    The weights fall linearly with the distance between the centres, from 1 at distance 0 to 0 at
    one input further; an output's weights add up to 1.
    """
    centre = factor - 0.5
    line = 1 - abs(np.arange(2 * factor) - centre) / factor
    return np.outer(line, line)
