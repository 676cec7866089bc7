"""Panoptic quality against hand calculation, torchmetrics, and sets of pixels by COCO's rules."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torchmetrics.functional.detection import panoptic_quality as torchmetrics_pq

from visioncourse.segmentation import panoptic_quality

VOID = 255


def maps(classes, numbers=None):
    """A panoptic map from class indices and object numbers."""
    classes = np.array(classes)
    numbers = np.zeros_like(classes) if numbers is None else np.array(numbers)
    return np.stack([classes, numbers], axis=-1)


def random_pair(seed, *, void=False, num_classes=4, size=8):
    """A truth of rectangles, and a prediction that has them moved, lost, renamed or doubled."""
    rng = np.random.default_rng(seed)
    true, predicted = np.zeros((2, size, size, 2), dtype=np.int64)
    for number in range(1, 5):
        y, x = rng.integers(0, size - 2, 2)
        height, width = rng.integers(2, 5, 2)
        kind = rng.integers(1, num_classes)
        true[y : y + height, x : x + width] = kind, number
        if rng.random() < 0.8:
            y, x = np.maximum(0, np.array([y, x]) + rng.integers(-1, 2, 2))
            kind = kind if rng.random() < 0.8 else rng.integers(1, num_classes)
            predicted[y : y + height, x : x + width] = kind, 10 * number
    if void:
        y, x = rng.integers(0, size - 3, 2)
        true[y : y + 4, x : x + 4] = VOID, 0
        predicted[rng.random((size, size)) < 0.05] = VOID, 0
    return predicted, true


def by_sets(predicted, true, num_classes, stuff, crowd=None):
    """The rules of panopticapi's evaluation, with sets of pixels and loops: (4, K)."""
    crowd = np.zeros(true.shape[:2], dtype=bool) if crowd is None else crowd.astype(bool)

    def segments(image, where):
        found = {}
        for pixel in zip(*np.nonzero(where), strict=True):
            kind, number = image[pixel].tolist()
            if kind != VOID:
                found.setdefault((kind, 0 if kind in stuff else number), set()).add(pixel)
        return found

    def pixels(where):
        return set(zip(*np.nonzero(where), strict=True))

    void = pixels(true[..., 0] == VOID)
    real, guesses = segments(true, ~crowd), segments(predicted, np.ones_like(crowd))
    counts = np.zeros((4, num_classes))
    matched_real, matched_guesses = set(), set()
    for r, a in real.items():
        for g, b in guesses.items():
            iou = len(a & b) / len((a | b) - (b & void))
            if r[0] == g[0] and iou > 0.5:
                assert r not in matched_real and g not in matched_guesses
                counts[:2, r[0]] += iou, 1
                matched_real.add(r)
                matched_guesses.add(g)
    for g, b in guesses.items():
        region = void | pixels(crowd & (true[..., 0] == g[0]))
        if g not in matched_guesses and len(b & region) / len(b) <= 0.5:
            counts[2, g[0]] += 1
    for r in real.keys() - matched_real:
        counts[3, r[0]] += 1
    return counts


def test_by_hand():
    """A thing of 4 pixels met in 3 of 5, one that is missed, one that is invented, and ground."""
    labels = maps([[1, 1, 0, 0, 1], [1, 1, 0, 0, 1]], [[1, 1, 0, 0, 2], [1, 1, 0, 0, 2]])
    predictions = maps([[1, 1, 0, 1, 0], [1, 0, 0, 0, 0]], [[7, 7, 0, 8, 0], [7, 0, 0, 0, 0]])
    result = panoptic_quality(predictions, labels, 2)
    # Ground: 4 true, 6 predicted, 3 in common. Thing: 3 of 4, one miss, one false alarm.
    assert_allclose(result.iou_sum, [0, 3 / 4])
    assert_array_equal([result.tp, result.fp, result.fn], [[0, 1], [1, 1], [1, 1]])
    assert_allclose(result.pq_per_class, [0, 0.375])
    assert_allclose(result.sq_per_class, [0, 0.75])
    assert_allclose(result.rq_per_class, [0, 0.5])
    assert result.pq_things == 0.375 and result.pq_stuff == 0 and result.pq == 0.1875
    assert result["pq"] == result.as_dict()["pq"] == 0.1875
    assert repr(result).startswith("PanopticQuality(pq=0.1875, sq=0.375, rq=0.25,")


def test_an_iou_of_one_half_is_no_match():
    labels = maps([[1, 1, 0, 0]], [[1, 1, 0, 0]])
    half = panoptic_quality(maps([[1, 0, 0, 0]], [[1, 0, 0, 0]]), labels, 2)
    assert half.tp[1] == 0 and half.fp[1] == half.fn[1] == 1
    more = maps([[1, 1, 1, 0]], [[1, 1, 1, 0]])
    assert_allclose(panoptic_quality(more, labels, 2).iou_sum[1], 2 / 3)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("stuff", [(0,), (0, 2), ()])
def test_as_sets_of_pixels(seed, stuff):
    predicted, true = random_pair(seed, void=True)
    crowd = np.random.default_rng(seed).random(true.shape[:2]) < 0.2
    for regions in (None, crowd):
        result = panoptic_quality(predicted, true, 4, stuff=stuff, ignore_index=VOID, crowd=regions)
        expected = by_sets(predicted, true, 4, stuff, regions)
        assert_allclose([result.iou_sum, result.tp, result.fp, result.fn], expected)


@pytest.mark.parametrize("seed", range(10))
def test_as_torchmetrics(seed):
    predicted, true = map(torch.from_numpy, random_pair(seed))
    options = {"things": {1, 3}, "stuffs": {0, 2}, "return_sq_and_rq": True}
    pq, sq, rq = torchmetrics_pq(predicted[None], true[None], **options)
    result = panoptic_quality(predicted, true, 4, stuff=(0, 2))
    assert_allclose([result.pq, result.sq, result.rq], [pq, sq, rq])


def test_images_add_up_and_are_matched_one_by_one():
    pairs = [random_pair(seed) for seed in range(4)]
    predictions, labels = map(np.stack, zip(*pairs, strict=True))
    whole = panoptic_quality(predictions, labels, 4)
    parts = sum(panoptic_quality(*pair, 4) for pair in pairs)
    assert whole.as_dict().keys() == parts.as_dict().keys()
    assert_allclose(whole.pq_per_class, parts.pq_per_class)
    assert_array_equal(whole.fp, parts.fp)
    with pytest.raises(ValueError, match="the same classes and things"):
        whole + panoptic_quality(predictions, labels, 4, stuff=())
    with pytest.raises(TypeError):
        whole + 1


def test_the_truth_is_perfect_whatever_its_numbers():
    _, true = random_pair(3)
    renamed = true * [1, -5]
    result = panoptic_quality(renamed, true, 4)
    occur = ~np.isnan(result.pq_per_class)
    assert result.pq == 1.0 and occur.sum() >= 2
    assert_array_equal(result.pq_per_class[occur], 1)


def test_void_counts_in_no_iou():
    """Two of four predicted pixels are void: the other two are the whole object."""
    labels = maps([[1, 1, VOID, VOID, 0]], [[1, 1, 0, 0, 0]])
    predictions = maps([[1, 1, 1, 1, 0]])
    assert panoptic_quality(predictions, labels, 2, ignore_index=VOID).pq == 1.0


@pytest.mark.parametrize(("void", "false_alarms"), [(2, 1), (3, 0)])
def test_a_segment_mostly_in_void_is_excused(void, false_alarms):
    """Exactly half is not enough."""
    labels = maps([[VOID] * void + [0] * (6 - void)])
    predictions = maps([[1] * 4 + [0] * 2])
    result = panoptic_quality(predictions, labels, 2, ignore_index=VOID)
    assert result.fp[1] == false_alarms


def test_a_crowd_excuses_its_own_class_and_is_never_missed():
    labels, crowd = maps([[1, 1, 1, 0]]), np.array([[1, 1, 1, 0]])
    missed = panoptic_quality(maps([[0, 0, 0, 0]]), labels, 3, crowd=crowd)
    assert missed.fn[1] == 0
    same = panoptic_quality(maps([[1, 1, 0, 0]]), labels, 3, crowd=crowd)
    other = panoptic_quality(maps([[2, 2, 0, 0]]), labels, 3, crowd=crowd)
    assert same.fp[1] == 0 and same.tp[1] == 0 and other.fp[2] == 1


def test_no_pixel_and_no_image():
    for shape in ((0, 4, 4, 2), (0, 5, 2)):
        nothing = np.zeros(shape, dtype=np.int64)
        result = panoptic_quality(nothing, nothing, 3)
        assert result.pq == result.pq_things == 0.0 and result.tp.sum() == 0
        assert np.isnan(result.pq_per_class).all()


def test_a_table_names_the_classes():
    result = panoptic_quality(*random_pair(1), 4)
    lines = repr(result.table(("ground", "car", "dog", "cat"))).splitlines()
    assert lines[0].split() == ["class", "PQ", "SQ", "RQ"]
    assert lines[1].split()[0] == "ground" and lines[-1].split()[1] == f"{result.pq:.3f}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"predictions": np.zeros((2, 2), int)}, r"predictions must have shape \(2, 2, 2\)"),
        ({"labels": np.zeros((2, 2), int)}, r"labels must have shape \(\.\.\., H, W, 2\)"),
        ({"labels": maps([[0, 3], [0, 0]])}, "labels must contain class indices 0 to 2, got 3"),
        ({"predictions": maps([[0, 9], [0, 0]])}, "predictions must contain class indices"),
        ({"labels": maps([[0.5, 0], [0, 0]])}, "labels must"),
        ({"stuff": (3,)}, "stuff must be classes below 3, got 3"),
        ({"stuff": (-1,)}, r"stuff\[0\] must be a whole number >= 0, got -1"),
        ({"crowd": np.zeros((2, 3), int)}, r"crowd must have shape \(2, 2\)"),
        ({"crowd": np.full((2, 2), 2)}, "crowd must contain only 0 and 1, got 2"),
        ({"num_classes": 0}, "num_classes must be a whole number >= 1, got 0"),
    ],
)
def test_bad_input_is_named(changes, message):
    good = maps([[0, 1], [2, 0]])
    with pytest.raises(ValueError, match=message):
        panoptic_quality(**({"predictions": good, "labels": good, "num_classes": 3} | changes))
