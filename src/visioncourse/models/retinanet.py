"""RetinaNet: every anchor of a pyramid is judged, and the focal loss keeps the easy ones quiet."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .._validation import check_not_negative, check_shares
from ..detection import focal_loss, smooth_l1_loss
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
    head,
    rows_of,
    start_rare,
)
from .blocks.encoders import VGGEncoder
from .blocks.images import check_images, evaluating
from .blocks.initialisation import initialise
from .blocks.pyramid import FeaturePyramid

BETA = 1 / 9  # where Smooth L1 of the deltas becomes a straight line


class RetinaNet(nn.Module):
    """A class and a box at every anchor of a pyramid, judged by one head for all strides.

    With B anchors in a cell and K = num_classes - 1 classes of objects::

        features[16] ────────▶ (N, D, H/16, W/16) ────▶ class logits (N, B·K, H/16, W/16)
          ▲                      │ enlarge, add         deltas       (N, B·4, H/16, W/16)
        features[8] ─────────▶ (N, D, H/8, W/8) ──────▶ ...
          ▲                      │ enlarge, add
        features[4] ─────────▶ (N, D, H/4, W/4) ──────▶ ...
          ▲ encoder              the pyramid              one head for all strides
        images (N, 3, H, W)

    Lin et al., "Focal Loss for Dense Object Detection", 2017; with fewer channels, strides that
    suit small pictures, and group normalisation in the head, which sees few images at once.

    Args:
        num_classes: K + 1 >= 2, the background included.
        widths: of the encoder, at strides 1, 2, 4, ...
        strides: of the pyramid's maps.
        width: D, of the pyramid and the head, a multiple of 8.
        pyramid: whether coarser maps are enlarged and added to finer ones; otherwise each stride
            keeps to its own features.
        scales: sides of the anchors in a cell, in units of its stride.
        ratios: height / width of the anchors. The shapes of the course's world are about as wide
            as high; pictures of people and cars want (0.5, 1, 2).
        alpha: of the focal loss, the weight of objects against that of background, 1 - alpha. The
            paper's 0.25 is for a hundred thousand anchors, of which far fewer have an object.
        gamma: of the focal loss; 0 is cross-entropy, balanced by alpha.
        seed: of the initial weights.

    Raises:
        ValueError: a number out of its range, or a stride that the encoder does not have.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        widths: Sequence[int] = (12, 24, 40, 48, 56),
        strides: Sequence[int] = (4, 8, 16),
        width: int = 32,
        pyramid: bool = True,
        scales: Sequence[float] = (2.5, 3.5),
        ratios: Sequence[float] = (1.0,),
        alpha: float = 0.5,
        gamma: float = 2.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_detector(num_classes, seed=seed)
        check_shares(alpha=alpha)
        check_not_negative(gamma=gamma)
        self.num_classes, self.alpha, self.gamma = num_classes, alpha, gamma
        self.sides = {stride: [stride * scale for scale in scales] for stride in sorted(strides)}
        self.ratios = tuple(ratios)
        self.encoder = VGGEncoder(widths)
        self.pyramid = FeaturePyramid(self.encoder.channels, width, strides, top_down=pyramid)
        per_cell = len(scales) * len(ratios)
        self.class_head = head(width, per_cell * (num_classes - 1))
        self.box_head = head(width, per_cell * 4)
        initialise(self, seed)
        start_rare(self.class_head[-1])

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images (N, 3, H, W) to class logits (N, A, K), deltas (N, A, 4), anchors (A, 4)."""
        check_images(self, images)
        maps = self.pyramid(self.encoder(images))
        logits, deltas = (
            torch.cat([rows_of(layers(x), numbers) for x in maps.values()], dim=1)
            for layers, numbers in ((self.class_head, self.num_classes - 1), (self.box_head, 4))
        )
        return logits, deltas, anchors_of(maps, self.sides, self.ratios)

    def losses(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """The focal loss of all anchors, and Smooth L1 of those that have a box.

        Both are sums, divided by the number of anchors that have a box.

        Args:
            images: (N, 3, H, W).
            targets: of each image `boxes` (M, 4) and `labels` (M,); see
                :py:mod:`visioncourse.models`.
        """
        logits, deltas, anchors = self(images)
        check_targets(images, targets, self.num_classes)
        labels, boxes = assigned(
            anchors, targets, foreground_threshold=0.5, background_threshold=0.4
        )
        found, judged = labels > 0, labels >= 0
        # Of an anchor with class k the targets are 1 for k and 0 for all others; of background 0.
        truth = labels[judged][:, None] == torch.arange(1, self.num_classes)
        focal = focal_loss(
            logits[judged], truth, alpha=self.alpha, gamma=self.gamma, reduction="sum"
        )
        goals = encoded(boxes[found], anchors.expand_as(boxes)[found])
        box = smooth_l1_loss(deltas[found], goals, beta=BETA, reduction="sum")
        positives = found.sum().clamp(min=1)
        return {"classification": focal / positives, "box": box / positives}

    def predict(
        self,
        images: Tensor,
        *,
        score_threshold: float = 0.05,
        iou_threshold: float = 0.5,
        max_detections: int = 100,
    ) -> list[Detections]:
        """Images (N, 3, H, W) to what is seen in each; see :py:mod:`visioncourse.models`."""
        with evaluating(self):
            logits, deltas, anchors = self(images)
            boxes, scores = decoded(deltas, anchors), logits.sigmoid()
        return best_detections(
            images,
            boxes,
            scores,
            score_threshold=score_threshold,
            iou_threshold=iou_threshold,
            max_detections=max_detections,
        )
