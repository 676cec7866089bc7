"""Images at the door of a model, and a model that only looks at them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def check_images(model: nn.Module, images: Tensor) -> None:
    """Refuse what are no images (N, 3, H, W) in [0, 1] of the dtype of the model's weights.

    Raises:
        ValueError: no tensor, another shape, dtype or range, or no pixel at all.
    """
    expected = "images must be a tensor (N, 3, H, W)"
    if not isinstance(images, Tensor):
        raise ValueError(f"{expected}, got {type(images).__name__}")
    if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape[2:]:
        raise ValueError(f"{expected}, got shape {tuple(images.shape)}")
    dtype = next(model.parameters()).dtype
    if images.dtype != dtype:
        raise ValueError(f"images must be of the model's dtype, {dtype}, got {images.dtype}")
    # A NaN is neither: the comparison must hold, not fail.
    if len(images) and not (images.min() >= 0 and images.max() <= 1):
        smallest, largest = images.min().item(), images.max().item()
        raise ValueError(f"images must lie in [0, 1], got {smallest:g} to {largest:g}")


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode and without gradients; afterwards it is as before."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)
