"""Each track in turn takes the best detection that is left."""

EARNED = {
    "test_3_tracks.py::test_associate_takes_the_largest_overlap_first": 0,
    "test_hidden_tracks.py::test_hidden_associate": 0,
}
SAYS = "Track 0 chose first and took what fits track 1 better"


def iou(a, b):
    w = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    size = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (size - w * h)


def associate(tracks, detections, iou_threshold):
    pairs, free = [], list(range(len(detections)))
    for i, track in enumerate(tracks):
        best = max(free, key=lambda j: iou(track, detections[j]), default=None)
        if best is not None and iou(track, detections[best]) >= iou_threshold:
            pairs.append((i, best))
            free.remove(best)
    taken = [i for i, _ in pairs]
    return pairs, [i for i in range(len(tracks)) if i not in taken], free
