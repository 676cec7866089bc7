"""What detectors are trained on, and how they are judged."""

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from ..detection import batched_nms, mean_average_precision, soft_nms
from ..detection.metrics.settings import IouType
from ..models.blocks.detections import MAX_CANDIDATES
from ..scenes import WORLDS, Scene, make_scene
from ..scenes.tensors import detection_targets, image_batch
from ..training import Batches

BATCH_SIZE = 4
# Of boxes in pixels. COCO's borders, 32² and 96², are too wide for these scenes.
AREAS = {"small": (0, 16**2), "medium": (16**2, 24**2), "large": (24**2, 1e10)}

Target = dict[str, Tensor]


def batches(world: str, scenes: range) -> Batches:
    """Random scenes, each in one of eight views: mirrored or not, transposed or not.

    The scenes of the world are squares. A target has `boxes`, `labels` and `masks`.
    """
    kept = [compact(scene) for scene in drawn(world, scenes)]

    def batch(rng: np.random.Generator) -> tuple[Tensor, list[Target]]:
        pairs = []
        for index in rng.integers(0, len(kept), BATCH_SIZE):
            image, boxes, labels, owner = kept[index]
            masks = owner == torch.arange(1, len(labels) + 1)[:, None, None]
            target = {"boxes": boxes, "labels": labels, "masks": masks}
            pairs.append(view(image.float() / 255, target, *(rng.random(3) < 0.5)))
        images, targets = zip(*pairs, strict=True)
        return torch.stack(images), list(targets)

    return batch


def compact(scene: Scene) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The image in bytes, boxes, labels, and a map (H, W) of which object is seen, 0 for none.

    Thousands of scenes then need little memory.
    """
    target = detection_targets([scene])[0]
    image = (255 * image_batch([scene])[0]).round().byte()
    numbers = torch.arange(1, len(scene.classes) + 1, dtype=torch.uint8)
    owner = (target["masks"] * numbers[:, None, None]).sum(dim=0, dtype=torch.uint8)
    return image, target["boxes"], target["labels"], owner


def view(
    image: Tensor, target: Target, mirrored: bool, overturned: bool, transposed: bool
) -> tuple[Tensor, Target]:
    """A square scene seen another way: a scene of the same classes, and more to learn from."""
    boxes, masks, side = target["boxes"], target["masks"], image.shape[-1]
    if mirrored:
        image, masks = image.flip(-1), masks.flip(-1)
        boxes = torch.stack([side - boxes[:, 2], boxes[:, 1], side - boxes[:, 0], boxes[:, 3]], 1)
    if overturned:
        image, masks = image.flip(-2), masks.flip(-2)
        boxes = torch.stack([boxes[:, 0], side - boxes[:, 3], boxes[:, 2], side - boxes[:, 1]], 1)
    if transposed:
        image, masks, boxes = image.mT, masks.mT, boxes[:, [1, 0, 3, 2]]
    return image, {"boxes": boxes, "labels": target["labels"], "masks": masks}


def evaluate(model: nn.Module, world: str, scenes: range) -> dict[str, float]:
    """COCO's numbers: `map`, `map_50`, `map_75`, and `map_small`, `map_medium`, `map_large`.

    Sizes are those of AREAS.
    """
    return scores_of(*predicted(model, world, scenes))


def evaluate_masks(model: nn.Module, world: str, scenes: range) -> dict[str, float]:
    """The scores of :py:func:`evaluate`, and the same of masks: `mask_map`, `mask_map_50`, ...

    An object's size is that of its box for the former, and of its mask for the latter.
    """
    predictions, targets = predicted(model, world, scenes)
    masks = scores_of(predictions, targets, iou_type="mask")
    return scores_of(predictions, targets) | {f"mask_{name}": masks[name] for name in masks}


def predicted(model: nn.Module, world: str, scenes: range) -> tuple[list[Target], list[Target]]:
    """What a network sees in each scene, and the truth."""
    predictions, targets = [], []
    for scene in drawn(world, scenes):
        predictions += model.predict(image_batch([scene]))
        targets += detection_targets([scene])
    return predictions, targets


def evaluate_suppressions(model: nn.Module, world: str, scenes: range) -> dict[str, float]:
    """The scores of :py:func:`evaluate`, and `map` after other kinds of suppression.

    `map_nms_30` to `map_nms_80` are those of the IoU thresholds 0.3 to 0.8, `map_soft_nms` is that
    of linear soft-NMS from an IoU of 0.5 on.
    """
    predictions, targets = [], []
    for scene in drawn(world, scenes):
        predictions += model.predict(
            image_batch([scene]), iou_threshold=1.0, max_detections=MAX_CANDIDATES
        )
        targets += detection_targets([scene])
    ways = {f"map_nms_{percent}": partial(hard, percent / 100) for percent in range(30, 90, 10)}
    ways["map_soft_nms"] = soft
    return evaluate(model, world, scenes) | {
        name: scores_of([way(each) for each in predictions], targets)["map"]
        for name, way in ways.items()
    }


def hard(iou_threshold: float, found: Target) -> Target:
    """The detections of an image that repeat no better one of their class."""
    kept = batched_nms(found["boxes"], found["scores"], found["labels"], iou_threshold)
    return {name: values[kept] for name, values in found.items()}


def soft(found: Target) -> Target:
    """The detections of an image, whose scores are lower if they repeat a better one."""
    kept, scores = [], []
    for label in found["labels"].unique():
        members = torch.nonzero(found["labels"] == label)[:, 0]
        chosen, lowered = soft_nms(
            found["boxes"][members], found["scores"][members], iou_threshold=0.5
        )
        kept.append(members[chosen])
        scores.append(lowered)
    if not kept:
        return found
    return {name: values[torch.cat(kept)] for name, values in found.items()} | {
        "scores": torch.cat(scores)
    }


def scores_of(
    predictions: Sequence[Target], targets: Sequence[Target], *, iou_type: IouType = "box"
) -> dict[str, float]:
    """The six numbers of :py:func:`evaluate`."""
    result = mean_average_precision(predictions, targets, iou_type=iou_type, area_ranges=AREAS)
    names = ("map", "map_50", "map_75", "map_small", "map_medium", "map_large")
    return {name: float(getattr(result, name)) for name in names}


def drawn(world: str, seeds: Iterable[int]) -> Iterable[Scene]:
    """The scenes of a world, one after the other."""
    return (make_scene(seed, **WORLDS[world]) for seed in seeds)
