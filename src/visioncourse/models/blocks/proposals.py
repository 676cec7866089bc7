"""The region proposal network: the first stage, which says where anything is, whatever it is."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ..._validation import check_whole
from ...detection import clip_boxes, nms, objectness_loss, smooth_l1_loss
from .detections import Targets, anchors_of, assigned, decoded, encoded, head, rows_of
from .sampling import sample

SAMPLED, POSITIVE_SHARE = 256, 0.5  # anchors of an image that teach, and how many with an object
BETA = 1 / 9  # where Smooth L1 of the deltas becomes a straight line
CANDIDATES = 200  # of an image, for non-maximum suppression
NMS_THRESHOLD = 0.7
SMALLEST = 1.0  # side of a proposal in pixels


class ProposalNetwork(nn.Module):
    """An objectness and a box at every anchor of a pyramid's maps, by one head for all of them.

    With B anchors in a cell::

        maps[16] (N, D, H/16, W/16) ─┐              ┌─▶ objectness (N, B, H/s, W/s)
        maps[8]  (N, D, H/8, W/8) ───┼─ 3×3 ─ 3×3 ──┤
        maps[4]  (N, D, H/4, W/4) ───┘              └─▶ deltas     (N, B·4, H/s, W/s)

    Ren et al., "Faster R-CNN", 2015, section 3.1; all anchors have labels, also those that leave
    the image.

    Args:
        width: D, a multiple of 8.
        strides: of the maps.
        scales: sides of the anchors in a cell, in units of its stride.
        ratios: height / width of the anchors.
        number: of proposals in an image, at most, >= 1.
    """

    def __init__(
        self,
        width: int,
        strides: Sequence[int],
        scales: Sequence[float],
        ratios: Sequence[float],
        number: int,
    ) -> None:
        super().__init__()
        check_whole(1, proposals=number)
        self.number = number
        self.sides = {stride: [stride * scale for scale in scales] for stride in sorted(strides)}
        self.ratios = tuple(ratios)
        self.head = head(width, len(scales) * len(ratios) * (1 + 4), depth=1)

    def forward(self, maps: Mapping[int, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """`maps[stride]` to objectness logits (N, A), deltas (N, A, 4) and anchors (A, 4)."""
        rows = torch.cat([rows_of(self.head(maps[s]), 1 + 4) for s in self.sides], dim=1)
        return rows[..., 0], rows[..., 1:], anchors_of(maps, self.sides, self.ratios)

    def losses(
        self, objectness: Tensor, deltas: Tensor, anchors: Tensor, targets: Targets
    ) -> dict[str, Tensor]:
        """Is an object at an anchor, and where exactly? Of 256 anchors in each image.

        Those are drawn at random, at most half of them with an object. An anchor has one from an
        IoU of 0.7 on, or if it is the best for some object; below 0.3 it is background.
        """
        labels, boxes = assigned(
            anchors, targets, foreground_threshold=0.7, background_threshold=0.3
        )
        share = {"number": SAMPLED, "positive_share": POSITIVE_SHARE}
        drawn = torch.stack([sample(rows > 0, rows == 0, **share) for rows in labels])
        found = drawn & (labels > 0)
        goals = encoded(boxes[found], anchors.expand_as(boxes)[found])
        box = smooth_l1_loss(deltas[found], goals, beta=BETA, reduction="sum")
        return {
            "objectness": objectness_loss(objectness[drawn], found[drawn]),
            "proposal_box": box / drawn.sum().clamp(min=1),
        }

    def proposals(
        self, objectness: Tensor, deltas: Tensor, anchors: Tensor, size: tuple[int, int]
    ) -> list[Tensor]:
        """The boxes that most likely hold an object, and repeat no better one.

        Of each image the 200 best boxes, cut at its border, go through non-maximum suppression
        with an IoU of 0.7 (Ren et al., section 3.3, begin with 6000). Boxes less than one pixel
        wide or high are left out. A proposal is a constant: no gradient goes through it.

        Args:
            objectness, deltas, anchors: what `forward` gives.
            size: (H, W) of the images.

        Returns:
            For each image (R, 4), the best first.
        """
        best = []
        boxes = decoded(deltas.detach(), anchors)
        for rows, scores in zip(boxes, objectness.detach().sigmoid(), strict=True):
            order = scores.argsort(descending=True, stable=True)[:CANDIDATES]
            rows, scores = clip_boxes(rows[order], size), scores[order]
            seen = (rows[:, 2:] - rows[:, :2] >= SMALLEST).all(dim=1)
            rows, scores = rows[seen], scores[seen]
            best.append(rows[nms(rows, scores, NMS_THRESHOLD)[: self.number]])
        return best
