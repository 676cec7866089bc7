"""Areas, overlaps and the loss of pairs: boxes that one can draw on squared paper."""

import numpy as np
import pytest

from coursegrader import Tensor

A = np.array([[0.0, 0.0, 10.0, 10.0]])
B = np.array([[5.0, 5.0, 15.0, 15.0]])  # shares 25 with A
FAR = np.array([[20.0, 0.0, 30.0, 10.0]])  # to the right of A
BELOW = np.array([[20.0, 30.0, 30.0, 50.0]])  # to the right of A and below
NOTHING = np.zeros((0, 4))


@pytest.mark.points(1)
@pytest.mark.see("notation.html#images", "how this course writes boxes")
def test_box_area_by_hand(student, expect):
    """A box from (2, 1) to (5, 3) has the area 3 · 2 = 6."""
    expect(
        student.box_area(np.array([[2.0, 1.0, 5.0, 3.0]])),
        np.array([6.0]),
        mistakes={
            "this counts whole pixels, with + 1: the width is x2 - x1": np.array([12.0]),
            "this reads the box as (x1, y1, width, height): subtract the near corner": np.array(
                [15.0]
            ),
            "this reads the box as (x1, x2, y1, y2)": np.array([2.0]),
            "this is the sum of the sides: multiply them": np.array([5.0]),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.box_area", "areas in the package"
)
def test_box_area_of_any_shape(student, expect):
    """Boxes of the shape (2, 1, 4) have areas of the shape (2, 1)."""
    expect(
        student.box_area(np.stack([A, BELOW])),
        np.array([[100.0], [200.0]]),
        mistakes={
            "this counts whole pixels, with + 1: the width is x2 - x1": np.array(
                [[121.0], [231.0]]
            ),
        },
        hint="boxes[..., 2] is x2 of all boxes, whatever axes stand before the last",
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.box_iou", "intersection over union"
)
def test_box_iou_by_hand(student, expect):
    """Two squares of 100 that share 25 have an IoU of 25 / 175."""
    expect(
        student.box_iou(A, B),
        np.array([[25 / 175]]),
        mistakes={
            "the union counts the intersection twice: |A| + |B| - |A ∩ B|": np.array([[25 / 200]]),
            "this counts whole pixels, with + 1": np.array([[36 / (2 * 121 - 36)]]),
            "the areas count whole pixels, with + 1: the width is x2 - x1": np.array(
                [[25 / (2 * 121 - 25)]]
            ),
            "this is the intersection over *one* of the boxes": np.array([[0.25]]),
            "this is the intersection itself: divide it by the union": np.array([[25.0]]),
            "this reads the boxes as (x1, x2, y1, y2)": np.array([[0.0]]),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.box_iou", "intersection over union"
)
def test_box_iou_of_boxes_apart(student, expect):
    """A box to the right shares nothing, and one to the right and below neither."""
    expect(
        student.box_iou(A, np.concatenate([FAR, BELOW])),
        np.array([[0.0, 0.0]]),
        mistakes={
            "a negative width times a negative height is a positive area: cut the sides at 0 "
            "before you multiply": np.array([[0.0, 200 / 100]]),
            "a negative width makes a negative area: cut the sides at 0": np.array(
                [[-100 / 300, 200 / 100]]
            ),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.box_iou", "intersection over union"
)
def test_box_iou_of_every_pair(student, expect):
    """Two boxes against three make a matrix of two rows and three columns."""
    expect(
        student.box_iou(np.concatenate([A, FAR]), np.concatenate([B, A, FAR])),
        np.array([[25 / 175, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        mistakes={
            "rows and columns are swapped: a row belongs to a box of boxes1": np.array(
                [[25 / 175, 0.0], [1.0, 0.0], [0.0, 1.0]]
            ),
            "the areas count whole pixels, with + 1: the width is x2 - x1": np.array(
                [[25 / 217, 100 / 142, 0.0], [0.0, 0.0, 100 / 142]]
            ),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.box_iou", "intersection over union"
)
def test_box_iou_without_an_area(student, expect):
    """No box makes a matrix without rows; two points have no union, and IoU 0."""
    point = np.array([[3.0, 3.0, 3.0, 3.0]])
    expect(
        student.box_iou(point, point),
        np.array([[0.0]]),
        mistakes={"0/0 is not a number: where the union is 0, IoU is 0": np.array([[np.nan]])},
    )
    expect(student.box_iou(NOTHING, np.concatenate([A, B])), np.zeros((0, 2)))


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.generalized_box_iou", "generalised IoU"
)
def test_giou_loss_by_hand(student, expect):
    """Two squares of 100 that share 25, in a hull of 225: 1 - 25/175 + 50/225."""
    expect(
        student.giou_loss(Tensor(A), Tensor(B)),
        1.0793651,
        kind="Tensor",
        mistakes={
            "this is 1 - IoU: the hull C is missing": 1 - 25 / 175,
            "the second term is divided by the union: divide it by |C|": 1 - 25 / 175 + 50 / 175,
            "the second term has the wrong sign: GIoU is IoU *minus* it": 1 - 25 / 175 - 50 / 225,
            "this is GIoU itself: the loss is 1 - GIoU": 25 / 175 - 50 / 225,
            "the part of C that is empty is |C| minus the *union*": 1 - 25 / 175 + 200 / 225,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.generalized_box_iou", "generalised IoU"
)
def test_giou_loss_of_boxes_apart(student, expect):
    """For boxes that share nothing the loss is above 1, the more the farther apart."""
    expect(
        student.giou_loss(Tensor(A), Tensor(FAR)),
        4 / 3,
        mistakes={
            "this is 1 - IoU, the same at every distance: the hull C is missing": 1.0,
            "the second term is divided by the union: divide it by |C|": 1.5,
            "the second term has the wrong sign: GIoU is IoU *minus* it": 2 / 3,
            "a negative width makes a negative area: cut the sides at 0": 1 + 100 / 300,
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.generalized_iou_loss", "the GIoU loss"
)
def test_giou_loss_is_a_mean(student, expect):
    """Two pairs with the losses 1.0794 and 0 have the mean 0.5397."""
    expect(
        student.giou_loss(Tensor(np.concatenate([A, FAR])), Tensor(np.concatenate([B, FAR]))),
        0.5396825,
        mistakes={
            "this is the sum over the pairs: divide by their number": 1.0793651,
            "boxes come in pairs here, row by row: not every box with every box": 0.9698413,
            "these are the losses of the pairs: take their mean": np.array([1.0793651, 0.0]),
        },
    )


@pytest.mark.points(2)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.detection.generalized_iou_loss", "the GIoU loss"
)
def test_giou_loss_pulls_from_afar(student, expect):
    """Its gradient moves the predicted box towards a target that it does not touch."""
    target = np.array([[20.0, -5.0, 40.0, 15.0]])
    expect(
        student.gradient("giou_loss", A, Tensor(target)),
        np.array([[-0.003125, 0.0125, -0.0125, -0.0125]]),
        mistakes={
            "this is the gradient of 1 - IoU: boxes that do not touch feel no pull": np.zeros(
                (1, 4)
            ),
            "the second term has the wrong sign: the box is pushed away": np.array(
                [[0.003125, -0.0125, 0.0125, 0.0125]]
            ),
        },
        hint="here the loss is 2 - |A ∪ B| / |C| with |A ∪ B| = 500 and |C| = 800",
    )


@pytest.mark.points(1)
@pytest.mark.see("reference/visioncourse.html#visioncourse.detection.nms", "NMS in the package")
def test_nms_by_hand(student, expect):
    """Of two boxes on one object the better one stays, and the one far away."""
    boxes = np.array([[0.0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])
    expect(
        student.nms(boxes, np.array([0.8, 0.9, 0.3]), 0.5),
        [1, 2],
        mistakes={
            "the *worst* score goes first: sort by falling score": [2, 0],
            "the scores are not used: box 0 is first in the list, not the best": [0, 2],
            "the best comes first in the answer: do not sort the indices": [2, 1],
            "nothing was removed: the IoU of boxes 0 and 1 is 9/11": [1, 0, 2],
        },
    )


@pytest.mark.points(1)
@pytest.mark.see("reference/visioncourse.html#visioncourse.detection.nms", "NMS in the package")
def test_nms_at_the_threshold(student, expect):
    """A box whose IoU is exactly the threshold stays."""
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 5]])
    expect(
        student.nms(boxes, np.array([0.9, 0.8]), 0.5),
        [0, 1],
        mistakes={"only an IoU *above* the threshold removes: >, not >=": [0]},
    )


@pytest.mark.points(1)
@pytest.mark.see("reference/visioncourse.html#visioncourse.detection.nms", "NMS in the package")
def test_nms_removed_boxes_remove_nobody(student, expect):
    """0 removes 1; 1 overlaps 2, but is gone; 2 stays."""
    boxes = np.array([[0.0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]])
    expect(
        student.nms(boxes, np.array([0.9, 0.8, 0.7]), 0.5),
        [0, 2],
        mistakes={"box 2 was removed by box 1, which had been removed itself": [0]},
        hint="the IoU of neighbours is 7/13, that of boxes 0 and 2 is 4/16",
    )


@pytest.mark.points(1)
@pytest.mark.see("reference/visioncourse.html#visioncourse.detection.nms", "NMS in the package")
def test_nms_of_ties_and_of_nothing(student, expect):
    """Of equal scores the earlier box goes first; no box gives an empty list."""
    boxes = np.array([[50.0, 50, 60, 60], [0, 0, 10, 10], [1, 0, 11, 10]])
    expect(
        student.nms(boxes, np.array([0.5, 0.5, 0.5]), 0.5),
        [0, 1],
        kind="list",
        mistakes={
            "of equal scores the *later* box went first: use a stable sort of -scores": [2, 0],
            "the *worst* score goes first: sort by falling score": [0, 2],
        },
    )
    expect(student.nms(NOTHING, np.zeros(0), 0.5), [], kind="list")
