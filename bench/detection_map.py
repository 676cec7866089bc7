"""`visioncourse.detection.mean_average_precision` beside pycocotools and faster-coco-eval's C++.

Each side starts from what it takes: ours from a dict of arrays for each image, checks included;
the others from annotations that have been loaded and indexed, a dict for each box.
"""

import contextlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Timing, best_times, plot_costs, table, versions
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from visioncourse.detection.metrics import mean_average_precision

try:
    from faster_coco_eval import COCO as FasterCOCO
    from faster_coco_eval import COCOeval_faster
except ImportError:
    COCOeval_faster = None

OURS = "ours"
GAP = 1e-9
# Images, classes, boxes and false alarms an image. Each box is found 0 to 2 times.
GROWING = [(25, 20, 7, 5), (100, 20, 7, 5), (500, 20, 7, 5), (2000, 20, 7, 5)]  # for the plot
WORLDS = [*GROWING, (500, 20, 7, 20), (500, 20, 10, 60), (2000, 80, 7, 20)]
KEYS = ("map", "map_50", "map_75", "map_small", "map_medium", "map_large")
KEYS += ("mar_1", "mar_10", "mar_100", "mar_small", "mar_medium", "mar_large")

Images = list[dict[str, np.ndarray]]


def world(num_images: int, num_classes: int, boxes: int, alarms: int) -> tuple[Images, Images]:
    """Predictions and truth with jittered, missed and invented boxes, one box in 20 a crowd."""
    rng = np.random.default_rng(0)
    predictions, targets = [], []
    for _ in range(num_images):
        truth = _boxes(rng, rng.poisson(boxes))
        labels = rng.integers(0, num_classes, len(truth))
        found = np.repeat(np.arange(len(truth)), rng.integers(0, 3, len(truth)))
        sides = np.tile(truth[found, 2:] - truth[found, :2], 2)
        jittered = truth[found] + rng.normal(0, 0.08, (len(found), 4)) * sides
        jittered[:, 2:] = np.maximum(jittered[:, :2], jittered[:, 2:])
        invented = _boxes(rng, rng.poisson(alarms))
        detected = np.vstack([jittered, invented])
        guesses = rng.integers(0, num_classes, len(invented))
        targets.append({"boxes": truth, "labels": labels, "iscrowd": rng.random(len(truth)) < 0.05})
        predictions.append(
            {
                "boxes": detected,
                "labels": np.concatenate([labels[found], guesses]),
                "scores": rng.random(len(detected)),
            }
        )
    return predictions, targets


def _boxes(rng: np.random.Generator, n: int) -> np.ndarray:
    corner = rng.uniform(0, 400, (n, 2))
    return np.hstack([corner, corner + np.exp(rng.uniform(np.log(8), np.log(200), (n, 2)))])


def annotations(images: Images) -> list[dict[str, Any]]:
    rows = []
    for i, image in enumerate(images):
        for row, label in enumerate(image["labels"].tolist()):
            entry = {
                "id": len(rows) + 1,
                "image_id": i,
                "category_id": label,
                "iscrowd": int(image["iscrowd"][row]) if "iscrowd" in image else 0,
            }
            if "masks" in image:
                mask = image["masks"][row]
                mask = {**mask, "counts": mask["counts"].encode()}
                entry |= {"segmentation": mask, "area": float(coco_mask.area(mask))}
            else:
                x1, y1, x2, y2 = image["boxes"][row].tolist()
                box = [x1, y1, x2 - x1, y2 - y1]
                entry |= {"bbox": box, "area": (x2 - x1) * (y2 - y1)}
            if "scores" in image:
                entry["score"] = float(image["scores"][row])
            rows.append(entry)
    return rows


def evaluation(api: type, evaluator: type, predictions: Images, targets: Images, classes: int):
    """A call that runs COCO's evaluation on annotations loaded beforehand."""
    loaded = []
    for images in (targets, predictions):
        data = api()
        data.dataset = {
            "images": [{"id": i, "height": 0, "width": 0} for i in range(len(images))],
            "categories": [{"id": c} for c in range(classes)],
            "annotations": annotations(images),
        }
        with contextlib.redirect_stdout(io.StringIO()):
            data.createIndex()
        loaded.append(data)

    masks = any("masks" in image for image in targets)

    def run() -> np.ndarray:
        with contextlib.redirect_stdout(io.StringIO()):
            result = evaluator(*loaded, "segm" if masks else "bbox")
            result.evaluate()
            result.accumulate()
            result.summarize()
        return np.array(result.stats[:12])

    return run


def measure(
    num_images: int, num_classes: int, boxes: int, alarms: int
) -> tuple[list[str], dict[str, Timing]]:
    """A row of the table, and its times."""
    predictions, targets = world(num_images, num_classes, boxes, alarms)
    calls = {
        OURS: lambda: mean_average_precision(predictions, targets).as_dict(),
        "pycocotools": evaluation(COCO, COCOeval, predictions, targets, num_classes),
    }
    if COCOeval_faster is not None:
        calls["faster-coco-eval"] = evaluation(
            FasterCOCO, COCOeval_faster, predictions, targets, num_classes
        )
    return compared(f"{num_images} × {num_classes}", predictions, calls)


def compared(
    size: str, predictions: Images, calls: dict[str, Callable[[], Any]]
) -> tuple[list[str], dict[str, Timing]]:
    """A row of the table of equal results, and its times.

    Raises:
        RuntimeError: a peer has another of the twelve numbers.
    """
    result = calls[OURS]()
    ours = np.array([result[key] for key in KEYS])
    gap = max(np.abs(ours - call()).max() for name, call in calls.items() if name != OURS)
    if gap > GAP:
        raise RuntimeError(f"{size}: the twelve numbers differ by {gap}")
    timings = best_times(calls)
    row = [
        size,
        f"{sum(len(image['labels']) for image in predictions):,}",
        timings[OURS].milliseconds,
    ]
    for peer in ("pycocotools", "faster-coco-eval"):
        if peer in timings:
            ratio = timings[peer].seconds / timings[OURS].seconds
            row += [timings[peer].milliseconds, f"{ratio:.1f}"]
        else:
            row += ["not installed", "-"]
    threads = " / ".join(str(timing.threads) for timing in timings.values())
    return [*row, f"{gap:.0e}", threads], timings


def main() -> None:
    measured = {sizes: measure(*sizes) for sizes in WORLDS}
    installed = ["faster-coco-eval"] if COCOeval_faster is not None else []
    print("## COCO's mean average precision\n")
    print(f"{versions('numpy', 'pycocotools', *installed)}\n")
    print("All twelve numbers; gap: the largest difference between any two sides.\n")
    header = ["images × classes", "detections", "ours, ms", "pycocotools, ms", "ratio"]
    header += ["faster-coco-eval, ms", "ratio", "gap", "threads"]
    print(table(header, [row for row, _ in measured.values()]))
    growing = {sizes[0]: measured[sizes][1] for sizes in GROWING}
    print(plot_costs("detection_map", "images", {"mAP, 20 classes": growing}))


if __name__ == "__main__":
    main()
