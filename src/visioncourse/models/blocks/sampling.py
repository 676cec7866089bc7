"""Which anchors and regions of interest teach a detector of two stages: a few, drawn at random."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...detection import assign_anchors
from .detections import Targets


def sampled_rois(
    proposals: Sequence[Tensor], targets: Targets, *, number: int, positive_share: float
) -> tuple[list[Tensor], list[Tensor]]:
    """Regions of interest for the second stage to learn from, and whose they are.

    The true boxes are added to the proposals, so that the second stage has something to learn
    while the first finds nothing. A region with an IoU of at least 0.5 with an object is positive
    and belongs to the one with the highest; all others are background.

    Args:
        proposals: of each image (R, 4).
        targets: of each image `boxes` (M, 4).
        number, positive_share: as for :py:func:`sample`, in each image.

    Returns:
        Of each image (S, 4), and of each (S,) the index of an object, -1 for background.
    """
    rois, owners = [], []
    for proposed, target in zip(proposals, targets, strict=True):
        truth = target["boxes"].to(proposed.dtype)
        rows = torch.cat([proposed, truth])
        owner = assign_anchors(
            rows, truth, foreground_threshold=0.5, background_threshold=0.5, allow_low_quality=False
        )
        kept = sample(owner >= 0, owner < 0, number=number, positive_share=positive_share)
        rois.append(rows[kept])
        owners.append(owner[kept])
    return rois, owners


def sample(positive: Tensor, negative: Tensor, *, number: int, positive_share: float) -> Tensor:
    """Which entries are drawn at random: at most a share of positives, the rest negatives.

    Torch's random numbers decide, which :py:func:`visioncourse.training.fit` seeds in each step.

    Args:
        positive, negative: (A,) bool, never both True.
        number: of all, at most.
        positive_share: at most this part of `number` is positive. Where there are fewer,
            negatives take their place.

    Returns:
        (A,) bool.
    """
    some = some_of(positive, int(number * positive_share))
    return some | some_of(negative, number - int(some.sum()))


def some_of(entries: Tensor, number: int) -> Tensor:
    """At most so many of the True entries (A,), drawn at random."""
    (places,) = torch.nonzero(entries, as_tuple=True)
    drawn = places[torch.randperm(len(places))[:number]]
    return torch.zeros_like(entries).index_fill(0, drawn, True)


def owned(key: str, owners: Sequence[Tensor], targets: Targets) -> Tensor:
    """An entry of the objects that regions belong to, image by image; background has none.

    Args:
        key: of the targets, such as "labels".
        owners: of each image (R,) an index of an object, or -1.
        targets: of each image.
    """
    each = zip(owners, targets, strict=True)
    return torch.cat([target[key][rows[rows >= 0]] for rows, target in each])
