"""Filter, association and tracker on drawn motions."""

import hidden_oracle as oracle
import numpy as np
import pytest

from visioncourse import tracking


def draw_covariance(rng, size):
    root = rng.normal(size=(size, size))
    return root @ root.T + 0.1 * np.eye(size)


@pytest.mark.points(2)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.KalmanFilter.predict", "the prediction"
)
def test_hidden_kalman_predict(student, expect, rng):
    """Three steps of time with any matrices."""
    F, H = np.eye(4) + 0.3 * rng.normal(size=(4, 4)), rng.normal(size=(2, 4))
    Q, R, P, x = *(draw_covariance(rng, size) for size in (4, 2, 4)), rng.normal(size=4)
    model, kf = tracking.KalmanFilter(F, H, Q, R), student.KalmanFilter(F, H, Q, R, x, P)
    for _ in range(3):
        kf.predict()
        x, P = model.predict(x, P)
    expect(kf.get("x"), x)
    expect(kf.get("P"), P)


@pytest.mark.points(2)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.KalmanFilter.update", "the update"
)
def test_hidden_kalman_update(student, expect, rng):
    """A drawn sequence of predictions and measurements of two numbers at once."""
    F, H = np.eye(4) + 0.3 * rng.normal(size=(4, 4)), rng.normal(size=(2, 4))
    Q, R, P, x = *(draw_covariance(rng, size) for size in (4, 2, 4)), rng.normal(size=4)
    model, kf = tracking.KalmanFilter(F, H, Q, R), student.KalmanFilter(F, H, Q, R, x, P)
    for is_measured in (True, False, True, True):
        if is_measured:
            z = rng.normal(size=2)
            kf.update(z)
            x, P = model.update(x, P, z)
        kf.predict()
        x, P = model.predict(x, P)
    expect(kf.get("x"), x, rtol=1e-5, atol=1e-7)
    expect(kf.get("P"), P, rtol=1e-5, atol=1e-7)


@pytest.mark.points(3)
@pytest.mark.see(
    "reference/visioncourse.html#visioncourse.tracking.greedy_associate", "the greedy rule"
)
def test_hidden_associate(student, expect, rng):
    """A crowd, a conflict, a tie, two that are apart, and an IoU at the threshold."""
    near = rng.uniform(0, 60, size=(12, 2))
    tracks = np.concatenate([near, near + rng.uniform(15, 25, size=(12, 2))], axis=1)
    detections = (tracks + rng.normal(scale=2.0, size=(12, 4)))[rng.permutation(12)[:9]]
    x, y = rng.integers((300, 200), (400, 300)).tolist()  # x1 > y1: read crosswise, no box
    rivals = [[x, y, x + 10, y + 10], [x + 4, y, x + 14, y + 10], *[[x, 500, x + 8, 508]] * 2]
    rivals += [[x + 50, y, x + 60, y + 10]]
    claims = [[x, 500, x + 8, 504], [x + 3, y, x + 13, y + 10], [x + 70, y + 30, x + 80, y + 50]]
    tracks = np.concatenate([tracks, np.array(rivals, dtype=float)])
    detections = np.concatenate([np.array(claims, dtype=float), detections])
    for limit in (0.5, 0.1):
        expect(student.associate(tracks, detections, limit), oracle.ties(tracks, detections, limit))


def draw_video(rng, frames):
    """Four objects below each other that move to one side at a drawn velocity."""
    near = np.stack([rng.uniform(0, 10, size=4), 100.0 * np.arange(4)], axis=1)
    size, speed = rng.uniform(20, 30, size=(4, 2)), rng.uniform(4, 7) * rng.choice([-1, 1])
    video = []
    for frame in range(frames):
        corner = near + np.array([speed * frame, 0.0])
        boxes = np.concatenate([corner, corner + size], axis=1)
        video.append(boxes + rng.normal(scale=0.3, size=(4, 4)))
    return video


@pytest.mark.points(3)
@pytest.mark.see("reference/visioncourse.html#visioncourse.tracking.Sort", "SORT in the package")
def test_hidden_tracker_motion(student, expect, rng):
    """Four objects, seen in every frame in a drawn order, a fifth one later."""
    video = draw_video(rng, 8)
    below = np.array([0.0, 900.0, 0.0, 900.0])
    video[5:] = [np.concatenate([boxes[:1] + below, boxes]) for boxes in video[5:]]
    orders = [rng.permutation(len(boxes)) for boxes in video]
    orders[1] = np.roll(orders[0], 1)  # not its own inverse: rows are no columns
    video = [boxes[order] for boxes, order in zip(video, orders, strict=True)]
    tracker = student.Tracker(0.3, 2)
    for boxes, want in zip(video, oracle.follow(video, 0.3, 2), strict=True):
        expect(tracker.update(boxes), want, rtol=1e-5)


@pytest.mark.points(2)
@pytest.mark.see("reference/visioncourse.html#visioncourse.tracking.Sort", "SORT in the package")
def test_hidden_tracker_gaps(student, expect, rng):
    """Objects that hide for a while, and one that hides for too long; an empty frame."""
    video = draw_video(rng, 16)
    gone = {0: range(0), 1: range(7, 8), 2: range(6, 9), 3: range(6, 10)}  # max_age is 3
    frames = [
        boxes[[k for k in range(4) if frame not in gone[k] and frame != 13]]
        for frame, boxes in enumerate(video)
    ]
    tracker = student.Tracker(0.2, 3)
    for boxes, want in zip(frames, oracle.follow(frames, 0.2, 3), strict=True):
        expect(tracker.update(boxes), want, rtol=1e-5)
