"""RoIAlign: what a feature map has inside a box, on a grid of fixed size."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..._validation import check_positive, check_whole


def roi_align(
    features: Tensor,
    boxes: Sequence[Tensor],
    output_size: int,
    *,
    spatial_scale: float,
    sampling_ratio: int = 2,
    aligned: bool = True,
) -> Tensor:
    """The mean of bilinear samples in each cell of a grid that divides each box.

    A box is brought to the map's scale and divided into output_size × output_size cells; in each
    cell sampling_ratio × sampling_ratio points lie evenly, the features between four centres are
    interpolated bilinearly at each point, and averaged. No coordinate is
    rounded (He et al., "Mask R-CNN", 2017, section 3). The gradient reaches the features; boxes
    count as constants.

    Coordinates of boxes are continuous: the first pixel reaches from 0 to 1. The map's entry k
    stands for its centre, k + ½, hence `aligned` moves all points by half an entry. Without it, as
    in the first published code, what is sampled lies half an entry too far to the lower right.

    A point up to one entry outside the map takes the value at its edge; further out it is 0. All
    this is what torchvision's function of the same name does, for sampling_ratio >= 1.

    Args:
        features: (N, C, H, W).
        boxes: for each of the N images (R, 4) as x1, y1, x2, y2 in pixels of the image.
        output_size: cells on each side, >= 1.
        spatial_scale: entries of the map for one pixel, 1 / stride, > 0.
        sampling_ratio: points on each side of a cell, >= 1.
        aligned: see above.

    Returns:
        (all R together, C, output_size, output_size), image by image.

    Raises:
        ValueError: a number out of its range, or boxes that are not (R, 4) for each image.
    """
    check_whole(1, output_size=output_size, sampling_ratio=sampling_ratio)
    check_positive(spatial_scale=spatial_scale)
    if len(boxes) != len(features):
        raise ValueError(
            f"boxes must have one tensor for each of the {len(features)} images, got {len(boxes)}"
        )
    pooled = [features.new_zeros(0, features.shape[1], output_size, output_size)]
    for maps, rows in zip(features, boxes, strict=True):
        if rows.ndim != 2 or rows.shape[1] != 4:
            raise ValueError(f"boxes must have shape (R, 4), got {tuple(rows.shape)}")
        rows = rows.detach().to(features.dtype) * spatial_scale - 0.5 * aligned
        size = rows[:, 2:] - rows[:, :2]
        if not aligned:  # the first code's rule: no box is smaller than one entry
            size = size.clamp(min=1)
        points = output_size * sampling_ratio
        steps = (torch.arange(points, dtype=rows.dtype, device=rows.device) + 0.5) / points
        x, y = (rows[:, k, None] + size[:, k, None] * steps for k in (0, 1))  # (R, points) each
        samples = bilinear_samples(maps, x, y).transpose(0, 1)  # (R, C, points, points)
        pooled.append(functional.avg_pool2d(samples, sampling_ratio))
    return torch.cat(pooled)


def bilinear_samples(features: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Interpolated values at the crossings of columns x and rows y, one grid for each box.

    Args:
        features: (C, H, W), whose entry k lies at coordinate k.
        x: (R, P) columns.
        y: (R, Q) rows.

    Returns:
        (C, R, Q, P).
    """
    height, width = features.shape[-2:]
    shape = (*y.shape, x.shape[1])  # (R, Q, P)
    columns, rows = x[:, None, :].expand(shape), y[:, :, None].expand(shape)
    # Torch has -1 for the first entry and 1 for the last; a side of one entry has no other.
    grid = torch.stack(
        [2 * columns / max(width - 1, 1) - 1, 2 * rows / max(height - 1, 1) - 1], dim=-1
    )
    samples = functional.grid_sample(
        features[None], grid.flatten(0, 1)[None], padding_mode="border", align_corners=True
    )[0].unflatten(1, shape[:2])
    inside = (rows >= -1) & (rows <= height) & (columns >= -1) & (columns <= width)
    return samples * inside
