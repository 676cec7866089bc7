"""One training loop for all models, and what makes its numbers repeat.

A model needs one method, `losses(images, targets) -> dict[str, Tensor]`; the loop makes the sum of
these terms small and knows nothing else of the model::

    training.pin()
    history = training.fit(model, batches, steps=2000, seed=0, learning_rate=3e-3)

Torch is imported by the functions and not by this module, so that `pin` can come before it.
"""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._validation import check_not_negative, check_positive, check_whole

if TYPE_CHECKING:
    import torch

Batches = Callable[[np.random.Generator], tuple[Any, Any]]
Validate = Callable[["torch.nn.Module"], Mapping[str, float]]

# What every x86 processor of the last ten years has: the newest instructions of each would add up
# the same numbers in another order.
PINS = {
    "ATEN_CPU_CAPABILITY": "avx2",  # Torch's own loops
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # convolutions
    "MKL_CBWR": "COMPATIBLE",  # matrix products
    "OMP_NUM_THREADS": "1",  # two threads split a sum in two
}


def pin() -> None:
    """Let Torch compute the same numbers on every x86 processor, as far as that can be set.

    It sets instruction sets (`PINS`, environment variables that Torch reads once) and one
    thread. Call it before anything imports Torch. It is no guarantee: processors of ARM, and
    macOS, cannot be pinned, and a few operations differ in their last digit all the same. What a
    page prints of a training run must therefore bear such a difference.

    Warns:
        RuntimeWarning: Torch was loaded before, so that it may have read other settings.
    """
    late = "torch" in sys.modules and any(os.environ.get(key) != PINS[key] for key in PINS)
    os.environ.update(PINS)
    if late:
        warnings.warn(
            "torch was imported before training.pin(): its instruction sets may not be pinned. "
            "Call pin() first, in a new interpreter",
            RuntimeWarning,
            stacklevel=2,
        )
    import torch

    torch.set_num_threads(1)


@dataclass(frozen=True, eq=False)
class History:
    """What a training run recorded.

    Attributes:
        steps: (n,) how many steps were done after each record, 1 to n.
        losses: the terms of the model's loss in each step, (n,) each.
        learning_rates: (n,) of each step.
        score_steps: (m,) how many steps were done when the model was validated.
        scores: what `validate` measured then, (m,) each.
        seconds: processor time of the run, all its parts together if it was interrupted.
    """

    steps: np.ndarray
    losses: dict[str, np.ndarray]
    learning_rates: np.ndarray
    score_steps: np.ndarray
    scores: dict[str, np.ndarray]
    seconds: float

    @property
    def loss(self) -> np.ndarray:
        """The sum of the terms, (n,)."""
        return np.sum(list(self.losses.values()), axis=0)

    def averaged(self, every: int) -> History:
        """The same run with the mean losses of `every` steps each: smooth curves, fewer numbers.

        A last group may have fewer steps. Rates and steps are those at the end of each group.
        """
        check_whole(1, every=every)
        starts = np.arange(0, len(self.steps), every)
        ends = np.append(starts[1:], len(self.steps)) - 1
        sizes = ends - starts + 1
        losses = {
            name: np.add.reduceat(values, starts) / sizes for name, values in self.losses.items()
        }
        rates = self.learning_rates[ends]
        return History(self.steps[ends], losses, rates, self.score_steps, self.scores, self.seconds)


def fit(
    model: torch.nn.Module,
    batches: Batches,
    *,
    steps: int,
    seed: int,
    learning_rate: float = 3e-3,
    weight_decay: float = 0.01,
    max_norm: float = 5.0,
    validate: Validate | None = None,
    validate_every: int = 500,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 100,
    threads: int = 1,
    progress: bool | None = None,
) -> History:
    """Train a model in place: AdamW along a one-cycle schedule, with clipped gradients.

    Each step takes one batch, adds the terms of `model.losses(images, targets)`, and moves the
    weights along the gradient. The learning rate climbs from 1/25 of its peak to the peak in the
    first 30 % of the steps, and falls along a cosine to nearly 0 (Smith and Topin,
    "Super-Convergence", 2018). AdamW is from Loshchilov and Hutter, "Decoupled Weight Decay
    Regularization", 2019.

    Args:
        model: a module whose `losses(images, targets)` gives a dictionary of scalar tensors.
        batches: a function of a NumPy generator that gives `(images, targets)`, at random as that
            generator says. Step k's generator depends on seed and k alone: an interrupted run
            goes on with the batches that it would have had.
        steps: how many, >= 1.
        seed: >= 0, of the batches and of Torch's own random numbers, such as dropout's. The
            initial weights are the model's: a second run with a new model repeats the first.
        learning_rate: the peak of the schedule, > 0.
        weight_decay: >= 0, each step shrinks the weights by this part of the learning rate.
        max_norm: > 0, a longer gradient is shortened to this length.
        validate: a function of the model, in evaluation mode and without gradients, that gives
            named numbers; after every `validate_every` steps and after the last.
        checkpoint: a file, written every `checkpoint_every` steps and at the end. If it exists,
            the run goes on from it, with the same numbers as without the interruption.
        threads: for this run; more than one changes the last digits.
        progress: whether to show a progress bar on the error stream. None: only in a terminal, so
            that nothing of it is stored in a notebook.

    Returns:
        The :py:class:`History`. The model is left in evaluation mode.

    Raises:
        ValueError: an argument out of its range, a loss that is not finite, or a checkpoint of
            another run.
    """
    import torch
    from tqdm import tqdm

    check_whole(1, steps=steps, validate_every=validate_every, threads=threads)
    check_whole(1, checkpoint_every=checkpoint_every)
    check_whole(0, seed=seed)
    check_positive(learning_rate=learning_rate, max_norm=max_norm)
    check_not_negative(weight_decay=weight_decay)
    run = _Run(model, _Settings(steps, seed, learning_rate, weight_decay, max_norm))
    file = None if checkpoint is None else Path(checkpoint)
    if file is not None and file.exists():
        run.load(file)
    bar = tqdm(total=steps, initial=run.step, disable=None if progress is None else not progress)
    with _threads(threads), torch.random.fork_rng(devices=[]), bar:
        while run.step < steps:
            bar.set_postfix(loss=f"{run.advance(batches):.3f}", refresh=False)
            bar.update()
            last = run.step == steps
            if validate is not None and (last or run.step % validate_every == 0):
                run.validate(validate)
            if file is not None and (last or run.step % checkpoint_every == 0):
                run.save(file)
    model.eval()
    return run.history()


class _Settings(NamedTuple):
    """What decides a run's numbers, besides its model and its batches."""

    steps: int
    seed: int
    learning_rate: float
    weight_decay: float
    max_norm: float


class _Run:
    """A training between two steps: all that an interrupted one needs to go on."""

    def __init__(self, model: torch.nn.Module, settings: _Settings) -> None:
        import torch

        self.model = model.to(memory_format=torch.channels_last)  # a third faster on processors
        self.settings = settings
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,  # the default takes roots by MKL, which differ between processors
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, settings.learning_rate, total_steps=settings.steps
        )
        self.step = 0
        self.seconds = 0.0
        self.records: dict[str, dict[str, list[float]]] = {"losses": {}, "scores": {}, "at": {}}

    def advance(self, batches: Batches) -> float:
        """Do one step, and return its loss."""
        import torch

        start = time.process_time()
        rng = np.random.default_rng((self.settings.seed, self.step))
        torch.manual_seed(int(rng.integers(2**63)))
        self.model.train()
        losses = self.model.losses(*batches(rng))
        loss = sum(losses.values())
        value = loss.item()
        if not math.isfinite(value):
            raise ValueError(
                f"the loss is {value} in step {self.step + 1}: lower learning_rate, "
                f"got {self.settings.learning_rate}"
            )
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.settings.max_norm)
        self._record("at", {"learning_rate": self.schedule.get_last_lr()[0]})
        self._record("losses", {name: term.item() for name, term in losses.items()})
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        self.seconds += time.process_time() - start
        return value

    def validate(self, validate: Validate) -> None:
        import torch

        self.model.eval()
        with torch.inference_mode():
            scores = validate(self.model)
        self._record("scores", scores)
        self._record("at", {"score": self.step})

    def _record(self, kind: str, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self.records[kind].setdefault(name, []).append(float(value))

    def history(self) -> History:
        losses, scores, at = (
            {name: np.array(values) for name, values in self.records[kind].items()}
            for kind in ("losses", "scores", "at")
        )
        score_steps = at.get("score", np.empty(0)).astype(np.int64)
        steps = np.arange(1, self.step + 1)
        return History(steps, losses, at["learning_rate"], score_steps, scores, self.seconds)

    def save(self, file: Path) -> None:
        """Write the run; a file that is there is replaced in one go or not at all."""
        import torch

        state = {
            "settings": list(self.settings),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "records": self.records,
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(file.name + ".part")
        torch.save(state, unfinished)
        unfinished.replace(file)

    def load(self, file: Path) -> None:
        import torch

        state = torch.load(file, weights_only=True)
        if state["settings"] != list(self.settings):
            saved = _Settings(*state["settings"])
            raise ValueError(
                f"checkpoint must be of this run: {self.settings}, got {saved} in {file}"
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.records = state["records"]


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    """So many threads for Torch, and afterwards as many as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
