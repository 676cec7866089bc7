"""SegFormer against its drawing written in functions, and what only attention sees."""

import pytest
import torch
from torch.nn import functional

from visioncourse.models import SegFormer

NORM = ("running_mean", "running_var", "weight", "bias")


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

    for layer in (0, 2) if len(model.stem) else ():
        x = functional.conv2d(x, weights[f"stem.{layer}.0.weight"], padding=1)
        norm = [weights[f"stem.{layer}.1.{name}"] for name in NORM]
        x = functional.batch_norm(x, *norm).relu()
    enlarged = []
    for stage, reach in [(0, 1 if len(model.stem) else 3), (1, 1)]:
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


@pytest.mark.parametrize(("attention", "stem"), [(True, 0), (True, 6), (False, 6)])
@pytest.mark.parametrize("size", [(16, 20), (13, 7), (1, 1), (2, 33)])
def test_it_is_what_its_drawing_says(attention, stem, size):
    model = small(5, attention=attention, stem=stem, seed=2).eval()
    x = images(2, 3, *size)
    with torch.no_grad():
        logits = model(x)
        torch.testing.assert_close(logits, written_out(model, x))
    assert logits.shape == (2, 5, *size)


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
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
