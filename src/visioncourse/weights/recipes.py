"""How each network is built, trained and judged: one entry of a table for each.

A new network needs an entry in `RECIPES`, and `make weights NAME=...`. Recipes of one task share
what that task's module gives: batches to train on and scores.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import nn

from ..models import (
    FCN,
    SSD,
    YOLO,
    ConvNet,
    DeepLab,
    FasterRCNN,
    MaskRCNN,
    RetinaNet,
    SegFormer,
    UNet,
)
from ..training import Batches
from . import detection, segmentation


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights of a network.

    Attributes:
        build: a function of a seed that gives the untrained network.
        world: name of the scenes in `visioncourse.scenes.WORLDS`.
        batches: `batches(world, scenes)` gives the batches of these scenes, for
            :py:func:`visioncourse.training.fit`.
        evaluate: `evaluate(model, world, scenes)` gives named scores on these scenes.
        best_by: the score that says which run is shipped; more is better.
        steps: of each run.
        learning_rate: the peak of its schedule.
        training_scenes: seeds of scenes.
        validation_scenes: seeds of those that decide which run is shipped.
        held_out_scenes: seeds from 10,000 on; nothing that is shipped was trained on or chosen
            by these scenes.
        seeds: of the runs, at least three, which say how much a score is due to chance.
        ships: whether weights are shipped, or the card alone: the record of an experiment.
    """

    build: Callable[[int], nn.Module]
    world: str
    batches: Callable[[str, range], Batches]
    evaluate: Callable[[nn.Module, str, range], dict[str, float]]
    best_by: str
    steps: int
    learning_rate: float = 3e-3
    training_scenes: range = range(8000)
    validation_scenes: range = range(9000, 9100)
    held_out_scenes: range = range(10_000, 10_200)
    seeds: tuple[int, ...] = (0, 1, 2)
    ships: bool = True


def segments(
    build: Callable[[int], nn.Module], *, steps: int, learning_rate: float = 3e-3
) -> Recipe:
    """The recipe that networks for segmentation share."""
    return Recipe(
        build,
        world="segmentation",
        batches=segmentation.batches,
        evaluate=segmentation.evaluate,
        best_by="mean_iou",
        steps=steps,
        learning_rate=learning_rate,
    )


def detects(build: Callable[[int], nn.Module], *, steps: int) -> Recipe:
    """The recipe that detectors share."""
    return Recipe(
        build,
        world="detection",
        batches=detection.batches,
        evaluate=detection.evaluate,
        best_by="map",
        steps=steps,
    )


def studies_loss(loss: segmentation.Loss) -> Recipe:
    """A small U-Net trained briefly on another loss than its own; only the loss differs."""

    def build(seed: int) -> nn.Module:
        return segmentation.WithLoss(UNet(7, widths=(8, 16, 24, 32), seed=seed), loss)

    return replace(segments(build, steps=3000), ships=False)


# Encoders of about as many parameters and about as much time.
FCN_VGG = {"encoder": "vgg", "widths": (16, 32, 48, 80)}
FCN_RESNET = {"encoder": "resnet", "widths": (12, 24, 36, 52)}


def studies_fcn(**changed) -> Recipe:
    """An FCN trained briefly; one argument differs from study to study."""
    recipe = segments(lambda seed: FCN(7, **FCN_VGG, **changed, seed=seed), steps=3000)
    return replace(recipe, ships=False)


def studies_depth(layers: int, *, relu: bool = True, ships: bool = False) -> Recipe:
    """The same number of steps for a plain network of so many layers."""
    recipe = segments(lambda seed: ConvNet(7, layers=layers, relu=relu, seed=seed), steps=1000)
    return replace(recipe, learning_rate=1e-2, ships=ships)


RECIPES = {
    "fcn_vgg": segments(lambda seed: FCN(7, **FCN_VGG, seed=seed), steps=10_000),
    "fcn_resnet": segments(lambda seed: FCN(7, **FCN_RESNET, seed=seed), steps=10_000),
    "unet": segments(lambda seed: UNet(7, seed=seed), steps=10_000),
    "unet_without_skips": segments(lambda seed: UNet(7, skips=False, seed=seed), steps=10_000),
    "deeplab": segments(lambda seed: DeepLab(7, seed=seed), steps=10_000),
    "deeplab_without_dilation": segments(
        lambda seed: DeepLab(7, rates=(1, 1, 1), seed=seed), steps=10_000
    ),
    "segformer": segments(lambda seed: SegFormer(7, seed=seed), steps=10_000, learning_rate=4e-3),
    "segformer_without_attention": segments(
        lambda seed: SegFormer(7, attention=False, seed=seed), steps=10_000, learning_rate=4e-3
    ),
    "segformer_without_stem": replace(  # the first attempt, by a smaller rate as well
        segments(lambda seed: SegFormer(7, stem=0, seed=seed), steps=10_000, learning_rate=2e-3),
        ships=False,
    ),
}
RECIPES |= {
    "fcn_brief": studies_fcn(),
    "fcn_brief_without_skips": studies_fcn(skips=()),
    "fcn_brief_transposed": studies_fcn(upsampling="transposed"),
}
RECIPES |= {f"loss_{name}": studies_loss(loss) for name, loss in segmentation.LOSSES.items()}
RECIPES |= {f"layers_{n}": studies_depth(n, ships=n == 4) for n in range(5)}
RECIPES["layers_4_linear"] = studies_depth(4, relu=False)

RECIPES |= {
    "yolo": replace(
        detects(lambda seed: YOLO(6, seed=seed), steps=8000),
        evaluate=detection.evaluate_suppressions,
    ),
    "ssd": detects(lambda seed: SSD(6, seed=seed), steps=8000),
    "retinanet": detects(lambda seed: RetinaNet(6, seed=seed), steps=8000),
    "retinanet_without_pyramid": replace(
        detects(lambda seed: RetinaNet(6, pyramid=False, seed=seed), steps=8000), ships=False
    ),
    "retinanet_cross_entropy": replace(  # balanced by the paper's best weight, 0.75
        detects(lambda seed: RetinaNet(6, alpha=0.75, gamma=0, seed=seed), steps=8000), ships=False
    ),
    "faster_rcnn": detects(lambda seed: FasterRCNN(6, seed=seed), steps=8000),
    "mask_rcnn": replace(
        detects(lambda seed: MaskRCNN(6, seed=seed), steps=8000), evaluate=detection.evaluate_masks
    ),
}
