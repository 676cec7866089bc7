"""Counts that add up, and which argument comes first."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn import metrics as sklearn_metrics

from visioncourse import segmentation
from visioncourse.segmentation import SegmentationCounts, confusion_matrix, metrics


def maps(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"predictions": rng.integers(0, 5, (3, 4)), "labels": rng.integers(0, 4, (3, 4))}


BATCHES = [maps(seed) for seed in range(3)]
ALL = {name: np.stack([batch[name] for batch in BATCHES]) for name in BATCHES[0]}


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_the_counts_of_batches_add_up_to_those_of_all_images(convert):
    parts = [
        SegmentationCounts.of(**{name: convert(m) for name, m in batch.items()}, num_classes=5)
        for batch in BATCHES
    ]
    for total in (sum(parts), parts[0] + parts[1] + parts[2]):
        assert_array_equal(total.confusion, confusion_matrix(**ALL, num_classes=5))


def test_every_score_is_that_of_its_function():
    counts = SegmentationCounts.of(**ALL, num_classes=5, ignore_index=2)
    assert list(counts) == ["pixel_accuracy", "mean_iou", "iou_per_class", "dice_per_class"]
    for name, score in counts.as_dict().items():
        expected = getattr(segmentation, name)(**ALL, num_classes=5, ignore_index=2)
        assert_array_equal(score, expected)
        assert_array_equal(counts[name], expected)
    assert repr(counts).startswith("SegmentationCounts(pixel_accuracy=0.")


def test_what_does_not_add_up():
    counts = SegmentationCounts.of(**ALL, num_classes=5)
    with pytest.raises(ValueError, match=r"confusion must have shape \(5, 5\) \(as many classes\)"):
        counts + SegmentationCounts.of(**ALL, num_classes=6)
    for other in (1, counts.confusion, None):
        with pytest.raises(TypeError):
            counts + other
    with pytest.raises(TypeError):
        1 + counts


def test_by_keyword_the_order_does_not_matter_and_by_position_it_transposes():
    matrix = confusion_matrix(labels=ALL["labels"], predictions=ALL["predictions"], num_classes=5)
    assert_array_equal(matrix, confusion_matrix(ALL["predictions"], ALL["labels"], 5))
    assert_array_equal(matrix.T, confusion_matrix(ALL["labels"], ALL["predictions"], 5))
    theirs = sklearn_metrics.confusion_matrix(
        ALL["labels"].ravel(), ALL["predictions"].ravel(), labels=range(5)
    )
    assert_array_equal(matrix, theirs)


def test_a_call_in_scikit_learns_way_is_no_call_of_ours():
    truth, predicted = ALL["labels"], ALL["predictions"]
    with pytest.raises(TypeError, match="num_classes"):
        confusion_matrix(truth, predicted)
    with pytest.raises(TypeError, match="multiple values for argument 'labels'"):
        confusion_matrix(truth, predicted, labels=range(5))
    with pytest.raises(TypeError, match="positional"):
        SegmentationCounts.of(truth, predicted, 5)


def test_an_ignored_label_among_the_predictions_tells_of_the_order():
    truth = ALL["labels"].copy()
    truth[0, 0, 0] = 255
    with pytest.raises(ValueError, match="got 255; predictions come first, labels second"):
        confusion_matrix(truth, ALL["predictions"], 5, ignore_index=255)
    with pytest.raises(ValueError, match=r"labels must contain class indices 0 to 4, got 255$"):
        confusion_matrix(ALL["predictions"], truth, 5)


def test_many_classes_take_the_time_of_the_pixels(monkeypatch):
    """No block of pixels is shorter than the K² counts that it adds up."""
    rng = np.random.default_rng(0)
    predictions, labels = rng.integers(0, 300, (2, 200_000))
    lengths = []
    check = metrics.check_class_indices

    def note(xp, num_classes, **arrays):
        lengths.append(len(arrays["labels"]))
        check(xp, num_classes, **arrays)

    monkeypatch.setattr(metrics, "check_class_indices", note)
    matrix = confusion_matrix(predictions, labels, 300)
    assert lengths == [90_000, 90_000, 20_000]
    assert_array_equal(matrix, np.histogram2d(labels, predictions, bins=range(301))[0])
