"""Faster R-CNN and Mask R-CNN: what is theirs alone, against loops over anchors and regions."""

import math

import pytest
import torch
from torch.nn import functional

from visioncourse import training
from visioncourse.detection import (
    assign_anchors,
    box_iou,
    decode_boxes,
    encode_boxes,
    mean_average_precision,
)
from visioncourse.models import FasterRCNN, MaskRCNN
from visioncourse.models.blocks.proposals import ProposalNetwork
from visioncourse.models.blocks.sampling import owned, sample, sampled_rois
from visioncourse.models.mask_rcnn import pasted
from visioncourse.scenes import make_scene
from visioncourse.scenes.tensors import detection_targets, image_batch

SMALL = {"widths": (8, 16, 24, 24), "width": 16, "strides": (4, 8)}


def rectangle(x1, y1, x2, y2, size=(34, 40)):
    mask = torch.zeros(size, dtype=torch.bool)
    mask[y1:y2, x1:x2] = True
    return mask


def target(*boxes, labels=()):
    masks = [rectangle(*box) for box in boxes]
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "masks": torch.stack(masks) if masks else torch.zeros(0, 34, 40, dtype=torch.bool),
    }


TRUTH = [
    target((3, 4, 15, 17), (20, 2, 38, 30), (22, 20, 31, 29), labels=(1, 3, 2)),
    target((1, 1, 11, 12), labels=(2,)),
    target(),
]


def images(count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((count, 3, 34, 40), generator=generator, dtype=torch.float64)


def ready(model):
    return model.double().eval()


def smooth_l1(error, beta):
    error = abs(error)
    return error**2 / (2 * beta) if error < beta else error - beta / 2


# The first stage.


def test_the_first_stage_is_judged_at_anchors_that_have_an_object_or_surely_none():
    model = ready(FasterRCNN(4, **SMALL))
    objectness, deltas, anchors, _ = model(images())
    entropy = box = count = positives = 0
    for row, truth in enumerate(TRUTH):
        owner = assign_anchors(
            anchors, truth["boxes"].double(), foreground_threshold=0.7, background_threshold=0.3
        ).tolist()
        for a, index in enumerate(owner):
            if index == -2:
                continue
            count += 1
            p = 1 / (1 + math.exp(-objectness[row, a].item()))
            entropy -= math.log(p if index >= 0 else 1 - p)
            if index >= 0:
                positives += 1
                goal = encode_boxes(truth["boxes"][index].double(), anchors[a])
                box += sum(smooth_l1(d, 1 / 9) for d in (deltas[row, a] - goal).tolist())
    losses = model.losses(images(), TRUTH)  # an image has 230 anchors: all are drawn
    assert losses["objectness"].item() == pytest.approx(entropy / count, rel=1e-9)
    assert losses["proposal_box"].item() == pytest.approx(box / count, rel=1e-9)
    assert positives >= 4 and count < 3 * len(anchors)


def test_proposals_are_the_best_boxes_within_the_image_that_repeat_none():
    model = ready(FasterRCNN(4, proposals=12, **SMALL))
    objectness, deltas, anchors, _ = model(images())
    deltas = deltas + 0.3 * torch.randn(deltas.shape, generator=torch.Generator().manual_seed(1))
    objectness[0, 7] = 9.0
    deltas[0, 7, 0] = -40.0  # sure of an object outside the image
    found = model.proposer.proposals(objectness, deltas, anchors, (34, 40))
    limits = torch.tensor([40.0, 34, 40, 34])
    for row, proposals in enumerate(found):
        boxes = decode_boxes(deltas[row], anchors).clamp(min=0).minimum(limits)
        overlaps = box_iou(boxes, boxes)
        kept = []
        for a in objectness[row].argsort(descending=True).tolist():
            sides = boxes[a, 2:] - boxes[a, :2]
            if sides.min() >= 1 and (overlaps[a, kept] <= 0.7).all():
                kept.append(a)
        torch.testing.assert_close(proposals, boxes[kept[:12]])
        assert len(kept) > 12 and not proposals.requires_grad


def test_the_number_of_proposals_out_of_range():
    with pytest.raises(ValueError, match="proposals must be a whole number >= 1, got 0"):
        ProposalNetwork(8, (4,), (2.0,), (1.0,), 0)


# Which boxes teach.


def test_at_most_a_share_of_positives_is_drawn_and_negatives_fill_up():
    positive = torch.arange(100) < 30
    negative = torch.arange(100) >= 50
    drawn = sample(positive, negative, number=40, positive_share=0.25)
    assert drawn[positive].sum() == 10 and drawn[negative].sum() == 30 and drawn.sum() == 40
    few = sample(positive, negative, number=70, positive_share=0.9)
    assert few[positive].all() and few[negative].sum() == 40
    everything = sample(positive, negative, number=1000, positive_share=0.5)
    assert torch.equal(everything, positive | negative)


def test_every_entry_is_drawn_equally_often():
    torch.manual_seed(0)
    positive = torch.tensor([True] * 5 + [False] * 5)
    draws = torch.stack(
        [sample(positive, ~positive, number=4, positive_share=0.5) for _ in range(2000)]
    )
    # 2 of 5 of each: 800 on average, with a standard deviation of 22.
    assert (abs(draws.sum(dim=0) - 800) < 110).all()


def test_regions_belong_to_the_object_that_they_overlap_most():
    proposals = [
        torch.tensor([[3, 4, 15, 16], [20, 0, 38, 30], [24, 20, 31, 29], [0, 20, 12, 33.0]]),
        torch.tensor([[20, 20, 30, 30.0]]),
        torch.tensor([[5, 5, 9, 9.0]]),
    ]
    rois, owners = sampled_rois(proposals, TRUTH, number=64, positive_share=0.5)
    assert [rows.tolist() for rows in owners] == [[0, 1, 2, -1, 0, 1, 2], [-1, 0], [-1]]
    assert torch.equal(rois[0], torch.cat([proposals[0], TRUTH[0]["boxes"]]))
    assert owned("labels", owners, TRUTH).tolist() == [1, 3, 2, 1, 3, 2, 2]


# The second stage.


def drawn(model):
    """Features, regions and their owners, as `losses` draws them."""
    *first, features = model(images())
    proposals = model.proposer.proposals(*first, (34, 40))
    return features, *sampled_rois(proposals, TRUTH, number=1000, positive_share=0.25)


def test_the_second_stage_is_judged_at_every_region():
    model = ready(FasterRCNN(4, rois=1000, **SMALL))
    features, rois, owners = drawn(model)
    entropy = box = count = 0
    for row, (boxes, each) in enumerate(zip(rois, owners, strict=True)):
        logits, deltas = model.judged(features[row, None], [boxes])
        for r, index in enumerate(each.tolist()):
            count += 1
            label = TRUTH[row]["labels"][index] if index >= 0 else 0
            entropy -= logits[r].log_softmax(dim=0)[label].item()
            if index >= 0:
                truth = TRUTH[row]["boxes"][index].double()
                goal = encode_boxes(truth, boxes[r], weights=(10, 10, 5, 5))
                box += sum(smooth_l1(d, 1) for d in (deltas[r] - goal).tolist())
    losses = model.losses(images(), TRUTH)
    assert losses["classification"].item() == pytest.approx(entropy / count, rel=1e-9)
    assert losses["box"].item() == pytest.approx(box / count, rel=1e-9)
    assert box > 0 and len(torch.cat(owners)) == count


def test_few_regions_are_drawn_of_each_image():
    model = FasterRCNN(4, rois=8, **SMALL)
    seen = []
    model.layers.register_forward_hook(lambda *call: seen.append(len(call[2])))
    model.losses(images().float(), TRUTH)
    assert seen == [3 * 8]


def test_a_prediction_moves_the_proposals():
    model = ready(FasterRCNN(3, **SMALL))
    with torch.no_grad():
        model.box_layer.weight.zero_()
        bias = [2.0, 0, 0, 5 * math.log(0.5)]
        model.box_layer.bias.copy_(torch.tensor(bias, dtype=torch.float64))
    *first, _ = model(images(1))
    (proposals,) = model.proposer.proposals(*first, (34, 40))
    (found,) = model.predict(images(1), score_threshold=0.0, iou_threshold=1.0, max_detections=999)
    x1, y1, x2, y2 = proposals.unbind(dim=1)
    shift, quarter = 0.2 * (x2 - x1), 0.25 * (y2 - y1)
    moved = torch.stack([x1 + shift, y1 + quarter, (x2 + shift).clamp(max=40), y2 - quarter], 1)
    distance = abs(found["boxes"][:, None] - moved).amax(dim=2)
    assert len(found["boxes"]) == 2 * len(proposals)
    assert distance.min(dim=0).values.max() < 1e-9 and distance.min(dim=1).values.max() < 1e-9


def test_numbers_out_of_range():
    for name in ("size", "hidden", "rois", "proposals"):
        with pytest.raises(ValueError, match=f"{name} must be a whole number >= 1, got 0"):
            FasterRCNN(3, **{name: 0})
    with pytest.raises(ValueError, match="strides must be some of"):
        FasterRCNN(3, strides=())
    with pytest.raises(ValueError, match="mask_size must be a whole number >= 2, got 0"):
        MaskRCNN(3, mask_size=0)
    with pytest.raises(ValueError, match="mask_size must be even, got 7"):
        MaskRCNN(3, mask_size=7)


# Masks.


def test_mask_rcnn_has_the_weights_and_terms_of_faster_rcnn():
    masked, plain = (
        ready(build(4, rois=1000, seed=3, **SMALL)) for build in (MaskRCNN, FasterRCNN)
    )
    shared = {k: v for k, v in masked.state_dict().items() if not k.startswith("mask_head")}
    assert shared.keys() == plain.state_dict().keys()
    assert all(torch.equal(shared[name], value) for name, value in plain.state_dict().items())
    terms = masked.losses(images(), TRUTH)
    for name, value in plain.losses(images(), TRUTH).items():
        torch.testing.assert_close(terms[name], value)


def test_the_goal_of_a_mask_is_what_its_region_shows_of_the_object():
    model = MaskRCNN(4, mask_size=4, **SMALL)
    masks = torch.stack([rectangle(8, 8, 16, 16), rectangle(0, 0, 40, 34)]).double()
    rois = torch.tensor([[8, 8, 16, 16], [4, 8, 20, 16], [8, 8, 16, 16.0]]).double()
    goals = model.mask_goals(masks, rois, torch.tensor([0, 0, 1]))
    assert (goals[0] == 1).all() and (goals[2] == 1).all()
    assert goals[1].tolist() == [[0, 1, 1, 0]] * 4
    assert model.mask_goals(masks[:0], rois[:0], torch.zeros(0).long()).shape == (0, 4, 4)


def test_the_loss_of_masks_is_that_of_regions_with_an_object():
    model = ready(MaskRCNN(4, rois=1000, mask_size=6, **SMALL))
    features, rois, owners = drawn(model)
    total = count = 0
    for row, (boxes, each) in enumerate(zip(rois, owners, strict=True)):
        masks = TRUTH[row]["masks"].double()
        for box, index in zip(boxes, each.tolist(), strict=True):
            if index < 0:
                continue
            label = TRUTH[row]["labels"][index]
            pooled = model.pooled(features[row, None], [box[None]], 3)
            z = model.mask_head(pooled)[0, label - 1]
            goal = model.mask_goals(masks, box[None], torch.tensor([index]))[0]
            total -= (
                goal * functional.logsigmoid(z) + (1 - goal) * functional.logsigmoid(-z)
            ).sum()
            count += 36
    assert model.losses(images(), TRUTH)["mask"].item() == pytest.approx(total.item() / count)


def test_a_mask_is_pasted_into_its_box():
    mask = torch.tensor([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]])
    boxes = torch.tensor([[2, 3, 6, 7], [-4, -4, 4, 4], [3, 3, 3, 9], [50, 50, 60, 60.0]])
    result = pasted(mask.expand(4, 4, 4), boxes, (9, 12))
    assert result.shape == (4, 9, 12) and result.dtype == torch.bool
    expected = torch.zeros(9, 12, dtype=torch.bool)
    expected[3:7, 2:6] = mask.bool()  # one pixel for each entry
    assert torch.equal(result[0], expected)
    expected = torch.zeros(9, 12, dtype=torch.bool)
    expected[2:4, 0:4] = True  # of the last quarter alone, two pixels for each entry
    assert torch.equal(result[1], expected)
    assert not result[2].any() and not result[3].any()


def test_pasting_is_bilinear_and_keeps_to_the_box():
    masks = torch.rand(5, 6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    boxes = torch.tensor([[1.3, 2.2, 17.6, 19], [0, 0, 3, 3], [9, 9, 9.4, 9.4]] * 2)[:5].double()
    result = pasted(masks, boxes, (21, 23))
    for mask, (x1, y1, x2, y2), seen in zip(masks, boxes.tolist(), result, strict=True):
        for row in range(21):
            for column in range(23):
                x, y = column + 0.5, row + 0.5
                value = 0.0
                if x1 < x < x2 and y1 < y < y2:
                    u = min(max((x - x1) / (x2 - x1) * 6 - 0.5, 0), 5)
                    v = min(max((y - y1) / (y2 - y1) * 6 - 0.5, 0), 5)
                    for i in range(6):
                        for j in range(6):
                            weight = max(0, 1 - abs(v - i)) * max(0, 1 - abs(u - j))
                            value += mask[i, j].item() * weight
                assert seen[row, column] == (value >= 0.5)


@pytest.mark.parametrize(
    "masks",
    [None, torch.zeros(3, 34, 39).bool(), torch.zeros(2, 34, 40).bool(), torch.zeros(3, 34, 40)],
)
def test_masks_that_do_not_fit(masks):
    wrong = {name: value for name, value in TRUTH[0].items() if name != "masks"}
    wrong |= {} if masks is None else {"masks": masks}
    with pytest.raises(
        ValueError, match=r"targets\[0\]\['masks'\] must be a tensor \(3, 34, 40\) of"
    ):
        MaskRCNN(4, **SMALL).losses(images(1).float(), [wrong])


def test_masks_of_one_scene_are_learnt_by_heart():
    scene = make_scene(4, height=48, width=56, num_objects=4)
    x, truth = image_batch([scene]), detection_targets([scene])
    model = MaskRCNN(4, rois=64, **SMALL)
    training.fit(model, lambda rng: (x, truth), steps=150, seed=0, learning_rate=1e-2)
    result = mean_average_precision(model.predict(x), truth, iou_type="mask")
    assert result.map_50 == pytest.approx(1)
