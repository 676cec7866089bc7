"""The network: what it returns, and how well it does on scenes that everybody may see."""

import numpy as np
import pytest
from small_world import are_labels, draw_scenes, score

SEE = ("segmentation/unet.html#the-shape-of-the-network", "the U-Net")
MODE = (
    "segmentation/unet.html#predicting-in-training-mode",
    "predicting in training mode",
)
VISIBLE = tuple(range(5000, 5024))
WEIGHTS = "weights.npz"


@pytest.mark.points(1)
@pytest.mark.see("notation.html#images", "images and label maps")
def test_predict_gives_label_maps(student, expect):
    """Three images of 48 × 48 pixels give labels (3, 48, 48): whole numbers from 0 to 4."""
    images, _ = draw_scenes(VISIBLE)
    got = student.predict(images[:3], student.arrays(WEIGHTS))
    shape = np.shape(got) if isinstance(got, np.ndarray) else None
    expect.that(
        are_labels(got, (3, 48, 48)),
        "an array (3, 48, 48) of whole numbers from 0 to 4",
        mistakes={
            "these are numbers for every class: take the argmax over the classes": (
                shape is not None and len(shape) == 4
            ),
            "the axes are mixed up: the classes are axis 1 of the logits": (
                shape in ((3, 5, 48), (48, 48, 3), (5, 48, 48))
            ),
            "the labels must be whole numbers": (
                shape == (3, 48, 48) and got.dtype.kind not in "iu"
            ),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(*MODE)
def test_predict_sees_each_image_alone(student, expect):
    """An image gets the same labels alone and among others; no image gives no label map."""
    images, _ = draw_scenes(VISIBLE)
    weights = student.arrays(WEIGHTS)
    together = student.predict(images[:6], weights)
    none = student.predict(images[:0], weights)
    alone = student.predict(images[:1], weights)
    fine = are_labels(together, (6, 48, 48)) and are_labels(alone, (1, 48, 48))
    # Where two classes are equally likely, the last bit of a sum decides.
    same = fine and float(np.mean(together[:1] == alone)) > 0.995
    expect.that(
        bool(same and are_labels(none, (0, 48, 48))),
        "the labels that this image got among six others, but for a few pixels; and an empty "
        "array (0, 48, 48) without an image",
        mistakes={
            "its labels depend on the other images: call network.eval(), or batch normalisation "
            "takes its statistics from the batch": fine and not same,
            "without an image there is no label map": bool(same),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(*SEE)
def test_predict_beats_half(student, expect):
    """The mean IoU on 24 visible scenes reaches 0.50."""
    images, truth = draw_scenes(VISIBLE)
    miou, each = score(student.predict(images, student.arrays(WEIGHTS)), truth)
    expect.that(
        miou >= 0.5,
        f"a mean IoU of 0.50 or more; yours is {miou:.2f} ({each})",
        mistakes={
            "hardly better than one pixel alone: are these the weights of this network, do "
            "training and predict get the images in the same form, and does your network look at "
            "neighbours?": miou < 0.30,
            "better than one pixel: let it see farther, keep the fine map by a skip, train "
            "longer": miou >= 0.30,
        },
    )
