"""The feature pyramid against its definition."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from visioncourse.models.blocks.pyramid import FeaturePyramid

CHANNELS = {2: 4, 4: 6, 8: 10}


def features(sizes):
    rng = np.random.default_rng(0)
    return {
        stride: torch.tensor(rng.normal(size=(2, CHANNELS[stride], *size)))
        for stride, size in sizes.items()
    }


@pytest.mark.parametrize(
    "sizes", [{2: (12, 8), 4: (6, 4), 8: (3, 2)}, {2: (7, 9), 4: (4, 5), 8: (2, 3)}]
)
def test_coarse_maps_are_repeated_and_added(sizes):
    pyramid, given = FeaturePyramid(CHANNELS, 5).double(), features(sizes)
    maps = pyramid(given)
    assert list(maps) == [2, 4, 8]
    assert {stride: tuple(x.shape[2:]) for stride, x in maps.items()} == sizes
    inner = None
    for stride in (8, 4, 2):
        own = pyramid.lateral[str(stride)](given[stride])
        if inner is not None:
            height, width = own.shape[2:]
            rows = torch.arange(height) * inner.shape[2] // height
            columns = torch.arange(width) * inner.shape[3] // width
            own = own + inner[:, :, rows][..., columns]
        inner = own
        layer = pyramid.smooth[str(stride)]
        expected = functional.conv2d(inner, layer.weight, layer.bias, padding=1)
        torch.testing.assert_close(maps[stride], expected)


@pytest.mark.parametrize("top_down", [True, False])
def test_only_the_way_down_brings_coarse_features_to_fine_maps(top_down):
    pyramid = FeaturePyramid(CHANNELS, 5, top_down=top_down).double()
    given = features({2: (8, 8), 4: (4, 4), 8: (2, 2)})
    before = pyramid(given)
    after = pyramid(given | {8: given[8] + 1})
    assert not torch.equal(before[8], after[8])
    assert torch.equal(before[2], after[2]) == (not top_down)


def test_both_ways_have_the_same_weights():
    with_way, without = (FeaturePyramid(CHANNELS, 5, top_down=t).state_dict() for t in (1, 0))
    assert {k: v.shape for k, v in with_way.items()} == {k: v.shape for k, v in without.items()}


def test_some_strides():
    pyramid = FeaturePyramid(CHANNELS, 3, (8, 4))
    assert pyramid.strides == [4, 8]
    assert set(pyramid.lateral) == {"4", "8"}


def test_only_some_maps_are_wanted():
    pyramid, given = (
        FeaturePyramid(CHANNELS, 3, outputs=[2]).double(),
        features({2: (8, 8), 4: (4, 4), 8: (2, 2)}),
    )
    full = FeaturePyramid(CHANNELS, 3).double()
    full.load_state_dict(pyramid.state_dict(), strict=False)
    maps = pyramid(given)
    assert list(maps) == [2] and set(pyramid.smooth) == {"2"}
    assert torch.equal(maps[2], full(given)[2])
    with pytest.raises(ValueError, match=r"outputs must be some of \[4, 8\], got \[2\]"):
        FeaturePyramid(CHANNELS, 3, [4, 8], outputs=[2])


@pytest.mark.parametrize("strides", [(), (16,)])
def test_strides_without_features(strides):
    with pytest.raises(ValueError, match=r"strides must be some of \[2, 4, 8\]"):
        FeaturePyramid(CHANNELS, 3, strides)


def test_a_width_out_of_range():
    with pytest.raises(ValueError, match="width must be a whole number >= 1, got 0"):
        FeaturePyramid(CHANNELS, 0)
