"""The metric, the arithmetic of networks and the loop on drawn numbers."""

import hidden_oracle as oracle
import pytest


@pytest.mark.points(3)
@pytest.mark.see("segmentation/metrics.html#which-pixels-which-classes-which-mean", "the mean IoU")
def test_hidden_mean_iou(student, expect, rng):
    """Images of different sizes with void pixels, a class that occurs nowhere, one never found."""
    sizes = [(5, 7), (3, 4), (8, 2)]
    truths = [rng.choice([0, 1, 2, 4, 255], size=size) for size in sizes]
    predictions = [rng.choice([0, 1, 2], size=size) for size in sizes]
    want = oracle.mean_of_ious(truths, predictions, 6)
    expect(student.mean_iou(truths, predictions, 6), want)


@pytest.mark.points(2)
@pytest.mark.see("segmentation/fcn.html#equation-eq-receptive-field", "the receptive field")
def test_hidden_receptive_field(student, expect, rng):
    """Any layers, in one of which kernel, stride and dilation all matter; none."""
    layers = [tuple(layer) for layer in rng.integers((1, 1, 1), (5, 4, 4), size=(4, 3)).tolist()]
    layers.insert(int(rng.integers(5)), tuple(rng.integers(2, 5, size=3).tolist()))
    expect(student.receptive_field(layers), oracle.span_and_shift(layers))
    expect(student.receptive_field([]), (1, 1))


@pytest.mark.points(3)
@pytest.mark.see(
    "segmentation/fcn.html#equation-eq-transposed-convolution",
    "transposed convolution",
)
def test_hidden_transposed_convolution(student, expect, rng):
    """Any kernel, with stamps that overlap and stamps that do not."""
    x = rng.normal(size=(3, 4))
    for k, stride in ((3, 2), (2, 3), (4, 1)):
        w = rng.normal(size=(k, k))
        expect(student.transposed_convolution(x, w, stride), oracle.gathered(x, w, stride))


@pytest.mark.points(3)
@pytest.mark.see("segmentation/unet.html#sizes-without-padding", "the U-Net")
def test_hidden_join_skip(student, expect, rng):
    """Any sizes, even and odd."""
    for rows, columns in ((0, 0), (2, 3), (5, 1)):
        deep, skip = rng.normal(size=(3, 2, 4)), rng.normal(size=(2, 4 + rows, 8 + columns))
        expect(student.join_skip(deep, skip), oracle.joined(deep, skip))


@pytest.mark.points(3)
@pytest.mark.see("segmentation/networks.html#a-network-and-one-step", "a network and one step")
def test_hidden_train(student, expect, rng):
    """Drawn images; of so many steps some turn the images and some do not."""
    images, labels = rng.normal(size=(5, 2, 4, 3)), rng.integers(0, 3, size=(5, 4, 3))
    seed, rate = int(rng.integers(1000)), float(rng.uniform(0.1, 0.5))
    got = student.train(images, labels, 3, 24, rate, seed)
    expect(got, oracle.descend(images, labels, 3, 24, rate, seed), rtol=1e-5, atol=1e-7)
