"""Every track takes its best detection, whoever has it already."""

EARNED = {
    "test_3_tracks.py::test_associate_takes_the_largest_overlap_first": 0,
    "test_hidden_tracks.py::test_hidden_associate": 0,
}
SAYS = "One detection was given to two tracks."


def iou(a, b):
    w = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    size = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (size - w * h)


def associate(tracks, detections, iou_threshold):
    pairs = []
    for i, track in enumerate(tracks):
        overlaps = [iou(track, detection) for detection in detections]
        if overlaps and max(overlaps) >= iou_threshold:
            pairs.append((i, overlaps.index(max(overlaps))))
    rows, columns = {i for i, _ in pairs}, {j for _, j in pairs}
    return (
        pairs,
        [i for i in range(len(tracks)) if i not in rows],
        [j for j in range(len(detections)) if j not in columns],
    )
