"""Counts that add up, and which argument comes first."""

import re

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics as sklearn_metrics
from torchmetrics.classification import MulticlassJaccardIndex

from visioncourse import segmentation
from visioncourse.segmentation import (
    SegmentationCounts,
    SegmentationMeter,
    confusion,
    confusion_matrix,
)


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
    numbers = ["pixel_accuracy", "mean_iou", "frequency_weighted_iou"]
    assert list(counts) == [*numbers, "iou_per_class", "dice_per_class"]
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
    check = confusion.check_class_indices

    def note(xp, num_classes, **arrays):
        lengths.append(len(arrays["labels"]))
        check(xp, num_classes, **arrays)

    monkeypatch.setattr(confusion, "check_class_indices", note)
    matrix = confusion_matrix(predictions, labels, 300)
    assert lengths == [90_000, 90_000, 20_000]
    assert_array_equal(matrix, np.histogram2d(labels, predictions, bins=range(301))[0])


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_a_meter_counts_on(convert):
    meter, first, last = (SegmentationMeter(5, ignore_index=2) for _ in range(3))
    for n, batch in enumerate(BATCHES):
        batch = {name: convert(m) for name, m in batch.items()}
        meter.update(**batch)
        (first if n == 0 else last).update(**batch)
    expected = confusion_matrix(**ALL, num_classes=5, ignore_index=2)
    assert_array_equal(meter.compute().confusion, expected)
    assert_array_equal((first + last).compute().confusion, expected)
    assert first.compute().confusion.sum() < expected.sum()  # a sum leaves its parts alone
    assert repr(meter).startswith("SegmentationMeter(num_classes=5, SegmentationCounts(pixel_acc")
    meter.reset()
    assert_array_equal(meter.compute().confusion, np.zeros((5, 5)))
    assert_array_equal((meter + last).compute().confusion, last.compute().confusion)


def test_a_meter_equals_torchmetrics():
    meter, theirs = SegmentationMeter(5), MulticlassJaccardIndex(5, average="none")
    for batch in BATCHES:
        batch = {name: torch.as_tensor(m) for name, m in batch.items()}
        meter.update(**batch)
        theirs.update(batch["predictions"], batch["labels"])
    assert_allclose(meter.compute().iou_per_class, theirs.compute(), rtol=1e-6)


def test_what_a_meter_refuses():
    meter = SegmentationMeter(5)
    with pytest.raises(ValueError, match=r"got \(5, None\) and \(5, 255\)"):
        meter + SegmentationMeter(5, ignore_index=255)
    with pytest.raises(ValueError, match=r"got \(5, None\) and \(6, None\)"):
        meter + SegmentationMeter(6)
    with pytest.raises(TypeError):
        meter + 1
    with pytest.raises(ValueError, match="num_classes must be a whole number >= 1, got 0"):
        SegmentationMeter(0)
    with pytest.raises(ValueError, match="ignore_index must be a whole number"):
        SegmentationMeter(5, ignore_index=0.5)
    with pytest.raises(ValueError, match="labels must contain class indices 0 to 4, got 9"):
        meter.update([0], [9])
    assert meter.compute().confusion.sum() == 0


def test_a_table_holds_the_scores_of_scikit_learn():
    table = SegmentationCounts.of(**ALL, num_classes=5).table()
    flat = ALL["labels"].ravel(), ALL["predictions"].ravel()
    precision, recall, dice, _ = sklearn_metrics.precision_recall_fscore_support(
        *flat, labels=range(5), zero_division=np.nan
    )
    iou = sklearn_metrics.jaccard_score(*flat, labels=range(5), average=None)
    expected = {"IoU": iou, "Dice": dice, "precision": precision, "recall": recall}
    assert list(table.columns) == list(expected)
    for name, scores in expected.items():
        ours = [np.nan if score is None else score for score in table.columns[name]]
        assert_allclose(ours, scores, rtol=1e-14)
    assert table.columns["recall"][4] is None  # 4 is predicted, and never true
    assert table.rows()[-1][1] == f"{SegmentationCounts.of(**ALL, num_classes=5).mean_iou:.3f}"


def test_a_table_as_it_is_printed_and_shown():
    counts = SegmentationCounts(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]))
    printed = """\
class         IoU  Dice precision recall
background  0.750 0.857     1.000  0.750
a very lon… 0.667 0.800     0.667  1.000
<sky>           –     –         –      –
mean        0.708 0.829     0.833  0.875"""
    table = counts.table(["background", "a very long name", "<sky>"])
    assert repr(table) == str(table) == printed
    assert max(map(len, printed.splitlines())) == 40
    shown = table._repr_html_()
    assert [shown.count(f"<{tag}") for tag in ("tr", "th", "td")] == [5, 5, 20]
    text = " ".join(re.sub(r"<[^>]*>", " ", shown).split())
    assert "a very long name 0.667 0.800 0.667 1.000 &lt;sky&gt; – – – – mean 0.708" in text
    assert [row[0] for row in counts.table().rows()] == ["class", "0", "1", "2", "mean"]
    nothing = SegmentationCounts(np.zeros((1, 1), int)).table()
    assert nothing.rows()[-1] == ["mean", "–", "–", "–", "–"]


@pytest.mark.parametrize("names", [["a"], "abc", 3, ["a", "b", 3]])
def test_a_table_needs_a_name_for_each_class(names):
    with pytest.raises(ValueError, match="class_names must be 3 names, got "):
        SegmentationCounts(np.eye(3)).table(names)
