"""Boundary IoU, connected components and panoptic quality beside OpenCV and torchmetrics."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import torch
from harness import best_times, table, versions
from torchmetrics.functional.detection import panoptic_quality as torchmetrics_pq

from visioncourse.scenes import WORLDS, make_scene
from visioncourse.segmentation import boundary_iou, connected_components, panoptic_quality

IMAGES, SIDE, NUM_CLASSES = 20, 256, 7
DISTANCE = 5  # of contours, in pixels
PEERS = {"boundary IoU": "OpenCV", "connected components": "OpenCV"}
PEERS["panoptic quality"] = "torchmetrics"


def label_maps() -> tuple[np.ndarray, np.ndarray]:
    """Truth of scenes, and predictions: the truth, two pixels lower."""
    world = WORLDS["segmentation"] | {"height": SIDE, "width": SIDE}
    labels = np.stack([make_scene(seed, **world).semantic_mask for seed in range(IMAGES)])
    return np.roll(labels, 2, axis=1), labels


def eroded_iou(predictions: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Boundary IoU as in its reference: what erosions take away from each mask, in OpenCV."""

    def band(mask: np.ndarray) -> np.ndarray:
        # Outside of the image there is nothing, so a mask has a contour at its edge.
        inside = cv2.erode(
            mask, np.ones((3, 3), np.uint8), iterations=DISTANCE, borderType=0, borderValue=0
        )
        return (mask - inside).astype(bool)

    bands = [(band(p), band(g)) for p, g in zip(predictions, targets, strict=True)]
    return np.array([np.count_nonzero(p & g) / np.count_nonzero(p | g) for p, g in bands])


def opencv_components(labels: np.ndarray) -> np.ndarray:
    """The numbers of the objects of each class in each image."""
    numbers = np.zeros(labels.shape, np.int64)
    for image, out in zip(labels, numbers, strict=True):
        for k in np.unique(image)[1:]:
            out += cv2.connectedComponents((image == k).astype(np.uint8), connectivity=4)[1]
    return numbers


def check_components(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Raise unless both divide every class of every image into the same objects."""
    for panoptic, other in zip(ours, theirs, strict=True):
        rows = np.stack([*np.moveaxis(panoptic, -1, 0), other], axis=-1).reshape(-1, 3)
        pairs = len(np.unique(rows, axis=0))
        if not pairs == len(np.unique(rows[:, :2], axis=0)) == len(np.unique(rows[:, ::2], axis=0)):
            raise RuntimeError("the objects differ")


def main() -> None:
    predictions, labels = label_maps()
    p, g = ((m != 0).astype(np.uint8) for m in (predictions, labels))
    panoptic = [torch.from_numpy(connected_components(m)) for m in (predictions, labels)]
    things = set(range(1, NUM_CLASSES))
    calls: dict[str, tuple[Callable, Callable]] = {
        "boundary IoU": (partial(boundary_iou, p, g, distance=DISTANCE), partial(eroded_iou, p, g)),
        "connected components": (
            partial(connected_components, labels),
            partial(opencv_components, labels),
        ),
        "panoptic quality": (
            partial(panoptic_quality, *panoptic, NUM_CLASSES),
            partial(torchmetrics_pq, *panoptic, things=things, stuffs={0}),
        ),
    }
    ours, theirs = ({name: pair[side]() for name, pair in calls.items()} for side in (0, 1))
    np.testing.assert_allclose(ours["boundary IoU"], theirs["boundary IoU"], rtol=1e-12)
    check_components(ours["connected components"], theirs["connected components"])
    np.testing.assert_allclose(ours["panoptic quality"].pq, theirs["panoptic quality"], rtol=1e-7)
    rows = []
    for name, (mine, other) in calls.items():
        times = best_times({"ours": mine, "peer": other})
        us, peer = times["ours"], times["peer"]
        ratio = f"{peer.seconds / us.seconds:.2f}"
        threads = f"{us.threads} / {peer.threads}"
        rows.append((name, PEERS[name], us.milliseconds, peer.milliseconds, ratio, threads))
    print("## Contours and objects\n")
    print(f"{versions('numpy', 'scipy', 'torch', 'torchmetrics', 'opencv-python')}\n")
    print(f"{IMAGES} scenes of {SIDE} × {SIDE} pixels with {NUM_CLASSES} classes:\n")
    print(table(("measure", "peer", "ours, ms", "peer, ms", "ratio", "threads"), rows))
    print(f"""
Boundary IoU of masks of all objects, {DISTANCE} pixels from their contours; OpenCV's is the
reference's formula by erosions. Both sides' results were compared first: equal IoUs, the same
objects, and qualities equal to seven digits, since torchmetrics adds IoUs in float32. Ours
includes its checks of labels and shapes.

Behind: boundary IoU, whose band SciPy finds with a minimum and a maximum filter of any labels;
OpenCV erodes bytes, many at a time. Its components, compiled as they are, are faster than SciPy's,
which ours calls.""")


if __name__ == "__main__":
    main()
