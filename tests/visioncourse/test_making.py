"""The way from a recipe to weights and their card, walked with a tiny network."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse.models import UNet
from visioncourse.scenes import WORLDS, make_scene
from visioncourse.training import History
from visioncourse.weights import segmentation
from visioncourse.weights.cards import Card, Run
from visioncourse.weights.making import make
from visioncourse.weights.recipes import RECIPES, Recipe

ROOT = Path(__file__).parents[2]


def tiny(**changes) -> Recipe:
    recipe = Recipe(
        build=lambda seed: UNet(4, widths=(4, 8), seed=seed),
        world="part_1",
        batches=segmentation.batches,
        evaluate=segmentation.evaluate,
        best_by="mean_iou",
        steps=6,
        training_scenes=range(6),
        validation_scenes=range(9000, 9002),
        held_out_scenes=range(10_000, 10_002),
    )
    return dataclasses.replace(recipe, **changes)


def test_making_writes_weights_and_a_card(tmp_path):
    card = make("tiny", tiny(), tmp_path, tmp_path / "checkpoints")
    read = Card.read(tmp_path / "tiny.json")
    assert read.runs[0].scores == card.runs[0].scores
    assert read.steps == 6 and len(read.runs) == 3
    assert read.class_names == ("background", "disk", "square", "triangle")
    model = UNet(4, widths=(4, 8))
    model.load_state_dict(safetensors.torch.load_file(tmp_path / "tiny.safetensors"))
    again = segmentation.evaluate(model, "part_1", range(10_000, 10_002))
    assert again == pytest.approx(card.scores, abs=1e-12)


def test_a_recorded_experiment_leaves_its_card_alone(tmp_path):
    card = make("tiny", tiny(ships=False), tmp_path, tmp_path / "checkpoints")
    assert [file.name for file in tmp_path.glob("tiny*")] == ["tiny.json"]
    assert Card.read(tmp_path / "tiny.json").scores == card.scores


def test_an_interrupted_making_goes_on(tmp_path):
    for folder in ("whole", "parts"):
        (tmp_path / folder).mkdir()
    make("tiny", tiny(), tmp_path / "whole", tmp_path / "one")

    def stopped(world, scenes):
        batch, calls = segmentation.batches(world, scenes), []

        def limited(rng):
            if len(calls) == 10:  # in the second of three runs
                raise KeyboardInterrupt
            calls.append(1)
            return batch(rng)

        return limited

    arguments = tmp_path / "parts", tmp_path / "two"
    with pytest.raises(KeyboardInterrupt):
        make("tiny", tiny(batches=stopped), *arguments)
    assert not (tmp_path / "parts" / "tiny.json").exists()
    make("tiny", tiny(), *arguments)
    whole, parts = (tmp_path / folder / "tiny.safetensors" for folder in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


def test_the_best_in_validation_is_shipped_whatever_the_held_out_scenes_say(tmp_path):
    validation, held_out = {0: 0.2, 1: 0.9, 2: 0.5}, {0: 0.8, 1: 0.1, 2: 0.9}

    def build(seed):
        model = UNet(4, widths=(4,), seed=seed)
        model.seed = seed
        return model

    def evaluate(model, world, scenes):
        return {"mean_iou": (validation if scenes.start == 9000 else held_out)[model.seed]}

    card = make("tiny", tiny(build=build, evaluate=evaluate), tmp_path, tmp_path / "runs")
    assert card.shipped == 1
    assert card.scores == {"mean_iou": 0.1}
    assert_array_equal(card.over_seeds("mean_iou"), [0.8, 0.1, 0.9])
    second = torch.load(tmp_path / "runs" / "tiny-1.pt", weights_only=True)["model"]
    shipped = safetensors.torch.load_file(tmp_path / "tiny.safetensors")
    assert all(torch.equal(shipped[key], value) for key, value in second.items())


def test_a_card_survives_its_file(tmp_path):
    history = History(
        steps=np.array([2, 4]),
        losses={"cross_entropy": np.array([1.23456, 0.5]), "dice": np.array([0.1, 0.02])},
        learning_rates=np.array([1e-3, 1e-7]),
        score_steps=np.array([4]),
        scores={"mean_iou": np.array([0.987654])},
        seconds=12.5,
    )
    run = Run(3, 12.5, {"mean_iou": 0.9}, {"mean_iou": 0.123456789012}, history)
    card = Card("x", "part_1", ("a", "b"), (0, 9), (9, 10), (10, 20), 7, 4, (run,) * 3, 2)
    card.write(tmp_path / "x.json")
    read = Card.read(tmp_path / "x.json")
    for field in dataclasses.fields(Card):
        if field.name != "runs":
            assert getattr(read, field.name) == getattr(card, field.name)
    assert read.scores == {"mean_iou": 0.123456789012}
    assert read.seconds == 12.5
    assert_array_equal(read.history.steps, [2, 4])
    assert_array_equal(read.history.losses["cross_entropy"], [1.235, 0.5])
    assert_allclose(read.history.loss, [1.335, 0.52])
    assert_array_equal(read.history.learning_rates, [1e-3, 1e-7])
    assert_array_equal(read.history.scores["mean_iou"], [0.9877])
    lines = (tmp_path / "x.json").read_text().splitlines()
    assert len(lines) < 100  # a list of numbers is one line


# Batches and scores of segmentation.


def symmetries(array):
    """All ways to mirror and transpose an array (..., H, W)."""
    for way in (array, array.transpose(-1, -2)):
        for flipped in (way, way.flip(-1)):
            yield from (flipped, flipped.flip(-2))


def test_a_batch_has_mirrored_scenes_and_their_mirrored_truth():
    scene = make_scene(7, **WORLDS["segmentation"])
    image = torch.tensor(scene.image, dtype=torch.float32).permute(2, 0, 1)
    target = torch.tensor(scene.semantic_mask)
    ways = list(zip(symmetries(image), symmetries(target), strict=True))
    batch, seen = segmentation.batches("segmentation", range(7, 8)), set()
    for seed in range(10):
        x, y = batch(np.random.default_rng(seed))
        assert x.dtype == torch.float32 and y.dtype == torch.int64
        assert len(x) == len(y) == segmentation.BATCH_SIZE
        for one, truth in zip(x, y, strict=True):
            found = [i for i, (a, b) in enumerate(ways) if torch.equal(a, one)]
            assert len(found) == 1 and torch.equal(ways[found[0]][1], truth)
            seen.update(found)
    assert seen == set(range(8))


def test_scores_are_intersection_over_union_of_all_scenes_together():
    class Left(torch.nn.Module):
        """The left half a square, the right half background."""

        def predict(self, images):
            labels = torch.zeros(len(images), *images.shape[2:], dtype=torch.int64)
            labels[..., : images.shape[3] // 2] = 2
            return labels

    scores = segmentation.evaluate(Left(), "part_1", range(10_000, 10_003))
    truths = [make_scene(s, **WORLDS["part_1"]).semantic_mask for s in range(10_000, 10_003)]
    truth = np.concatenate(truths)
    left = np.zeros_like(truth)
    left[:, : truth.shape[1] // 2] = 2
    ious = [
        ((truth == k) & (left == k)).sum() / ((truth == k) | (left == k)).sum() for k in range(4)
    ]
    expected = dict(zip(["background", "disk", "square", "triangle"], ious, strict=True))
    for name, value in expected.items():
        assert scores[f"iou_{name}"] == pytest.approx(value, abs=1e-12)
    assert scores["mean_iou"] == pytest.approx(np.mean(ious), abs=1e-12)


# The losses of the study.


def loss_of(name, logits, targets):
    return sum(segmentation.LOSSES[name](logits, targets).values()).item()


def logits_and_targets():
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(size=(2, 7, 5, 6)))
    return logits, torch.tensor(rng.integers(0, 6, (2, 5, 6)))  # class 6 is absent


def test_each_loss_of_the_study_is_its_definition():
    logits, targets = logits_and_targets()
    p = logits.softmax(dim=1).numpy()
    g = np.eye(7)[targets.numpy()].transpose(0, 3, 1, 2)
    nll, weight = -np.log(np.sum(p * g, axis=1)), 1 / np.array(segmentation.SHARES)[targets]

    def dice(axis, power=1, smooth=1):
        sizes = np.sum(p**power + g, axis=axis)
        return np.mean(1 - (2 * np.sum(p * g, axis=axis) + smooth) / (sizes + smooth))

    expected = {
        "cross_entropy": nll.mean(),
        "weighted_cross_entropy": np.sum(weight * nll) / np.sum(weight),
        "dice": dice((0, 2, 3)),
        "dice_squared": dice((0, 2, 3), power=2),
        "dice_per_image": dice((2, 3)),
        "dice_per_image_unsmoothed": dice((2, 3), smooth=0),
        "cross_entropy_and_dice": nll.mean() + dice((0, 2, 3)),
    }
    assert expected.keys() == segmentation.LOSSES.keys()
    for name, value in expected.items():
        assert loss_of(name, logits, targets) == pytest.approx(value, rel=1e-6), name


def test_a_network_is_trained_on_the_loss_that_it_is_given():
    network, seen = UNet(7, widths=(4,)), []

    def loss(logits, targets):
        seen.append((logits, targets))
        return {"loss": logits.mean()}

    model, images, targets = segmentation.WithLoss(network, loss), torch.rand(1, 3, 8, 8), object()
    network.eval()
    assert model.losses(images, targets) == {"loss": network(images).mean()}
    assert torch.equal(seen[0][0], network(images)) and seen[0][1] is targets
    assert torch.equal(model.predict(images), network.predict(images))


def test_the_shares_of_the_classes_are_those_of_the_world():
    maps = [make_scene(seed, **WORLDS["segmentation"]).semantic_mask for seed in range(300)]
    shares = np.bincount(np.ravel(maps), minlength=7) / np.size(maps)
    assert_allclose(segmentation.SHARES, shares, rtol=0.15)
    assert sum(segmentation.SHARES) == pytest.approx(1, abs=2e-3)


# The program.


def test_the_program_refuses_a_name_without_a_recipe():
    command = [sys.executable, str(ROOT / "tools" / "make_weights.py"), "alexnet"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "no recipe for alexnet: there are " in result.stderr
    assert all(name in result.stderr for name in RECIPES)
