"""What all detectors have in common; a new one needs one line in MODELS."""

import numpy as np
import pytest
import torch

from visioncourse import models, training
from visioncourse.detection import box_iou, mean_average_precision
from visioncourse.models import SSD, YOLO, FasterRCNN, MaskRCNN, RetinaNet
from visioncourse.scenes import make_scene
from visioncourse.scenes.tensors import detection_targets, image_batch

SMALL = {"widths": (8, 16, 24, 24), "width": 16}
# So many regions that all proposals teach: then losses do not depend on which are drawn.
STAGES = {**SMALL, "strides": (4, 8), "rois": 1000}
# Functions of the number of classes and, perhaps, of a seed.
MODELS = {
    "retinanet": lambda k, **seed: RetinaNet(k, strides=(4, 8), **SMALL, **seed),
    "retinanet_without_pyramid": lambda k, **seed: RetinaNet(
        k, strides=(4, 8), pyramid=False, **SMALL, **seed
    ),
    "retinanet_cross_entropy": lambda k, **seed: RetinaNet(
        k, strides=(4, 8), gamma=0, alpha=0.75, **SMALL, **seed
    ),
    "ssd": lambda k, **seed: SSD(k, widths=(8, 16, 24, 24), strides=(4, 8), **seed),
    "faster_rcnn": lambda k, **seed: FasterRCNN(k, **STAGES, **seed),
    "faster_rcnn_without_pyramid": lambda k, **seed: FasterRCNN(
        k, **{**STAGES, "strides": (4,), "widths": (8, 16, 24)}, **seed
    ),
    "mask_rcnn": lambda k, **seed: MaskRCNN(k, **STAGES, **seed),
    "yolo": lambda k, **seed: YOLO(k, **SMALL, **seed),
}
NO_DETECTORS = {"FCN", "ConvNet", "DeepLab", "SegFormer", "UNet"}
TERMS = {
    "FasterRCNN": ["objectness", "proposal_box", "classification", "box"],
    "MaskRCNN": ["objectness", "proposal_box", "classification", "box", "mask"],
    "RetinaNet": ["classification", "box"],
    "SSD": ["classification", "box"],
    "YOLO": ["box", "objectness", "classification"],
}

every_model = pytest.mark.parametrize("build", MODELS.values(), ids=MODELS.keys())


def images(*shape, seed=0, dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def target(*boxes, labels=(), size=(32, 40)):
    masks = torch.zeros(len(boxes), *size, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[int(y1) : int(y2), int(x1) : int(x2)] = True
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "masks": masks,
    }


TWO = [target((3, 4, 15, 17), (20, 2, 38, 30), labels=(1, 2)), target()]


def one_scene():
    scene = make_scene(4, height=48, width=56, num_objects=4)
    return image_batch([scene]), detection_targets([scene])


def eager(model, x, **thresholds):
    """Predictions of an untrained network, which is sure of nothing."""
    return model.predict(x, score_threshold=0.0, **thresholds)


def test_every_class_of_models_is_here():
    classes = {type(build(2)).__name__ for build in MODELS.values()}
    assert set(models.__all__) - NO_DETECTORS == classes


@every_model
@pytest.mark.parametrize("size", [(64, 64), (33, 31), (17, 48), (1, 5), (1, 1)])
def test_one_model_takes_images_of_every_size(build, size):
    model = build(3)
    x = images(2, 3, *size)
    predictions = eager(model, x)
    assert len(predictions) == 2
    for each in predictions:
        count = len(each["boxes"])
        assert 0 < count <= 100
        assert each["boxes"].shape == (count, 4) and each["boxes"].dtype == torch.float32
        assert each["scores"].shape == each["labels"].shape == (count,)
        assert each["labels"].dtype == torch.int64
        if "masks" in each:
            assert each["masks"].shape == (count, *size)
    truth = [target((0, 0, size[1], size[0]), labels=(2,), size=size), target(size=size)]
    assert sum(model.losses(x, truth).values()).isfinite()


@every_model
def test_predictions_are_sorted_and_within_the_image(build):
    height, width = 33, 50
    for each in eager(build(4), images(2, 3, height, width), max_detections=40):
        boxes, scores, labels = each["boxes"], each["scores"], each["labels"]
        assert len(boxes) == 40
        assert (scores[:-1] >= scores[1:]).all() and 0 <= scores[-1] <= scores[0] <= 1
        assert (boxes[:, :2] >= 0).all() and (boxes[:, 2:] >= boxes[:, :2]).all()
        assert (boxes[:, 2] <= width).all() and (boxes[:, 3] <= height).all()
        assert labels.min() >= 1 and labels.max() <= 3


@every_model
def test_none_repeats_a_better_one_of_its_class(build):
    for each in eager(build(3), images(1, 3, 40, 40), iou_threshold=0.3):
        same = each["labels"][:, None] == each["labels"]
        overlaps = box_iou(each["boxes"], each["boxes"]).fill_diagonal_(0)
        assert (overlaps[same] <= 0.3 + 1e-6).all()


@every_model
def test_a_threshold_leaves_out_the_unsure(build):
    model, x = build(3), images(1, 3, 40, 40)
    (everything,) = eager(model, x)
    middle = everything["scores"].median().item()
    (few,) = model.predict(x, score_threshold=middle)
    assert len(few["scores"]) and (few["scores"] > middle).all()
    (none,) = model.predict(x, score_threshold=1.0)
    assert none["boxes"].shape == (0, 4) and none["labels"].shape == (0,)


@every_model
def test_no_image_gives_no_prediction(build):
    assert build(3).predict(images(0, 3, 8, 8)) == []


@every_model
def test_losses_are_finite_numbers_with_names(build):
    model = build(3)
    losses = model.losses(images(2, 3, 32, 40), TWO)
    assert list(losses) == TERMS[type(model).__name__]
    assert all(term.shape == () and term.isfinite() and term >= 0 for term in losses.values())


@every_model
def test_images_without_objects_have_a_loss_and_a_gradient(build):
    model = build(3)
    losses = model.losses(images(2, 3, 32, 40), [target(), target()])
    assert losses["box"] == 0
    total = sum(losses.values())
    assert total > 0 and total.isfinite()
    total.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@every_model
def test_the_gradient_reaches_every_weight(build):
    model = build(3)
    sum(model.losses(images(2, 3, 32, 40), TWO).values()).backward()
    assert [n for n, p in model.named_parameters() if not p.grad.abs().sum() > 0] == []


@every_model
def test_the_order_of_images_and_objects_does_not_matter(build):
    model = build(3).double().eval()
    x = images(2, 3, 32, 40, dtype=torch.float64)
    truth = [
        target((3, 4, 15, 17), (20, 2, 38, 30), labels=(1, 2)),
        target((5, 5, 20, 20), labels=(2,)),
    ]
    turned = {name: value.flip(0) for name, value in truth[0].items()}
    first, second = model.losses(x, truth), model.losses(x.flip(0), [truth[1], turned])
    for name, value in first.items():
        torch.testing.assert_close(value, second[name])


@every_model
def test_a_prediction_is_made_in_evaluation_mode(build):
    model = build(4)
    x = images(3, 3, 32, 32)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    predictions = eager(model, x)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    # One image at a time: the others of a batch have no say.
    for alone, each in zip(x, predictions, strict=True):
        (again,) = eager(model, alone[None])
        torch.testing.assert_close(again["scores"], each["scores"])
    assert not any(value.requires_grad for value in predictions[0].values())


@every_model
def test_a_seed_decides_the_weights(build):
    first, again, other = (build(2, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = [name for name in first if first[name].ndim == 4]
    assert drawn and not any(torch.equal(first[name], other[name]) for name in drawn)


@every_model
def test_it_learns_one_scene_by_heart(build):
    x, truth = one_scene()
    model = build(4)
    training.fit(model, lambda rng: (x, truth), steps=150, seed=0, learning_rate=1e-2)
    result = mean_average_precision(model.predict(x), truth)
    assert result.map_50 == pytest.approx(1)
    assert result.map > 0.8


@every_model
def test_a_second_training_repeats_the_first(build):
    x, truth = one_scene()
    results = []
    for _ in range(2):
        model = build(4)
        history = training.fit(model, lambda rng: (x, truth), steps=3, seed=0)
        results.append((history.loss, model.state_dict()))
    (first, weights), (second, others) = results
    assert np.array_equal(first, second)
    assert all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((1, 3, 8, 8), dtype=np.float32), r"tensor \(N, 3, H, W\), got ndarray"),
        (torch.zeros(3, 8, 8), r"\(N, 3, H, W\), got shape \(3, 8, 8\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.float64), "torch.float32, got torch.float64"),
        (torch.full((1, 3, 8, 8), 255.0), r"images must lie in \[0, 1\], got 255 to 255"),
    ],
)
@every_model
def test_what_are_no_images(build, wrong, message):
    model = build(2)
    for call in (model, model.predict, lambda x: model.losses(x, [target()])):
        with pytest.raises(ValueError, match=message):
            call(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([], "targets must have one entry for each of the 1 images, got 0"),
        (
            [{"boxes": torch.zeros(0, 4)}],
            r"targets\[0\] must be a mapping with the tensor 'labels'",
        ),
        ([target((3, 4, 3, 9), labels=(1,))], r"targets\[0\]\['boxes'\] must be \(M, 4\) with a"),
        ([target((9, 4, 3, 9), labels=(1,))], r"targets\[0\]\['boxes'\] must be x1, y1, x2, y2"),
        ([target((3, 4, 9, 9), labels=())], r"targets\[0\]\['labels'\] must be int64, one for"),
        ([target((3, 4, 9, 9), labels=(0,))], r"targets\[0\]\['labels'\] must lie in 1 to 2"),
        ([target((3, 4, 9, 9), labels=(3,))], r"targets\[0\]\['labels'\] must lie in 1 to 2"),
    ],
)
@every_model
def test_targets_that_do_not_fit(build, wrong, message):
    with pytest.raises(ValueError, match=message):
        build(3).losses(torch.zeros(1, 3, 32, 40), wrong)


@every_model
def test_numbers_of_classes_and_seeds_out_of_range(build):
    with pytest.raises(ValueError, match="num_classes must be a whole number >= 2, got 1"):
        build(1)
    with pytest.raises(ValueError, match="seed must be a whole number >= 0, got -1"):
        build(2, seed=-1)
