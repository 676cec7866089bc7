"""SegFormer against its drawing written in functions, a scene learnt by heart, unusual images."""

import pytest
import torch
from torch.nn import functional

from visioncourse import training
from visioncourse.models import SegFormer
from visioncourse.scenes import make_scene
from visioncourse.segmentation import mean_iou


def images(*shape, seed=0, dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def small(num_classes=3, **options):
    """Two stages, one block each, few channels."""
    sizes = {"widths": (4, 8), "depths": (1, 1), "heads": (1, 2), "reductions": (2, 1)}
    return SegFormer(num_classes, **sizes, expansion=2, decoder_width=6, **options)


def written_out(model, x):
    """The drawing of the docstring, blocks as they are (their own tests write them out)."""
    weights = model.state_dict()
    height, width = x.shape[2:]

    def convolved(x, name, **options):
        return functional.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], **options)

    def normed(x, name):
        size = (x.shape[1],)
        scale = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return functional.layer_norm(x.movedim(1, -1), size, *scale).movedim(-1, 1)

    enlarged = []
    for stage, reach in [(0, 3), (1, 1)]:
        x = convolved(x, f"patches.{stage}.0", stride=2, padding=reach)
        x = normed(x, f"patches.{stage}.1")
        for block in model.stages[stage]:
            x, _ = block(x)
        x = normed(x, f"norms.{stage}")
        y = convolved(x, f"projections.{stage}")
        size = enlarged[0].shape[2:] if enlarged else y.shape[2:]
        enlarged.append(functional.interpolate(y, size, mode="bilinear", align_corners=False))
    x = normed(convolved(torch.cat(enlarged, 1), "fuse.0"), "fuse.1")
    x = convolved(functional.gelu(x), "classifier")
    logits = torch.empty(len(x), model.num_classes, 2 * x.shape[2], 2 * x.shape[3])
    for i in range(2):  # channel 4 k + 2 i + j: class k of the pixel in row i, column j of a token
        for j in range(2):
            logits[:, :, i::2, j::2] = x[:, 2 * i + j :: 4]
    return logits[:, :, :height, :width]


@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize("size", [(16, 20), (13, 7), (1, 1), (2, 33)])
def test_it_is_what_its_drawing_says(attention, size):
    model = small(5, attention=attention, seed=2).eval()
    x = images(2, 3, *size)
    with torch.no_grad():
        logits = model(x)
        torch.testing.assert_close(logits, written_out(model, x))
    assert logits.shape == (2, 5, *size)


def test_sizes_need_not_be_even_and_one_model_takes_all():
    model = SegFormer(3)
    for size in [(64, 64), (65, 63), (17, 96), (1, 5)]:
        predictions = model.predict(images(1, 3, *size))
        assert predictions.shape == (1, *size)
        assert predictions.dtype == torch.int64


def test_no_image_gives_no_prediction():
    assert SegFormer(3).predict(images(0, 3, 8, 8)).shape == (0, 8, 8)


def test_what_it_attends_to():
    """One map of weights for each block; each place's weights on the cells it asks sum to 1."""
    model = SegFormer(3, depths=(2, 1, 1))
    with torch.no_grad():
        tokens, weights = model.encode(images(2, 3, 36, 20))
    assert [x.shape for x in tokens] == [(2, 32, 18, 10), (2, 48, 9, 5), (2, 64, 5, 3)]
    first = (2, 1, 18, 10, 5, 3)
    assert [w.shape for w in weights] == [first, first, (2, 2, 9, 5, 5, 3), (2, 4, 5, 3, 5, 3)]
    for w in weights:
        torch.testing.assert_close(w.sum((-2, -1)), torch.ones(w.shape[:4]))
    assert SegFormer(3, attention=False).encode(images(1, 3, 8, 8))[1] == [None] * 5


@pytest.mark.parametrize("attention", [True, False])
def test_only_attention_sees_the_whole_image(attention):
    """A changed corner changes the logits of the other corner, or only those that convolve it."""
    model = small(attention=attention).double().eval()
    x = images(1, 3, 96, 96, dtype=torch.float64)
    y = x.clone()
    y[..., :2, :2] = 1 - y[..., :2, :2]
    with torch.no_grad():
        change = (model(x) - model(y)).abs().amax(1)[0]
    assert (change[-8:, -8:] > 0).all() == attention
    assert (change[-8:, -8:] > 0).any() == attention
    assert (change[:2, :2] > 0).all()


def test_without_attention_every_other_part_is_the_same():
    with_it, without = (
        {name: value.shape for name, value in SegFormer(7, attention=on).state_dict().items()}
        for on in (True, False)
    )
    missing = set(with_it) - set(without)
    assert all(".attention.query." in name or ".attention.key." in name for name in missing)
    assert without.items() <= with_it.items()
    assert missing


def test_losses_are_cross_entropy_and_dice():
    model = small().double()
    x = images(2, 3, 6, 5, dtype=torch.float64)
    targets = torch.randint(0, 3, (2, 6, 5), generator=torch.Generator().manual_seed(1))
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


@pytest.mark.parametrize("attention", [True, False])
def test_the_gradient_reaches_every_weight(attention):
    model = small(attention=attention)
    targets = torch.arange(2 * 17 * 16).reshape(2, 17, 16) % 3
    losses = model.losses(images(2, 3, 17, 16), targets)
    sum(losses.values()).backward()
    # A bias of all keys adds the same to all scores of a query: the softmax takes it away.
    silent = [n for n, p in model.named_parameters() if not p.grad.abs().sum() > 1e-6]
    assert all(name.endswith("attention.key.bias") for name in silent)


def test_a_prediction_is_the_largest_logit_in_evaluation_mode():
    model = small(4)
    x = images(3, 3, 8, 8)
    predictions = model.predict(x)
    assert model.training
    assert torch.equal(predictions, torch.cat([model.predict(one[None]) for one in x]))
    model.eval()
    assert torch.equal(predictions, model(x).argmax(1))
    model.predict(x)
    assert not model.training


def test_a_seed_decides_the_weights():
    first, again, other = (small(seed=seed).state_dict() for seed in (1, 1, 2))
    name = "classifier.weight"
    assert torch.equal(first[name], again[name])
    assert not torch.equal(first[name], other[name])


def by_heart(steps):
    scene = make_scene(4, height=32, width=40)
    x = torch.tensor(scene.image, dtype=torch.float32).permute(2, 0, 1)[None]
    y = torch.tensor(scene.semantic_mask)[None]
    model = SegFormer(4, widths=(16, 24), depths=(1, 1), heads=(1, 2), reductions=(4, 2))
    history = training.fit(model, lambda rng: (x, y), steps=steps, seed=0, learning_rate=1e-2)
    return model, history, mean_iou(model.predict(x), y, 4)


def test_it_learns_one_scene_by_heart():
    assert by_heart(150)[2] > 0.99


def test_a_second_training_repeats_the_first():
    (model, history, _), (again, repeated, _) = by_heart(5), by_heart(5)
    assert (history.loss == repeated.loss).all()
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.zeros(1, 8, 8, 3), r"\(N, 3, H, W\), got shape \(1, 8, 8, 3\)"),
        (torch.full((1, 3, 8, 8), 255.0), r"images must lie in \[0, 1\], got 255 to 255"),
    ],
)
@pytest.mark.parametrize("method", ["forward", "predict", "losses", "encode"])
def test_what_are_no_images(wrong, message, method):
    arguments = (wrong, torch.zeros(1, 8, 8, dtype=torch.int64))[: 1 + (method == "losses")]
    with pytest.raises(ValueError, match=message):
        getattr(small(), method)(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 0}, "num_classes must be a whole number >= 1, got 0"),
        ({"seed": -1}, "seed must be a whole number >= 0, got -1"),
        ({"decoder_width": 0}, "decoder_width must be"),
        ({"widths": ()}, "one number for each stage, got 0, 3, 3 and 3"),
        ({"depths": (1, 1)}, "one number for each stage, got 3, 2, 3 and 3"),
        ({"widths": (32, 0, 64)}, "width must be a whole number >= 1, got 0"),
        ({"depths": (2, 0, 1)}, "depth must be a whole number >= 1, got 0"),
        ({"heads": (1, 5, 1)}, "heads must divide the 48 channels, got 5"),
        ({"reductions": (4, 2, 0)}, "reduction must be a whole number >= 1, got 0"),
    ],
)
def test_arguments_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        SegFormer(**{"num_classes": 2, **options})
