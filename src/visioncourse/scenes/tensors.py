"""Scenes and videos as Torch batches, and their truth in the form that models take."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .still import Scene


def image_batch(scenes: Sequence[Scene]) -> Tensor:
    """The images of scenes as one batch.

    Args:
        scenes: scenes of one size, or the frames of a video; at least one.

    Returns:
        (N, 3, H, W) float32 in [0, 1].

    Raises:
        ValueError: no scene, or scenes of different sizes.
    """
    images = _stacked("images", [scene.image for scene in scenes])
    return torch.from_numpy(images.astype(np.float32)).movedim(-1, 1).contiguous()


def label_maps(scenes: Sequence[Scene]) -> Tensor:
    """The class of every pixel, for segmentation.

    Args:
        scenes: as for :py:func:`image_batch`.

    Returns:
        (N, H, W) int64, 0 for the background.

    Raises:
        ValueError: no scene, or scenes of different sizes.
    """
    return torch.from_numpy(_stacked("masks", [scene.semantic_mask for scene in scenes]))


def detection_targets(scenes: Sequence[Scene]) -> list[dict[str, Tensor]]:
    """The objects of each scene, for detection, in torchvision's form.

    Args:
        scenes: of any size; perhaps none.

    Returns:
        For each scene `boxes` (M, 4) float32 as x1, y1, x2, y2 in pixels, `labels` (M,) int64 class
        indices 1 to K, `masks` (M, H, W) bool, and, for a frame of a video, `identities` (M,)
        int64.
    """
    targets = []
    for scene in scenes:
        target = {
            "boxes": torch.tensor(scene.boxes, dtype=torch.float32),
            "labels": torch.tensor(scene.classes),
            "masks": torch.tensor(scene.instance_masks),
        }
        if scene.identities is not None:
            target["identities"] = torch.tensor(scene.identities)
        targets.append(target)
    return targets


def _stacked(name: str, arrays: list[np.ndarray]) -> np.ndarray:
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1:
        raise ValueError(
            f"{name} of a batch must have one size, got {sorted(shapes) or 'no scene'}"
        )
    return np.stack(arrays)
