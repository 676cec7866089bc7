"""SORT in one batch, against SORT track by track, and by hand."""

from pathlib import Path

import motmetrics
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse import plain
from visioncourse.plain import sort as plain_sort
from visioncourse.scenes import moving_boxes, simulate_detections
from visioncourse.tracking import Sort

NOTHING = np.empty((0, 5))


def run(tracker, frames):
    return [tracker.update(detections) for detections in frames]


def moving_objects(seed, *, objects, frames, size=800, jitter=0.02, missing=0.1, clutter=1.0):
    """Detections of boxes that turn, stop, stay hidden at times, enter, leave; and of nothing."""
    rows = moving_boxes(
        seed,
        num_frames=frames,
        height=size,
        width=size,
        num_objects=objects,
        size_range=(0.04, 0.15),
    )
    return simulate_detections(
        rows,
        seed,
        size=(size, size),
        miss_rate=missing,
        false_alarms=clutter,
        jitter=jitter,
    )


def compare(frames, **settings):
    """Boxes to 1e-9, and the same identities, row by row; returns what both found."""
    frames = list(frames)
    reference, tracker = plain.Sort(**settings), Sort(**settings)
    rows = []
    for detections in frames:
        expected = np.reshape(reference.update(detections), (-1, 5))
        got = tracker.update(detections)
        assert got.shape == expected.shape
        assert_allclose(got[:, :4], expected[:, :4], rtol=0, atol=1e-9)
        assert_array_equal(got[:, 4], expected[:, 4])
        rows.append(got)
    return reference, rows


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_age": 4, "min_hits": 1},
        {"max_age": 0, "min_hits": 0, "iou_threshold": 0.1},
        {"max_age": 10, "min_hits": 2, "iou_threshold": 0.6},
    ],
    ids=str,
)
def test_equals_sort_track_by_track(seed, settings):
    _, rows = compare(moving_objects(seed, objects=12, frames=60), **settings)
    assert sum(map(len, rows)) > 50


def test_equals_sort_track_by_track_in_a_crowd(monkeypatch):
    frames = moving_objects(0, objects=80, frames=30, size=500, clutter=5)
    assignments = []
    solve = plain_sort.linear_sum_assignment
    monkeypatch.setattr(
        plain_sort,
        "linear_sum_assignment",
        lambda *args, **options: assignments.append(args) or solve(*args, **options),
    )
    _, rows = compare(frames, max_age=3)
    assert max(map(len, rows)) > 25
    assert len(assignments) > 20  # frames in which the pairs above the threshold compete


@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.integers(0, 3), st.integers(0, 4))
def test_equals_sort_track_by_track_on_short_sequences(seed, objects, max_age, min_hits):
    frames = moving_objects(seed, objects=objects, frames=12, size=200, missing=0.6, clutter=0.5)
    compare(frames, max_age=max_age, min_hits=min_hits)


@pytest.mark.parametrize("sequence", ["TUD-Campus", "TUD-Stadtmitte"])
@pytest.mark.parametrize("file", ["gt.txt", "test.txt"])
def test_equals_sort_track_by_track_on_real_boxes(sequence, file):
    path = Path(motmetrics.__file__).parent / "data" / sequence / file
    rows = np.loadtxt(path, delimiter=",")
    boxes = np.column_stack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6], rows[:, 6]])
    frames = [boxes[rows[:, 0] == frame] for frame in range(1, int(rows[:, 0].max()) + 1)]
    _, found = compare(frames)
    assert sum(map(len, found)) > 0.5 * len(rows)


def test_by_hand_a_still_box_is_reported_at_once_and_keeps_its_identity():
    box = [10.0, 20.0, 40.0, 100.0, 0.9]
    for report in run(Sort(), [[box]] * 6):
        assert_allclose(report, [[*box[:4], 1]], atol=1e-12)


def test_by_hand_one_step_of_the_filter():
    # Centre x: predicted variance 10 + 10000 + 1 = 10011, so the gain is 10011 / 10012.
    tracker = Sort()
    tracker.update([[0.0, 0, 10, 10, 1]])
    report = tracker.update([[1.0, 0, 11, 10, 1]])
    assert_allclose(report[0, [0, 2]], [10011 / 10012, 10 + 10011 / 10012], rtol=1e-14)


def test_from_the_fourth_frame_a_track_needs_three_updates_in_a_row():
    still, late = [0.0, 0, 10, 10, 1], [100.0, 0, 110, 10, 1]
    reports = run(Sort(), [[still]] * 3 + [[still, late]] * 5)
    seen = [sorted(report[:, 4]) for report in reports]
    assert seen == [[1]] * 6 + [[1, 2]] * 2  # started in frame 4, updated in 5, 6, 7


def test_a_missed_frame_starts_the_count_again():
    box = [[0.0, 0, 10, 10, 1]]
    reports = run(Sort(), [box] * 4 + [NOTHING] + [box] * 4)
    assert [len(report) for report in reports] == [1, 1, 1, 1, 0, 0, 0, 1, 1]
    assert {report[0, 4] for report in reports if len(report)} == {1}


@pytest.mark.parametrize("max_age", [0, 1, 3])
def test_a_track_ends_after_more_than_max_age_frames(max_age):
    box = [[0.0, 0, 10, 10, 1]]
    for hidden, identity in ((max_age, 1), (max_age + 1, 2)):
        tracker = Sort(max_age=max_age, min_hits=0)
        run(tracker, [box] * 3 + [NOTHING] * hidden)
        assert tracker.update(box)[0, 4] == identity


def test_an_area_does_not_shrink_below_zero():
    def box(side):
        return [[-side / 2, -side / 2, side / 2, side / 2, 1.0]]

    hidden = [box(side) for side in (30, 20, 9)] + [NOTHING] * 8
    reference, _ = compare(hidden, max_age=20)
    area, growth = reference.tracks[0].x[[2, 6]]
    assert area > 0
    assert growth == 0
    # The package's track is where the reference's is: it takes the same box for its own.
    again = np.array([[*reference.tracks[0].box, 1.0]])
    _, rows = compare([*hidden, again], max_age=20, min_hits=0)
    assert_array_equal(rows[-1][:, 4], [1])


def test_the_youngest_is_reported_first():
    boxes = [[100.0 * k, 0, 100.0 * k + 50, 50, 1] for k in range(4)]
    assert_array_equal(Sort().update(boxes)[:, 4], [4, 3, 2, 1])


def test_pairs_above_the_threshold_that_are_one_to_one_are_not_reassigned():
    # The sum of overlaps is larger for two pairs that are both below the threshold; the published
    # code still takes the one pair above it.
    tracks = np.array([[0.0, 0, 100, 100, 1], [105, 0, 205, 100, 1]])
    shifted = np.array([[50.0, 0, 150, 100, 1], [-55, 0, 45, 100, 1]])
    overlaps = [[plain.iou(box, track) for track in tracks] for box in shifted]
    assert_allclose(overlaps, [[50 / 150, 45 / 155], [45 / 155, 0]], rtol=1e-12)
    _, rows = compare([tracks, shifted])
    assert_array_equal(rows[1][:, 4], [3, 1])  # the first detection, the older one, is the match


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_detections_matters_only_for_the_names(seed):
    frames = list(moving_objects(seed, objects=5, frames=15))
    rng = np.random.default_rng(seed)
    shuffled = [rng.permutation(detections) for detections in frames]
    names = {}
    for one, other in zip(run(Sort(), frames), run(Sort(), shuffled), strict=True):
        one, other = one[np.lexsort(one[:, :4].T)], other[np.lexsort(other[:, :4].T)]
        assert_allclose(one[:, :4], other[:, :4], atol=1e-9)
        for a, b in zip(one[:, 4], other[:, 4], strict=True):
            assert names.setdefault(a, b) == b
    assert len(set(names.values())) == len(names)


def test_scores_play_no_part():
    frames = list(moving_objects(3, objects=5, frames=20))
    loud = [np.column_stack([frame[:, :4], -1000 * frame[:, 4]]) for frame in frames]
    for one, other in zip(run(Sort(), frames), run(Sort(), loud), strict=True):
        assert_array_equal(one, other)


def test_empty_frames():
    tracker = Sort()
    for nothing in ([], NOTHING, np.empty((0, 5), dtype=np.float32), NOTHING):
        assert tracker.update(nothing).shape == (0, 5)
    assert isinstance(tracker.update(torch.empty((0, 5))), torch.Tensor)


def test_boxes_without_area_start_no_track_and_disturb_none():
    box = [0.0, 0, 10, 10, 1]
    degenerate = [
        [5.0, 5, 5, 5, 1],
        [2.0, 2, 2, 8, 1],
        [2.0, 2, 8, 2, 1],
        [0.0, 0, 1e-200, 1e-200, 1],
    ]
    alone, among = Sort(), Sort()
    for _ in range(5):
        assert_array_equal(among.update([*degenerate, box]), alone.update([box]))


def test_torch_tensors_give_the_same_tracks():
    frames = list(moving_objects(5, objects=6, frames=20))
    for got, expected in zip(
        run(Sort(), [torch.tensor(frame, requires_grad=True) for frame in frames]),
        run(Sort(), frames),
        strict=True,
    ):
        assert isinstance(got, torch.Tensor)
        assert_array_equal(got.numpy(), expected)
    assert Sort().update(np.array([[0, 0, 5, 5, 1]])).dtype == np.float64


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_every_identity_is_exact(dtype):
    tracker, last = Sort(max_age=0, min_hits=0), 2**24 - 5
    boxes = torch.tensor([[20.0 * k, 0, 20.0 * k + 8, 8, 0.5] for k in range(10)], dtype=dtype)
    rows = tracker.update(boxes)
    assert rows.dtype == torch.float32
    assert rows[:, 4].tolist() == list(range(10, 0, -1))
    tracker._started = last  # after weeks
    elsewhere = boxes + 10 * torch.tensor([1, 0, 1, 0, 0])
    for frame, detections in enumerate((elsewhere, boxes)):
        rows = tracker.update(detections)
        expected = torch.arange(last + 10 * (frame + 1), last + 10 * frame, -1)
        assert rows.dtype == torch.float64  # float32 has no 2²⁴ + 1
        assert rows[:, 4].tolist() == expected.tolist()
    tracks = tracker.update(elsewhere, full=True)
    assert tracks.boxes.dtype == torch.float32
    assert tracks.identities.tolist() == (expected + 10).tolist()


@pytest.mark.parametrize(
    "convert", [np.array, torch.tensor, np.ndarray.tolist], ids=["array", "tensor", "list"]
)
def test_each_track_knows_its_detection(convert):
    frames = list(moving_objects(4, objects=8, frames=40, missing=0.4))
    rng = np.random.default_rng(0)
    frames = [np.column_stack([frame, rng.integers(0, 90, len(frame))]) for frame in frames]
    plain_tracker, tracker = Sort(min_hits=1), Sort(min_hits=1)
    for frame in frames:
        tracks = tracker.update(convert(frame), full=True)
        rows = plain_tracker.update(frame)
        assert_array_equal(tracks.boxes, rows[:, :4])
        assert_array_equal(tracks.identities, rows[:, 4])
        assert "int64" in str(np.asarray(tracks.identities).dtype)
        detections = np.asarray(tracks.detections)
        assert_array_equal(tracks.scores, frame[detections, 4])
        assert_array_equal(tracks.classes, frame[detections, 5])
        assert all(
            plain.iou(*pair) > 0.3 for pair in zip(tracks.boxes, frame[detections], strict=1)
        )
        assert len(set(detections.tolist())) == len(detections)


def test_detections_without_area_or_class_among_those_of_the_tracks():
    tracks = Sort().update(
        [[5, 5, 5, 5, 0.1], [0, 0, 10, 10, 0.2], [50, 0, 60, 10, 0.3]], full=True
    )
    assert_array_equal(tracks.detections, [2, 1])
    assert_array_equal(tracks.scores, [0.3, 0.2])
    assert_array_equal(tracks.classes, [-1, -1])
    nothing = Sort().update([], full=True)
    assert [part.shape for part in nothing] == [(0, 4), (0,), (0,), (0,), (0,)]


def test_extreme_boxes_give_no_warning():
    # height 1e-200: no area; width and height of 1e150 and 1e-140: the ratio is still a number.
    tracker = Sort()
    for _ in range(3):
        rows = tracker.update([[0, 0, 1e150, 1e-200, 1], [0, 0, 1e150, 1e-140, 1], [0, 0, 9, 9, 1]])
        assert_allclose(rows[:, :4], [[0, 0, 9, 9], [0, 0, 1e150, 1e-140]], rtol=1e-9, atol=1e-9)


def test_two_trackers_know_nothing_of_each_other():
    one, other = Sort(), Sort()
    one.update([[0.0, 0, 10, 10, 1], [50.0, 50, 60, 60, 1]])
    assert_array_equal(other.update([[0.0, 0, 10, 10, 1]])[:, 4], [1])


def test_what_goes_in_and_comes_out_is_the_callers():
    tracker, detections = Sort(), np.array([[0.0, 0, 10, 10, 1]])
    before = detections.copy()
    report = tracker.update(detections)
    report[:] = 99
    assert_array_equal(detections, before)
    assert_allclose(tracker.update(detections)[0, :4], before[0, :4], atol=1e-12)


@pytest.mark.parametrize(
    ("detections", "message"),
    [
        (
            [[0, 0, 10, 10]],
            r"must have shape \(N, 5\) or \(N, 6\), got \(1, 4\) in frame 3",
        ),
        (
            [0, 0, 10, 10, 1],
            r"must have shape \(N, 5\) or \(N, 6\), got \(5,\) in frame 3",
        ),
        ([[0, 0, 1, 1, 1], [5, 0, 4, 1, 1]], r"x2 >= x1 .* in frame 3, got \[5.*in row 1"),
        ([[0, 0, 1, 1, 1], [0, 5, 1, 4, 1]], r"y2 >= y1 in frame 3, got .*in row 1"),
        ([[0, 0, float("nan"), 1, 1]], "detections must be finite .* in frame 3.* row 0"),
        ([[0, 0, 1, float("inf"), 1]], "detections must be finite .* in frame 3.* row 0"),
        ([[0, 0, 1, 1, float("nan")]], "detections must be finite .* in frame 3.* row 0"),
        ([["a", 0, 1, 1, 1]], "detections must be numeric"),
        ([[0, 0, 1, 1, 1], [0, 0]], "detections must be numeric"),
        (np.array([[0, 0, 1, 1, 1j]]), "detections must be numeric"),
        (None, "detections must be numeric"),
        ({"boxes": 1}, "detections must be numeric"),
        ([[0, 0, 10**400, 1, 1]], "detections must be numeric"),
        ([[0, 0, 1, 1, 1, 0.5]], "rows that end in a whole class in frame 3"),
        ([[0, 0, 1, 1, 1, 2**53]], "rows that end in a whole class in frame 3"),
    ],
)
def test_bad_detections_are_named_and_change_nothing(detections, message):
    tracker, box = Sort(), [[0.0, 0, 10, 10, 1]]
    run(tracker, [box] * 2)
    with pytest.raises(ValueError, match=message):
        tracker.update(detections)
    untouched = Sort()
    run(untouched, [box] * 2)
    for _ in range(3):
        assert_array_equal(tracker.update(box), untouched.update(box))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_age": -1}, "max_age must be a finite number >= 0, got -1"),
        ({"max_age": float("inf")}, "max_age must be a finite number >= 0, got inf"),
        ({"max_age": None}, "max_age must be a finite number >= 0, got None"),
        ({"iou_threshold": "high"}, r"iou_threshold must lie in \[0, 1\], got 'high'"),
        ({"max_age": 1.5}, "max_age must be a whole number >= 0, got 1.5"),
        ({"min_hits": float("nan")}, "min_hits must be a finite number >= 0, got nan"),
        ({"iou_threshold": 1.5}, r"iou_threshold must lie in \[0, 1\], got 1.5"),
        ({"iou_threshold": float("nan")}, r"iou_threshold must lie in \[0, 1\], got nan"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Sort(**settings)
