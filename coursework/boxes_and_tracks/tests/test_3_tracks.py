"""Association and tracking: a few boxes, a few frames."""

import numpy as np
import pytest

NOTHING = np.zeros((0, 4))


def square(x, y=0.0, side=10.0):
    """A box (4,) with its near corner at (x, y)."""
    return np.array([x, y, x + side, y + side])


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.greedy_associate", "the greedy rule"
)
def test_associate_by_hand(student, expect):
    """Two tracks, three detections in another order: one of them is new."""
    tracks = np.stack([square(0), square(50)])
    detections = np.stack([square(51), square(200), square(2)])
    expect(
        student.associate(tracks, detections, 0.3),
        ([(0, 2), (1, 0)], [], [1]),
        mistakes={
            "the pairs are (detection, track): the track goes first": (
                [(2, 0), (0, 1)],
                [],
                [1],
            ),
            "the pairs should rise by their track": ([(1, 0), (0, 2)], [], [1]),
            "the first detection goes to the first track, wherever it is": (
                [(0, 0), (1, 1)],
                [],
                [2],
            ),
            "the two lists of those left alone are swapped": ([(0, 2), (1, 0)], [1], []),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.greedy_associate", "the greedy rule"
)
def test_associate_takes_the_largest_overlap_first(student, expect):
    """One detection overlaps track 0 with 7/13 and track 1 with 9/11: it belongs to track 1."""
    expect(
        student.associate(np.stack([square(0), square(4)]), np.stack([square(3)]), 0.3),
        ([(1, 0)], [0], []),
        mistakes={
            "track 0 chose first and took what fits track 1 better: take the largest IoU of "
            "*all* pairs first": ([(0, 0)], [1], []),
            "one detection was given to two tracks": ([(0, 0), (1, 0)], [], []),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.greedy_associate", "the greedy rule"
)
def test_associate_at_the_threshold(student, expect):
    """An IoU of exactly the threshold is a pair, one below it is none."""
    tracks = np.stack([square(0), square(50)])
    detections = np.array([[0.0, 0.0, 10.0, 5.0], [50.0, 0.0, 60.0, 4.0]])  # IoU 0.5 and 0.4
    expect(
        student.associate(tracks, detections, 0.5),
        ([(0, 0)], [1], [1]),
        mistakes={
            "an IoU of exactly the threshold is a pair: >=, not >": ([], [0, 1], [0, 1]),
            "the threshold is not used: an IoU of 0.4 is below 0.5": ([(0, 0), (1, 1)], [], []),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.greedy_associate", "the greedy rule"
)
def test_associate_without_a_side(student, expect):
    """No track: all detections are alone; no detection: all tracks are."""
    boxes = np.stack([square(0), square(50)])
    expect(student.associate(NOTHING, boxes, 0.3), ([], [], [0, 1]))
    expect(student.associate(boxes, NOTHING, 0.3), ([], [0, 1], []))


@pytest.mark.points(1)
@pytest.mark.see("reference/visioncourse.html#visioncourse.tracking.Sort", "SORT in the package")
def test_tracker_keeps_identities(student, expect):
    """Two objects that the detector lists in another order in the second frame."""
    tracker = student.Tracker()
    first, second = square(0), square(100, 40)
    expect(
        tracker.update(np.stack([first, second])),
        {1: first, 2: second},
        mistakes={
            "identities count from 1": {0: first, 1: second},
            "the box is reported as (y1, x1, y2, x2)": {
                1: first,
                2: np.array([40.0, 100.0, 50.0, 110.0]),
            },
            "a new track is reported in its first frame, too": {},
        },
    )
    gain = 105 / 109  # P is 4 + 100 + 1 after the prediction, R is 4
    moved = np.array([2.0, 0.0, 2.0, 0.0])
    expect(
        tracker.update(np.stack([second, first + moved])),
        {1: first + gain * moved, 2: second},
        rtol=1e-5,
        mistakes={
            "this is the detection itself: report the filter's box": {
                1: first + moved,
                2: second,
            },
            "this is the box *before* the update: report it after": {1: first, 2: second},
            "the identities follow the order of the detections: associate first": {
                1: second,
                2: first + moved,
            },
        },
    )


@pytest.mark.points(2)
@pytest.mark.see("reference/visioncourse.html#visioncourse.tracking.Sort", "SORT in the package")
def test_tracker_ends_tracks(student, expect):
    """With max_age = 1 a track survives one frame without a detection, but not two."""
    tracker, seen = student.Tracker(0.3, 1), square(20, 20)[None]
    reports = [tracker.update(boxes) for boxes in (seen, NOTHING, seen, NOTHING, NOTHING, seen)]
    names = [sorted(report) if isinstance(report, dict) else report for report in reports]
    expect.that(
        names == [[1], [], [1], [], [], [2]],
        "identities in the six frames: 1, none, 1, none, none, 2",
        mistakes={
            "the track never ends: after two frames without a detection its object is a new one": (
                names == [[1], [], [1], [], [], [1]]
            ),
            "the track ends too early: it may miss max_age frames, and ends with the next": (
                names == [[1], [], [2], [], [], [3]]
            ),
            "a track without a detection in this frame is not reported": (names[1] == [1]),
            "the missed frames are never forgotten: a detection sets their count back to 0": (
                names[:3] == [[1], [], [1]] and names[5] == [1, 2]
            ),
        },
    )


@pytest.mark.points(1)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.KalmanFilter.predict", "the prediction"
)
def test_tracker_moves_on_while_hidden(student, expect):
    """An object at 6 pixels a frame, hidden for two frames, comes out where it is expected."""
    tracker = student.Tracker()
    for frame in range(5):
        tracker.update(square(6.0 * frame, side=20.0)[None])
    tracker.update(NOTHING)
    tracker.update(NOTHING)
    report = tracker.update(square(42.0, side=20.0)[None])
    names = sorted(report) if isinstance(report, dict) else report
    expect.that(
        names == [1],
        "the object that comes out is track 1",
        mistakes={
            "it came out as a new track: every track predicts in every frame, also a hidden one": (
                names == [2]
            ),
        },
    )
