"""Whatever stands in the place of an argument: a ValueError that says so, or a result."""

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from visioncourse import datasets, logistic, segmentation

rng = np.random.default_rng(0)
X, w, b = rng.normal(size=(12, 3)), rng.normal(size=3), np.array(0.3)
y, scores = np.arange(12) % 2, rng.random(12)
classes, W, biases = np.arange(12) % 4, rng.normal(size=(3, 4)), rng.normal(size=4)
z, labels, p = rng.normal(size=(2, 4, 3, 3)), rng.integers(0, 4, (2, 3, 3)), rng.random((2, 3))
pairs = np.stack([labels[0], labels[1]], axis=-1)

BINARY = {"X": X, "y": y, "w": w, "b": b}
SOFTMAX = {"X": X, "y": classes, "W": W, "b": biases}
FIT = {"l1": 0.0, "l2": 0.1, "learning_rate": None, "solver": "newton"}
MAPS = {"predictions": labels, "labels": labels, "num_classes": 4, "ignore_index": 1}
DICE = {"axis": 1, "smooth": 0.1, "weight": [1.0] * 3}
COMBINED = {"cross_entropy_weight": 1.0, "dice_weight": 1.0, "dice_axis": (2, 3), "smooth": 0.0}
PIXELS = {"logits": z, "labels": labels, "axis": 1, "weight": [1.0] * 4, "ignore_index": 3}
PIXELS |= {"label_smoothing": 0.1}
PANOPTIC = {"predictions": pairs, "labels": pairs, "num_classes": 4, "ignore_index": 1}
BAND = {"distance": 1, "dilation_ratio": 0.02}
LAYER = {"kernel": 3, "stride": 2, "padding": 1, "dilation": 1}
CALLS: dict[Callable[..., Any], dict[str, Any]] = {
    logistic.confusion_counts: {"predictions": y, "labels": y},
    logistic.cross_entropy: {"p": scores, "y": y},
    logistic.fit: {"X": X, "y": y, **FIT, "max_iter": 3, "tol": 1e-3},
    logistic.fit_softmax: {"X": X, "y": classes, "num_classes": 4, **FIT, "max_iter": 3},
    logistic.steps: {"X": X, "y": y, "num_classes": None, **FIT},
    logistic.gradient: {**BINARY, "l2": 0.1},
    logistic.hessian: {"X": X, "w": w, "b": b, "l2": 0.1},
    logistic.is_separable: {"X": X, "y": y},
    logistic.likelihood: BINARY,
    logistic.log_likelihood: BINARY,
    logistic.loss: {**BINARY, "l1": 0.1, "l2": 0.1},
    logistic.sigmoid: {"z": X},
    logistic.log_sigmoid: {"z": X},
    logistic.softmax: {"logits": X, "axis": -1},
    logistic.log_softmax: {"logits": X, "axis": -1},
    logistic.logits: {"X": X, "w": w, "b": b},
    logistic.predict: {"X": X, "w": w, "b": b, "threshold": 0.5},
    logistic.predict_proba: {"X": X, "w": w, "b": b},
    logistic.predict_proba_softmax: {"X": X, "W": W, "b": biases},
    logistic.predict_softmax: {"X": X, "W": W, "b": biases},
    logistic.roc_auc: {"scores": scores, "labels": y},
    logistic.roc_curve: {"scores": scores, "labels": y},
    logistic.softmax_gradient: {**SOFTMAX, "l2": 0.1},
    logistic.softmax_loss: {**SOFTMAX, "l1": 0.1, "l2": 0.1},
    segmentation.one_hot: {"labels": labels, "num_classes": 4},
    segmentation.cross_entropy: {**PIXELS, "reduction": "mean"},
    segmentation.combined_loss: {**PIXELS, **COMBINED},
    segmentation.dice_coefficient: {"predictions": p, "targets": p, **DICE},
    segmentation.dice_loss: {"predictions": p, "targets": p, **DICE},
    segmentation.confusion_matrix: MAPS,
    segmentation.SegmentationCounts.of: MAPS,
    segmentation.pixel_accuracy: MAPS,
    segmentation.iou_per_class: {**MAPS, "absent": 1.0},
    segmentation.mean_iou: {**MAPS, "absent": 0.0},
    segmentation.frequency_weighted_iou: MAPS,
    segmentation.boundary_band: {"labels": labels, **BAND},
    segmentation.boundary_iou: {"predictions": labels > 1, "targets": labels > 2, **BAND},
    segmentation.boundary_iou_per_class: {**MAPS, **BAND, "absent": 0.0},
    segmentation.dice_per_class: {**MAPS, "absent": 0.0},
    segmentation.mask_iou: {"masks1": labels > 1, "masks2": labels > 2, "crowd": [0, 1]},
    segmentation.encode_rle: {"masks": labels > 1},
    segmentation.decode_rle: {"rles": [{"size": [1, 3], "counts": [1, 2]}]},
    segmentation.polygons_to_rle: {"polygons": [[0, 0, 4, 0, 0, 4]], "size": [5, 6]},
    segmentation.connected_components: {"labels": labels, "stuff": (0,), "connectivity": 2},
    segmentation.panoptic_map: {"labels": labels[0], "masks": labels[:1] == 1},
    segmentation.panoptic_quality: {**PANOPTIC, "stuff": (0,), "crowd": labels[0] == 2},
    segmentation.dice_from_iou: {"iou": scores},
    segmentation.iou_from_dice: {"dice": scores},
    segmentation.output_size: {"size": 9, **LAYER},
    segmentation.transposed_output_size: {"size": 9, **LAYER, "output_padding": 1},
    segmentation.receptive_field: {"layers": [tuple(LAYER.values())]},
    datasets.mean_and_scale: {"X": X},
    datasets.standardize: {"X": X, "mean": w, "scale": w**2},
}
BAD = [
    None, "x", b"x", math.inf, -math.inf, math.nan, 10**30, -(10**30), 2**63, 1.5, -1, 1j, True,
    [], [[]], [[1], [1, 2]], {}, object(), ("a",), [None], [10**30], [1e300], 1e300, 1e-320, print,
    np.array(["a"]), np.array([None]), np.array(1j), np.zeros((0, 0)), np.zeros((2, 0, 3)),
    np.array([2**63], dtype=np.uint64), np.datetime64("2020-01-01"), np.float16(3),
    torch.ones(2), torch.ones(2, dtype=torch.complex64),
]  # fmt: skip


def as_tensor(value: Any) -> Any:
    return torch.as_tensor(value) if isinstance(value, np.ndarray) else value


def call(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    result = function(**arguments)
    if isinstance(result, Iterator):
        next(result)


@pytest.mark.parametrize("convert", [lambda value: value, as_tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("function", CALLS, ids=lambda function: function.__qualname__)
def test_nothing_but_a_value_error(function, convert):
    arguments = {name: convert(value) for name, value in CALLS[function].items()}
    call(function, arguments)
    refused = 0
    for name in arguments:
        for value in BAD:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    warnings.simplefilter("ignore", logistic.SeparableDataWarning)
                    call(function, arguments | {name: value})
            except ValueError as error:
                refused += 1
                assert any(word in str(error) for word in [*arguments, "confusion"]), (name, value)
            except Exception as error:
                pytest.fail(f"{name}={value!r}: {type(error).__name__}: {error}")
    assert refused > len(BAD) / 3 * len(arguments)


def test_every_function_stands_in_the_list():
    listed = {function.__name__ for function in CALLS}
    public = {*logistic.__all__, *segmentation.__all__}
    functions = {name for name in public if name.islower()}
    assert functions - listed == {"accuracy", "precision", "recall"}  # all by confusion_counts
