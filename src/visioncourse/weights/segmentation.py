"""What networks for segmentation are trained on, and how they are judged."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from ..scenes import WORLDS, Scene, make_scene
from ..scenes.tensors import image_batch, label_maps
from ..segmentation import (
    confusion_matrix,
    cross_entropy,
    dice_loss,
    iou_per_class,
    mean_iou,
    one_hot,
)
from ..training import Batches

Loss = Callable[[Tensor, Tensor], dict[str, Tensor]]

BATCH_SIZE = 4  # twice as many steps in the same time are worth more than larger batches


def batches(world: str, scenes: range) -> Batches:
    """Random scenes, each mirrored or not in both directions; all of a batch transposed or none.

    A scene seen in a mirror is another scene with the same classes: more to learn from.
    """
    # A pixel has 256 levels: bytes keep thousands of scenes in little memory.
    pairs = [
        ((255 * image_batch([scene])).round().byte(), label_maps([scene]).byte())
        for scene in drawn(world, scenes)
    ]
    images, targets = (torch.cat(tensors) for tensors in zip(*pairs, strict=True))

    def batch(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        chosen = rng.integers(0, len(images), BATCH_SIZE)
        x, y = images[chosen].float() / 255, targets[chosen].long()
        for axis in (-2, -1):
            mirrored = torch.from_numpy(rng.random(BATCH_SIZE) < 0.5)[:, None, None]
            x = torch.where(mirrored[:, None], x.flip(axis), x)
            y = torch.where(mirrored, y.flip(axis), y)
        if rng.random() < 0.5:
            x, y = x.transpose(-2, -1), y.transpose(-2, -1)
        return x, y

    return batch


def evaluate(model: nn.Module, world: str, scenes: range) -> dict[str, float]:
    """The mean IoU over classes, `mean_iou`, and each class's, as in `iou_disk`."""
    confusion, names = 0, ()
    for scene in drawn(world, scenes):
        names = scene.class_names
        predictions = model.predict(image_batch([scene]))
        confusion += confusion_matrix(predictions, label_maps([scene]), len(names))
    each = zip(names, iou_per_class(confusion).tolist(), strict=True)
    return {"mean_iou": mean_iou(confusion)} | {f"iou_{name}": value for name, value in each}


def drawn(world: str, seeds: Iterable[int]) -> Iterable[Scene]:
    """The scenes of a world, one after the other."""
    return (make_scene(seed, **WORLDS[world]) for seed in seeds)


class WithLoss(nn.Module):
    """A network for segmentation that is trained on a given loss instead of its own.

    Args:
        network: maps images (N, 3, H, W) to logits (N, K, H, W).
        loss: `loss(logits, targets)` gives the terms to add.
    """

    def __init__(self, network: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.network, self.loss = network, loss

    def losses(self, images: Tensor, targets: Tensor) -> dict[str, Tensor]:
        return self.loss(self.network(images), targets)

    def predict(self, images: Tensor) -> Tensor:
        return self.network.predict(images)


# The losses of one study. Of each class in `WORLDS["segmentation"]`, the share of all pixels:
SHARES = (0.715, 0.042, 0.084, 0.083, 0.035, 0.018, 0.024)


def entropy_term(logits: Tensor, targets: Tensor, *, balanced: bool = False) -> dict[str, Tensor]:
    """Cross-entropy; balanced, a class counts by 1 / its share: each as much as any other."""
    weights = torch.tensor(SHARES).reciprocal() if balanced else None
    return {"cross_entropy": cross_entropy(logits, targets, axis=1, weights=weights)}


def dice_term(
    logits: Tensor,
    targets: Tensor,
    *,
    squared: bool = False,
    per_image: bool = False,
    smooth: float = 1.0,
) -> dict[str, Tensor]:
    """The mean over the classes of Dice losses, whose sums run over the batch or each image."""
    truth = one_hot(targets, logits.shape[1]).movedim(-1, 1).to(logits.dtype)
    axis = (2, 3) if per_image else (0, 2, 3)
    probabilities = logits.softmax(dim=1)
    terms = dice_loss(probabilities, truth, axis=axis, squared=squared, smooth=smooth)
    return {"dice": terms.mean()}


def both_terms(logits: Tensor, targets: Tensor) -> dict[str, Tensor]:
    return entropy_term(logits, targets) | dice_term(logits, targets)


LOSSES: dict[str, Loss] = {
    "cross_entropy": entropy_term,
    "weighted_cross_entropy": partial(entropy_term, balanced=True),
    "dice": dice_term,
    "dice_squared": partial(dice_term, squared=True),
    "dice_per_image": partial(dice_term, per_image=True),
    "dice_per_image_unsmoothed": partial(dice_term, per_image=True, smooth=0.0),
    "cross_entropy_and_dice": both_terms,
}
