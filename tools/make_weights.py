"""Train the course's networks and write their weights: `make weights`, `make weights NAME=unet`.

An interrupted run goes on where it was: every training keeps checkpoints in `_weights/`. Remove
that folder after a change of a recipe, a model or the scenes.
"""

import argparse
from pathlib import Path

from visioncourse import training

ROOT = Path(__file__).parents[1]


def main() -> None:
    training.pin()  # before anything imports Torch
    from visioncourse.weights import FOLDER
    from visioncourse.weights.making import make
    from visioncourse.weights.recipes import RECIPES

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(RECIPES)}; or all")
    names = parser.parse_args().names or list(RECIPES)
    if unknown := [name for name in names if name not in RECIPES]:
        parser.error(f"no recipe for {', '.join(unknown)}: there are {', '.join(RECIPES)}")
    for name in names:
        print(name)
        recipe = RECIPES[name]
        card = make(name, recipe, FOLDER, ROOT / "_weights", progress=True)
        scores = ", ".join(f"{score:.4f}" for score in card.over_seeds(recipe.best_by))
        print(f"{name}: {recipe.best_by} {scores}; {card.parameters} parameters")


if __name__ == "__main__":
    main()
