"""What networks for segmentation are trained on, and how they are judged."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from ..scenes import WORLDS, Scene, make_scene
from ..scenes.tensors import image_batch, label_maps
from ..segmentation import confusion_matrix, iou_per_class, mean_iou
from ..training import Batches

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
