"""The simulated detector errs as often, as long and as far as it was told."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse.detection import box_iou
from visioncourse.scenes import VIDEOS, make_video, moving_boxes, simulate_detections

SIZE = (1080, 1920)
PERFECT = {"miss_rate": 0.0, "false_alarms": 0.0, "jitter": 0.0}


@pytest.fixture(scope="module")
def rows():
    """Many boxes for a long time; those at the edges are left out, so that none is cut."""
    table = moving_boxes(
        0, num_frames=400, height=1080, width=1920, num_objects=40, size_range=(0.04, 0.1)
    )
    x1, y1, w, h = table[:, 2:6].T
    inside = (x1 > 150) & (y1 > 150) & (x1 + w < 1770) & (y1 + h < 930)
    return table[inside]


def corners(rows):
    return np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])


def by_frame(rows, frame):
    return rows[rows[:, 0] == frame]


def found(rows, detections):
    """(R,) which rows have a detection of IoU above one half."""
    result = np.zeros(len(rows), dtype=bool)
    for frame, boxes in enumerate(detections, start=1):
        here = rows[:, 0] == frame
        if len(boxes):
            result[here] = (box_iou(corners(rows[here]), boxes[:, :4]) > 0.5).any(axis=1)
    return result


def test_a_perfect_detector_finds_the_truth(rows):
    detections = simulate_detections(rows, 0, size=SIZE, **PERFECT)
    assert len(detections) == 400
    for frame, boxes in enumerate(detections, start=1):
        truth = corners(by_frame(rows, frame))
        assert_allclose(np.sort(boxes[:, :4], axis=0), np.sort(truth, axis=0), atol=1e-9)
        assert ((boxes[:, 4] > 0) & (boxes[:, 4] < 1)).all()
        assert (np.diff(boxes[:, 4]) <= 0).all()  # the best first


def test_boxes_of_a_video_are_whole_and_cut_at_its_edges():
    video = make_video(0, **VIDEOS["occlusion"])
    detections = simulate_detections(video, 0, **PERFECT)
    table = video.rows(0.25)
    assert sum(map(len, detections)) == len(table)
    for frame, boxes in enumerate(detections, start=1):
        truth = np.clip(corners(by_frame(table, frame)), 0, (128, 96, 128, 96))
        assert_allclose(np.sort(boxes[:, :4], axis=0), np.sort(truth, axis=0), atol=1e-9)


@pytest.mark.parametrize("miss_rate", [0.05, 0.2, 0.6, 0.9])
def test_misses_are_as_frequent_as_told_and_come_in_runs(rows, miss_rate):
    detections = simulate_detections(
        rows, 1, miss_rate=miss_rate, false_alarms=0.0, jitter=0.0, size=SIZE
    )
    missed = ~found(rows, detections)
    runs = []
    for identity in np.unique(rows[:, 1]):
        mine = rows[:, 1] == identity
        # Lengths of the runs of misses, without the last: it may be cut off.
        edges = np.flatnonzero(np.diff(np.concatenate([[0], missed[mine], [0]])))
        lengths = edges[1::2] - edges[::2]
        runs.extend(lengths[:-1] if missed[mine][-1] else lengths)
    assert missed.mean() == pytest.approx(miss_rate, abs=0.03 + 0.03 * miss_rate)
    expected = max(1 / 0.3, 1 / (1 / miss_rate - 1))
    assert np.mean(runs) == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize("jitter", [0.02, 0.08])
def test_jitter_is_relative_to_the_size(rows, jitter):
    errors = [[], []]
    detections = simulate_detections(
        rows, 2, miss_rate=0.0, false_alarms=0.0, jitter=jitter, size=SIZE
    )
    for frame, boxes in enumerate(detections, start=1):
        table = by_frame(rows, frame)
        truth = corners(table)
        overlap = box_iou(truth, boxes[:, :4])
        sure = np.flatnonzero((overlap > 0.1).sum(axis=1) == 1)  # one detection near this truth
        off = boxes[overlap.argmax(axis=1)][sure, :4] - truth[sure]
        large = table[sure, 4] > np.median(rows[:, 4])
        for k in (0, 1):
            errors[k].append(off[large == bool(k)] / table[sure][large == bool(k), 4, None])
    for group in errors:  # small boxes, large boxes
        group = np.concatenate(group)
        assert len(group) > 500
        assert np.abs(group.mean(axis=0)).max() < 0.1 * jitter
        assert_allclose(group.std(axis=0), jitter, rtol=0.1)


def test_false_alarms_are_as_many_as_told_and_of_the_objects_size(rows):
    without, with_alarms = (
        simulate_detections(rows, 3, false_alarms=mean, jitter=0.0, size=SIZE) for mean in (0, 4.0)
    )
    more = [len(b) - len(a) for a, b in zip(without, with_alarms, strict=True)]
    assert np.mean(more) == pytest.approx(4.0, abs=0.4)
    assert np.var(more) == pytest.approx(4.0, abs=1.2)  # Poisson
    # The detections of objects are those that were there without false alarms.
    alarms = np.concatenate(
        [
            b[~(b[:, None, :4] == a[None, :, :4]).all(axis=2).any(axis=1), :4]
            for a, b in zip(without, with_alarms, strict=True)
        ]
    )
    assert len(alarms) == sum(more)
    sides = np.median(alarms[:, 2:] - alarms[:, :2], axis=0)
    assert_allclose(sides, np.median(rows[:, 4:6], axis=0), rtol=0.1)
    x, y = ((alarms[:, :2] + alarms[:, 2:]) / 2).T
    assert np.ptp(x) > 0.9 * 1920 and np.ptp(y) > 0.9 * 1080


def test_scores_say_something_and_not_all(rows):
    detections = np.concatenate(
        [
            np.column_stack([np.full(len(boxes), frame), boxes])
            for frame, boxes in enumerate(
                simulate_detections(rows, 4, false_alarms=10.0, size=SIZE), start=1
            )
        ]
    )
    overlap = np.array(
        [
            box_iou(row[None, 1:5], corners(by_frame(rows, row[0]))).max(initial=0)
            for row in detections[:3000]
        ]
    )
    score = detections[:3000, 5]
    right, wrong = score[overlap > 0.5], score[overlap < 0.2]
    better = (right[:, None] > wrong).mean()  # the area under the ROC curve
    assert 0.9 < better < 0.998
    correct = overlap > 0.5
    assert np.corrcoef(score[correct], overlap[correct])[0, 1] > 0.1


def test_hidden_objects_are_not_found_and_half_hidden_ones_score_less():
    boxes = [[t, 1, 10.0, 10.0, 20.0, 20.0, 1, 1, v] for t, v in enumerate([1, 0.5, 0.2] * 200, 1)]
    detections = simulate_detections(boxes, 5, size=(96, 128), miss_rate=0.0, false_alarms=0.0)
    assert [len(d) for d in detections[:3]] == [1, 1, 0]
    assert not any(len(d) for d in detections[2::3])
    whole, half = (np.concatenate(detections[k::3])[:, 4].mean() for k in (0, 1))
    assert whole > half + 0.05


def test_a_seed_is_one_detector(rows):
    first, again, other = (simulate_detections(rows, seed, size=SIZE) for seed in (6, 6, 7))
    for a, b in zip(first, again, strict=True):
        assert_array_equal(a, b)
    assert any(a.shape != b.shape or (a != b).any() for a, b in zip(first, other, strict=True))


def test_rows_may_be_a_list_or_a_tensor_in_any_order(rows):
    some = rows[rows[:, 0] <= 20]
    expected = simulate_detections(some, 8, size=SIZE)
    shuffled = some[::-1][np.argsort(some[::-1, 0], kind="stable")]
    for given in (some.tolist(), torch.tensor(some)):
        for a, b in zip(expected, simulate_detections(given, 8, size=SIZE), strict=True):
            assert_array_equal(a, b)
    assert len(simulate_detections(shuffled[::-1], 8, size=SIZE)) == 20


def test_nothing_to_detect():
    assert simulate_detections([], 0) == []
    video = make_video(0, num_objects=0, num_frames=3)
    quiet = simulate_detections(video, 0, false_alarms=0.0)
    assert [boxes.shape for boxes in quiet] == [(0, 5)] * 3
    assert sum(map(len, simulate_detections(video, 0, false_alarms=5.0))) > 5


ROW = [1.0, 1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("seed", -1),
        ("miss_rate", 1),
        ("miss_rate", -0.1),
        ("false_alarms", -1.0),
        ("false_alarms", math.nan),
        ("jitter", -0.1),
        ("video", [ROW[:5]]),
        ("video", [[*ROW[:5], math.inf]]),
        ("video", [[*ROW[:5], math.nan]]),
        ("video", [[0.0, *ROW[1:]]]),
        ("video", [[1.5, *ROW[1:]]]),
        ("video", ROW),
        ("video", 3),
        ("video", None),
        ("size", (0, 4)),
        ("size", 5),
    ],
)
def test_arguments_out_of_range(argument, value):
    with pytest.raises(ValueError, match=argument):
        simulate_detections(**({"video": [ROW], "seed": 0} | {argument: value}))
