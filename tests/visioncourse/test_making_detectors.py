"""What detectors are trained on and how they are judged: batches and scores."""

import numpy as np
import pytest
import torch

from visioncourse.detection import mean_average_precision
from visioncourse.scenes import WORLDS, make_scene
from visioncourse.scenes.tensors import detection_targets, image_batch
from visioncourse.weights import detection

WORLD = WORLDS["detection"]


def around(masks):
    """The boxes around masks (M, H, W)."""
    boxes = []
    for mask in masks:
        rows, columns = torch.nonzero(mask, as_tuple=True)
        boxes.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    return torch.tensor(boxes, dtype=torch.float32)


def symmetries(array):
    """All ways to mirror and transpose an array (..., H, W)."""
    for way in (array, array.mT):
        for flipped in (way, way.flip(-1)):
            yield from (flipped, flipped.flip(-2))


def test_a_batch_has_scenes_seen_in_eight_ways_with_their_truth():
    scene = make_scene(7, **WORLD)
    (image,), (truth,) = image_batch([scene]), detection_targets([scene])
    ways = list(zip(symmetries(image), symmetries(truth["masks"]), strict=True))
    batch, seen = detection.batches("detection", range(7, 8)), set()
    for seed in range(12):
        x, targets = batch(np.random.default_rng(seed))
        assert x.dtype == torch.float32
        assert x.shape == (detection.BATCH_SIZE, 3, 96, 96) and len(targets) == len(x)
        for one, target in zip(x, targets, strict=True):
            found = [i for i, (way, _) in enumerate(ways) if torch.equal(way, one)]
            assert len(found) == 1
            assert torch.equal(target["masks"], ways[found[0]][1])
            assert torch.equal(target["boxes"], around(target["masks"]))
            assert torch.equal(target["labels"], truth["labels"])
            seen.update(found)
    assert seen == set(range(8))


class Remembers(torch.nn.Module):
    """Predicts what it is told to for each image it knows."""

    def __init__(self, scenes, change):
        super().__init__()
        self.known = [(image_batch([s]), change(detection_targets([s])[0])) for s in scenes]

    def predict(self, images):
        return [guess for x, guess in self.known if torch.equal(x, images)]


def scored(target):
    count = len(target["boxes"])
    return {**target, "scores": torch.linspace(0.9, 0.5, count)}


def test_the_truth_itself_has_the_highest_scores():
    model = Remembers([make_scene(seed, **WORLD) for seed in range(5)], scored)
    scores = detection.evaluate(model, "detection", range(5))
    assert list(scores) == ["map", "map_50", "map_75", "map_small", "map_medium", "map_large"]
    assert list(scores.values()) == [1.0] * 6


def test_other_suppressions_are_judged_on_the_same_candidates():
    """Each object is found twice, the second time moved by two pixels and with a higher score."""

    class Twice(torch.nn.Module):
        def predict(self, images, *, iou_threshold=0.5, max_detections=100):
            for x, target in known:
                if torch.equal(x, images):
                    boxes = torch.cat([target["boxes"] + 2, target["boxes"]])
                    count = len(target["boxes"])
                    scores = torch.cat([torch.full((count,), 0.9), torch.full((count,), 0.8)])
                    found = {"boxes": boxes, "scores": scores, "labels": target["labels"].repeat(2)}
                    return [detection.hard(iou_threshold, found)]

    scenes = [make_scene(seed, **WORLD) for seed in range(4)]
    known = [(image_batch([s]), detection_targets([s])[0]) for s in scenes]
    scores = detection.evaluate_suppressions(Twice(), "detection", range(4))
    assert scores["map"] == scores["map_nms_50"]
    # A low threshold leaves the worse box alone, a high one and soft-NMS the better one, too.
    assert scores["map_nms_30"] <= scores["map_nms_50"] < scores["map_nms_70"]
    assert scores["map_nms_50"] < scores["map_soft_nms"]


def test_soft_suppression_lowers_scores_within_a_class_alone():
    found = {
        "boxes": torch.tensor([[0, 0, 10, 10], [0, 0, 10, 8], [0, 0, 10, 8], [0, 0, 10, 4.0]]),
        "scores": torch.tensor([0.9, 0.8, 0.7, 0.6]),
        "labels": torch.tensor([1, 1, 2, 1]),
    }
    softer = detection.soft(found)
    assert softer["labels"].tolist() == [1, 1, 1, 2]
    # The lowest box has IoU 0.4 with the best, which is too little, and 0.5 with the second.
    assert softer["scores"].tolist() == pytest.approx([0.9, 0.6, 0.8 * 0.2 * 0.5, 0.7])
    assert softer["boxes"][:, 3].tolist() == [10, 4, 8, 8]
    empty = {"boxes": torch.zeros(0, 4), "scores": torch.zeros(0), "labels": torch.zeros(0).long()}
    assert len(detection.soft(empty)["scores"]) == 0


def side(target):
    boxes = target["boxes"]
    return ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sqrt()


def test_masks_have_scores_of_their_own():
    """Boxes are right, and of each mask the upper half is missing."""

    def half(target):
        masks = target["masks"].clone()
        for mask, (_, y1, _, y2) in zip(masks, target["boxes"], strict=True):
            mask[: int((y1 + y2) / 2)] = False
        return scored(target | {"masks": masks})

    scenes = [make_scene(seed, **WORLD) for seed in range(5)]
    truth = detection_targets(scenes)
    scores = detection.evaluate_masks(Remembers(scenes, half), "detection", range(5))
    assert len(scores) == 12
    assert scores["map"] == scores["map_50"] == 1
    expected = mean_average_precision([half(each) for each in truth], truth, iou_type="mask")
    assert scores["mask_map_50"] == pytest.approx(expected.map_50, abs=1e-12)
    assert 0 < scores["mask_map"] < scores["mask_map_50"] < 0.9


@pytest.mark.parametrize(
    ("size", "low", "high"), [("small", 0, 16), ("medium", 16, 24), ("large", 24, 1e9)]
)
def test_sizes_are_those_of_boxes_in_pixels(size, low, high):
    """Whoever finds only the objects of one size has a score for that size alone."""

    def only(target):
        kept = (side(target) >= low) & (side(target) <= high)  # both, as in COCO
        return scored({name: values[kept] for name, values in target.items()})

    model = Remembers([make_scene(seed, **WORLD) for seed in range(20)], only)
    scores = detection.evaluate(model, "detection", range(20))
    others = {"small", "medium", "large"} - {size}
    assert scores[f"map_{size}"] == pytest.approx(1)
    assert all(scores[f"map_{other}"] < 0.1 for other in others)


def test_scores_are_average_precision():
    def shifted(target):
        return scored(target | {"boxes": target["boxes"] + 2})

    scenes = [make_scene(seed, **WORLD) for seed in range(5)]
    truth = detection_targets(scenes)
    expected = mean_average_precision([shifted(target) for target in truth], truth)
    scores = detection.evaluate(Remembers(scenes, shifted), "detection", range(5))
    for name in ("map", "map_50", "map_75"):
        assert scores[name] == pytest.approx(getattr(expected, name), abs=1e-12)
    assert 0 < scores["map"] < scores["map_50"] < 1
