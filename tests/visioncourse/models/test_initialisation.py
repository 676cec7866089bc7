"""Initial weights: their distribution, their repetition, and what stays as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from visioncourse.models.blocks.initialisation import initialise


def layers():
    return nn.Sequential(nn.Conv2d(16, 64, 3), nn.BatchNorm2d(64), nn.Linear(300, 200))


@pytest.mark.parametrize(("index", "fan_in"), [(0, 16 * 9), (2, 300)])
def test_weights_have_the_variance_of_he(index, fan_in):
    model = layers()
    initialise(model, 0)
    weight = model[index].weight.detach().numpy().ravel()
    # The standard errors of mean and deviation of n normal numbers.
    sigma, n = np.sqrt(2 / fan_in), weight.size
    assert abs(weight.mean()) < 4 * sigma / np.sqrt(n)
    assert abs(weight.std() - sigma) < 4 * sigma / np.sqrt(2 * n)
    assert (model[index].bias == 0).all()


def test_activations_keep_their_size_through_many_layers():
    model = nn.Sequential(*[nn.Sequential(nn.Linear(256, 256), nn.ReLU()) for _ in range(12)])
    initialise(model, 0)
    x = torch.randn(100, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ratio = (model(x).square().mean() / x.square().mean()).item()
    assert 0.3 < ratio < 3


def test_a_seed_decides_all_and_normalisation_stays():
    first, second, other = layers(), layers(), layers()
    initialise(first, 5)
    torch.manual_seed(7)
    initialise(second, 5)
    initialise(other, 6)
    for name, values in first.state_dict().items():
        assert torch.equal(values, second.state_dict()[name])
    assert not torch.equal(first[0].weight, other[0].weight)
    assert (first[1].weight == 1).all() and (first[1].bias == 0).all()


def test_the_numbers_are_numpys():
    model = nn.Linear(2, 3)
    initialise(model, 1)
    expected = np.random.default_rng(1).standard_normal((3, 2)).astype(np.float32)
    np.testing.assert_array_equal(model.weight.detach().numpy(), expected)
