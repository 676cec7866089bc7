"""Pairwise IoU, GIoU, DIoU and CIoU, and non-maximum suppression, beside public libraries.

torchmetrics computes all four by torchvision, which needs a build that matches Torch's: its
formulas stand here in Torch. monai and OpenCV are measured where they are installed.
"""

import math
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch
from harness import Timing, best_times, plot_costs, table, versions
from pycocotools import mask

from visioncourse.detection import boxes as ours
from visioncourse.detection.matching import nms

OURS = "ours"
PAIRWISE, SUPPRESSED = 1000, 5000  # the sizes in the tables
PAIRWISE_SIZES, SUPPRESSED_SIZES = (30, 100, 300, PAIRWISE), (500, 1500, SUPPRESSED, 10_000)
Panels = dict[str, dict[int, dict[str, Timing]]]
PEERS = {"monai": "monai", "cv2": "opencv-python"}  # module: package


def scattered(n: int, seed: int, side: float = 1000.0) -> np.ndarray:
    """Boxes (n, 4) of 10 to 100 pixels a side, anywhere in a square image."""
    rng = np.random.default_rng(seed)
    centre, half = rng.uniform(0, side, (n, 2)), rng.uniform(5, 50, (n, 2))
    return np.concatenate([centre - half, centre + half], axis=1)


def clustered(n: int, objects: int, seed: int) -> np.ndarray:
    """What a detector emits: each object found many times, with edges off by 10 % of its size."""
    rng = np.random.default_rng(seed)
    found = scattered(objects, seed)[rng.integers(0, objects, n)]
    noise = rng.normal(0, 0.1, (n, 4)) * np.tile(found[:, 2:] - found[:, :2], 2)
    return np.sort((found + noise).reshape(n, 2, 2), axis=1).reshape(n, 4)


def torch_measures(a: torch.Tensor, b: torch.Tensor) -> dict[str, Callable[[], torch.Tensor]]:
    """torchvision's four formulas, each from its own intermediate results."""

    def iou() -> tuple[torch.Tensor, torch.Tensor]:
        area_a, area_b = ((x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1]) for x in (a, b))
        start = torch.max(a[:, None, :2], b[:, :2])
        size = (torch.min(a[:, None, 2:], b[:, 2:]) - start).clamp(min=0)
        intersection = size[..., 0] * size[..., 1]
        union = area_a[:, None] + area_b - intersection
        return intersection / union, union

    def hull() -> torch.Tensor:
        start = torch.min(a[:, None, :2], b[:, :2])
        return (torch.max(a[:, None, 2:], b[:, 2:]) - start).clamp(min=0)

    def giou() -> torch.Tensor:
        overlap, union = iou()
        size = hull()
        area = size[..., 0] * size[..., 1]
        return overlap - (area - union) / area

    def diou() -> torch.Tensor:
        size = hull()
        diagonal = size[..., 0] ** 2 + size[..., 1] ** 2
        centre_a, centre_b = ((x[:, :2] + x[:, 2:]) / 2 for x in (a, b))
        distance = ((centre_a[:, None] - centre_b) ** 2).sum(dim=-1)
        return iou()[0] - distance / diagonal

    def ciou() -> torch.Tensor:
        angle_a, angle_b = (torch.atan((x[:, 2] - x[:, 0]) / (x[:, 3] - x[:, 1])) for x in (a, b))
        v = 4 / math.pi**2 * (angle_a[:, None] - angle_b) ** 2
        return diou() - v / (1 - iou()[0] + v) * v

    return {"IoU": lambda: iou()[0], "GIoU": giou, "DIoU": diou, "CIoU": ciou}


def pairwise_calls(n: int) -> dict[str, dict[str, Callable[[], object]]]:
    """For each measure the ways to compute its matrix, n × n in float64."""
    a, b = scattered(n, 0), scattered(n, 1)
    functions = {
        "IoU": ours.box_iou,
        "GIoU": ours.generalized_box_iou,
        "DIoU": ours.distance_box_iou,
        "CIoU": ours.complete_box_iou,
    }
    calls = {name: {OURS: partial(function, a, b)} for name, function in functions.items()}
    for name, call in torch_measures(torch.from_numpy(a), torch.from_numpy(b)).items():
        calls[name]["torchvision's formula"] = call
    a_xywh, b_xywh = (ours.box_convert(boxes, "xyxy", "xywh") for boxes in (a, b))
    calls["IoU"]["pycocotools"] = partial(mask.iou, a_xywh, b_xywh, [0] * len(b))
    if find_spec("monai"):
        from monai.data import box_utils

        calls["IoU"]["monai"] = partial(box_utils.box_iou, a, b)
        calls["GIoU"]["monai"] = partial(box_utils.box_giou, a, b)
    return calls


def greedy(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """The plain loop: one row of IoUs for each kept box."""
    order, kept = np.argsort(-scores, kind="stable"), []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        start = np.maximum(boxes[best, :2], boxes[rest, :2])
        size = np.maximum(np.minimum(boxes[best, 2:], boxes[rest, 2:]) - start, 0)
        intersection = size[:, 0] * size[:, 1]
        union = areas[best] + areas[rest] - intersection
        order = rest[intersection <= threshold * union]
    return np.array(kept)


def nms_calls(n: int) -> dict[str, dict[str, Callable[[], object]]]:
    """For each picture and threshold the ways to thin out n boxes."""
    pictures = {
        "50 objects": clustered(n, 50, 0),
        "500 objects": clustered(n, 500, 0),
        "2,000 objects": clustered(n, 2000, 0),
        "scattered": scattered(n, 0),
    }
    # OpenCV orders them in float32 and leaves out a score of 0: distinct in float32, and above 0.
    scores = (1 + np.random.default_rng(1).permutation(n)) / n
    calls: dict[str, dict[str, Callable[[], object]]] = {}
    for name, boxes in pictures.items():
        for threshold in (0.5, 0.3):
            case = calls[f"{name}, {threshold}"] = {
                OURS: partial(nms, boxes, scores, iou_threshold=threshold),
                "greedy loop": partial(greedy, boxes, scores, threshold),
            }
            if find_spec("cv2"):
                import cv2

                xywh = ours.box_convert(boxes, "xyxy", "xywh")
                case["OpenCV"] = partial(cv2.dnn.NMSBoxes, xywh, scores, 0.0, threshold)
    return calls


def check(name: str, calls: dict[str, Callable[[], object]]) -> int:
    """The length of the result; every peer's values must be ours."""
    expected = np.asarray(calls[OURS]())
    for peer, call in calls.items():
        values, tolerance = np.asarray(call()), 1e-5 if peer == "monai" else 1e-12  # float32 inside
        if values.shape != expected.shape or np.max(np.abs(values - expected)) > tolerance:
            raise RuntimeError(f"{name}: {peer} has other values")
    return len(expected)


def rows(name: str, timings: dict[str, Timing], *columns: object) -> list[tuple[object, ...]]:
    mine = timings[OURS]
    return [
        (
            name,
            *columns,
            peer,
            mine.milliseconds,
            theirs.milliseconds,
            f"{theirs.seconds / mine.seconds:.1f}",
            f"{mine.threads} / {theirs.threads}",
        )
        for peer, theirs in timings.items()
        if peer != OURS
    ]


def main() -> None:
    pairwise, suppression = [], []
    pairwise_panels: Panels = {name: {} for name in ("IoU", "GIoU", "DIoU", "CIoU")}
    suppression_panels: Panels = {"50 objects, 0.5": {}, "scattered, 0.5": {}}
    for n in PAIRWISE_SIZES:
        for name, calls in pairwise_calls(n).items():
            check(name, calls)
            pairwise_panels[name][n] = best_times(calls)
            if n == PAIRWISE:
                pairwise += rows(name, pairwise_panels[name][n])
    for n in SUPPRESSED_SIZES:
        for name, calls in nms_calls(n).items():
            if n != SUPPRESSED and name not in suppression_panels:
                continue
            kept, timings = check(name, calls), best_times(calls)
            if n == SUPPRESSED:
                suppression += rows(name, timings, kept)
            if name in suppression_panels:
                suppression_panels[name][n] = timings
    installed = [package for module, package in PEERS.items() if find_spec(module)]
    missing = [package for module, package in PEERS.items() if not find_spec(module)]
    print("## Boxes\n")
    print(f"{versions('numpy', 'torch', 'pycocotools', *installed)}")
    if missing:
        print(f"\nNot installed, so not measured: {', '.join(missing)}.")
    header = ("peer", "ours, ms", "peer, ms", "ratio", "threads")
    print("\nEvery pair of 1,000 and 1,000 boxes, float64:\n")
    print(table(("measure", *header), pairwise))
    print(plot_costs("boxes", "boxes on each side", pairwise_panels))
    print("\nNon-maximum suppression of 5,000 boxes, by picture and IoU threshold:\n")
    print(table(("picture", "kept", *header), suppression))
    print(plot_costs("nms", "boxes", suppression_panels))
    print("""
Boxes of 10 to 100 pixels a side in an image of 1,000 × 1,000; scattered, or those of some objects
found again and again with edges off by 10 % (standard deviation). All keep the same boxes in the
same order. monai computes in float32, so its time is for half the digits.

Behind: up to 100 boxes a side pycocotools' IoU, compiled as it is, is done before our checks and
NumPy calls, which cost about 0.05 ms. Where few of many boxes survive, OpenCV's compiled loop is
close: it compares a box with the survivors alone, and of those there are few.""")


if __name__ == "__main__":
    main()
