"""RetinaNet, SSD and YOLO: what is theirs alone, against loops over anchors and cells."""

import math

import pytest
import torch

from visioncourse.detection import assign_anchors, box_iou, complete_box_iou, encode_boxes
from visioncourse.models import SSD, YOLO, RetinaNet

TRUTH = [
    {
        "boxes": torch.tensor([[3, 4, 15, 17], [20, 2, 38, 30], [22, 20, 31, 29.0]]),
        "labels": torch.tensor([1, 3, 2]),
    },
    {"boxes": torch.tensor([[1, 1, 11, 12.0]]), "labels": torch.tensor([2])},
    {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)},
]
SMALL = {"widths": (8, 16, 24, 24)}


def images(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((3, 3, 34, 40), generator=generator, dtype=torch.float64)


def ready(model):
    return model.double().eval()


def log_sigmoid(z):
    return -math.log1p(math.exp(-z))


def smooth_l1(error, beta):
    error = abs(error)
    return error**2 / (2 * beta) if error < beta else error - beta / 2


def owners(anchors, target, low, high):
    return assign_anchors(
        anchors, target["boxes"].double(), foreground_threshold=high, background_threshold=low
    ).tolist()


@pytest.mark.parametrize(("alpha", "gamma"), [(0.25, 2.0), (0.75, 0.0)])
def test_retinanet_is_judged_at_every_anchor_that_is_not_ignored(alpha, gamma):
    model = ready(RetinaNet(4, strides=(4, 8), width=16, alpha=alpha, gamma=gamma, **SMALL))
    logits, deltas, anchors = model(images())
    focal = box = positives = 0
    for row, target in enumerate(TRUTH):
        for a, owner in enumerate(owners(anchors, target, 0.4, 0.5)):
            for k in range(3 if owner != -2 else 0):
                z = logits[row, a, k].item()
                true = owner >= 0 and target["labels"][owner] == k + 1
                weight, z = (alpha, z) if true else (1 - alpha, -z)
                missing = 1 - math.exp(log_sigmoid(z))
                focal -= weight * missing**gamma * log_sigmoid(z)
            if owner >= 0:
                positives += 1
                goal = encode_boxes(target["boxes"][owner].double(), anchors[a])
                box += sum(smooth_l1(d, 1 / 9) for d in (deltas[row, a] - goal).tolist())
    losses = model.losses(images(), TRUTH)
    assert losses["classification"].item() == pytest.approx(focal / positives, rel=1e-9)
    assert losses["box"].item() == pytest.approx(box / positives, rel=1e-9)
    assert positives > 5


def test_retinanet_says_at_first_that_nothing_is_there():
    for seed in range(3):
        probabilities = RetinaNet(6, seed=seed).eval()(images().float())[0].sigmoid()
        assert probabilities.mean().item() == pytest.approx(0.01, rel=0.2)


def test_retinanet_without_pyramid_has_the_same_weights():
    full, rival = (RetinaNet(6, pyramid=pyramid).state_dict() for pyramid in (True, False))
    assert all(torch.equal(full[name], rival[name]) for name in full) and len(full) == len(rival)


def test_ssd_counts_objects_and_the_hardest_of_the_background():
    model = ready(SSD(4, strides=(4, 8), negatives=2.5, **SMALL))
    logits, deltas, defaults = model(images())
    log_p = logits.log_softmax(dim=-1)
    entropy = box = positives = 0
    for row, target in enumerate(TRUTH):
        owner = owners(defaults, target, 0.5, 0.5)
        found = [a for a, index in enumerate(owner) if index >= 0]
        rest = sorted(-log_p[row, a, 0].item() for a, index in enumerate(owner) if index < 0)
        hard = rest[-math.ceil(2.5 * max(len(found), 1)) :]
        entropy += sum(hard)
        for a in found:
            entropy -= log_p[row, a, target["labels"][owner[a]]].item()
            goal = encode_boxes(
                target["boxes"][owner[a]].double(), defaults[a], weights=(10, 10, 5, 5)
            )
            box += sum(smooth_l1(d, 1) for d in (deltas[row, a] - goal).tolist())
        positives += len(found)
    losses = model.losses(images(), TRUTH)
    assert losses["classification"].item() == pytest.approx(entropy / positives, rel=1e-9)
    assert losses["box"].item() == pytest.approx(box / positives, rel=1e-9)


def test_ssd_mines_among_the_background_of_each_image():
    model = SSD(3, negatives=1.0)
    entropies = torch.tensor([[5.0, 4, 3, 2, 1], [1, 2, 3, 4, 5], [0, 0, 0, 0, 0]])
    found = torch.tensor([[1, 0, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]).bool()
    hard = torch.tensor([[0, 1, 1, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]).bool()
    assert torch.equal(model.hard_negatives(entropies, found), hard)


def test_ssd_refuses_a_stride_that_its_encoder_lacks():
    with pytest.raises(ValueError, match=r"strides must be some of \[1, 2, 4, 8\], got \(4, 16\)"):
        SSD(3, strides=(4, 16), **SMALL)


def test_yolo_has_one_cell_for_each_object():
    model = YOLO(4, stride=4, width=16, **SMALL)
    image, cell, boxes, labels = model.responsible(images(), TRUTH)  # 9 rows of 10 cells
    # The centres are (9, 10.5), (29, 16), (26.5, 24.5) and, of the second image, (6, 6.5).
    assert image.tolist() == [0, 0, 0, 1]
    assert cell.tolist() == [2 * 10 + 2, 4 * 10 + 7, 6 * 10 + 6, 1 * 10 + 1]
    assert torch.equal(boxes, torch.cat([target["boxes"] for target in TRUTH]))
    assert labels.tolist() == [1, 3, 2, 2]


def test_of_two_objects_in_a_yolo_cell_the_front_one_is_found():
    model = YOLO(4, stride=4, width=16, **SMALL)
    boxes = torch.tensor([[0, 0, 12, 12], [5, 5, 7, 7], [20, 20, 40, 34.0]])
    target = {"boxes": boxes, "labels": torch.tensor([1, 2, 3])}
    _, cell, boxes, labels = model.responsible(images()[:1], [target])
    assert cell.tolist() == [11, 67] and labels.tolist() == [2, 3]
    assert boxes[0].tolist() == [5, 5, 7, 7]


def test_yolo_boxes_are_those_of_their_cells():
    model = ready(YOLO(3, stride=8, width=16, size=12, **SMALL))
    x = images()
    outputs = model.head(model.pyramid(model.encoder(x))[8])
    boxes, objectness, logits = model(x)
    assert outputs.shape == (3, 4 + 1 + 2, 5, 5) and boxes.shape == (3, 25, 4)
    for row, column in ((0, 0), (2, 4), (4, 1)):
        t = outputs[1, :, row, column]
        centre = 8 * (torch.tensor([column, row]) + t[:2].sigmoid())
        sides = 12 * t[2:4].exp()
        expected = torch.cat([centre - sides / 2, centre + sides / 2])
        torch.testing.assert_close(boxes[1, 5 * row + column], expected)
        assert objectness[1, 5 * row + column] == t[4]
        assert torch.equal(logits[1, 5 * row + column], t[5:])


def test_yolo_losses():
    model = ready(YOLO(4, width=16, **SMALL))
    boxes, objectness, logits = model(images())
    image, cell, truth, labels = model.responsible(images(), TRUTH)
    found, truth = boxes[image, cell], truth.double()
    goals = torch.zeros_like(objectness)
    goals[image, cell] = box_iou(found, truth).diagonal()
    p = objectness.sigmoid()
    expected = {
        "box": (1 - complete_box_iou(found, truth).diagonal()).sum(),
        "objectness": -(goals * p.log() + (1 - goals) * (1 - p).log()).sum(),
        "classification": -logits[image, cell].log_softmax(1)[range(4), labels - 1].sum(),
    }
    losses = model.losses(images(), TRUTH)
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value.detach() / 4, check_dtype=False)
