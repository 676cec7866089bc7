"""Images with predictions and truth, and what pycocotools says about them."""

import contextlib
import io

import numpy as np
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

TWELVE = (
    "map", "map_50", "map_75", "map_small", "map_medium", "map_large",
    "mar_1", "mar_10", "mar_100", "mar_small", "mar_medium", "mar_large",
)  # fmt: skip


def dataset(images, shared, iou_type="bbox", **columns):
    """What pycocotools reads, from lists of images; masks go in as its own encoding."""
    api, annotations = COCO(), []
    for i, image in enumerate(images):
        boxes = np.reshape(image["boxes"], (-1, 4)).tolist()
        for row, (x1, y1, x2, y2) in enumerate(boxes):
            entry = {
                "id": len(annotations) + 1,
                "image_id": i,
                "category_id": int(image["labels"][row]),
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "iscrowd": 0,
            }
            if iou_type == "segm":
                entry["segmentation"] = encoded_by_coco(image["masks"][row])
                entry["area"] = float(image["masks"][row].sum())
            for column, field in columns.items():
                if column in image:
                    entry[field] = float(image[column][row])
            annotations.append(entry)
    api.dataset = {**shared, "annotations": annotations}
    api.createIndex()
    return api


def encoded_by_coco(mask):
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))


def evaluated_by_coco(predictions, targets, iou_type="bbox", **params):
    """`COCOeval` after `accumulate`, its parameters changed by name."""
    classes = sorted({int(c) for image in [*predictions, *targets] for c in image["labels"]})
    shared = {
        "images": [{"id": i, "height": 0, "width": 0} for i in range(len(targets))],
        "categories": [{"id": c} for c in classes],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth = dataset(targets, shared, iou_type, iscrowd="iscrowd", area="area")
        found = dataset(predictions, shared, iou_type, scores="score")
        evaluation = COCOeval(truth, found, iou_type)
        vars(evaluation.params).update(params)
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def pycocotools_scores(predictions, targets):
    """The same keys as `mean_average_precision`, by `COCOeval` from dicts of plain numbers."""
    evaluation = evaluated_by_coco(predictions, targets)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.summarize()
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]
    return dict(zip(TWELVE, evaluation.stats, strict=True)) | {
        "classes": np.array(evaluation.params.catIds, dtype=int),
        "map_per_class": precision[:, :, :, 0, 2].mean(axis=(0, 1)),
        "mar_100_per_class": recall[:, :, 0, 2].mean(axis=0),
    }


def random_images(seed, num_images, num_classes, truths, false_alarms, *, grid, crowds, levels):
    """Images with about `truths` boxes each, found 0 to 2 times, and some false alarms.

    Coordinates are multiples of `grid`, a power of two, which makes every IoU exact and ties
    frequent; scores have `levels` distinct values.
    """
    rng = np.random.default_rng(seed)
    predictions, targets = [], []
    for _ in range(num_images):
        n, m = rng.poisson(truths), rng.poisson(false_alarms)
        corner = rng.uniform(0, 300, (n, 2))
        sides = np.exp(rng.uniform(np.log(8), np.log(200), (n, 2)))
        boxes = np.round(np.hstack([corner, corner + sides]) / grid) * grid
        labels = rng.integers(0, num_classes, n)
        found = np.repeat(np.arange(n), rng.integers(0, 3, n))
        moved = boxes[found] + rng.normal(0, 0.08, (len(found), 4)) * np.tile(sides[found], 2)
        alarms = rng.uniform(0, 300, (m, 2))
        alarms = np.hstack([alarms, alarms + rng.uniform(4, 200, (m, 2))])
        detected = np.round(np.vstack([moved, alarms]) / grid) * grid
        detected[:, 2:] = np.maximum(detected[:, :2], detected[:, 2:])
        targets.append(
            {
                "boxes": boxes,
                "labels": labels,
                "iscrowd": (rng.random(n) < crowds).astype(int),
                "area": (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) * rng.choice([0.5, 1], n),
            }
        )
        predictions.append(
            {
                "boxes": detected,
                "labels": np.concatenate([labels[found], rng.integers(0, num_classes + 1, m)]),
                "scores": rng.integers(0, levels, len(detected)) / levels,
            }
        )
    return predictions, targets


corners = st.tuples(*[st.integers(0, 4)] * 4).map(
    lambda c: [16.0 * side for side in (c[0], c[1], c[0] + c[2], c[1] + c[3])]  # 0, 32, 96 occur
)
scores_of_few_values = st.sampled_from([0.0, 0.5, 0.75, 1.0])


def image_of(**fields):
    """A dict of lists of one length, from strategies of their entries."""
    rows = st.lists(st.tuples(*fields.values()), max_size=7)
    return rows.map(lambda rows: {f: [r[i] for r in rows] for i, f in enumerate(fields)})


worlds = st.lists(
    st.tuples(
        image_of(boxes=corners, labels=st.integers(3, 4), scores=scores_of_few_values),
        image_of(
            boxes=corners,
            labels=st.integers(3, 4),
            iscrowd=st.sampled_from([0, 0, 1]),
            area=st.sampled_from([0.0, 500.0, 32.0**2, 96.0**2, 1e10, 2e10]),
            difficult=st.sampled_from([0, 0, 1]),
        ),
    ),
    max_size=4,
)
