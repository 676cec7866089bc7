"""What the detectors share: their targets at the door, who learns which box, and what they return.

The interface of every detector in this package::

    losses(images, targets) -> dict of scalar tensors, to be added and made small
    predict(images)         -> one dictionary for each image

with `images` (N, 3, H, W) and `targets` one dictionary for each image, as
:py:func:`visioncourse.scenes.tensors.detection_targets` gives them: `boxes` (M, 4), x1, y1, x2, y2
in pixels of the image, `labels` (M,) int64 from 1 to num_classes - 1 (0 is the background, as in
torchvision) and, for masks, `masks` (M, H, W) bool. A prediction has `boxes` (D, 4), within the
image, `scores` (D,), the best first, `labels` (D,) and, from networks with masks, `masks`
(D, H, W). Both lists are what :py:func:`visioncourse.detection.mean_average_precision` takes.

Within a network, boxes are rows of anchors (A, 4), the same for all images of a batch.
"""

import math
from collections.abc import Mapping, Sequence

import array_api_compat.torch as xp
import torch
from torch import Tensor, nn

from ..._validation import check_whole
from ...detection import anchor_grid, assign_anchors, batched_nms, clip_boxes, formulas
from ...detection.anchors import LARGEST_LOG_SCALE
from ...detection.boxes import box_arrays

Targets = Sequence[Mapping[str, Tensor]]
Detections = dict[str, Tensor]

MAX_CANDIDATES = 1000  # of an image, for non-maximum suppression
BACKGROUND, IGNORED = 0, -1  # labels of anchors; objects have 1, 2, ...


def check_detector(num_classes: int, *, seed: int) -> None:
    """Refuse fewer classes than the background and one other, and a negative seed."""
    check_whole(2, num_classes=num_classes)
    check_whole(0, seed=seed)


def check_targets(images: Tensor, targets: Targets, num_classes: int) -> None:
    """Refuse what is not the truth of these images.

    Raises:
        ValueError: another number of targets than of images, a missing key, boxes that are not
            (M, 4) with a width and a height, or other labels than 1 to num_classes - 1 for each.
    """
    if len(targets) != len(images):
        raise ValueError(
            f"targets must have one entry for each of the {len(images)} images, got {len(targets)}"
        )
    for index, target in enumerate(targets):
        name = f"targets[{index}]"
        for key in ("boxes", "labels"):
            if not isinstance(target, Mapping) or not isinstance(target.get(key), Tensor):
                raise ValueError(f"{name} must be a mapping with the tensor '{key}'")
        boxes, labels = target["boxes"], target["labels"]
        box_arrays(**{f"{name}['boxes']": boxes})
        if boxes.ndim != 2 or not (boxes[:, 2:] > boxes[:, :2]).all():
            raise ValueError(f"{name}['boxes'] must be (M, 4) with a width and height above 0")
        if labels.shape != boxes.shape[:1] or labels.dtype != torch.int64:
            raise ValueError(
                f"{name}['labels'] must be int64, one for each of the {len(boxes)} boxes, "
                f"got {labels.dtype} {tuple(labels.shape)}"
            )
        if len(labels) and not 1 <= labels.min() <= labels.max() < num_classes:
            raise ValueError(f"{name}['labels'] must lie in 1 to {num_classes - 1}")


def anchors_of(
    features: Mapping[int, Tensor], scales: Mapping[int, Sequence[float]], ratios: Sequence[float]
) -> Tensor:
    """The anchors of several maps, (A, 4), one stride after the other as in `scales`.

    Args:
        features: by stride, (N, C, H/s, W/s).
        scales: by stride, sides in pixels of the anchors in every cell of that map.
        ratios: height / width of the anchors.
    """
    grids = []
    for stride, sides in scales.items():
        like = features[stride].new_tensor(sides)
        size = features[stride].shape[-2:]
        grids.append(anchor_grid(size, stride=stride, scales=like, aspect_ratios=ratios))
    return torch.cat(grids)


def rows_of(output: Tensor, numbers: int) -> Tensor:
    """A head's map (N, B·numbers, H, W) as rows (N, H·W·B, numbers), in the order of anchors."""
    return output.permute(0, 2, 3, 1).unflatten(-1, (-1, numbers)).flatten(1, 3)


def assigned(
    anchors: Tensor,
    targets: Targets,
    *,
    foreground_threshold: float,
    background_threshold: float,
    allow_low_quality: bool = True,
) -> tuple[Tensor, Tensor]:
    """What each anchor shall learn, by :py:func:`visioncourse.detection.assign_anchors`.

    Returns:
        labels (N, A), 0 for background and -1 for anchors that learn nothing, and boxes (N, A, 4),
        the truth of an anchor with a label from 1 on; of others the anchor itself.
    """
    labels = anchors.new_full((len(targets), len(anchors)), BACKGROUND, dtype=torch.int64)
    boxes = anchors.repeat(len(targets), 1, 1)
    for row, target in enumerate(targets):
        owner = assign_anchors(
            anchors,
            target["boxes"].to(anchors.dtype),
            foreground_threshold=foreground_threshold,
            background_threshold=background_threshold,
            allow_low_quality=allow_low_quality,
        )
        labels[row, owner < -1] = IGNORED
        labels[row, owner >= 0] = target["labels"][owner[owner >= 0]]
        boxes[row, owner >= 0] = target["boxes"][owner[owner >= 0]].to(boxes.dtype)
    return labels, boxes


def encoded(boxes: Tensor, anchors: Tensor) -> Tensor:
    """dx, dy, dw, dh (..., 4) from anchors to boxes, as :py:func:`.encode_boxes` without checks."""
    return formulas.encode(xp, boxes, anchors)


def decoded(deltas: Tensor, anchors: Tensor) -> Tensor:
    """Boxes (..., 4) from deltas, as :py:func:`.decode_boxes` without checks."""
    return formulas.decode(xp, deltas, anchors, LARGEST_LOG_SCALE)


def best_detections(
    images: Tensor,
    boxes: Tensor,
    scores: Tensor,
    *,
    score_threshold: float,
    iou_threshold: float,
    max_detections: int,
) -> list[Detections]:
    """From a score of every class at every box to the predictions of a network.

    Each pair of a box and a class above the threshold is a candidate, the best MAX_CANDIDATES of
    an image; within a class, those that repeat a better one are left out.

    Args:
        images: (N, 3, H, W), for their size.
        boxes: (N, A, 4).
        scores: (N, A, K) in [0, 1] of the classes 1 to K.
        score_threshold: a candidate's score is above it.
        iou_threshold: a candidate repeats a better one where their IoU is above it.
        max_detections: of an image, at most.

    Returns:
        For each image `boxes` (D, 4) within it, `scores` (D,), the best first, `labels` (D,).
    """
    found = []
    for rows, values in zip(boxes, scores, strict=True):
        row, column = torch.nonzero(values > score_threshold, as_tuple=True)
        order = values[row, column].argsort(descending=True, stable=True)[:MAX_CANDIDATES]
        row, column = row[order], column[order]
        candidates, values = clip_boxes(rows[row], images.shape[2:]), values[row, column]
        kept = batched_nms(candidates, values, column, iou_threshold)[:max_detections]
        found.append(
            {"boxes": candidates[kept], "scores": values[kept], "labels": column[kept] + 1}
        )
    return found


def head(width: int, outputs: int, depth: int = 2) -> nn.Sequential:
    """Convolutions with group normalisation and ReLU, and one that gives the outputs."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Conv2d(width, width, 3, padding=1, bias=False)]
        layers += [nn.GroupNorm(8, width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(width, outputs, 3, padding=1))


def start_rare(
    layer: nn.Conv2d, *, channels: slice = slice(None), probability: float = 0.01
) -> None:
    """Let logits of a layer say at first that nearly every place is background.

    Their biases become -log((1 - π)/π) and their weights small: otherwise the thousands of places
    without an object would decide the first steps (Lin et al., "Focal Loss", 2017, section 4.1).
    """
    with torch.no_grad():
        layer.bias[channels] = -math.log((1 - probability) / probability)
        layer.weight[channels] *= 0.1
