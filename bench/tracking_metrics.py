"""`visioncourse.tracking.metrics.evaluate` beside TrackEval, trackers and py-motmetrics.

All start from the same MOT rows. TrackEval and trackers take lists of frames: to make them, with
TrackEval's own IoU, is a part of their time, though it is written here.
"""

from collections.abc import Callable

import motmetrics
import numpy as np
import pandas as pd
import trackeval
from harness import Timing, best_times, plot_costs, table, versions

from visioncourse.scenes import moving_boxes, simulate_detections
from visioncourse.tracking import Sort, mot_rows
from visioncourse.tracking.metrics import TrackingResult, evaluate

try:
    from trackers.eval.clear import compute_clear_metrics
    from trackers.eval.hota import compute_hota_metrics
    from trackers.eval.identity import compute_identity_metrics
except ImportError:
    WITH_TRACKERS = False
else:
    WITH_TRACKERS = True

SIZES = [(100, 10), (1000, 10), (1000, 50), (1000, 100)]
OURS = "ours"
CONFIG = {"PRINT_CONFIG": False}
COLUMNS = ["FrameId", "Id", "X", "Y", "Width", "Height"]
# Every field of ours that the other has; HOTA's are means over the thresholds.
TRACKEVAL_NAMES = {
    "mota": "MOTA",
    "motp": "MOTP",
    "misses": "CLR_FN",
    "false_positives": "CLR_FP",
    "id_switches": "IDSW",
    "fragmentations": "Frag",
    "mostly_tracked": "MT",
    "mostly_lost": "ML",
    "idf1": "IDF1",
    "idp": "IDP",
    "idr": "IDR",
    "hota": "HOTA",
    "deta": "DetA",
    "assa": "AssA",
    "loca": "LocA",
}
# py-motmetrics 1.4.0 calls what NumPy 2 no longer has.
np.asfarray = np.asarray  # noqa: NPY201


def crowd(frames: int, objects: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and truth: SORT follows objects over 1920×1080 pixels.

    8 % of the boxes are missed, and two false ones come with each frame.
    """
    height, width = 1080, 1920
    truth = moving_boxes(
        seed,
        num_frames=frames,
        height=height,
        width=width,
        num_objects=objects,
        size_range=(0.06, 0.13),
        speed=0.25,
    )
    detections = simulate_detections(
        truth, seed, size=(height, width), miss_rate=0.08, false_alarms=2, jitter=0.03
    )
    tracker = Sort(max_age=5, min_hits=1)
    return mot_rows([tracker.update(found) for found in detections]), truth


def frame_lists(predictions: np.ndarray, truth: np.ndarray) -> dict[str, object]:
    """What TrackEval's metrics take; both tables are sorted by frame."""
    frames = np.union1d(predictions[:, 0], truth[:, 0])
    sides = []
    for rows in (truth, predictions):
        ids, tracks = np.unique(rows[:, 1], return_inverse=True)
        cuts = np.searchsorted(rows[:, 0], frames[1:])
        sides.append((len(ids), np.split(tracks, cuts), np.split(rows[:, 2:6], cuts)))
    (num_truth, truth_ids, truth_boxes), (num_ids, ids, boxes) = sides
    iou = trackeval.datasets.MotChallenge2DBox._calculate_box_ious
    return {
        "gt_ids": truth_ids,
        "tracker_ids": ids,
        "similarity_scores": list(map(iou, truth_boxes, boxes)),
        "num_gt_dets": len(truth),
        "num_tracker_dets": len(predictions),
        "num_gt_ids": num_truth,
        "num_tracker_ids": num_ids,
        "num_timesteps": len(frames),
    }


def run_trackeval(predictions: np.ndarray, truth: np.ndarray) -> dict[str, object]:
    data = frame_lists(predictions, truth)
    metrics = trackeval.metrics
    parts = [metrics.CLEAR(CONFIG), metrics.Identity(CONFIG), metrics.HOTA()]
    return {name: value for part in parts for name, value in part.eval_sequence(data).items()}


def run_trackers(predictions: np.ndarray, truth: np.ndarray) -> dict[str, object]:
    data = frame_lists(predictions, truth)
    lists = [data[name] for name in ("gt_ids", "tracker_ids", "similarity_scores")]
    parts = (compute_clear_metrics, compute_identity_metrics, compute_hota_metrics)
    return {name: value for part in parts for name, value in part(*lists).items()}


def run_motmetrics(predictions: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Without HOTA, which it does not have."""
    truth_table, table = (
        pd.DataFrame(rows[:, : len(COLUMNS)], columns=COLUMNS)
        .astype({"FrameId": int, "Id": int})
        .set_index(COLUMNS[:2])
        for rows in (truth, predictions)
    )
    accumulator = motmetrics.utils.compare_to_groundtruth(truth_table, table, "iou", distth=0.5)
    names = motmetrics.metrics.motchallenge_metrics
    return motmetrics.metrics.create().compute(accumulator, metrics=names).iloc[0].to_dict()


def check(result: TrackingResult, values: dict[str, object], names: dict[str, str]) -> None:
    """Stop unless the peer agrees to 1e-9 on every field that it has."""
    for ours, theirs in names.items():
        difference = abs(getattr(result, ours) - np.mean(values[theirs]))
        if not difference <= 1e-9:
            raise RuntimeError(f"{ours}: {getattr(result, ours)}, theirs {values[theirs]}")


def measure(frames: int, objects: int) -> tuple[list[tuple[object, ...]], dict[str, Timing]]:
    """One row of the table for each peer, and the times."""
    rows = crowd(frames, objects)
    # py-motmetrics' matching differs (see `evaluate`); its identity measures do not.
    identity = {name: name for name in ("idf1", "idp", "idr")}
    peers: dict[str, tuple[Callable[..., dict], dict[str, str]]] = {
        "TrackEval": (run_trackeval, TRACKEVAL_NAMES),
        "py-motmetrics, no HOTA": (run_motmetrics, identity),
    }
    if WITH_TRACKERS:
        peers["trackers"] = (run_trackers, TRACKEVAL_NAMES)
    result = evaluate(*rows)
    for run, names in peers.values():
        check(result, run(*rows), names)
    calls = {OURS: lambda: evaluate(*rows)}
    calls |= {name: lambda run=run: run(*rows) for name, (run, _) in peers.items()}
    times = best_times(calls)
    table_rows = [
        (
            f"{frames:,} frames × {objects}",
            peer,
            times[OURS].milliseconds,
            times[peer].milliseconds,
            f"{times[peer].seconds / times[OURS].seconds:.1f}",
            f"{times[OURS].threads} / {times[peer].threads}",
        )
        for peer in peers
    ]
    return table_rows, times


def main() -> None:
    measured = {size: measure(*size) for size in SIZES}
    rows = [row for rows, _ in measured.values() for row in rows]
    names = ["numpy", "scipy", "trackeval", "motmetrics"]
    names += ["trackers"] if WITH_TRACKERS else []
    print("## Tracking scores: CLEAR MOT, identity measures and HOTA from rows\n")
    print(f"{versions(*names)}\n")
    if not WITH_TRACKERS:
        print("`trackers` could not be imported: it was left out.\n")
    print(table(("problem", "peer", "ours, ms", "peer, ms", "ratio", "threads"), rows))
    by_boxes = {frames * objects: times for (frames, objects), (_, times) in measured.items()}
    print(plot_costs("tracking_metrics", "true boxes", {"CLEAR MOT, identity, HOTA": by_boxes}))
    print("""
Pedestrian-sized boxes drifting over 1920×1080 pixels: 8 % missed, two false ones in each frame, a
new identity every 20 frames. TrackEval and trackers agree with ours to 1e-9 on every field,
py-motmetrics on its identity measures. Their times include the lists of frames that they take.""")


if __name__ == "__main__":
    main()
