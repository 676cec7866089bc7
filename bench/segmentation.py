"""Confusion matrix, cross-entropy and Dice beside scikit-learn, torchmetrics, Torch and monai.

monai is measured where it is installed.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch
from harness import Timing, best_times, plot_costs, table, versions
from sklearn import metrics as sklearn_metrics
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_confusion_matrix

from visioncourse.segmentation import confusion_matrix, cross_entropy, dice_loss

NUM_CLASSES = 21
OURS = ("ours, NumPy", "ours, Torch")
IMAGES, SIDE = 100, 256  # the sizes in the tables
IMAGES_SIZES, SIDE_SIZES = (1, 10, IMAGES), (64, 128, SIDE, 512)
Calls = dict[str, Callable[[], object]]


def label_maps(images: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth in patches of 16 × 16 pixels, as regions are; 4 of 5 predictions are right."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, NUM_CLASSES, (images, 32, 32)).repeat(16, axis=1).repeat(16, axis=2)
    wrong = rng.integers(0, NUM_CLASSES, labels.shape)
    return np.where(rng.random(labels.shape) < 0.8, labels, wrong), labels


def confusion_calls(images: int) -> Calls:
    predictions, labels = label_maps(images)
    p, g = torch.from_numpy(predictions), torch.from_numpy(labels)
    unchecked = partial(multiclass_confusion_matrix, p, g, NUM_CLASSES, validate_args=False)
    return {
        OURS[0]: partial(confusion_matrix, predictions, labels, NUM_CLASSES),
        OURS[1]: partial(confusion_matrix, p, g, NUM_CLASSES),
        "torchmetrics": partial(multiclass_confusion_matrix, p, g, NUM_CLASSES),
        "torchmetrics, unchecked": unchecked,
        "scikit-learn": lambda: sklearn_metrics.confusion_matrix(
            labels.ravel(), predictions.ravel()
        ),
    }


def with_gradient(loss: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The gradient of a loss."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(loss(x), x)[0]


def loss_calls(dtype: torch.dtype, side: int) -> dict[str, Calls]:
    """Values and gradients of both losses on 4 images of side × side pixels and 21 classes."""
    rng = np.random.default_rng(0)
    z = torch.tensor(rng.normal(size=(4, NUM_CLASSES, side, side)), dtype=dtype)
    y = torch.tensor(rng.integers(0, NUM_CLASSES, (4, side, side)))
    p, g = z.softmax(1), functional.one_hot(y, NUM_CLASSES).movedim(-1, 1).to(dtype).contiguous()

    def per_mask(predictions: object, targets: object) -> object:
        return dice_loss(predictions, targets, axis=(2, 3)).mean()

    entropies = {
        OURS[1]: lambda z: cross_entropy(z, y, axis=1),
        "torch.nn.functional": lambda z: functional.cross_entropy(z, y),
    }
    dices = {OURS[1]: lambda p: per_mask(p, g)}
    if find_spec("monai"):
        from monai.losses import DiceLoss

        monai = DiceLoss(squared_pred=True, smooth_nr=0.0, smooth_dr=0.0)
        dices["monai"] = lambda p: monai(p, g)
    calls = {
        "cross-entropy": {OURS[0]: partial(cross_entropy, z.numpy(), y.numpy(), axis=1)},
        "Dice": {OURS[0]: partial(per_mask, p.numpy(), g.numpy())},
    }
    for name, losses, x in (("cross-entropy", entropies, z), ("Dice", dices, p)):
        calls[name] |= {who: partial(loss, x) for who, loss in losses.items()}
        calls[f"{name}, gradient"] = {
            who: partial(with_gradient, loss, x) for who, loss in losses.items()
        }
    return calls


def difference(calls: Calls) -> float:
    """The largest relative difference between the results of the first and of another."""
    first, *others = (np.asarray(call()) for call in calls.values())
    return max(float(np.max(np.abs(other - first))) for other in others) / np.max(np.abs(first))


def rows(name: str, timings: dict[str, Timing]) -> list[tuple[object, ...]]:
    mine = min((timings[who] for who in OURS if who in timings), key=lambda t: t.seconds)
    return [
        (
            name,
            who,
            timing.milliseconds,
            "-" if who in OURS else f"{timing.seconds / mine.seconds:.2f}",
            timing.threads,
        )
        for who, timing in timings.items()
    ]


def main() -> None:
    for name, calls in loss_calls(torch.float64, SIDE).items():
        if len(calls) > 1 and difference(calls) > 1e-12:
            raise RuntimeError(f"{name}: the values differ by {difference(calls)}")
    confusion = {}
    for images in IMAGES_SIZES:
        calls = confusion_calls(images)
        if difference(calls) != 0:
            raise RuntimeError("the confusion matrices differ")
        confusion[images] = best_times(calls)
    losses: dict[str, dict[int, dict[str, Timing]]] = {}
    for side in SIDE_SIZES:
        for name, calls in loss_calls(torch.float32, side).items():
            losses.setdefault(name, {})[side] = best_times(calls)
    header = ("operation", "who", "ms", "ratio", "threads")
    packages = ["numpy", "torch", "torchmetrics", "scikit-learn"]
    packages += ["monai"] if find_spec("monai") else []
    print("## Segmentation\n")
    print(f"{versions(*packages)}\n")
    print(table(header, rows("confusion matrix, 100 × 512² pixels, 21 classes", confusion[IMAGES])))
    print(plot_costs("confusion_matrix", "images of 512²", {"confusion matrix": confusion}))
    print("\nLosses of 4×21×256×256 float32:\n")
    print(table(header, [row for name, panel in losses.items() for row in rows(name, panel[SIDE])]))
    print(plot_costs("segmentation_losses", "side of 4 square images", losses))
    print("""
Ratios are to our faster one. Ours includes its checks for NaN and range. Values and
gradients were compared in float64 first.

Behind: Dice without a gradient. Both sides take the same products and sums; ours first reads both
arrays once, for NaN and range, which monai does not. Cross-entropy takes Torch's log-softmax image
by image, so that what lies in between stays in the processor's cache; on small images its checks
weigh more. On a single image torchmetrics without its checks counts faster; ours always checks the
labels.""")
    if not find_spec("monai"):
        print("monai is not installed: its column is missing.")


if __name__ == "__main__":
    main()
