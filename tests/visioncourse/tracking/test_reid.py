"""Triplet losses, batch-hard mining and gallery matching against Torch and plain loops."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from torch.autograd import gradcheck
from torch.nn import functional

from visioncourse import plain
from visioncourse.tracking.reid import (
    batch_hard_loss,
    batch_hard_triplets,
    match_gallery,
    triplet_loss,
)


def random_batch(n=12, d=3, identities=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.integers(0, identities, n)


def test_triplet_loss_by_hand():
    # ‖a - p‖² = 1 + 4, ‖a - n‖² = 9; the second triplet is satisfied by more than its margin.
    anchor, positive = [[0.0, 0.0], [0.0, 0.0]], [[1.0, 2.0], [1.0, 0.0]]
    negative = [[0.0, 3.0], [3.0, 0.0]]
    assert triplet_loss(anchor, positive, negative, margin=5.0) == (5 - 9 + 5) / 2
    assert triplet_loss(anchor[0], positive[0], negative[0], margin=5.0) == 1
    assert triplet_loss(anchor[1], positive[1], negative[1], margin=5.0) == 0


def test_triplet_loss_equals_torch_with_squared_distances():
    a, p, n = np.random.default_rng(0).normal(size=(3, 40, 8))
    expected = functional.triplet_margin_with_distance_loss(
        *map(torch.tensor, (a, p, n)),
        distance_function=lambda x, y: ((x - y) ** 2).sum(-1),
        margin=0.7,
    )
    assert_allclose(triplet_loss(a, p, n, margin=0.7), expected.item(), rtol=1e-13)
    by_torch = triplet_loss(*map(torch.tensor, (a, p, n)), margin=0.7)
    assert_allclose(by_torch.item(), expected.item(), rtol=1e-13)


@given(st.integers(0, 10**6), st.floats(0, 3), st.floats(-5, 5))
def test_triplet_loss_does_not_know_where_the_origin_is(seed, margin, offset):
    a, p, n = np.random.default_rng(seed).normal(size=(3, 5, 2))
    loss = triplet_loss(a, p, n, margin=margin)
    assert loss >= 0
    moved = triplet_loss(a + offset, p + offset, n + offset, margin=margin)
    assert_allclose(moved, loss, rtol=1e-9, atol=1e-12)
    turned = triplet_loss(a[:, ::-1], p[:, ::-1], n[:, ::-1], margin=margin)
    assert_allclose(turned, loss, rtol=1e-13)
    # Both distances from one point are equal: only the margin is left.
    assert_allclose(triplet_loss(a, p, p, margin=margin), margin, rtol=1e-14)


def test_gradient_of_triplet_loss_agrees_with_differences():
    a, p, n = (
        torch.tensor(x, requires_grad=True) for x in np.random.default_rng(0).normal(size=(3, 6, 4))
    )
    assert gradcheck(lambda a, p, n: triplet_loss(a, p, n, margin=1.0), (a, p, n))
    assert gradcheck(lambda x: triplet_loss(x, x, n, margin=100.0), (a,))


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((2, 3), (1, 3), (2, 3)), {}, r"positive must have shape \(2, 3\) .* got \(1, 3\)"),
        (((2, 3), (2, 3), (2, 4)), {}, r"negative must have shape \(2, 3\) .* got \(2, 4\)"),
        (((), (), ()), {}, r"anchor must have shape \(..., d\)"),
        (((1, 2),) * 3, {"margin": -1.0}, "margin must be a finite number >= 0, got -1.0"),
    ],
)
def test_triplet_loss_names_what_is_wrong(shapes, options, message):
    with pytest.raises(ValueError, match=message):
        triplet_loss(*map(np.zeros, shapes), **{"margin": 1.0} | options)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "anchor must not contain NaN"),
        (math.inf, "anchor must lie within"),
        (1e200, "anchor must lie within .* got a size of 1e"),
    ],
)
def test_triplet_loss_refuses_what_has_no_distance(value, message):
    with pytest.raises(ValueError, match=message):
        triplet_loss([value], [0.0], [1.0], margin=1.0)


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 5))
def test_batch_hard_triplets_equal_the_loop(seed, n, identities):
    embeddings, labels = random_batch(n=n, identities=identities, seed=seed)
    expected = plain.batch_hard_triplets(embeddings, labels)
    assert list(zip(*batch_hard_triplets(embeddings, labels), strict=True)) == expected
    by_torch = batch_hard_triplets(torch.tensor(embeddings), torch.tensor(labels))
    assert_array_equal(torch.stack(by_torch).numpy().T, np.reshape(expected, (-1, 3)))


def test_a_common_offset_does_not_change_the_ranking():
    embeddings, labels = random_batch()
    expected = batch_hard_triplets(embeddings, labels)
    assert_array_equal(batch_hard_triplets(embeddings + 1e7, labels), expected)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("margin", [0.0, 0.5, None])
def test_batch_hard_loss_is_the_loss_of_its_triplets(squared, margin):
    embeddings, labels = random_batch()
    losses = []
    for a, p, n in plain.batch_hard_triplets(embeddings, labels):
        to_positive, to_negative = (math.dist(embeddings[a], embeddings[i]) for i in (p, n))
        power = 2 if squared else 1
        violation = to_positive**power - to_negative**power
        soft = margin is None
        losses.append(math.log1p(math.exp(violation)) if soft else max(0, violation + margin))
    assert min(losses) < max(losses)
    got = batch_hard_loss(embeddings, labels, margin=margin, squared=squared)
    assert_allclose(got, math.fsum(losses) / len(losses), rtol=1e-13)
    if squared and margin is not None:
        chosen = (embeddings[rows] for rows in batch_hard_triplets(embeddings, labels))
        assert_allclose(triplet_loss(*chosen, margin=margin), got, rtol=1e-14)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("margin", [0.5, None])
def test_gradient_of_batch_hard_loss_agrees_with_differences(squared, margin):
    embeddings, labels = random_batch()
    x, y = torch.tensor(embeddings, requires_grad=True), torch.tensor(labels)
    assert gradcheck(lambda x: batch_hard_loss(x, y, margin=margin, squared=squared), (x,))


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("margin", [0.5, None])
def test_gradients_stay_finite_where_all_embeddings_coincide(squared, margin):
    x = torch.ones((4, 2), requires_grad=True)
    loss = batch_hard_loss(x, torch.tensor([1, 1, 2, 2]), margin=margin, squared=squared)
    assert_allclose(loss.item(), math.log(2) if margin is None else margin, rtol=1e-6)
    loss.backward()
    assert_array_equal(x.grad.numpy(), np.zeros((4, 2)))


def test_the_soft_margin_does_not_overflow():
    x = np.array([[0.0], [1e3], [1e3], [0.0]])
    assert batch_hard_loss(x, [1, 1, 2, 2], margin=None) == 1e6
    assert batch_hard_loss(x, [1, 2, 2, 1], margin=None) == 0


@pytest.mark.parametrize("labels", [[], [1], [1, 1, 1], [1, 2, 3]])
def test_a_batch_without_a_triplet(labels):
    embeddings = np.zeros((len(labels), 2))
    assert [len(rows) for rows in batch_hard_triplets(embeddings, labels)] == [0, 0, 0]
    assert batch_hard_loss(embeddings, labels, margin=1.0) == 0
    x = torch.ones((len(labels), 2), requires_grad=True)
    batch_hard_loss(x, torch.tensor(labels, dtype=torch.int64), margin=1.0).backward()
    assert_array_equal(x.grad.numpy(), np.zeros((len(labels), 2)))


@pytest.mark.parametrize(
    ("embeddings", "labels", "message"),
    [
        (np.zeros(3), [1, 2, 3], r"embeddings must have shape \(N, d\), got \(3,\)"),
        (np.zeros((2, 3)), [1], r"identities must have shape \(2,\)"),
        (np.zeros((1, 3)), [1.5], "identities must contain whole numbers, got 1.5"),
        (np.full((1, 3), np.inf), [1], "embeddings must lie within"),
    ],
)
def test_batch_hard_names_what_is_wrong(embeddings, labels, message):
    for function in (batch_hard_triplets, lambda *batch: batch_hard_loss(*batch, margin=1.0)):
        with pytest.raises(ValueError, match=message):
            function(embeddings, labels)


def test_match_gallery_by_hand():
    gallery, identities = [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], [7, 3, 7]
    queries = [[5.0, 0.0], [0.0, 0.1], [2.0, 1.0], [-1.0, -0.1]]
    found, similarities = match_gallery(queries, gallery, identities, threshold=0.9)
    assert_array_equal(found, [7, 3, 7, -1])
    assert_allclose(similarities, [1, 1, 3 / math.sqrt(10), -0.1 / math.sqrt(1.01)], rtol=1e-14)


@given(st.integers(0, 10**6), st.floats(-1, 1))
def test_match_gallery_equals_the_loop(seed, threshold):
    rng = np.random.default_rng(seed)
    queries, gallery = rng.normal(size=(6, 3)), rng.normal(size=(9, 3))
    identities = rng.integers(0, 5, 9)
    found, similarities = match_gallery(queries, gallery, identities, threshold=threshold)
    for query, identity, similarity in zip(queries, found, similarities, strict=True):
        cosines = [query @ g / math.hypot(*query) / math.hypot(*g) for g in gallery]
        assert_allclose(similarity, max(cosines), rtol=1e-12)
        assert identity == (identities[np.argmax(cosines)] if similarity >= threshold else -1)
    by_torch = match_gallery(
        torch.tensor(queries), torch.tensor(gallery), torch.tensor(identities), threshold=threshold
    )
    assert_array_equal(by_torch[0].numpy(), found)


def test_everybody_is_found_in_a_gallery_of_themselves():
    people = np.random.default_rng(0).normal(size=(50, 16))
    found, similarities = match_gallery(3 * people, people, np.arange(50), threshold=0.999)
    assert_array_equal(found, np.arange(50))
    assert_allclose(similarities, np.ones(50), rtol=1e-14)


def test_a_large_gallery_is_searched_in_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    queries, gallery = rng.normal(size=(25, 4)), rng.normal(size=(30, 4))
    expected = match_gallery(queries, gallery, np.arange(30), threshold=0.9)
    monkeypatch.setattr("visioncourse.tracking.reid.BLOCK_PAIRS", 70)  # two queries at once
    found, similarities = match_gallery(queries, gallery, np.arange(30), threshold=0.9)
    assert_array_equal(found, expected[0])
    assert_allclose(similarities, expected[1], rtol=1e-14)
    x = torch.tensor(queries, requires_grad=True)
    match_gallery(x, torch.tensor(gallery), list(range(30)), threshold=0.9)[1].sum().backward()
    assert torch.isfinite(x.grad).all() and x.grad.abs().sum(axis=1).min() > 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(dtype):
    x = 8 * torch.randn((3000, 3, 8), generator=torch.manual_seed(0)).to(dtype)
    wide, y = x.double(), torch.arange(3000) % 7
    got = triplet_loss(x[:, 0], x[:, 1], x[:, 2], margin=1.0)
    expected = triplet_loss(wide[:, 0], wide[:, 1], wide[:, 2], margin=1.0)
    assert got.dtype == dtype
    assert_allclose(got.item(), expected.item(), rtol=torch.finfo(dtype).eps)
    x, wide, y = x[:200, 0].requires_grad_(), wide[:200, 0], y[:200]
    loss = batch_hard_loss(x, y, margin=0.2)
    assert loss.dtype == dtype
    assert_allclose(
        loss.item(), batch_hard_loss(wide, y, margin=0.2).item(), rtol=torch.finfo(dtype).eps
    )
    loss.backward()
    assert torch.isfinite(x.grad).all()
    found, similarities = match_gallery(x, x, torch.arange(200), threshold=0.99)
    assert_array_equal(found.numpy(), np.arange(200))
    assert similarities.dtype == dtype


def test_match_gallery_without_anybody():
    found, similarities = match_gallery(np.ones((2, 3)), [], [], threshold=0.0)
    assert_array_equal(found, [-1, -1])
    assert_array_equal(similarities, [-1, -1])
    found, similarities = match_gallery(np.ones((0, 3)), np.ones((2, 3)), [1, 2], threshold=0.0)
    assert found.shape == similarities.shape == (0,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"queries": np.ones(3)}, r"queries must have shape \(Q, d\)"),
        ({"gallery": np.ones((2, 4))}, r"gallery must have shape \(2, 3\) .* got \(2, 4\)"),
        ({"gallery": np.full((2, 3), np.inf)}, "gallery must be finite"),
        ({"identities": [1]}, r"identities must have shape \(2,\)"),
        ({"identities": [1, -1]}, "identities must be >= 0, got -1"),
        ({"threshold": None}, r"threshold must lie in \[-1, 1\], got None"),
        ({"threshold": 1.5}, r"threshold must lie in \[-1, 1\], got 1.5"),
    ],
)
def test_match_gallery_names_what_is_wrong(changes, message):
    arguments = {"queries": np.ones((1, 3)), "gallery": np.ones((2, 3)), "identities": [1, 2]}
    with pytest.raises(ValueError, match=message):
        match_gallery(**arguments | {"threshold": 0.5} | changes)
