"""Assignment and suppression, against plain loops over the definitions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse import plain
from visioncourse.detection.boxes import box_iou
from visioncourse.detection.matching import assign_anchors, batched_nms, nms, soft_nms

from .examples import any_boxes, peak_memory, random_boxes, whole_boxes

# Tied scores, and thresholds that are IoUs of small whole boxes.
SCORES = [0.0, 0.25, 0.5, 0.5, 0.75, 1.0]
THRESHOLDS = [0.0, 0.1, 0.25, 0.3, 1 / 3, 0.5, 0.6, 2 / 3, 0.75, 1.0]
thresholds = st.sampled_from(THRESHOLDS) | st.floats(0, 1)


@st.composite
def detections(draw, boxes=any_boxes):
    boxes = draw(boxes)
    scores = draw(st.lists(st.sampled_from(SCORES), min_size=len(boxes), max_size=len(boxes)))
    return boxes, np.array(scores)


def greedy(boxes, scores, threshold):
    return plain.nms(boxes.tolist(), scores.tolist(), threshold)


def torchvision_matcher(iou, high, low):
    """torchvision's `Matcher` with low-quality matches, by its published description."""
    matches, best = iou.argmax(axis=1), iou.max(axis=1)
    result = np.where(best < low, -1, np.where(best < high, -2, matches))
    restored = np.any(iou == iou.max(axis=0), axis=1)
    return np.where(restored, matches, result)


# NMS


def test_nms_by_hand():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 6], [20, 20, 30, 30], [0, 0, 10, 5]]
    scores = [0.6, 0.9, 0.5, 0.8]
    # With the second box, the first has IoU 0.6, the last 5/6; the last and the first 0.5.
    assert_array_equal(nms(boxes, scores, iou_threshold=0.5), [1, 2])
    assert_array_equal(nms(boxes, scores, iou_threshold=0.6), [1, 0, 2])
    assert_array_equal(nms(boxes, scores, iou_threshold=0.9), [1, 3, 0, 2])


def test_a_suppressed_box_suppresses_nothing():
    boxes = [[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]]  # each overlaps the next: 6/14
    assert_array_equal(nms(boxes, [0.9, 0.8, 0.7], iou_threshold=0.4), [0, 2])
    assert_array_equal(nms(boxes, [0.8, 0.9, 0.7], iou_threshold=0.4), [1])


@settings(max_examples=300)
@given(detections(), thresholds)
def test_nms_is_the_plain_loop(detections, threshold):
    assert_array_equal(nms(*detections, iou_threshold=threshold), greedy(*detections, threshold))


@settings(max_examples=200)
@given(detections(whole_boxes), st.sampled_from(THRESHOLDS), st.floats(-1e6, 1e6))
def test_an_iou_at_the_threshold_is_decided_as_by_box_iou(detections, threshold, shift):
    boxes, scores = detections[0] / 3 + shift, detections[1]  # thirds are rounded
    assert_array_equal(
        nms(boxes, scores, iou_threshold=threshold), greedy(boxes, scores, threshold)
    )


@pytest.mark.parametrize(
    ("threshold", "left", "right"),
    [(0.25, (7, 15), (13, 15)), (0.7, (18, 28), (21, 28)), (0.4, (30018, 30028), (30024, 30028))],
)
def test_rounding_loses_no_pair(threshold, left, right):
    # IoUs that are the threshold but for rounding, which takes them above it.
    boxes = np.array([[left[0], 0, left[1], 1], [right[0], 0, right[1], 1]]) / 3
    assert box_iou(boxes, boxes)[0, 1] > threshold
    assert_array_equal(nms(boxes, [0.9, 0.8], iou_threshold=threshold), [0])


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("largest", [10.0, 60.0, 400.0])
def test_nms_of_many_boxes_is_the_plain_loop(threshold, largest):
    n = 800  # several blocks of the ranking
    boxes = random_boxes(n, size=500, largest=largest)
    scores = np.round(np.random.default_rng(1).random(n), 2)  # tied
    assert_array_equal(
        nms(boxes, scores, iou_threshold=threshold), greedy(boxes, scores, threshold)
    )


def test_nms_of_a_chain_goes_link_by_link():
    # Every box overlaps only its neighbours, so that each decision waits for the one before.
    left = np.arange(1000.0)
    boxes = np.stack([left, 0 * left, left + 1.9, 0 * left + 1], axis=1)
    kept = nms(boxes, np.linspace(1, 0, 1000), iou_threshold=0.3)
    assert_array_equal(kept, np.arange(0, 1000, 2))


def test_nms_of_one_object_keeps_one_box():
    rng = np.random.default_rng(0)
    boxes = np.array([100.0, 100, 200, 300]) + rng.uniform(-1, 1, (3000, 4))
    scores = rng.random(3000)
    assert_array_equal(nms(boxes, scores, iou_threshold=0.5), [np.argmax(scores)])


@given(detections(), thresholds)
def test_nms_twice_is_nms_once(detections, threshold):
    boxes, scores = detections
    kept = nms(boxes, scores, iou_threshold=threshold)
    again = nms(boxes[kept], scores[kept], iou_threshold=threshold)
    assert_array_equal(again, np.arange(len(kept)))


@given(detections(), thresholds)
def test_what_is_kept_does_not_overlap_and_what_is_not_does(detections, threshold):
    boxes, scores = detections
    kept = nms(boxes, scores, iou_threshold=threshold)
    iou = box_iou(boxes, boxes)
    assert np.all(iou[kept][:, kept][~np.eye(len(kept), dtype=bool)] <= threshold)
    for i in np.setdiff1d(np.arange(len(boxes)), kept):
        assert np.any((iou[i, kept] > threshold) & (scores[kept] >= scores[i]))
    assert np.all(np.diff(scores[kept]) <= 0)


@given(any_boxes, thresholds, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(boxes, threshold, random):
    scores = np.linspace(0, 1, len(boxes))  # no ties
    order = np.array(random.sample(range(len(boxes)), len(boxes)), dtype=int)
    kept = nms(boxes, scores, iou_threshold=threshold)
    shuffled = nms(boxes[order], scores[order], iou_threshold=threshold)
    assert_array_equal(order[shuffled], kept)


def test_equal_scores_keep_their_order():
    boxes = random_boxes(400, size=1e4)
    assert_array_equal(nms(boxes, np.full(400, 0.5), iou_threshold=0.5), np.arange(400))


def test_a_large_block_settles_part_by_part():
    """First boxes that stand apart, so that the block is long when one object's duplicates come."""
    apart = random_boxes(3000, size=1e6)
    one = np.array([0.0, 0, 100, 100]) + np.random.default_rng(0).uniform(0, 3, (3000, 4))
    boxes, scores = np.concatenate([apart, one]), np.linspace(1, 0, 6000)
    peak, kept = peak_memory(lambda: nms(boxes, scores, 0.5))
    assert peak < 60e6  # all pairs of the duplicates as two lists of indices: 140 MB
    assert_array_equal(kept, np.arange(3001))


@pytest.mark.parametrize("threshold", [0.99, 1.0])
def test_boxes_that_share_a_corner_do_not_fill_the_memory(threshold):
    n = 4000  # 16 million pairs, each of them near
    rng = np.random.default_rng(0)
    boxes = np.concatenate([np.zeros((n, 2)), rng.uniform(50, 200, (n, 2))], axis=1)
    scores = rng.random(n)
    peak, kept = peak_memory(lambda: nms(boxes, scores, threshold))
    assert peak < 20e6
    iou = box_iou(boxes[kept], boxes[kept])
    np.fill_diagonal(iou, 0)
    assert np.all(iou <= threshold)
    assert len(kept) == n or threshold < 1


def test_as_many_classes_as_boxes():
    """One box in each class, or all but the last two alone: no class costs a round of its own."""
    n = 20_000
    boxes, scores = np.tile([0.0, 0, 1, 1], (n, 1)), np.linspace(1, 0, n)
    assert_array_equal(batched_nms(boxes, scores, np.arange(n) * 10**12, 0.5), np.arange(n))
    labels = np.minimum(np.arange(n), n - 2) + 2**62
    assert_array_equal(batched_nms(boxes, scores, labels, 0.5), np.arange(n - 1))


def test_labels_beyond_2_to_the_53_stay_apart():
    boxes, labels = [[0, 0, 1, 1]] * 3, [2**60, 2**60 + 1, 2**60]
    assert_array_equal(batched_nms(boxes, [0.9, 0.8, 0.7], labels, 0.5), [0, 1])
    assert batched_nms(boxes, [0.9, 0.8, 0.7], torch.tensor(labels), 0.5).tolist() == [0, 1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_suppresses_as_its_numbers_say(dtype):
    boxes = (10 * torch.tensor(random_boxes(300))).to(dtype)
    scores = torch.rand(300, generator=torch.Generator().manual_seed(0)).to(dtype)
    exact = boxes.double(), scores.double()
    assert_array_equal(nms(boxes, scores, 0.5), nms(*exact, 0.5))
    kept, lowered = soft_nms(boxes, scores)
    expected, expected_scores = soft_nms(*exact)
    assert lowered.dtype == dtype
    assert_array_equal(kept, expected)
    assert lowered.tolist() == expected_scores.to(dtype).tolist()
    anchors = (10 * torch.tensor(random_boxes(500, 1))).to(dtype)
    assert_array_equal(assign_anchors(anchors, boxes), assign_anchors(anchors.double(), exact[0]))


@pytest.mark.parametrize("library", [np.array, torch.tensor])
def test_whole_coordinates_keep_their_digits(library):
    """In float32 the first two boxes would be one and the third one a line."""
    far = 2**30
    boxes = library([[far, 0, far + 2, 2], [far + 2, 0, far + 4, 2], [far, 0, far + 1, 2]])
    scores = library([0.9, 0.8, 0.7])
    assert nms(boxes, scores, 0.4).tolist() == [0, 1]
    assert soft_nms(boxes, scores)[1].tolist() == pytest.approx([0.9, 0.8, 0.35])


def test_torch_gets_indices_of_its_own():
    boxes = torch.tensor(random_boxes(300), dtype=torch.float32, requires_grad=True)
    scores = torch.rand(300, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(300) % 3
    kept = nms(boxes, scores, iou_threshold=0.5)
    assert kept.dtype == torch.int64
    in_numpy = boxes.detach().numpy(), scores.numpy()
    assert_array_equal(kept.numpy(), nms(*in_numpy, iou_threshold=0.5))
    kept = batched_nms(boxes, scores, labels, iou_threshold=0.5)
    expected = batched_nms(*in_numpy, labels.numpy(), iou_threshold=0.5)
    assert_array_equal(kept.numpy(), expected)
    kept, lowered = soft_nms(boxes, scores)
    expected, expected_scores = soft_nms(*in_numpy)
    assert kept.dtype == torch.int64 and lowered.dtype == torch.float32
    assert_array_equal(kept.numpy(), expected)
    assert_array_equal(lowered.numpy(), expected_scores)
    assert_array_equal(nms(boxes.to(torch.bfloat16), scores, iou_threshold=1.0).shape, (300,))


# By class


@given(detections(), thresholds, st.randoms(use_true_random=False))
def test_classes_leave_each_other_alone(detections, threshold, random):
    boxes, scores = detections
    labels = np.array([random.choice([-7, 0, 3]) for _ in scores], dtype=int)
    kept = batched_nms(boxes, scores, labels, iou_threshold=threshold)
    expected = []
    for label in set(labels.tolist()):
        members = np.flatnonzero(labels == label)
        expected += members[greedy(boxes[members], scores[members], threshold)].tolist()
    assert kept.tolist() == sorted(sorted(expected), key=lambda i: -scores[i])


def test_one_class_is_plain_nms():
    boxes, scores = random_boxes(200), np.random.default_rng(0).random(200)
    assert_array_equal(
        batched_nms(boxes, scores, np.full(200, 7), iou_threshold=0.4),
        nms(boxes, scores, iou_threshold=0.4),
    )


def test_labels_of_any_size_stay_apart():
    boxes, scores = np.tile([[0, 0, 1, 1]], (2, 1)), np.array([0.5, 0.5], dtype=np.float16)
    assert_array_equal(batched_nms(boxes, scores, [4096, 4097], iou_threshold=0.5), [0, 1])


# Soft-NMS


def test_soft_nms_by_hand():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 6], [20, 20, 30, 30]]
    kept, scores = soft_nms(boxes, [0.9, 0.8, 0.5])
    assert_array_equal(kept, [0, 2, 1])
    assert_allclose(scores, [0.9, 0.5, 0.8 * (1 - 0.6)], rtol=1e-15)
    for threshold, last in ((0.6, 0.8 * (1 - 0.6)), (0.61, 0.8)):  # an IoU of 0.6 reaches 0.6
        _, scores = soft_nms(boxes, [0.9, 0.8, 0.5], iou_threshold=threshold)
        assert_allclose(np.sort(scores), np.sort([0.9, 0.5, last]), rtol=1e-15)
    kept, scores = soft_nms(boxes, [0.9, 0.8, 0.5], method="gaussian", sigma=0.5)
    assert_array_equal(kept, [0, 2, 1])
    assert_allclose(scores, [0.9, 0.5, 0.8 * math.exp(-0.36 / 0.5)], rtol=1e-15)


@given(detections(), thresholds, st.sampled_from([0.0, 0.001, 0.3]))
def test_linear_soft_nms_is_the_papers_loop(detections, threshold, score_threshold):
    kept, scores = soft_nms(
        *detections, iou_threshold=threshold, score_threshold=score_threshold
    )  # fmt: skip
    expected = plain.soft_nms(
        *detections, lambda iou: 1 - iou if iou >= threshold else 1.0, score_threshold
    )
    assert kept.tolist() == [i for i, _ in expected]
    assert_allclose(scores, [score for _, score in expected], rtol=1e-15)


@given(detections(), st.floats(0.1, 2), st.sampled_from([0.0, 0.001, 0.3]))
def test_gaussian_soft_nms_is_the_papers_loop(detections, sigma, score_threshold):
    kept, scores = soft_nms(
        *detections, method="gaussian", sigma=sigma, score_threshold=score_threshold
    )
    expected = plain.soft_nms(*detections, lambda iou: np.exp(-(iou**2) / sigma), score_threshold)
    assert kept.tolist() == [i for i, _ in expected]
    assert_allclose(scores, [score for _, score in expected], rtol=1e-15)
    assert np.all(np.diff(scores) <= 0)


# Assignment


def test_assignment_by_hand():
    boxes = [[0, 0, 10, 10], [50, 50, 54, 54], [90, 90, 99, 99]]
    anchors = [
        [0, 0, 10, 8],  # IoU 0.8 with the first box
        [0, 0, 10, 4.5],  # 0.45
        [0, 0, 10, 3],  # 0.3
        [50, 50, 60, 60],  # 0.16, the best of the second box
        [50, 50, 60, 61],  # less
    ]
    assert_array_equal(assign_anchors(anchors, boxes), [0, -2, -1, 1, -1])
    assert_array_equal(assign_anchors(anchors, boxes, allow_low_quality=False), [0, -2, -1, -1, -1])


def test_a_box_keeps_its_only_anchor_though_another_overlaps_it_more():
    anchors, boxes = [[0, 0, 10, 10], [0, 0, 10, 5]], [[0, 0, 10, 4], [0, 0, 5, 5.5]]
    # Both boxes prefer the second anchor; the first box overlaps it more.
    assert_array_equal(np.argmax(box_iou(anchors, boxes), axis=0), [1, 1])
    assert_array_equal(assign_anchors(anchors, boxes), [-2, 0])
    # The second box overlaps the first anchor only, which would rather have the first box.
    anchors, boxes = [[0, 0, 10, 10], [0, 0, 10, 9]], [[0, 0, 10, 9], [0, 9, 10, 10]]
    assert_array_equal(np.argmax(box_iou(anchors, boxes), axis=1), [0, 0])
    assert_array_equal(assign_anchors(anchors, boxes), [1, 0])
    assert_array_equal(torchvision_matcher(box_iou(anchors, boxes), 0.5, 0.4), [0, 0])


@settings(max_examples=200)
@given(any_boxes, any_boxes, thresholds, thresholds, st.booleans())
def test_assignment_is_the_rules_one_by_one(anchors, boxes, one, other, allow_low_quality):
    foreground, background = max(one, other), min(one, other)
    got = assign_anchors(
        anchors,
        boxes,
        foreground_threshold=foreground,
        background_threshold=background,
        allow_low_quality=allow_low_quality,
    )
    expected = plain.assign_anchors(anchors, boxes, foreground, background, allow_low_quality)
    assert got.tolist() == expected


def test_assignment_agrees_with_torchvisions_rule_where_no_box_is_robbed():
    anchors, boxes = random_boxes(500, 0, size=300), random_boxes(12, 1, size=300)
    iou = box_iou(anchors, boxes)
    assert np.all(iou.max(axis=0) > 0)
    owners = iou.argmax(axis=1)[iou.argmax(axis=0)]
    assert_array_equal(owners, np.arange(12))  # each box is the best of its best anchor
    for high, low in ((0.5, 0.4), (0.7, 0.3)):
        got = assign_anchors(
            anchors, boxes, foreground_threshold=high, background_threshold=low
        )  # fmt: skip
        assert_array_equal(got, torchvision_matcher(iou, high, low))


def test_assignment_never_holds_all_pairs():
    anchors, boxes = random_boxes(60_000, 0, size=900), random_boxes(250, 1, size=900)
    peak, assigned = peak_memory(lambda: assign_anchors(anchors, boxes))
    assert peak < 60e6  # the matrix has 120
    some = np.r_[0:60_000:97, np.flatnonzero(np.isin(assigned, [0, 100, 249]))]
    best = box_iou(anchors[some], boxes)
    owned = assigned[some] >= 0
    assert np.all(best[owned, assigned[some][owned]] > 0)
    assert np.all(best[assigned[some] == -1].max(axis=1) < 0.4)
    assert np.all(np.isin(np.arange(250), assigned))  # rule 3


def test_assignment_in_torch():
    anchors, boxes = random_boxes(200, 0), random_boxes(9, 1)
    got = assign_anchors(torch.tensor(anchors), torch.tensor(boxes))
    assert got.dtype == torch.int64
    assert_array_equal(got.numpy(), assign_anchors(anchors, boxes))
    learning = torch.tensor(anchors, requires_grad=True)
    assert_array_equal(assign_anchors(learning, torch.tensor(boxes)), got)


# Edges


def test_no_boxes():
    assert nms([], [], iou_threshold=0.5).shape == (0,)
    assert batched_nms([], [], [], iou_threshold=0.5).shape == (0,)
    assert [result.shape for result in soft_nms([], [])] == [(0,), (0,)]
    empty = torch.zeros(0, 4), torch.zeros(0)
    assert nms(*empty, iou_threshold=0.5).dtype == torch.int64
    assert batched_nms(*empty, torch.zeros(0), iou_threshold=0.5).shape == (0,)
    anchors = random_boxes(3)
    assert_array_equal(assign_anchors(anchors, []), [-1, -1, -1])
    assert assign_anchors([], anchors).shape == (0,)
    assert assign_anchors(torch.zeros(2, 4), torch.zeros(0, 4)).tolist() == [-1, -1]


BOX = [[0.0, 0.0, 1.0, 1.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nms([[3, 0, 1, 1]], [0.5], iou_threshold=0.5), "boxes must be .*in row 0"),
        (lambda: nms(BOX, [1.5], iou_threshold=0.5), r"scores must lie in \[0, 1\], got 1.5"),
        (lambda: nms(BOX, [math.nan], iou_threshold=0.5), "scores must not contain NaN"),
        (lambda: nms(BOX, [0.5, 0.5], iou_threshold=0.5), r"scores must have shape \(1,\)"),
        (lambda: nms(BOX[0], 0.5, iou_threshold=0.5), r"boxes must have shape \(N, 4\)"),
        (lambda: nms(BOX, [0.5], iou_threshold=1.5), r"iou_threshold must lie in \[0, 1\]"),
        (lambda: nms(BOX, [0.5], iou_threshold=math.nan), r"iou_threshold must lie in \[0, 1\]"),
        (lambda: batched_nms(BOX, [0.5], [0, 1], iou_threshold=0.5), "labels must have shape"),
        (lambda: batched_nms(BOX, [0.5], [0.5], iou_threshold=0.5), "labels must contain whole"),
        (lambda: soft_nms(BOX, [0.5], method="hard"), "method must be .*got 'hard'"),
        (lambda: soft_nms(BOX, [0.5], sigma=0), "sigma must be a finite number > 0, got 0"),
        (lambda: soft_nms(BOX, [0.5], score_threshold=-1), "score_threshold must lie in"),
        (lambda: assign_anchors([[3, 0, 1, 1]], BOX), "anchors must be .*x2 >= x1.*in row 0"),
        (lambda: assign_anchors(BOX, [[3, 0, 1, 1]]), "boxes must be .*x2 >= x1.*in row 0"),
        (lambda: assign_anchors(BOX, BOX, foreground_threshold=2), "foreground_threshold must"),
        (lambda: assign_anchors(BOX, BOX, foreground_threshold=0.3), "at least background"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_score_that_a_rounding_took_above_one_is_legal():
    scores = np.nextafter(np.ones(1, dtype=np.float32), np.float32(2))
    assert nms(BOX, scores, 0.5).tolist() == [0]
    assert soft_nms(BOX, scores)[1] == scores
    with pytest.raises(ValueError, match=r"scores must lie in \[0, 1\], got 1.0001"):
        nms(BOX, [1.0001], 0.5)
