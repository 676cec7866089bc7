"""What all networks for segmentation have in common; a new one needs one line in MODELS."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from visioncourse import models, training
from visioncourse.models import FCN, ConvNet, DeepLab, SegFormer, UNet
from visioncourse.scenes import make_scene
from visioncourse.segmentation import mean_iou

SMALL = {"widths": (8, 16, 24)}
# Functions of the number of classes and, perhaps, of a seed.
MODELS = {
    "convnet": lambda k, **seed: ConvNet(k, width=16, layers=4, **seed),
    "fcn_vgg": lambda k, **seed: FCN(k, skips=(2,), **SMALL, **seed),
    "fcn_resnet": lambda k, **seed: FCN(k, encoder="resnet", skips=(2,), **SMALL, **seed),
    "fcn_transposed": lambda k, **seed: FCN(k, upsampling="transposed", skips=(), **SMALL, **seed),
    "unet": lambda k, **seed: UNet(k, **SMALL, **seed),
    "unet_without_skips": lambda k, **seed: UNet(k, skips=False, **SMALL, **seed),
    "deeplab": lambda k, **seed: DeepLab(k, pyramid_width=16, decoder_width=16, **SMALL, **seed),
    "segformer": lambda k, **seed: SegFormer(k, decoder_width=24, **SMALL, **seed),
}
# Classes of Parts III and IV.
NOT_FOR_SEGMENTATION = {"FasterRCNN", "MaskRCNN", "RetinaNet", "SSD", "YOLO"}

every_model = pytest.mark.parametrize("build", MODELS.values(), ids=MODELS.keys())


def images(*shape, seed=0, dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def labels(*shape, num_classes, seed=0):
    return torch.randint(0, num_classes, shape, generator=torch.Generator().manual_seed(seed))


def one_scene():
    scene = make_scene(4, height=32, width=40)
    x = torch.tensor(scene.image, dtype=torch.float32).permute(2, 0, 1)[None]
    return x, torch.tensor(scene.semantic_mask)[None]


def test_every_class_of_models_is_here():
    classes = {type(build(2)).__name__ for build in MODELS.values()}
    assert set(models.__all__) - NOT_FOR_SEGMENTATION == classes


@every_model
@pytest.mark.parametrize("size", [(64, 64), (33, 31), (17, 48), (1, 5), (1, 1)])
def test_one_model_takes_images_of_every_size(build, size):
    model = build(3)
    predictions = model.predict(images(2, 3, *size))
    assert predictions.shape == (2, *size)
    assert predictions.dtype == torch.int64
    assert model.eval()(images(2, 3, *size)).shape == (2, 3, *size)


@every_model
def test_no_image_gives_no_prediction(build):
    assert build(3).predict(images(0, 3, 8, 8)).shape == (0, 8, 8)


@every_model
def test_losses_are_cross_entropy_and_dice(build):
    model = build(3).double().eval()
    x, targets = images(2, 3, 6, 5, dtype=torch.float64), labels(2, 6, 5, num_classes=3)
    losses = model.losses(x, targets)
    logits = model(x)
    expected = functional.cross_entropy(logits, targets)
    torch.testing.assert_close(losses["cross_entropy"], expected)
    p = logits.softmax(1)
    dice = 0
    for k in range(3):
        truth = (targets == k).double()
        dice += 2 * (p[:, k] * truth).sum() / (p[:, k].square().sum() + truth.sum()) / 3
    torch.testing.assert_close(losses["dice"], 1 - dice)
    assert list(losses) == ["cross_entropy", "dice"]


@every_model
def test_the_gradient_reaches_every_weight(build):
    model = build(3)
    losses = model.losses(images(2, 3, 17, 16), labels(2, 17, 16, num_classes=3))
    sum(losses.values()).backward()
    assert [n for n, p in model.named_parameters() if not p.grad.abs().sum() > 0] == []


@every_model
def test_a_prediction_is_the_largest_logit_in_evaluation_mode(build):
    model = build(4)
    x = images(3, 3, 16, 16)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    predictions = model.predict(x)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(predictions, model.predict(x))
    # One image at a time: the others of a batch have no say.
    assert torch.equal(predictions, torch.cat([model.predict(one[None]) for one in x]))
    model.eval()
    assert torch.equal(predictions, model(x).argmax(1))
    model.predict(x)
    assert not model.training


@every_model
def test_a_seed_decides_the_weights(build):
    first, again, other = (build(2, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = [name for name in first if first[name].ndim == 4 and "enlarge" not in name]
    assert drawn and not any(torch.equal(first[name], other[name]) for name in drawn)


@every_model
def test_it_learns_one_scene_by_heart(build):
    x, y = one_scene()
    model = build(4)
    training.fit(model, lambda rng: (x, y), steps=150, seed=0, learning_rate=1e-2)
    assert mean_iou(model.predict(x), y, 4) > 0.99


@every_model
def test_a_second_training_repeats_the_first(build):
    x, y = one_scene()
    results = []
    for _ in range(2):
        model = build(4)
        history = training.fit(model, lambda rng: (x, y), steps=3, seed=0)
        results.append((history.loss, model.state_dict()))
    (first, weights), (second, others) = results
    assert np.array_equal(first, second)
    assert all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((1, 3, 8, 8), dtype=np.float32), r"tensor \(N, 3, H, W\), got ndarray"),
        (torch.zeros(3, 8, 8), r"\(N, 3, H, W\), got shape \(3, 8, 8\)"),
        (torch.zeros(1, 8, 8, 3), r"got shape \(1, 8, 8, 3\)"),
        (torch.zeros(1, 4, 8, 8), r"got shape \(1, 4, 8, 8\)"),
        (torch.zeros(1, 3, 0, 8), r"got shape \(1, 3, 0, 8\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "torch.float32, got torch.uint8"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.float64), "torch.float32, got torch.float64"),
        (torch.full((1, 3, 8, 8), 255.0), r"images must lie in \[0, 1\], got 255 to 255"),
        (torch.full((1, 3, 8, 8), -0.5), r"images must lie in \[0, 1\], got -0.5 to -0.5"),
        (torch.full((1, 3, 8, 8), float("nan")), r"images must lie in \[0, 1\], got nan"),
    ],
)
@every_model
def test_what_are_no_images(build, wrong, message):
    model = build(2)
    targets = torch.zeros(1, 8, 8, dtype=torch.int64)
    for call in (model, model.predict, lambda x: model.losses(x, targets)):
        with pytest.raises(ValueError, match=message):
            call(wrong)


@pytest.mark.parametrize(
    "targets",
    [
        torch.full((1, 8, 8), 2),
        torch.full((1, 8, 8), -1),
        torch.full((1, 8, 8), 0.5),
        torch.zeros(1, 8, 7, dtype=torch.int64),
        torch.zeros(8, 8, dtype=torch.int64),
    ],
)
@every_model
def test_targets_that_do_not_fit(build, targets):
    with pytest.raises(ValueError):
        build(2).losses(torch.zeros(1, 3, 8, 8), targets)


@every_model
def test_numbers_of_classes_and_seeds_out_of_range(build):
    with pytest.raises(ValueError, match="num_classes must be a whole number >= 1, got 0"):
        build(0)
    with pytest.raises(ValueError, match="seed must be a whole number >= 0, got -1"):
        build(2, seed=-1)
