"""Test-time augmentation: ask a network for segmentation eight times, and average."""

import torch
from torch import Tensor, nn

from .blocks.images import evaluating

MIRRORINGS = tuple(
    (x, y, swap) for swap in (False, True) for y in (False, True) for x in (False, True)
)


def mirror_averaged(model: nn.Module, images: Tensor) -> Tensor:
    """The mean of the probabilities for the eight mirrorings of each image, turned back::

        p(x) = 1/8 Σ_g g⁻¹(softmax(model(g(x))))

    where g mirrors left and right or not, up and down or not, and swaps rows and columns or not:
    all symmetries of a square. What the network does differently for a scene and for its mirrored
    copy is chance, and averages out; swapping the answer's rows and columns is exact.

    Args:
        model: maps images (N, 3, H, W) to logits (N, K, H, W) for every H and W.
        images: (N, 3, H, W).

    Returns:
        (N, K, H, W), not negative, summing to 1 over K.
    """
    with evaluating(model):
        views = [
            mirrored(model(mirrored(images, x, y, swap)).softmax(dim=1), x, y, swap, back=True)
            for x, y, swap in MIRRORINGS
        ]
    return torch.stack(views).mean(dim=0)


def mirrored(images: Tensor, x: bool, y: bool, swap: bool, *, back: bool = False) -> Tensor:
    """(..., H, W), or (..., W, H) where rows and columns are swapped.

    Args:
        images: (..., H, W).
        x, y: mirror left and right; up and down.
        swap: then swap rows and columns.
        back: undo it instead.
    """
    if swap and back:
        images = images.transpose(-2, -1)
    images = images.flip([axis for axis, wanted in ((-1, x), (-2, y)) if wanted])
    return images.transpose(-2, -1) if swap and not back else images
