"""SegFormer: every place asks others by attention, and a decoder of linear layers says where."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .._validation import check_whole
from .blocks.attention import TokenNorm, TransformerBlock, linear
from .blocks.encoders import ConvolutionBlock
from .blocks.images import check_images, evaluating
from .blocks.initialisation import initialise
from .blocks.losses import cross_entropy_and_dice


class SegFormer(nn.Module):
    """A class for every pixel, from tokens that attend to one another at several strides.

    With widths (a, b, c)::

        images (N, 3, H, W)
          │ stem: two convolutions (N, stem, H, W)
          │ patches 3×3, stride 2
          │ blocks: (N, a, H/2, W/2) ── linear ────────────┐
          │ patches 3×3, stride 2                          │
          │ blocks: (N, b, H/4, W/4) ── linear, enlarge ───┤
          │ patches 3×3, stride 2                          ├─ concatenate: (N, 3 D, H/2, W/2)
          │ blocks: (N, c, H/8, W/8) ── linear, enlarge ───┘    │ linear, norm, GELU, linear
                                                           (N, 4 K, H/2, W/2)
                                                                │ to pixels
                                                           logits (N, K, H, W)

    Xie et al., "SegFormer", 2021. What differs, because images are small and wires one pixel wide:
    two convolutions come first, as in Xiao et al., "Early Convolutions Help Transformers See
    Better", 2021, where the paper has patches of 7 × 7 pixels (so has `stem=0`); the first patches
    have stride 2 (there 4), and three stages follow (there four); each token of
    the finest stage gives the logits of its own 2 × 2 pixels, where the paper enlarges its logits
    by 4; keys and values are means of r × r tokens, where the paper learns a linear layer for it;
    and the decoder uses layer normalisation.

    Args:
        num_classes: K >= 1, the background included.
        widths: channels of the tokens in each stage.
        depths: blocks in each stage.
        heads: of the attention in each stage; each divides the width.
        reductions: r of each stage, from how many places in each direction a key is the mean.
        expansion: hidden channels of a Mix-FFN for each channel of its input.
        decoder_width: D.
        stem: channels of the two convolutions before the first patches; 0 for none, and for
            7 × 7 patches.
        attention: if False, each token attends to itself alone, and learns of others by
            convolutions only.
        seed: of the initial weights.

    Raises:
        ValueError: a number below 1, no stage, or lists of different lengths.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        widths: Sequence[int] = (32, 48, 64),
        depths: Sequence[int] = (2, 2, 1),
        heads: Sequence[int] = (1, 2, 4),
        reductions: Sequence[int] = (4, 2, 1),
        expansion: int = 4,
        decoder_width: int = 48,
        stem: int = 16,
        attention: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_whole(1, num_classes=num_classes, decoder_width=decoder_width)
        check_whole(0, stem=stem, seed=seed)
        if not 0 < len(widths) == len(depths) == len(heads) == len(reductions):
            raise ValueError(
                "widths, depths, heads and reductions must have one number for each stage, got "
                f"{len(widths)}, {len(depths)}, {len(heads)} and {len(reductions)}"
            )
        self.num_classes = num_classes
        self.patches, self.stages, self.norms = (nn.ModuleList() for _ in range(3))
        self.projections = nn.ModuleList()
        self.stem = ConvolutionBlock(3, stem) if stem else nn.Sequential()
        before, kernel = (stem, 3) if stem else (3, 7)
        for width, depth, head, reduction in zip(widths, depths, heads, reductions, strict=True):
            check_whole(1, width=width, depth=depth)
            self.patches.append(PatchEmbedding(before, width, kernel))
            self.stages.append(
                nn.ModuleList(
                    TransformerBlock(
                        width,
                        heads=head,
                        reduction=reduction,
                        expansion=expansion,
                        between_places=attention,
                    )
                    for _ in range(depth)
                )
            )
            self.norms.append(TokenNorm(width))
            self.projections.append(linear(width, decoder_width))
            before, kernel = width, 3
        self.fuse = nn.Sequential(
            linear(len(widths) * decoder_width, decoder_width),
            TokenNorm(decoder_width),
            nn.GELU(),
        )
        self.classifier = linear(decoder_width, 4 * num_classes)
        initialise(self, seed)
        for stage in self.stages:
            for block in stage:
                block.calm()

    def encode(self, images: Tensor) -> tuple[list[Tensor], list[Tensor | None]]:
        """Images (N, 3, H, W) to each stage's tokens, and each block's attention weights.

        Tokens of stride t are (N, width, H/t, W/t), and the weights of a block with reduction r
        are (N, heads, H/t, W/t, H/tr, W/tr), rounded up at each step: of each place, on each of
        the cells that it asks. Without attention they are None.
        """
        check_images(self, images)
        x, features, weights = self.stem(images), [], []
        for patches, stage, norm in zip(self.patches, self.stages, self.norms, strict=True):
            x = patches(x)
            for block in stage:
                x, of_block = block(x)
                weights.append(of_block)
            x = norm(x)
            features.append(x)
        return features, weights

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to logits (N, K, H, W)."""
        features, _ = self.encode(images)
        size = features[0].shape[2:]
        each = [
            functional.interpolate(projection(feature), size, mode="bilinear")
            for projection, feature in zip(self.projections, features, strict=True)
        ]
        logits = self.classifier(self.fuse(torch.cat(each, dim=1)))
        # Odd sizes: the last tokens have pixels beyond the image.
        height, width = images.shape[-2:]
        return functional.pixel_shuffle(logits, 2)[..., :height, :width]

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


class PatchEmbedding(nn.Sequential):
    """A token for every 2 × 2 pixels or tokens, of the k × k around: patches overlap for k > 2.

    One convolution of stride 2, with zeros beyond the border, and layer normalisation:
    (N, C, H, W) to (N, width, H/2, W/2), rounded up.
    """

    def __init__(self, in_channels: int, width: int, kernel: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, width, kernel, stride=2, padding=kernel // 2), TokenNorm(width)
        )
