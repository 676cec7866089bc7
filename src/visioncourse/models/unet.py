"""U-Net: an encoder that sees what, a decoder that says where, and skips that bring the detail."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .._validation import check_whole
from .blocks.encoders import ConvolutionBlock, VGGEncoder
from .blocks.images import check_images, evaluating
from .blocks.initialisation import initialise
from .blocks.losses import cross_entropy_and_dice


class UNet(nn.Module):
    """A class for every pixel, from features of the whole scene and of the pixel's neighbourhood.

    With widths (a, b, c)::

        images (N, 3, H, W)               logits (N, K, H, W)
          │ block                           ▲ 1 × 1
        (N, a, H, W) ────── skip ───────▶ block: (N, a, H, W)
          │ max-pool, block                 ▲ enlarge
        (N, b, H/2, W/2) ── skip ───────▶ block: (N, b, H/2, W/2)
          │ max-pool, block                 ▲ enlarge
        (N, c, H/4, W/4) ───────────────────┘

    A block on the right is given the channels of its skip and, after them, the enlarged ones.
    Ronneberger, Fischer and Brox, "U-Net", 2015; with padded convolutions, so that the logits have
    the size of the image, with batch normalisation, and with bilinear enlargement. Without skips a
    block of the decoder has only the enlarged features to go by.

    Args:
        num_classes: K >= 1, the background included.
        widths: channels at strides 1, 2, 4, ...
        skips: whether the decoder is given the encoder's features of each stride.
        seed: of the initial weights.

    Raises:
        ValueError: a number below 1, or no width.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        widths: Sequence[int] = (16, 32, 48, 64),
        skips: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_whole(1, num_classes=num_classes)
        check_whole(0, seed=seed)
        self.num_classes, self.skips = num_classes, skips
        self.encoder = VGGEncoder(widths)
        *_, below = widths
        self.decoder = nn.ModuleDict()  # from the largest stride to the smallest
        for stride, width in reversed(list(self.encoder.channels.items())[:-1]):
            self.decoder[str(stride)] = ConvolutionBlock(below + width * skips, width)
            below = width
        self.classifier = nn.Conv2d(below, num_classes, 1)
        initialise(self, seed)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to logits (N, K, H, W)."""
        check_images(self, images)
        features = self.encoder(images)
        x = features[max(features)]
        for stride, block in self.decoder.items():
            skip = features[int(stride)]
            # To the size of the skip, which need not be twice that of x: sizes may be odd.
            x = functional.interpolate(x, skip.shape[-2:], mode="bilinear")
            x = block(torch.cat([skip, x], dim=1) if self.skips else x)
        return self.classifier(x)

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
