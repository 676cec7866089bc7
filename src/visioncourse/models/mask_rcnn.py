"""Mask R-CNN: Faster R-CNN that also says which pixels belong to each object."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .._validation import check_whole
from .blocks.detections import Detections, Targets, check_targets, head
from .blocks.images import check_images
from .blocks.initialisation import initialise
from .blocks.roi_align import bilinear_samples, roi_align
from .blocks.sampling import owned
from .faster_rcnn import FasterRCNN


class MaskRCNN(FasterRCNN):
    """The two stages of Faster R-CNN, and a small picture of the object within its box.

    With R regions of interest and K = num_classes - 1 classes of objects::

        pyramid[4] ─ RoIAlign ─▶ (R, D, M/2, M/2) ── two 3 × 3 ──▶ (R, D, M/2, M/2)
                                                                     │ 2 × 2 transposed
                                   mask logits (R, K, M, M) ◀─ 1 × 1 ─ (R, D, M, M)

    Each class has a mask of its own and the pixels of a class do not compete with those of
    others: that of the predicted class is taken, stretched over its box, and cut at a probability
    of ½. He et al., "Mask R-CNN", 2017; with fewer channels and convolutions.

    Args:
        num_classes, seed, others: those of :py:class:`FasterRCNN`.
        mask_size: M, pixels on each side of a mask, even.

    Raises:
        ValueError: the errors of :py:class:`FasterRCNN`, or a mask size below 2 or odd.
    """

    def __init__(self, num_classes: int, *, mask_size: int = 14, seed: int = 0, **others) -> None:
        super().__init__(num_classes, seed=seed, **others)
        check_whole(2, mask_size=mask_size)
        if mask_size % 2:
            raise ValueError(f"mask_size must be even, got {mask_size}")
        self.mask_size = mask_size
        width = self.proposer.head[-1].in_channels
        self.mask_head = nn.Sequential(
            head(width, width, depth=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(width, width, 2, stride=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, num_classes - 1, 1),
        )
        initialise(self.mask_head, seed)

    def mask_logits(self, features: Tensor, rois: list[Tensor], labels: Tensor) -> Tensor:
        """RoIs of each image (R, 4) to masks (., M, M), each of its class in `labels` (.)."""
        logits = self.mask_head(self.pooled(features, rois, self.mask_size // 2))
        return logits[torch.arange(len(labels)), labels - 1]

    def losses(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """The four terms of :py:class:`FasterRCNN`, and binary cross-entropy of the masks.

        The mask of a RoI's own class is judged, at every pixel of those RoIs that have an object.
        The goal is the part of that pixel which the object covers.

        Args:
            images: (N, 3, H, W).
            targets: of each image `boxes` (M, 4), `labels` (M,) and `masks` (M, H, W) bool; see
                :py:mod:`visioncourse.models`.
        """
        check_images(self, images)
        check_targets(images, targets, self.num_classes)
        for index, target in enumerate(targets):
            masks, shape = target.get("masks"), (len(target["boxes"]), *images.shape[2:])
            if not isinstance(masks, Tensor) or (masks.dtype, masks.shape) != (torch.bool, shape):
                raise ValueError(f"targets[{index}]['masks'] must be a tensor {shape} of bool")
        return super().losses(images, targets)

    def roi_losses(
        self, features: Tensor, rois: list[Tensor], owners: list[Tensor], targets: Targets
    ) -> dict[str, Tensor]:
        """Those of :py:class:`FasterRCNN`, and `mask`."""
        terms = super().roi_losses(features, rois, owners, targets)
        found = [rows[each >= 0] for rows, each in zip(rois, owners, strict=True)]
        labels = owned("labels", owners, targets)
        goals = torch.cat(
            [
                self.mask_goals(target["masks"].to(rows.dtype), rows, each[each >= 0])
                for target, rows, each in zip(targets, found, owners, strict=True)
            ]
        )
        logits = self.mask_logits(features, found, labels)
        entropy = functional.binary_cross_entropy_with_logits(logits, goals, reduction="sum")
        return terms | {"mask": entropy / max(goals.numel(), 1)}

    def mask_goals(self, masks: Tensor, rois: Tensor, owners: Tensor) -> Tensor:
        """What RoIs (R, 4) show of their `owners` among the masks (., H, W): (R, M, M) shares."""
        if len(rois) == 0:  # perhaps since there is no mask
            return masks.new_zeros(0, self.mask_size, self.mask_size)
        crops = roi_align(masks[None], [rois], self.mask_size, spatial_scale=1.0)
        return crops[torch.arange(len(owners)), owners]

    def detections(
        self, images: Tensor, features: Tensor, rois: list[Tensor], **thresholds: float
    ) -> list[Detections]:
        """Those of :py:class:`FasterRCNN` with their `masks`, looked for in the final boxes."""
        found = super().detections(images, features, rois, **thresholds)
        for maps, each in zip(features, found, strict=True):
            logits = self.mask_logits(maps[None], [each["boxes"]], each["labels"])
            each["masks"] = pasted(logits.sigmoid(), each["boxes"], images.shape[2:])
        return found


def pasted(masks: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks of boxes in the image: True where the probability is at least ½.

    A pixel whose centre lies in the box takes the mask's value there, bilinearly interpolated.

    Args:
        masks: (D, M, M) probabilities, stretched over their boxes.
        boxes: (D, 4) as x1, y1, x2, y2.
        size: (H, W) of the image.

    Returns:
        (D, H, W) bool.
    """
    height, width = size
    y, x = (torch.arange(side, dtype=boxes.dtype) + 0.5 for side in (height, width))
    result = torch.zeros(len(masks), height, width, dtype=torch.bool)
    for into, mask, (x1, y1, x2, y2) in zip(result, masks, boxes, strict=True):
        # One at a time: a hundred masks of a large picture in floats would be gigabytes.
        rows, columns = (y > y1) & (y < y2), (x > x1) & (x < x2)
        if not (rows.any() and columns.any()):
            continue
        shares = (x[columns] - x1) / (x2 - x1), (y[rows] - y1) / (y2 - y1)
        places = [len(mask) * share[None] - 0.5 for share in shares]
        values = bilinear_samples(mask[None], *places)[0, 0]
        into[rows[:, None] & columns] = values.flatten() >= 0.5
    return result
