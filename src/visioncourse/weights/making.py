"""From a recipe to weights and their card."""

import math
from pathlib import Path

import numpy as np
import safetensors.torch
from torch import nn

from ..scenes import WORLDS, make_scene
from ..training import Batches, fit
from .cards import Card, Run
from .recipes import Recipe

CURVE_POINTS = 100  # of a card's curves
VALIDATIONS = 12  # of each run


def make(
    name: str, recipe: Recipe, folder: Path, checkpoints: Path, *, progress: bool | None = None
) -> Card:
    """Train a network once for each seed, and write the best run's weights and a card of all.

    A recipe that ships no weights leaves the card alone.

    What is done already is read from `checkpoints`, and an interrupted run goes on.

    Args:
        name: of the files, `name.safetensors` and `name.json`, in `folder`.
        recipe: what to do.
        folder: of the results; it exists.
        checkpoints: a folder for the runs, made where it is missing. Of a changed recipe they must
            be removed.
        progress: as for :py:func:`visioncourse.training.fit`.
    """
    batches = recipe.batches(recipe.world, recipe.training_scenes)
    results = []
    for seed in recipe.seeds:
        model = recipe.build(seed)
        checkpoint = checkpoints / f"{name}-{seed}.pt"
        results.append((model, train(model, recipe, seed, batches, checkpoint, progress)))
    runs = tuple(run for _, run in results)
    best = int(np.argmax([run.validation[recipe.best_by] for run in runs]))
    model = results[best][0]
    if recipe.ships:
        weights = {key: value.contiguous() for key, value in model.state_dict().items()}
        # Not by save_file: what it writes nobody else on the machine may read.
        (folder / f"{name}.safetensors").write_bytes(safetensors.torch.save(weights))
    card = Card(
        name=name,
        world=recipe.world,
        class_names=make_scene(0, **WORLDS[recipe.world]).class_names,
        training_scenes=ends(recipe.training_scenes),
        validation_scenes=ends(recipe.validation_scenes),
        held_out_scenes=ends(recipe.held_out_scenes),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        steps=recipe.steps,
        runs=runs,
        shipped=best,
    )
    card.write(folder / f"{name}.json")
    return card


def train(
    model: nn.Module,
    recipe: Recipe,
    seed: int,
    batches: Batches,
    checkpoint: Path,
    progress: bool | None,
) -> Run:
    """One run, judged on the validation scenes now and then, on the held-out ones at its end."""

    def validate(model: nn.Module) -> dict[str, float]:
        return recipe.evaluate(model, recipe.world, recipe.validation_scenes)

    history = fit(
        model,
        batches,
        steps=recipe.steps,
        seed=seed,
        learning_rate=recipe.learning_rate,
        validate=validate,
        validate_every=math.ceil(recipe.steps / VALIDATIONS),
        checkpoint=checkpoint,
        progress=progress,
    )
    return Run(
        seed=seed,
        seconds=round(history.seconds, 1),
        validation={score: float(values[-1]) for score, values in history.scores.items()},
        scores=recipe.evaluate(model, recipe.world, recipe.held_out_scenes),
        history=history.averaged(math.ceil(recipe.steps / CURVE_POINTS)),
    )


def ends(scenes: range) -> tuple[int, int]:
    """The first seed and the seed after the last."""
    return scenes.start, scenes.stop
