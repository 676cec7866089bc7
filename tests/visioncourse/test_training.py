"""The training loop against a loop written out, and against itself: again, resumed, elsewhere."""

import os
import pty
import subprocess
import sys
import termios
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from visioncourse import training
from visioncourse.training import fit

X = np.random.default_rng(0).normal(size=(50, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3


class Regression(nn.Module):
    """A linear unit behind dropout, with a loss of two terms."""

    def __init__(self, *, dropout=0.0):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(3, dtype=torch.float64))
        self.b = nn.Parameter(torch.zeros((), dtype=torch.float64))
        self.dropout = nn.Dropout(dropout)

    def losses(self, x, y):
        error = self.dropout(x) @ self.w + self.b - y
        return {"squared": error.square().mean(), "absolute": error.abs().mean()}


def batches(rng):
    chosen = rng.integers(0, len(X), 8)
    return torch.tensor(X[chosen]), torch.tensor(Y[chosen])


def train(model=None, batches=batches, **settings):
    model = Regression() if model is None else model
    settings = {"steps": 12, "seed": 3, "learning_rate": 0.1} | settings
    return model, fit(model, batches, **settings)


def numbers(model, history):
    """All that a run decides, in one array."""
    arrays = [*history.losses.values(), *history.scores.values(), history.learning_rates]
    weights = [p.detach().numpy().ravel() for p in model.parameters()]
    return np.concatenate([*arrays, *weights])


def test_it_is_adamw_on_a_one_cycle_schedule_with_clipped_gradients():
    """The published update rules, spelled out in NumPy."""
    steps, peak, decay, max_norm, eps = 12, 0.1, 0.2, 0.5, 1e-8
    model, history = train(steps=steps, weight_decay=decay, max_norm=max_norm)
    theta, m, v = np.zeros(4), np.zeros(4), np.zeros(4)
    rise, rates, losses, beta_product = 0.3 * steps - 1, [], [], 1.0
    for k in range(steps):
        # Half a cosine from one value to another; the momentum goes the other way.
        up = k <= rise
        part = k / rise if up else (k - rise) / (steps - 1 - rise)
        start, end = (peak / 25, peak) if up else (peak, peak / 25 / 1e4)
        rate = end + (start - end) * (1 + np.cos(np.pi * part)) / 2
        low, high = (0.95, 0.85) if up else (0.85, 0.95)
        beta = high + (low - high) * (1 + np.cos(np.pi * part)) / 2
        rng = np.random.default_rng((3, k))
        rng.integers(2**63)  # goes to Torch
        chosen = rng.integers(0, len(X), 8)
        x = np.c_[X[chosen], np.ones(8)]
        error = x @ theta - Y[chosen]
        gradient = (2 * error + np.sign(error)) @ x / 8
        gradient *= min(1, max_norm / (np.linalg.norm(gradient) + 1e-6))
        m = beta * m + (1 - beta) * gradient
        v = 0.999 * v + 0.001 * gradient**2
        beta_product = beta ** (k + 1)
        step = m / (1 - beta_product) / (np.sqrt(v / (1 - 0.999 ** (k + 1))) + eps)
        theta = theta - rate * decay * theta - rate * step
        losses.append((error**2).mean() + np.abs(error).mean())
        rates.append(rate)
    assert_allclose(history.learning_rates, rates, rtol=1e-12)
    assert_allclose(history.loss, losses, rtol=1e-10)
    assert_allclose([*model.w.tolist(), model.b.item()], theta, rtol=1e-10)


def test_the_history_has_every_step():
    _, history = train()
    assert_array_equal(history.steps, np.arange(1, 13))
    assert {name: values.shape for name, values in history.losses.items()} == {
        "squared": (12,),
        "absolute": (12,),
    }
    assert_array_equal(history.loss, history.losses["squared"] + history.losses["absolute"])
    assert history.seconds > 0
    assert history.scores == {} and history.score_steps.shape == (0,)


def test_averages_of_a_history():
    _, history = train(steps=7)
    averaged = history.averaged(3)
    assert_array_equal(averaged.steps, [3, 6, 7])
    loss = history.loss
    assert_allclose(averaged.loss, [loss[:3].mean(), loss[3:6].mean(), loss[6]])
    assert_array_equal(averaged.learning_rates, history.learning_rates[[2, 5, 6]])
    with pytest.raises(ValueError, match="every must be a whole number >= 1, got 0"):
        history.averaged(0)


def test_a_second_run_gives_the_same_numbers():
    first, second = (numbers(*train(Regression(dropout=0.5))) for _ in range(2))
    assert_array_equal(first, second)
    assert not np.array_equal(first, numbers(*train(Regression(dropout=0.5), seed=4)))


def test_torch_is_left_as_it_was():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    train(Regression(dropout=0.5), threads=threads + 1)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_it_runs_with_the_threads_that_were_asked_for():
    seen = []

    def watched(rng):
        seen.append(torch.get_num_threads())
        return batches(rng)

    train(batches=watched, steps=1)
    train(batches=watched, steps=1, threads=2)
    assert seen == [1, 2]


def test_validation_every_so_often_and_at_the_end():
    modes = []

    def validate(model):
        modes.append((model.training, torch.is_grad_enabled()))
        return {"bias": model.b.item()}

    model, history = train(steps=7, validate=validate, validate_every=3)
    assert modes == [(False, False)] * 3
    assert_array_equal(history.score_steps, [3, 6, 7])
    assert history.scores["bias"][-1] == model.b.item()
    assert not model.training
    # To look changes nothing.
    _, unseen = train(steps=7)
    assert_array_equal(history.loss, unseen.loss)


def test_a_frozen_parameter_stays():
    model = Regression()
    model.w.requires_grad_(False)
    train(model)
    assert model.w.tolist() == [0, 0, 0] and model.b.item() != 0


@pytest.mark.parametrize("interrupted_after", [1, 4, 5, 8])
def test_an_interrupted_run_goes_on_to_the_same_numbers(tmp_path, interrupted_after):
    def validate(model):
        return {"w": model.w.sum().item()}

    settings = {"validate": validate, "validate_every": 5}
    whole = numbers(*train(Regression(dropout=0.3), **settings))
    settings |= {"checkpoint": tmp_path / "new" / "run.pt", "checkpoint_every": 2}
    calls = []

    def stopped(rng):
        if len(calls) == interrupted_after:
            raise KeyboardInterrupt
        calls.append(1)
        return batches(rng)

    with pytest.raises(KeyboardInterrupt):
        train(Regression(dropout=0.3), stopped, **settings)
    resumed = numbers(*train(Regression(dropout=0.3), **settings))
    assert_array_equal(resumed, whole)
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["run.pt"]


def test_a_finished_run_is_read_and_not_done_again(tmp_path):
    settings = {"checkpoint": tmp_path / "run.pt"}
    model, history = train(**settings)

    def none(rng):
        raise AssertionError("no batch is needed")

    again, read = train(batches=none, **settings)
    assert_array_equal(numbers(again, read), numbers(model, history))
    assert read.seconds == history.seconds


@pytest.mark.parametrize("other", [{"steps": 13}, {"seed": 4}, {"learning_rate": 0.2}])
def test_a_checkpoint_of_another_run_is_refused(tmp_path, other):
    train(checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match="checkpoint must be of this run"):
        train(checkpoint=tmp_path / "run.pt", **other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be a whole number >= 1, got 0"),
        ({"steps": 1.5}, "steps must be"),
        ({"seed": -1}, "seed must be a whole number >= 0"),
        ({"learning_rate": 0}, "learning_rate must be a finite number > 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be"),
        ({"weight_decay": -0.1}, "weight_decay must be a finite number >= 0"),
        ({"max_norm": 0}, "max_norm must be"),
        ({"validate_every": 0}, "validate_every must be"),
        ({"checkpoint_every": 0}, "checkpoint_every must be"),
        ({"threads": 0}, "threads must be"),
    ],
)
def test_arguments_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        train(**settings)


def test_a_loss_that_is_not_finite():
    def infinite(rng):
        x, y = batches(rng)
        return x, y * float("inf")

    with pytest.raises(
        ValueError, match=r"the loss is inf in step 1: lower learning_rate, got 0.1"
    ):
        train(batches=infinite)


# In new interpreters: what Torch reads once, and what a terminal or a notebook would show.

FIT = """
from visioncourse import training
import torch
class Line(torch.nn.Linear):
    def losses(self, x, y):
        return {"squared": (self(x) - y).square().mean()}
x = torch.ones(4, 2)
training.fit(Line(2, 1), lambda rng: (x, x.sum(1, keepdim=True)), steps=5, seed=0%s)
"""


def run(program, **environment):
    """What a program prints, on both streams."""
    command = [sys.executable, "-W", "error", "-c", program]
    result = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert result.returncode == 0, result.stderr
    return result.stdout, result.stderr


def test_progress_is_shown_on_request_only_where_no_terminal_is():
    assert run(FIT % "") == ("", "")
    assert "5/5" in run(FIT % ", progress=True")[1]


@pytest.mark.parametrize(("argument", "shown"), [("", True), (", progress=False", False)])
def test_progress_is_shown_in_a_terminal(argument, shown):
    terminal, its_end = pty.openpty()
    termios.tcsetwinsize(its_end, (24, 80))
    subprocess.run([sys.executable, "-c", FIT % argument], stderr=its_end, check=True)
    os.close(its_end)
    written = b""
    with os.fdopen(terminal, "rb", buffering=0) as stream:
        try:
            while chunk := stream.read(4096):
                written += chunk
        except OSError:  # Linux says so at a terminal's end
            pass
    assert (b"5/5" in written) == shown


def test_a_notebook_stores_nothing_of_the_progress():
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(FIT % "" + "1 + 1")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the machinery around notebooks
        NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert [output["output_type"] for output in notebook.cells[0].outputs] == ["execute_result"]


def test_pins_are_set_before_torch_reads_them():
    out, _ = run(
        "import sys; from visioncourse import training; print('torch' in sys.modules)\n"
        "training.pin(); training.pin()\n"
        "import torch; print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())",
        ATEN_CPU_CAPABILITY="avx512",
        OMP_NUM_THREADS="2",
    )
    loaded, capability, threads = out.split()
    assert loaded == "False"
    assert capability in ("AVX2", "DEFAULT")
    assert threads == "1"


def test_a_late_pin_says_so():
    program = """
import torch, warnings
from visioncourse import training
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    training.pin()
warning = caught[0]
print(warning.category.__name__, warning.filename, warning.message, torch.get_num_threads())
"""
    out, _ = run(program, ATEN_CPU_CAPABILITY="default", OMP_NUM_THREADS="2")
    assert out.startswith("RuntimeWarning <string> torch was imported before training.pin()")
    assert out.endswith(" 1\n")


PAGE = """
import sys
import numpy as np
import torch
from visioncourse import scenes, segmentation, training
from visioncourse.models import UNet

pictures = [scenes.make_scene(seed, height=32, width=32, num_objects=3) for seed in range(24)]
images = torch.tensor(np.stack([scene.image for scene in pictures])).permute(0, 3, 1, 2)
targets = torch.tensor(np.stack([scene.semantic_mask for scene in pictures]))

def batches(rng):
    chosen = rng.integers(0, 16, 4)
    return images[chosen], targets[chosen]

model = UNet(4, widths=(8, 16, 16), seed=1).double()
history = training.fit(model, batches, steps=40, seed=1, learning_rate=1e-2)
predictions = model.predict(images[16:])
print(history.loss.round(6).tolist())
print(round(segmentation.mean_iou(predictions, targets[16:], 4), 6))
np.savez(sys.argv[1], *[p.detach().numpy() for p in model.parameters()])
"""
SETTINGS = {
    "native": {},
    "pinned": training.PINS,
    "oldest": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "no oneDNN": {"TORCH_MKLDNN_ENABLED": "0"},
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, tuple[str, dict[str, np.ndarray]]]:
    """What a page that trains in float64 prints on machines of several kinds, and its weights."""
    folder = tmp_path_factory.mktemp("pages")
    clean = {key: value for key, value in os.environ.items() if key not in training.PINS}
    found = {}
    for name, environment in SETTINGS.items():
        file = folder / f"{name}.npz"
        command = [sys.executable, "-c", PAGE, str(file)]
        found[name] = (
            subprocess.run(
                command, capture_output=True, text=True, check=True, env={**clean, **environment}
            ).stdout,
            dict(np.load(file)),
        )
    return found


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "native"])
def test_a_page_in_float64_prints_the_same_on_another_machine(pages, name):
    (printed, weights), (elsewhere, others) = pages["native"], pages[name]
    assert printed == elsewhere
    for key, values in weights.items():
        assert_allclose(others[key], values, rtol=0, atol=1e-9)


def test_the_machines_of_the_last_test_were_not_all_the_same(pages):
    """Else it would prove nothing: some last digit of some weight differs."""
    native = pages["native"][1]
    assert any(
        not np.array_equal(native[key], weights[key])
        for _, weights in pages.values()
        for key in native
    )
