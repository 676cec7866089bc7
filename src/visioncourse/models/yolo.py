"""YOLO: every cell of one grid says whether an object's centre lies in it, what it is and where."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .._validation import check_positive
from ..detection import complete_iou_loss, iou_loss, objectness_loss
from ..detection.anchors import LARGEST_LOG_SCALE
from ..detection.boxes import from_xyxy, to_xyxy
from .blocks.detections import (
    Detections,
    Targets,
    best_detections,
    check_detector,
    check_targets,
    head,
    rows_of,
    start_rare,
)
from .blocks.encoders import VGGEncoder
from .blocks.images import check_images, evaluating
from .blocks.initialisation import initialise
from .blocks.pyramid import FeaturePyramid

KEYS = ("boxes", "labels")


class YOLO(nn.Module):
    """A box, an objectness and a class from every cell of one grid of stride s.

    With K = num_classes - 1 classes of objects::

        features[4s] ────────▶ (N, D, H/4s, W/4s)
          ▲                      │ enlarge, add
        features[2s] ────────▶ (N, D, H/2s, W/2s)
          ▲                      │ enlarge, add
        features[s] ─────────▶ (N, D, H/s, W/s) ─ head ─▶ (N, 4 + 1 + K, H/s, W/s)
          ▲ encoder              a pyramid                  box, objectness, class logits
        images (N, 3, H, W)

    A cell in column c and row r says of its four first numbers: the centre is at
    ((c + σ(t₁))·s, (r + σ(t₂))·s), the width is size·exp(t₃), the height size·exp(t₄). The cell
    that holds the centre of a true box is to find it, no other. Redmon et al., "You Only Look
    Once", 2016; boxes and their sides as in the second paper, Redmon and Farhadi, "YOLO9000",
    2017; with one box in a cell, a finer grid, and the CIoU loss.

    Args:
        num_classes: K + 1 >= 2, the background included.
        widths: of the encoder, at strides 1, 2, 4, ...
        stride: s, of the grid.
        width: D, of the pyramid and the head, a multiple of 8.
        size: side in pixels of the box that a cell starts from.
        seed: of the initial weights.

    Raises:
        ValueError: a number out of its range, or a stride that the encoder does not have.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        widths: Sequence[int] = (12, 24, 40, 56, 64),
        stride: int = 4,
        width: int = 40,
        size: float = 20.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_detector(num_classes, seed=seed)
        check_positive(size=size)
        self.num_classes, self.stride, self.size = num_classes, stride, size
        self.encoder = VGGEncoder(widths)
        strides = {stride, *(each for each in self.encoder.channels if each > stride)}
        self.pyramid = FeaturePyramid(self.encoder.channels, width, strides, outputs=[stride])
        self.head = head(width, 4 + 1 + num_classes - 1)
        initialise(self, seed)
        start_rare(self.head[-1], channels=slice(4, 5))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images to boxes (N, A, 4), objectness logits (N, A) and class logits (N, A, K).

        The A cells of the grid come row by row.
        """
        check_images(self, images)
        outputs = self.head(self.pyramid(self.encoder(images))[self.stride])
        rows = rows_of(outputs, outputs.shape[1])
        corners = torch.stack(
            torch.meshgrid(*(torch.arange(side) for side in outputs.shape[2:]), indexing="ij")[
                ::-1
            ],
            dim=-1,
        )
        centres = (corners.reshape(-1, 2) + rows[..., :2].sigmoid()) * self.stride
        sides = self.size * rows[..., 2:4].clamp(max=LARGEST_LOG_SCALE).exp()
        boxes = to_xyxy(torch, torch.cat([centres, sides], dim=-1), "cxcywh")
        return boxes, rows[..., 4], rows[..., 5:]

    def losses(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """Objectness of all cells; CIoU and cross-entropy of those that are to find an object.

        The objectness that a cell should have is the IoU of its box with the truth. All are sums,
        divided by the number of cells with an object.

        Args:
            images: (N, 3, H, W).
            targets: of each image `boxes` (M, 4) and `labels` (M,); see
                :py:mod:`visioncourse.models`.
        """
        boxes, objectness, logits = self(images)
        check_targets(images, targets, self.num_classes)
        image, cell, truth, labels = self.responsible(images, targets)
        found, truth = boxes[image, cell], truth.to(boxes.dtype)
        goals = torch.zeros_like(objectness)
        goals[image, cell] = 1 - iou_loss(found.detach(), truth, reduction="none")
        objects = max(len(cell), 1)
        terms = {
            "box": complete_iou_loss(found, truth, reduction="sum"),
            "objectness": objectness_loss(objectness, goals, reduction="sum"),
            "classification": functional.cross_entropy(
                logits[image, cell], labels - 1, reduction="sum"
            ),
        }
        return {name: term / objects for name, term in terms.items()}

    def responsible(self, images: Tensor, targets: Targets) -> tuple[Tensor, ...]:
        """Which cell is to find which object: image (M,), cell (M,), box (M, 4) and label (M,).

        It is the cell that holds the centre of the box. A cell with two centres is to find the
        object that was listed last, which in a scene is the one in front.
        """
        rows, columns = (-(-side // self.stride) for side in images.shape[2:])
        image = torch.repeat_interleave(
            torch.tensor([len(target["boxes"]) for target in targets], dtype=torch.int64)
        )
        boxes, labels = (torch.cat([target[key] for target in targets]) for key in KEYS)
        centres = from_xyxy(torch, boxes, "cxcywh")[:, :2]
        column, row = (centres / self.stride).long().unbind(dim=1)
        cell = row.clamp(0, rows - 1) * columns + column.clamp(0, columns - 1)
        # Of equal keys a dictionary keeps the last.
        places = zip(image.tolist(), cell.tolist(), strict=True)
        kept = list({place: index for index, place in enumerate(places)}.values())
        return image[kept], cell[kept], boxes[kept], labels[kept]

    def predict(
        self,
        images: Tensor,
        *,
        score_threshold: float = 0.01,
        iou_threshold: float = 0.5,
        max_detections: int = 100,
    ) -> list[Detections]:
        """Images (N, 3, H, W) to what is seen in each; see :py:mod:`visioncourse.models`.

        The score of a class is its probability times that of an object.
        """
        with evaluating(self):
            boxes, objectness, logits = self(images)
            scores = objectness.sigmoid()[..., None] * logits.softmax(dim=-1)
        return best_detections(
            images,
            boxes,
            scores,
            score_threshold=score_threshold,
            iou_threshold=iou_threshold,
            max_detections=max_detections,
        )
