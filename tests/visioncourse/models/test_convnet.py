"""The plainest network against its drawing written in functions, and against Part I's softmax."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from visioncourse import logistic
from visioncourse.models import ConvNet
from visioncourse.scenes import pixel_windows


def images(*shape, seed=0, dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def trained_a_little(**arguments):
    """A network in evaluation mode whose running means and variances have moved."""
    model = ConvNet(4, width=6, seed=2, **arguments).double()
    for seed in (1, 2, 3):
        model(images(4, 3, 12, 12, seed=seed, dtype=torch.float64))
    return model.eval()


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_it_is_what_its_drawing_says(layers, relu):
    model = trained_a_little(layers=layers, relu=relu)
    x = expected = images(2, 3, 9, 7, seed=5, dtype=torch.float64)
    weights = model.state_dict()
    for layer in range(layers):
        name = f"layers.{layer * (2 if relu else 1)}"
        expected = functional.conv2d(expected, weights[f"{name}.0.weight"], padding=1)
        norm = [weights[f"{name}.1.{key}"] for key in ("running_mean", "running_var")]
        expected = functional.batch_norm(expected, *norm)
        expected = expected.clamp(min=0) if relu else expected
    k, bias = weights["classifier.weight"][:, :, 0, 0], weights["classifier.bias"]
    expected = torch.einsum("kc,nchw->nkhw", k, expected) + bias[:, None, None]
    torch.testing.assert_close(model(x), expected)


def test_without_a_layer_it_is_a_softmax_on_each_pixel():
    model = trained_a_little(layers=0)
    x = images(1, 3, 5, 6, dtype=torch.float64)
    W = model.classifier.weight[:, :, 0, 0].detach().numpy().T
    expected = logistic.predict_proba_softmax(x[0].movedim(0, -1).numpy(), W, np.zeros(4))
    torch.testing.assert_close(model(x).softmax(1)[0].movedim(0, -1), torch.tensor(expected))


def test_without_relu_it_is_one_linear_function_of_its_window():
    """Fitted on the windows of one picture's inner pixels, it is known on those of another."""
    model = trained_a_little(layers=2, relu=False)
    inner = (slice(None), slice(4, -4), slice(4, -4))  # away from the padding
    windows, logits = [], []
    for seed in (1, 2):
        x = images(1, 3, 32, 32, seed=seed, dtype=torch.float64)
        rows = pixel_windows(x[0].movedim(0, -1).numpy(), 2).reshape(32, 32, -1)[inner[1:]]
        windows.append(np.pad(rows.reshape(-1, 75), ((0, 0), (0, 1)), constant_values=1))
        logits.append(model(x)[0][inner].detach().numpy().reshape(4, -1).T)
    linear = np.linalg.lstsq(windows[0], logits[0])[0]
    np.testing.assert_allclose(windows[1] @ linear, logits[1], atol=1e-9)


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_a_pixel_reaches_as_far_as_the_layers(layers):
    model = trained_a_little(layers=layers)
    x = images(1, 3, 21, 21, dtype=torch.float64).requires_grad_()
    model(x)[0, :, 10, 10].sum().backward()
    seen = x.grad[0].abs().sum(0) > 0
    expected = torch.zeros(21, 21, dtype=torch.bool)
    expected[10 - layers : 11 + layers, 10 - layers : 11 + layers] = True
    assert torch.equal(seen & ~expected, torch.zeros_like(seen))
    assert seen[10 - layers].any() and seen[:, 10 + layers].any()


def test_a_moved_picture_moves_the_logits():
    model = trained_a_little(layers=2)
    x = images(1, 3, 16, 16, dtype=torch.float64)
    moved = x.roll((3, -2), dims=(2, 3))
    inside = (..., slice(6, -3), slice(3, -6))
    torch.testing.assert_close(model(moved)[inside], model(x).roll((3, -2), dims=(2, 3))[inside])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "width must be a whole number >= 1, got 0"),
        ({"layers": -1}, "layers must be a whole number >= 0, got -1"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConvNet(**{"num_classes": 2, **arguments})
