"""`visioncourse.detection.mean_average_precision` of masks beside pycocotools and its C++ kin.

All start from the same run-length encodings: ours as it gets them, checks and reading included;
the others from annotations that have been loaded and indexed.
"""

import numpy as np
from detection_map import OURS, COCOeval_faster, FasterCOCO, Images, compared, evaluation
from harness import table, versions
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from visioncourse.detection.metrics import mean_average_precision
from visioncourse.segmentation import encode_rle

SIZE = (480, 640)
# Images, classes, objects and false alarms an image. Each object is found 0 to 2 times.
WORLDS = [(50, 20, 7, 5), (200, 20, 7, 5), (50, 20, 10, 60)]

NOTE = """
Level: faster-coco-eval. Two thirds of our time go into reading the encodings and checking them,
which its C++ does character by character; the matching takes the rest."""


def world(num_images: int, num_classes: int, objects: int, alarms: int) -> tuple[Images, Images]:
    """Ellipses, some of them found with an edge off by a tenth; one object in 20 is a crowd."""
    rng = np.random.default_rng(0)
    predictions, targets = [], []
    for _ in range(num_images):
        truth = _ellipses(rng, rng.poisson(objects))
        labels = rng.integers(0, num_classes, len(truth))
        found = np.repeat(np.arange(len(truth)), rng.integers(0, 3, len(truth)))
        jittered = truth[found] + rng.normal(0, 0.1, (len(found), 4)) * np.tile(truth[found, 2:], 2)
        invented = _ellipses(rng, rng.poisson(alarms))
        detected = np.vstack([jittered, invented])
        guesses = rng.integers(0, num_classes, len(invented))
        targets.append(
            _image(truth, labels) | {"iscrowd": (rng.random(len(truth)) < 0.05).astype(int)}
        )
        predictions.append(
            _image(detected, np.concatenate([labels[found], guesses]))
            | {"scores": rng.random(len(detected))}
        )
    return predictions, targets


def _ellipses(rng: np.random.Generator, n: int) -> np.ndarray:
    """Centre y, x and half axes, (n, 4)."""
    return np.hstack([rng.uniform(0, SIZE, (n, 2)), np.exp(rng.uniform(1.5, 4.6, (n, 2)))])


def _image(ellipses: np.ndarray, labels: np.ndarray) -> dict[str, object]:
    y, x = np.ogrid[: SIZE[0], : SIZE[1]]
    masks = [((y - cy) / a) ** 2 + ((x - cx) / b) ** 2 <= 1 for cy, cx, a, b in ellipses]
    return {"masks": encode_rle(np.reshape(masks, (len(masks), *SIZE))), "labels": labels}


def measure(num_images: int, num_classes: int, objects: int, alarms: int) -> list[str]:
    """A row of the table."""
    predictions, targets = world(num_images, num_classes, objects, alarms)
    peers = {"pycocotools": (COCO, COCOeval)}
    if COCOeval_faster is not None:
        peers["faster-coco-eval"] = (FasterCOCO, COCOeval_faster)
    calls = {OURS: lambda: mean_average_precision(predictions, targets, iou_type="mask").as_dict()}
    calls |= {
        name: evaluation(*peer, predictions, targets, num_classes) for name, peer in peers.items()
    }
    row, _ = compared(f"{num_images} × {num_classes}", predictions, calls)
    return row


def main() -> None:
    installed = ["faster-coco-eval"] if COCOeval_faster is not None else []
    print("## COCO's mean average precision of masks\n")
    print(f"{versions('numpy', 'pycocotools', *installed)}\n")
    print("All twelve numbers, masks of 480 × 640 pixels as run-length encodings:\n")
    header = ["images × classes", "detections", "ours, ms", "pycocotools, ms", "ratio"]
    header += ["faster-coco-eval, ms", "ratio", "gap", "threads"]
    print(table(header, [measure(*sizes) for sizes in WORLDS]))
    print(NOTE)


if __name__ == "__main__":
    main()
