"""Attention against its definition in loops and Torch's own, and the block that is built of it."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from visioncourse.models.blocks.attention import (
    MixFFN,
    SelfAttention,
    TokenNorm,
    TransformerBlock,
    attention,
    linear,
)
from visioncourse.models.blocks.initialisation import initialise


def drawn(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def looped_attention(query, key, value):
    """The definition for one set of tokens, number by number."""
    output = np.zeros((len(query), value.shape[1]))
    weights = np.zeros((len(query), len(key)))
    for i, q in enumerate(query):
        scores = [sum(a * b for a, b in zip(q, k, strict=True)) / math.sqrt(len(q)) for k in key]
        total = sum(math.exp(score) for score in scores)
        for j, score in enumerate(scores):
            weights[i, j] = math.exp(score) / total
            output[i] += weights[i, j] * value[j]
    return output, weights


@pytest.mark.parametrize(("L", "M", "d", "e"), [(4, 4, 2, 2), (5, 3, 4, 6), (1, 7, 1, 1)])
def test_attention_is_its_definition(L, M, d, e):
    query, key, value = drawn(L, d, seed=1), drawn(M, d, seed=2), drawn(M, e, seed=3)
    output, weights = attention(query, key, value)
    expected, expected_weights = looped_attention(query.numpy(), key.numpy(), value.numpy())
    np.testing.assert_allclose(output.numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(weights.numpy(), expected_weights, rtol=1e-12)


def test_attention_is_torchs():
    query, key, value = drawn(2, 3, 6, 8, seed=1), drawn(2, 3, 5, 8, seed=2), drawn(2, 3, 5, 4)
    output, weights = attention(query, key, value)
    torch.testing.assert_close(output, functional.scaled_dot_product_attention(query, key, value))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 6, dtype=torch.float64))


def test_large_scores_do_not_overflow():
    output, weights = attention(
        torch.tensor([[1e10]]), torch.tensor([[1e10], [0.0]]), drawn(2, 1).float()
    )
    assert torch.equal(weights, torch.tensor([[1.0, 0.0]]))
    assert torch.isfinite(output).all()


def test_equal_keys_give_the_mean_of_the_values():
    value = drawn(5, 3)
    output, _ = attention(drawn(2, 4), torch.ones(5, 4, dtype=torch.float64), value)
    torch.testing.assert_close(output, value.mean(0).expand(2, 3))


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("reduction", [1, 2, 3])
@pytest.mark.parametrize("size", [(4, 6), (5, 3), (1, 1)])
def test_self_attention_is_torchs_multihead_attention(heads, reduction, size):
    """With the reduced map as keys and values, written as the mean over cells of r × r places."""
    module = SelfAttention(8, heads=heads, reduction=reduction).double()
    initialise(module, 1)
    for name, parameter in module.named_parameters():
        if "bias" in name:
            parameter.data = drawn(8, seed=len(name))
    rival = nn.MultiheadAttention(8, heads, batch_first=True).double()
    three = (module.query, module.key, module.value)
    rival.in_proj_weight.data = torch.cat([layer.weight[:, :, 0, 0] for layer in three])
    rival.in_proj_bias.data = torch.cat([layer.bias for layer in three])
    rival.out_proj.weight.data = module.output.weight[:, :, 0, 0]
    rival.out_proj.bias.data = module.output.bias.data
    x = drawn(2, 8, *size)
    height, width = (math.ceil(side / reduction) for side in size)
    reduced = torch.stack(
        [
            x[:, :, i * reduction : (i + 1) * reduction, j * reduction : (j + 1) * reduction].mean(
                (2, 3)
            )
            for i in range(height)
            for j in range(width)
        ],
        dim=1,
    )  # (N, h w, C)
    with torch.no_grad():
        output, weights = module(x)
        expected, expected_weights = rival(
            x.flatten(2).mT, reduced, reduced, average_attn_weights=False
        )
    torch.testing.assert_close(output.flatten(2).mT, expected)
    assert weights.shape == (2, heads, *size, height, width)
    torch.testing.assert_close(weights.flatten(4).flatten(2, 3), expected_weights)


def test_attention_knows_no_places():
    """Tokens in another order give the same outputs in that order: a permutation commutes."""
    module = SelfAttention(6, heads=2).double()
    initialise(module, 0)
    x, order = drawn(1, 6, 3, 4), np.random.default_rng(1).permutation(12)

    def shuffled(maps):
        return maps.flatten(2)[..., order].unflatten(2, (3, 4))

    with torch.no_grad():
        torch.testing.assert_close(module(shuffled(x))[0], shuffled(module(x)[0]))
        # The Mix-FFN is what does know.
        ffn = MixFFN(6).double()
        initialise(ffn, 0)
        assert not torch.allclose(ffn(shuffled(x)), shuffled(ffn(x)))


def test_a_token_that_attends_to_itself_alone():
    """It is attention in which every other token is forbidden: softmax over one score."""
    module = SelfAttention(6, heads=2, between_places=False).double()
    initialise(module, 0)
    x = drawn(2, 6, 3, 4)
    full = SelfAttention(6, heads=2).double()
    initialise(full, 1)
    full.value, full.output = module.value, module.output
    tokens = [
        layer(x).reshape(2, 2, 3, 12).mT for layer in (full.query, full.key, full.value)
    ]  # (N, heads, H W, C / heads)
    alone = functional.scaled_dot_product_attention(
        *tokens, attn_mask=torch.eye(12, dtype=torch.bool)
    )
    with torch.no_grad():
        output, weights = module(x)
    expected = full.output(alone.transpose(1, 2).flatten(2).mT.unflatten(2, (3, 4)))
    torch.testing.assert_close(output, expected.detach())
    assert weights is None
    assert {name.partition(".")[0] for name, _ in module.named_parameters()} == {"value", "output"}


def test_a_linear_layer_works_on_each_token():
    layer = linear(3, 5).double()
    x = drawn(2, 3, 4, 6)
    expected = functional.linear(x.movedim(1, -1), layer.weight[:, :, 0, 0], layer.bias)
    torch.testing.assert_close(layer(x), expected.movedim(-1, 1))


def test_a_norm_of_each_token():
    x = drawn(2, 5, 3, 4)
    norm = TokenNorm(5).double()
    mean, variance = x.mean(1, keepdim=True), x.var(1, keepdim=True, correction=0)
    torch.testing.assert_close(norm(x), (x - mean) / (variance + norm.eps).sqrt())
    norm.weight.data, norm.bias.data = drawn(5, seed=1), drawn(5, seed=2)
    scaled = norm.weight[:, None, None] * (x - mean) / (variance + norm.eps).sqrt()
    torch.testing.assert_close(norm(x), scaled + norm.bias[:, None, None])


def test_a_mix_ffn_is_its_drawing():
    module = MixFFN(3, expansion=2).double()
    initialise(module, 0)
    widen, depthwise, _, narrow = module
    x = drawn(1, 3, 4, 5)
    with torch.no_grad():
        hidden = functional.pad(
            torch.einsum("oc,nchw->nohw", widen.weight[:, :, 0, 0], x), (1,) * 4
        )
        mixed = sum(
            depthwise.weight[:, 0, i, j][:, None, None] * hidden[:, :, i : i + 4, j : j + 5]
            for i in range(3)
            for j in range(3)
        )
        gelu = mixed * 0.5 * (1 + torch.erf(mixed / math.sqrt(2)))
        expected = torch.einsum("oc,nchw->nohw", narrow.weight[:, :, 0, 0], gelu)
        torch.testing.assert_close(module(x), expected)


def test_a_block_adds_what_its_branches_find():
    block = TransformerBlock(8, heads=2, reduction=2, expansion=2, between_places=True).double()
    initialise(block, 0)
    x = drawn(1, 8, 5, 6)
    with torch.no_grad():
        output, weights = block(x)
        middle = x + block.attention(block.attention_norm(x))[0]
        torch.testing.assert_close(output, middle + block.ffn(block.ffn_norm(middle)))
    assert weights.shape == (1, 2, 5, 6, 3, 3)


def test_a_calm_block_begins_near_the_identity():
    block = TransformerBlock(32, heads=1, reduction=1, expansion=4, between_places=True).double()
    initialise(block, 0)
    x = drawn(1, 32, 6, 6)
    with torch.no_grad():
        loud, sharp = block(x)
        block.calm()
        calm, flat = block(x)
    assert (calm - x).std() < 0.4 * (loud - x).std()
    assert flat.max() < sharp.max() / 2
    assert flat.min() > sharp.min()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": 0}, "channels must be a whole number >= 1, got 0"),
        ({"channels": 6, "heads": 0}, "heads must be a whole number >= 1, got 0"),
        ({"channels": 6, "heads": 4}, "heads must divide the 6 channels, got 4"),
        ({"channels": 6, "reduction": 0}, "reduction must be a whole number >= 1, got 0"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        SelfAttention(**arguments)


def test_a_mix_ffn_has_hidden_channels():
    with pytest.raises(ValueError, match="expansion must be a whole number >= 1, got 0"):
        MixFFN(4, expansion=0)
