"""Faster R-CNN: one stage says where anything is, the next what it is and where exactly."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .._validation import check_whole
from ..detection import smooth_l1_loss
from .blocks.detections import (
    Detections,
    Targets,
    best_detections,
    check_detector,
    check_targets,
    decoded,
    encoded,
    start_rare,
)
from .blocks.encoders import VGGEncoder
from .blocks.images import check_images, evaluating
from .blocks.initialisation import initialise
from .blocks.proposals import ProposalNetwork
from .blocks.pyramid import FeaturePyramid
from .blocks.roi_align import roi_align
from .blocks.sampling import owned, sampled_rois

WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # of the deltas from a region to its object
POSITIVE_SHARE = 0.5  # of the RoIs that teach; the paper's scenes have fewer objects: 0.25


class FasterRCNN(nn.Module):
    """Proposals from every anchor of a pyramid; each is cut out of it, classified and moved.

    With B anchors in a cell, R regions of interest (RoIs) in all images together, and K1 =
    num_classes classes, the background included::

        features[16] ─▶ pyramid[16] ─┐  the region proposal network, one for all strides
        features[8] ──▶ pyramid[8] ──┼──▶ objectness (N, B, H/s, W/s) ─┐ best boxes, NMS
        features[4] ──▶ pyramid[4] ──┘    deltas   (N, B·4, H/s, W/s) ─┴──▶ RoIs (R, 4)
          ▲ encoder         │                                                 │
        images (N, 3, H, W) └────────────── RoIAlign ◀────────────────────────┘
                                               │
                          (R, D, P, P) ─ two layers ─▶ (R, hidden) ──▶ class logits (R, K1)
                                                                       deltas       (R, 4)

    Ren et al., "Faster R-CNN", 2015, with the pyramid of Lin et al., "Feature Pyramid Networks for
    Object Detection", 2017, and RoIAlign of He et al., "Mask R-CNN", 2017. A region has one box
    for all classes, as in R-FCN, not one for each.

    All RoIs are cut out of the finest map. Lin et al. take the map of stride 2ᵏ for a region of
    width w and height h, k = ⌊4 + log₂(√(w·h) / 224)⌋ from 2 on: that is stride 4 for all regions
    of less than 112 × 112 pixels, and the course's pictures have none that are larger.

    Args:
        num_classes: K1 >= 2, the background included.
        widths: of the encoder, at strides 1, 2, 4, ...
        strides: of the pyramid's maps; a single one is Faster R-CNN without a pyramid.
        width: D, of the pyramid and the heads, a multiple of 8.
        scales: sides of the anchors in a cell, in units of its stride.
        ratios: height / width of the anchors.
        size: P, cells on each side of the grid that RoIAlign lays over a region.
        hidden: units in each of the two layers.
        rois: of an image that teach the second stage, at most.
        proposals: of an image, at most.
        seed: of the initial weights.

    Raises:
        ValueError: a number out of its range, or a stride that the encoder does not have.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        widths: Sequence[int] = (12, 24, 32, 40, 48),
        strides: Sequence[int] = (4, 8, 16),
        width: int = 32,
        scales: Sequence[float] = (2.5, 3.5),
        ratios: Sequence[float] = (1.0,),
        size: int = 5,
        hidden: int = 56,
        rois: int = 48,
        proposals: int = 100,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_detector(num_classes, seed=seed)
        check_whole(1, size=size, hidden=hidden, rois=rois)
        self.num_classes, self.size, self.rois = num_classes, size, rois
        self.stride = min(strides, default=1)  # of the map that RoIs are cut out of
        self.encoder = VGGEncoder(widths)
        self.pyramid = FeaturePyramid(self.encoder.channels, width, strides)
        self.proposer = ProposalNetwork(width, strides, scales, ratios, proposals)
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(width * size**2, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
        )
        self.class_layer = nn.Linear(hidden, num_classes)
        self.box_layer = nn.Linear(hidden, 4)
        initialise(self, seed)
        start_rare(self.proposer.head[-1], channels=slice(0, None, 5))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The first stage: images (N, 3, H, W) to what it says of A anchors, and the finest map.

        Returns:
            Objectness logits (N, A), deltas (N, A, 4), anchors (A, 4), features (N, D, H/s, W/s).
        """
        check_images(self, images)
        maps = self.pyramid(self.encoder(images))
        return *self.proposer(maps), maps[self.stride]

    def pooled(self, features: Tensor, rois: list[Tensor], size: int) -> Tensor:
        """RoIAlign from the finest map: for each image (R, 4) to (all R, D, size, size)."""
        return roi_align(features, rois, size, spatial_scale=1 / self.stride)

    def judged(self, features: Tensor, rois: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The second stage: RoIs of each image (R, 4) to class logits (., K1) and deltas (., 4)."""
        hidden = self.layers(self.pooled(features, rois, self.size))
        return self.class_layer(hidden), self.box_layer(hidden)

    def losses(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """Objectness and boxes of the proposals, classes and boxes of the RoIs.

        Of each image 256 anchors teach the first stage and `rois` RoIs the second, drawn at
        random. Cross-entropies are means over those; Smooth L1 is a sum over those that have an
        object, divided by the number of all.

        Args:
            images: (N, 3, H, W).
            targets: of each image `boxes` (M, 4) and `labels` (M,); see
                :py:mod:`visioncourse.models`.
        """
        *first, features = self(images)
        check_targets(images, targets, self.num_classes)
        proposals = self.proposer.proposals(*first, images.shape[2:])
        rois, owners = sampled_rois(
            proposals, targets, number=self.rois, positive_share=POSITIVE_SHARE
        )
        terms = self.proposer.losses(*first, targets)
        return terms | self.roi_losses(features, rois, owners, targets)

    def roi_losses(
        self, features: Tensor, rois: list[Tensor], owners: list[Tensor], targets: Targets
    ) -> dict[str, Tensor]:
        """Of the second stage: what is in a RoI, and where exactly?

        Args:
            features: the finest map.
            rois, owners: of each image (R, 4) and (R,), the index of an object or -1.
            targets: as for `losses`.
        """
        logits, deltas = self.judged(features, rois)
        found = torch.cat(owners) >= 0
        labels = torch.zeros(len(found), dtype=torch.int64)  # 0 is the background
        labels[found] = owned("labels", owners, targets)
        boxes = owned("boxes", owners, targets).to(deltas.dtype)
        goals = encoded(boxes, torch.cat(rois)[found]) * deltas.new_tensor(WEIGHTS)
        entropy = functional.cross_entropy(logits, labels, reduction="sum")
        box = smooth_l1_loss(deltas[found], goals, reduction="sum")
        count = max(len(labels), 1)
        return {"classification": entropy / count, "box": box / count}

    def predict(
        self,
        images: Tensor,
        *,
        score_threshold: float = 0.05,
        iou_threshold: float = 0.5,
        max_detections: int = 100,
    ) -> list[Detections]:
        """Images (N, 3, H, W) to what is seen in each; see :py:mod:`visioncourse.models`."""
        thresholds = {
            "score_threshold": score_threshold,
            "iou_threshold": iou_threshold,
            "max_detections": max_detections,
        }
        with evaluating(self):
            *first, features = self(images)
            rois = self.proposer.proposals(*first, images.shape[2:])
            return self.detections(images, features, rois, **thresholds)

    def detections(
        self, images: Tensor, features: Tensor, rois: list[Tensor], **thresholds: float
    ) -> list[Detections]:
        """The predictions of the second stage; `thresholds` are those of `predict`."""
        found = []
        for maps, rows in zip(features, rois, strict=True):
            logits, deltas = self.judged(maps[None], [rows])
            boxes = decoded(deltas / deltas.new_tensor(WEIGHTS), rows)[None]
            scores = logits.softmax(dim=-1)[None, :, 1:]
            found += best_detections(images[:1], boxes, scores, **thresholds)
        return found
