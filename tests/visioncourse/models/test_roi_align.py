"""RoIAlign against its definition as loops, and against values of torchvision's function."""

import math

import numpy as np
import pytest
import torch

from visioncourse.models.blocks.roi_align import roi_align


def interpolated(features, x, y):
    """Between the four nearest entries of (C, H, W); the edge's outside, 0 beyond one entry."""
    _, height, width = features.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return np.zeros(len(features))
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    value = 0
    for row in {math.floor(y), math.ceil(y)}:
        for column in {math.floor(x), math.ceil(x)}:
            value = value + features[:, row, column] * (1 - abs(x - column)) * (1 - abs(y - row))
    return value


def by_definition(features, box, size, scale, ratio, aligned):
    """(C, size, size) of one box on one map (C, H, W)."""
    x1, y1, x2, y2 = (scale * side - aligned / 2 for side in box)
    width, height = x2 - x1, y2 - y1
    if not aligned:
        width, height = max(width, 1), max(height, 1)
    result = np.zeros((len(features), size, size))
    for i in range(size):
        for j in range(size):
            for k in range(ratio):
                for m in range(ratio):
                    y = y1 + height / size * (i + (k + 0.5) / ratio)
                    x = x1 + width / size * (j + (m + 0.5) / ratio)
                    result[:, i, j] += interpolated(features, x, y) / ratio**2
    return result


def maps(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


BOXES = [
    torch.tensor([[3.0, 5, 20, 30], [-4, -6, 8, 9], [20, 25, 40, 60], [7, 7, 7.5, 7.25]]).double(),
    torch.zeros(0, 4).double(),
    torch.tensor([[0.0, 0, 28, 36], [200, 200, 220, 210]]).double(),
]


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize(("size", "ratio"), [(1, 1), (2, 2), (7, 1), (3, 4)])
@pytest.mark.parametrize(("shape", "scale"), [((9, 7), 0.25), ((9, 7), 1.0), ((1, 5), 0.25)])
def test_the_definition(aligned, size, ratio, shape, scale):
    features = maps(3, 2, *shape)
    got = roi_align(
        features, BOXES, size, spatial_scale=scale, sampling_ratio=ratio, aligned=aligned
    )
    expected = [
        by_definition(image.numpy(), box.tolist(), size, scale, ratio, aligned)
        for image, rows in zip(features, BOXES, strict=True)
        for box in rows
    ]
    np.testing.assert_allclose(got, expected, atol=1e-12)
    assert got.shape == (6, 2, size, size)


TORCHVISION = {  # 0.28.0, computed once: grids of 2 x 2 cells with 2 x 2 points each
    True: [
        [[2.496875, 4.321875], [18.134375, 23.334375]],
        [[6.46875, 6.95703125], [26.071875, 27.0962890625]],
        [[16.25546875, 16.56015625], [17.06640625, 17.38046875]],
    ],
    False: [
        [[6.909375, 10.059375], [27.946875, 34.471875]],
        [[11.8126953125, 13.40390625], [30.8514160156, 33.4822265625]],
        [[31.55, 33.3125], [40.7375, 42.7625]],
    ],
}


@pytest.mark.parametrize("aligned", [True, False])
def test_values_of_torchvision(aligned):
    features = torch.arange(24.0).double().reshape(1, 1, 4, 6) ** 2 / 10
    boxes = torch.tensor([[2, 1, 17, 13], [-2, 4, 5, 15.5], [9, 9, 10, 9.5]]).double()
    got = roi_align(features, [boxes], 2, spatial_scale=0.25, aligned=aligned)
    np.testing.assert_allclose(got[:, 0], TORCHVISION[aligned], rtol=1e-9)


def test_aligned_samples_a_plane_where_the_box_is():
    """On a map whose entries are the coordinates of their centres a cell's mean is its centre."""
    stride, side = 4, 16
    centres = (torch.arange(side).double() + 0.5) * stride
    plane = centres.expand(1, 1, side, side)
    box = torch.tensor([[9.0, 11, 33, 43]]).double()
    x1, cell = 9, (33 - 9) / 4
    expected = torch.tensor([x1 + cell * (k + 0.5) for k in range(4)]).double()
    got = roi_align(plane, [box], 4, spatial_scale=1 / stride)
    torch.testing.assert_close(got[0, 0], expected.expand(4, 4))
    late = roi_align(plane, [box], 4, spatial_scale=1 / stride, aligned=False)
    torch.testing.assert_close(late[0, 0], expected.expand(4, 4) + stride / 2)


def test_the_gradient_is_that_of_the_definition():
    features = maps(1, 2, 5, 6).requires_grad_()
    boxes = [torch.tensor([[1.0, 2, 17, 13], [-3, -3, 9, 30]]).double()]
    torch.autograd.gradcheck(
        lambda f: roi_align(f, boxes, 3, spatial_scale=0.25), (features,), fast_mode=True
    )


def test_boxes_are_constants():
    boxes = torch.tensor([[1.0, 2, 17, 13]]).requires_grad_()
    pooled = roi_align(torch.rand(1, 1, 5, 5).requires_grad_(), [boxes], 2, spatial_scale=0.25)
    pooled.sum().backward()
    assert boxes.grad is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output_size": 0}, "output_size must be a whole number >= 1, got 0"),
        ({"sampling_ratio": 0}, "sampling_ratio must be a whole number >= 1, got 0"),
        ({"spatial_scale": 0.0}, "spatial_scale must be a finite number > 0"),
        ({"boxes": []}, "one tensor for each of the 1 images, got 0"),
        ({"boxes": [torch.zeros(4)]}, r"boxes must have shape \(R, 4\), got \(4,\)"),
    ],
)
def test_bad_input(change, message):
    arguments = {"boxes": [torch.zeros(1, 4)], "output_size": 2, "spatial_scale": 0.5} | change
    with pytest.raises(ValueError, match=message):
        roi_align(torch.zeros(1, 1, 4, 4), **arguments)
