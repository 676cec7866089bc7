"""SSD: default boxes on maps of several strides, each a class of softmax; hard negatives only."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .._validation import check_positive
from ..detection import smooth_l1_loss
from .blocks.detections import (
    Detections,
    Targets,
    anchors_of,
    assigned,
    best_detections,
    check_detector,
    check_targets,
    decoded,
    encoded,
    rows_of,
)
from .blocks.encoders import VGGEncoder
from .blocks.images import check_images, evaluating
from .blocks.initialisation import initialise

WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # of the deltas: SSD's variances 0.1 and 0.2, the other way round


class SSD(nn.Module):
    """A class, the background among them, and a box at every default box of several maps.

    With B default boxes in a cell and K1 = num_classes classes, the background included::

        images (N, 3, H, W)
          │ encoder
        features[4]  (N, C, H/4, W/4) ───── 3 × 3 ──▶ class logits (N, B·K1, H/4, W/4)
          │                                           deltas       (N, B·4, H/4, W/4)
        features[8]  (N, C', H/8, W/8) ──── 3 × 3 ──▶ ...
          │
        features[16] (N, C'', H/16, W/16) ─ 3 × 3 ──▶ ...

    Each map has layers of its own, and no map knows what a coarser one has seen. Liu et al., "SSD:
    Single Shot MultiBox Detector", 2016; with fewer channels and batch normalisation.

    Args:
        num_classes: K1 >= 2, the background included.
        widths: of the encoder, at strides 1, 2, 4, ...
        strides: of the maps that predict.
        scales: sides of the default boxes in a cell, in units of its stride.
        ratios: height / width of the default boxes.
        negatives: how many hard negatives count for each default box with an object, > 0.
        seed: of the initial weights.

    Raises:
        ValueError: a number out of its range, or a stride that the encoder does not have.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        widths: Sequence[int] = (12, 24, 48, 56, 64),
        strides: Sequence[int] = (4, 8, 16),
        scales: Sequence[float] = (2.5, 3.5),
        ratios: Sequence[float] = (1.0,),
        negatives: float = 3.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_detector(num_classes, seed=seed)
        check_positive(negatives=negatives)
        self.num_classes, self.negatives = num_classes, negatives
        self.encoder = VGGEncoder(widths)
        if not strides or not set(strides) <= set(self.encoder.channels):
            known = list(self.encoder.channels)
            raise ValueError(f"strides must be some of {known}, got {strides!r}")
        self.sides = {stride: [stride * scale for scale in scales] for stride in sorted(strides)}
        self.ratios = tuple(ratios)
        per_cell = len(scales) * len(ratios)
        channels = {stride: self.encoder.channels[stride] for stride in self.sides}
        self.class_layers = predictors(channels, per_cell * num_classes)
        self.box_layers = predictors(channels, per_cell * 4)
        initialise(self, seed)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images (N, 3, H, W) to class logits (N, A, K1), deltas (N, A, 4), boxes (A, 4)."""
        check_images(self, images)
        features = self.encoder(images)
        logits, deltas = (
            torch.cat([rows_of(layers[str(s)](features[s]), numbers) for s in self.sides], dim=1)
            for layers, numbers in ((self.class_layers, self.num_classes), (self.box_layers, 4))
        )
        return logits, deltas, anchors_of(features, self.sides, self.ratios)

    def losses(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """Cross-entropy of objects and hard negatives, Smooth L1 of the objects' deltas.

        Both are sums, divided by the number of default boxes with an object.

        Args:
            images: (N, 3, H, W).
            targets: of each image `boxes` (M, 4) and `labels` (M,); see
                :py:mod:`visioncourse.models`.
        """
        logits, deltas, defaults = self(images)
        check_targets(images, targets, self.num_classes)
        labels, boxes = assigned(
            defaults, targets, foreground_threshold=0.5, background_threshold=0.5
        )
        found = labels > 0
        entropies = functional.cross_entropy(logits.movedim(-1, 1), labels, reduction="none")
        hard = self.hard_negatives(entropies.detach(), found)
        goals = encoded(boxes[found], defaults.expand_as(boxes)[found])
        weights = goals.new_tensor(WEIGHTS)
        box = smooth_l1_loss(deltas[found], goals * weights, reduction="sum")
        positives = found.sum().clamp(min=1)
        entropy = entropies[found | hard].sum()
        return {"classification": entropy / positives, "box": box / positives}

    def hard_negatives(self, entropies: Tensor, found: Tensor) -> Tensor:
        """Which default boxes without an object count, (N, A): those with the largest loss.

        There are so many background boxes that nearly all are easy; in each image only the
        hardest count, `negatives` for each box with an object, and as many for an image without
        any as if it had one.
        """
        wanted = self.negatives * found.sum(dim=1, keepdim=True).clamp(min=1)
        order = entropies.masked_fill(found, -1).argsort(dim=1, descending=True, stable=True)
        rank = order.argsort(dim=1)  # of each box among the losses of its image
        return (rank < wanted) & ~found

    def predict(
        self,
        images: Tensor,
        *,
        score_threshold: float = 0.01,
        iou_threshold: float = 0.5,
        max_detections: int = 100,
    ) -> list[Detections]:
        """Images (N, 3, H, W) to what is seen in each; see :py:mod:`visioncourse.models`."""
        with evaluating(self):
            logits, deltas, defaults = self(images)
            boxes = decoded(deltas / deltas.new_tensor(WEIGHTS), defaults)
            scores = logits.softmax(dim=-1)[..., 1:]
        return best_detections(
            images,
            boxes,
            scores,
            score_threshold=score_threshold,
            iou_threshold=iou_threshold,
            max_detections=max_detections,
        )


def predictors(channels: Mapping[int, int], outputs: int) -> nn.ModuleDict:
    """For each stride a 3 × 3 convolution of its own, from its channels to the outputs."""
    layers = {str(s): nn.Conv2d(width, outputs, 3, padding=1) for s, width in channels.items()}
    return nn.ModuleDict(layers)
