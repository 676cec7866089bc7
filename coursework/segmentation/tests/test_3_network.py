"""What a network is made of: how far it sees, how it grows a map, how it joins two."""

import numpy as np
import pytest

FIELD = "segmentation/fcn.html#equation-eq-receptive-field"
GROWN = "segmentation/fcn.html#equation-eq-transposed-convolution"
SKIP = "segmentation/unet.html#the-shape-of-the-network"
CROP = "segmentation/unet.html#sizes-without-padding"


@pytest.mark.points(1)
@pytest.mark.see(FIELD, "the receptive field")
def test_receptive_field_of_a_stack(student, expect):
    """Three convolutions with a kernel of 3 see 7 pixels."""
    expect(
        student.receptive_field([(3, 1, 1)] * 3),
        (7, 1),
        mistakes={
            "these are the kernels added up: each layer adds k - 1": (9, 1),
            "these are the kernels added up, and one: each layer adds k - 1": (10, 1),
            "the pixel itself is missing: start at 1": (6, 1),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(FIELD, "the receptive field")
def test_receptive_field_with_strides(student, expect):
    """After strides of 2 and 2 a step is 4 pixels long: 1 + 2 + 2 · 2 + 2 · 4."""
    expect(
        student.receptive_field([(3, 2, 1), (3, 2, 1), (3, 1, 1)]),
        (15, 4),
        mistakes={
            "a layer's own stride was counted: take the strides before it": (21, 4),
            "the strides multiply: 2 and 2 make 4 in the receptive field, too": (7, 4),
            "strides are left out": (7, 1),
            "strides multiply, they do not add up": (13, 5),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(FIELD, "the receptive field")
def test_receptive_field_with_dilation(student, expect):
    """Dilations of 1, 2 and 4: 1 + 2 + 4 + 8."""
    expect(
        student.receptive_field([(3, 1, 1), (3, 1, 2), (3, 1, 4)]),
        (15, 1),
        mistakes={
            "the dilation is left out: it stretches the k - 1 steps of the kernel": (7, 1),
            "a kernel of k with dilation d reaches (k - 1) d + 1 pixels, not k d": (19, 1),
            "a dilation is no stride: it stretches its own layer alone": (15, 8),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(GROWN, "transposed convolution")
def test_transposed_convolution_by_hand(student, expect):
    """A kernel of 2 at stride 2: four stamps side by side."""
    x, w = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [2.0, 3.0]])
    expect(
        student.transposed_convolution(x, w, 2),
        np.kron(x, w),
        mistakes={
            "the kernel is flipped: entry w[a, b] goes to row i s + a": np.kron(x, w[::-1, ::-1]),
            "rows and columns of the kernel are swapped": np.kron(x, w.T),
            "image and kernel are swapped: print w once for every entry of x": np.kron(w, x),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(GROWN, "transposed convolution")
def test_transposed_convolution_adds_up(student, expect):
    """At stride 1 the stamps overlap: their values add up."""
    w = np.array([[1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    expect(
        student.transposed_convolution(np.array([[1.0, 2.0]]), w, 1),
        np.array([[1.0, 4, 5, 2], [0, 0, 0, 0], [1, 2, 0, 0]]),
        mistakes={
            "the later stamp overwrites the earlier one: add with +=": np.array(
                [[1.0, 2, 4, 2], [0, 0, 0, 0], [1, 2, 0, 0]]
            ),
            "the kernel is flipped: entry w[a, b] goes to row i s + a": np.array(
                [[0.0, 0, 1, 2], [0, 0, 0, 0], [1, 4, 5, 2]]
            ),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(GROWN, "transposed convolution")
def test_transposed_convolution_with_gaps(student, expect):
    """At stride 3 a kernel of 2 leaves a column of zeros between two stamps."""
    row = [1.0, 1, 0, 2, 2]
    expect(
        student.transposed_convolution(np.array([[1.0, 2.0]]), np.ones((2, 2)), 3),
        np.array([row, row]),
        mistakes={
            "the map is too large: the last stamp needs k places, not s": np.array(
                [[*row, 0], [*row, 0], [0] * 6]
            ),
        },
        hint="there are (H - 1) s + k rows and (W - 1) s + k columns",
    )


@pytest.mark.points(1)
@pytest.mark.see(SKIP, "the U-Net")
def test_join_skip_doubles(student, expect):
    """Every value of the deep map becomes a block of 2 × 2."""
    skip, deep = np.zeros((1, 2, 4)), np.array([[[1.0, 2.0]]])
    expect(
        student.join_skip(deep, skip),
        np.array([[[0.0] * 4] * 2, [[1.0, 1, 2, 2]] * 2]),
        mistakes={
            "the skip's channels come first": np.array([[[1.0, 1, 2, 2]] * 2, [[0.0] * 4] * 2]),
            "this repeats the whole map: repeat every value": np.array(
                [[[0.0] * 4] * 2, [[1.0, 2, 1, 2]] * 2]
            ),
            "the two maps are added up: stack their channels": np.array([[[1.0, 1, 2, 2]] * 2]),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(CROP, "sizes without padding")
def test_join_skip_crops_the_middle(student, expect):
    """Of 4 rows the middle two stay; of 3 rows the first two, of 5 columns the second and third."""
    deep, four, odd = np.full((1, 1, 1), 5.0), np.arange(16.0), np.arange(15.0).reshape(1, 3, 5)
    block = np.full((1, 2, 2), 5.0)
    expect(
        student.join_skip(deep, four.reshape(1, 4, 4)),
        np.concatenate([np.array([[[5.0, 6], [9, 10]]]), block]),
        mistakes={
            "this is the corner: crop the middle": np.concatenate(
                [np.array([[[0.0, 1], [4, 5]]]), block]
            ),
            "this is the far corner: crop the middle": np.concatenate(
                [np.array([[[10.0, 11], [14, 15]]]), block]
            ),
        },
    )
    expect(
        student.join_skip(deep, odd),
        np.concatenate([np.array([[[1.0, 2], [6, 7]]]), block]),
        mistakes={
            "the crop is off by one: where an odd number of rows goes, round the first one that "
            "stays down": np.concatenate([np.array([[[7.0, 8], [12, 13]]]), block]),
        },
    )
