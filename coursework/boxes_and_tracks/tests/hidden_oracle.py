"""What the functions should return, by another road: loops over numbers, and the package."""

import itertools

import numpy as np

from visioncourse.tracking import KalmanFilter


def sides(box):
    x1, y1, x2, y2 = map(float, box)
    return x2 - x1, y2 - y1


def extent(box):
    width, height = sides(box)
    return width * height


def meeting(one, other):
    """The area that two boxes share."""
    widths = [min(one[k + 2], other[k + 2]) - max(one[k], other[k]) for k in (0, 1)]
    return float(widths[0] * widths[1]) if min(widths) > 0 else 0.0


def overlap(one, other):
    whole = extent(one) + extent(other) - meeting(one, other)
    return meeting(one, other) / whole if whole > 0 else 0.0


def mean_pair_loss(first, second):
    losses = []
    for one, other in zip(first, second, strict=True):
        hull = [min(one[0], other[0]), min(one[1], other[1])]
        hull += [max(one[2], other[2]), max(one[3], other[3])]
        whole = extent(one) + extent(other) - meeting(one, other)
        losses.append(2 - overlap(one, other) - whole / extent(hull))
    return float(np.mean(losses))


def pair_slopes(first, second, nudge=1e-5):
    """Central differences of the mean loss by every coordinate of `first`."""
    slopes = np.zeros_like(first)
    for place in np.ndindex(first.shape):
        up, down = first.copy(), first.copy()
        up[place] += nudge
        down[place] -= nudge
        slopes[place] = (mean_pair_loss(up, second) - mean_pair_loss(down, second)) / (2 * nudge)
    return slopes


def survivors(boxes, scores, limit):
    """The definition: a box survives if no survivor with a higher rank overlaps it too much."""
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if max((overlap(boxes[i], boxes[j]) for j in kept), default=0.0) <= limit:
            kept.append(i)
    return kept


def ties(tracks, detections, limit):
    """Pairs by falling overlap, then by track, then by detection."""
    every = itertools.product(range(len(tracks)), range(len(detections)))
    ranked = sorted((-overlap(tracks[i], detections[j]), i, j) for i, j in every)
    pairs = []
    for negative, i, j in ranked:
        if -negative >= limit and all(i != pair[0] and j != pair[1] for pair in pairs):
            pairs.append((i, j))
    rows = [i for i in range(len(tracks)) if i not in {pair[0] for pair in pairs}]
    columns = [j for j in range(len(detections)) if j not in {pair[1] for pair in pairs}]
    return sorted(pairs), rows, columns


def follow(frames, limit, max_age):
    """The reports of the tracker's rules for a whole video, with the package's filter."""
    eye, zero = np.eye(4), np.zeros((4, 4))
    model = KalmanFilter(
        np.block([[eye, eye], [zero, eye]]),
        np.hstack([eye, zero]),
        np.diag([1.0] * 4 + [0.25] * 4),
        4.0 * eye,
    )
    states, reports, count = {}, [], 0  # identity -> mean, covariance, frames missed
    for boxes in frames:
        states = {i: (*model.predict(x, P), missed + 1) for i, (x, P, missed) in states.items()}
        names = list(states)
        pairs, _, fresh = ties([states[i][0][:4] for i in names], boxes, limit)
        for track, detection in pairs:
            x, P, _ = states[names[track]]
            states[names[track]] = (*model.update(x, P, boxes[detection]), 0)
        states = {i: state for i, state in states.items() if state[2] <= max_age}
        for detection in fresh:
            count += 1
            start = np.concatenate([boxes[detection], np.zeros(4)])
            states[count] = (start, np.diag([4.0] * 4 + [100.0] * 4), 0)
        reports.append({i: x[:4] for i, (x, _, missed) in states.items() if missed == 0})
    return reports
