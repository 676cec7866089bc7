"""Eight views of an image, averaged."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from visioncourse.models import UNet
from visioncourse.models.mirroring import MIRRORINGS, mirror_averaged, mirrored


def random(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


class Ramp(nn.Module):
    """Knows no image but the place: the second class's logit is the number of the column."""

    def forward(self, images):
        columns = torch.arange(images.shape[-1], dtype=images.dtype).expand_as(images[:, 0])
        return torch.stack([torch.zeros_like(columns), columns], dim=1)


def test_mirrorings_are_the_eight_symmetries_of_a_square():
    square = np.arange(9).reshape(3, 3)
    turned = [np.rot90(square, turns) for turns in range(4)]
    expected = {image.tobytes() for image in [*turned, *(image[:, ::-1] for image in turned)]}
    views = [mirrored(torch.from_numpy(square), *g).numpy() for g in MIRRORINGS]
    assert len(views) == 8
    assert {view.tobytes() for view in views} == expected


@pytest.mark.parametrize("g", MIRRORINGS)
def test_back_undoes_it(g):
    images = random(2, 3, 4, 5)
    assert torch.equal(mirrored(mirrored(images, *g), *g, back=True), images)


def test_the_mean_by_hand():
    """On 1 x 2 pixels: four views see a row of two, four a column of two, whose places are 0."""
    first, second = 1 / 2, 1 / (1 + np.exp(-1))  # probabilities of class 1 in columns 0 and 1
    row = (first + second) / 2  # each pixel is twice the left one and twice the right one
    expected = (4 * row + 4 * first) / 8
    probabilities = mirror_averaged(Ramp(), random(1, 3, 1, 2))
    assert probabilities[0, 1].tolist() == [[pytest.approx(expected)] * 2]
    assert torch.allclose(probabilities.sum(dim=1), torch.ones(1, 1, 2))


def test_a_mirrored_image_gives_the_mirrored_answer():
    model, images = UNet(3, widths=(4, 8), seed=1), random(2, 3, 9, 12)
    answer = mirror_averaged(model, images)
    assert answer.shape == (2, 3, 9, 12)
    for g in itertools.product((False, True), repeat=3):
        assert torch.allclose(
            mirror_averaged(model, mirrored(images, *g)), mirrored(answer, *g), atol=1e-6
        )
    plain = model.eval()(images).softmax(dim=1)
    assert not torch.allclose(plain, answer, atol=1e-3)


def test_the_model_is_left_as_it_was_and_no_image_gives_no_answer():
    model = UNet(3, widths=(4, 8)).train()
    assert mirror_averaged(model, torch.zeros(0, 3, 8, 8)).shape == (0, 3, 8, 8)
    assert model.training
