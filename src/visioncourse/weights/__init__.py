"""Trained networks that travel with the package, each with a card of what it can do.

Pages evaluate these weights instead of training for minutes, and the numbers are then the same on
every machine. `make weights` wrote them, by the recipes of :py:mod:`visioncourse.weights.recipes`.
An experiment that asks how good a training is, and needs no weights afterwards, has a card alone.
"""

from pathlib import Path

import safetensors.torch
from torch import nn

from .._validation import check_one_of
from .cards import Card, Run
from .recipes import RECIPES

__all__ = ["Card", "Run", "card", "card_names", "load", "names"]

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The networks whose weights are here, in the order of the book."""
    return [name for name in RECIPES if (FOLDER / f"{name}.safetensors").is_file()]


def card_names() -> list[str]:
    """Whatever has a card: the networks of :py:func:`names`, and the recorded experiments."""
    return [name for name in RECIPES if (FOLDER / f"{name}.json").is_file()]


def load(name: str) -> nn.Module:
    """Return a trained network, in evaluation mode; each call makes a new one.

    Raises:
        ValueError: a name that is none of :py:func:`names`.
    """
    check_one_of(tuple(names()), name=name)
    model = RECIPES[name].build(0)
    model.load_state_dict(safetensors.torch.load_file(FOLDER / f"{name}.safetensors"))
    return model.eval()


def card(name: str) -> Card:
    """Return how a network was trained and how good it is.

    Raises:
        ValueError: a name that is none of :py:func:`card_names`.
    """
    check_one_of(tuple(card_names()), name=name)
    return Card.read(FOLDER / f"{name}.json")
