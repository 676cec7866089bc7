"""What is known of a trained network, in a file that a person can read."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..training import History

DIGITS = 4  # significant ones of a recorded curve; scores keep all


@dataclass(frozen=True, eq=False)
class Run:
    """One training of a network.

    Attributes:
        seed: of its initial weights and batches.
        seconds: processor time of one thread.
        validation: scores on the scenes that decided which run is shipped.
        scores: scores on held-out scenes, which decided nothing.
        history: its curves, several steps averaged to one point.
    """

    seed: int
    seconds: float
    validation: dict[str, float]
    scores: dict[str, float]
    history: History


@dataclass(frozen=True, eq=False)
class Card:
    """How a network was trained and how good it is.

    A score of one training is a draw: compare networks by :py:meth:`over_seeds`.

    Attributes:
        name: of the network in `visioncourse.weights`.
        world: the scenes' name in `visioncourse.scenes.WORLDS`.
        class_names: the scenes' classes, the background first.
        training_scenes: the first seed and the seed after the last.
        validation_scenes: those that decided which run is shipped.
        held_out_scenes: those that decided nothing.
        parameters: how many numbers were learnt.
        steps: of each training.
        runs: at least three trainings that differ in their seed alone.
        shipped: index in `runs` of the best in validation; its weights are here, if the recipe
            ships any.
    """

    name: str
    world: str
    class_names: tuple[str, ...]
    training_scenes: tuple[int, int]
    validation_scenes: tuple[int, int]
    held_out_scenes: tuple[int, int]
    parameters: int
    steps: int
    runs: tuple[Run, ...]
    shipped: int

    @property
    def scores(self) -> dict[str, float]:
        """Of the shipped run on held-out scenes."""
        return self.runs[self.shipped].scores

    @property
    def history(self) -> History:
        """The curves of the shipped run."""
        return self.runs[self.shipped].history

    @property
    def seconds(self) -> float:
        """Processor time of the shipped run."""
        return self.runs[self.shipped].seconds

    def over_seeds(self, score: str) -> np.ndarray:
        """A score on held-out scenes of every run, (number of runs,)."""
        return np.array([run.scores[score] for run in self.runs])

    def write(self, file: Path) -> None:
        """Write JSON, the curves with four digits."""
        text = json.dumps(asdict(self), default=_rounded, indent=1)
        # A list of numbers on one line, not one number a line.
        text = re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), text)
        file.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> "Card":
        """Read what :py:meth:`write` wrote."""
        data = json.loads(file.read_text(encoding="utf-8"))
        data["runs"] = tuple(
            Run(**{**run, "history": _history(run["history"])}) for run in data["runs"]
        )
        for name in ("class_names", "training_scenes", "validation_scenes", "held_out_scenes"):
            data[name] = tuple(data[name])
        return cls(**data)


def _rounded(curve: np.ndarray) -> list[float]:
    if curve.dtype.kind == "i":
        return curve.tolist()
    return [float(f"{value:.{DIGITS}g}") for value in curve]


def _history(data: dict) -> History:
    curves = {
        name: {term: np.array(values) for term, values in data[name].items()}
        for name in ("losses", "scores")
    }
    arrays = {name: np.array(data[name]) for name in ("steps", "learning_rates")}
    score_steps = np.array(data["score_steps"], dtype=np.int64)
    return History(**arrays, **curves, score_steps=score_steps, seconds=data["seconds"])
