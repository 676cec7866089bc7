"""`visioncourse.tracking.Sort` and `KalmanFilter` beside trackers, norfair and filterpy.

The trackers differ in their rules, so each is scored on the same scene first and must have
followed it; `Sort` itself is held equal to SORT track by track in the tests. trackers and norfair
are measured where they are installed.
"""

import logging
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from filterpy.kalman import KalmanFilter as FilterpyKalmanFilter
from harness import Timing, best_times, plot_costs, table, versions

from visioncourse.scenes import moving_boxes, simulate_detections
from visioncourse.tracking import Sort, box_model, evaluate, initial_box_states, mot_rows

try:
    import supervision
    from trackers import SORTTracker
    from trackers.utils.state_representations import XCYCSRStateEstimator, XYXYStateEstimator
except ImportError:
    SORTTracker = None
try:
    import norfair
except ImportError:
    norfair = None

OURS = "ours"
SIZES = (3, 10, 30, 100)
FRAMES = 100
STEPS = 50  # of the filter, in one timed call
MIN_IDF1 = 0.8

Frames = list[np.ndarray]
Panel = dict[int, dict[str, Timing]]  # the times of each side, by size


def scene(objects: int, seed: int = 0) -> tuple[np.ndarray, Frames]:
    """True MOT rows, and detections (N, 5) a frame: 1 % of noise, one in a hundred missing."""
    side = int(400 * objects**0.5)  # as dense with many as with few
    truth = moving_boxes(
        seed,
        num_frames=FRAMES,
        height=side,
        width=side,
        num_objects=objects,
        size_range=(40 / side, 120 / side),
        speed=250 / side,
    )
    frames = simulate_detections(
        truth, seed, size=(side, side), miss_rate=0.01, false_alarms=0, jitter=0.01
    )
    return truth, frames


def rows_of_frame(frame: int, identities: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    # A peer's filter may report a box whose sides have crossed; it is no box, and matches nothing.
    real = (boxes[:, 2:] >= boxes[:, :2]).all(axis=1)
    identities, boxes = np.asarray(identities)[real], boxes[real]
    return np.column_stack(
        [np.full(len(boxes), frame), identities, boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]
    )


def run_ours(frames: Frames) -> list[np.ndarray]:
    tracker = Sort()
    return [tracker.update(detections) for detections in frames]


def run_trackers(frames: list, estimator: type) -> list:
    tracker = SORTTracker(lost_track_buffer=1, state_estimator_class=estimator)
    return [tracker.update(detections) for detections in frames]


def rows_of_trackers(reports: list) -> np.ndarray:
    rows = []
    for frame, report in enumerate(reports, 1):
        named = report.tracker_id >= 0
        rows.append(rows_of_frame(frame, report.tracker_id[named], report.xyxy[named]))
    return np.concatenate(rows)


def run_norfair(frames: list) -> list:
    tracker = norfair.Tracker("iou", distance_threshold=0.7, initialization_delay=3)
    # The objects go on changing: what they are in this frame is read in this frame.
    return [
        [(tracked.id, tracked.estimate) for tracked in tracker.update(detections)]
        for detections in frames
    ]


def rows_of_norfair(reports: list) -> np.ndarray:
    rows = [np.empty((0, 6))]
    for frame, report in enumerate(reports, 1):
        if report:
            identities, points = zip(*report, strict=True)
            rows.append(rows_of_frame(frame, np.array(identities), np.reshape(points, (-1, 4))))
    return np.concatenate(rows)


def trackers_of(frames: Frames) -> dict[str, tuple[Callable[[], list], Callable]]:
    """What to time, on detections in each library's own type, and how to read its answer."""
    calls = {OURS: (partial(run_ours, frames), mot_rows)}
    if SORTTracker is not None:
        theirs = [
            supervision.Detections(
                xyxy=d[:, :4], confidence=d[:, 4], class_id=np.zeros(len(d), int)
            )
            for d in frames
        ]
        for name, estimator in (
            ("trackers, SORT's state", XCYCSRStateEstimator),
            ("trackers, its default", XYXYStateEstimator),
        ):
            calls[name] = (partial(run_trackers, theirs, estimator), rows_of_trackers)
    if norfair is not None:
        theirs = [[norfair.Detection(d[:4].reshape(2, 2)) for d in frame] for frame in frames]
        calls["norfair"] = (partial(run_norfair, theirs), rows_of_norfair)
    return calls


def compare_trackers() -> tuple[list[tuple], Panel]:
    rows, panel = [], {}
    for objects in SIZES:
        truth, frames = scene(objects)
        calls = trackers_of(frames)
        scores = {name: evaluate(read(run()), truth).idf1 for name, (run, read) in calls.items()}
        lost = {name: score for name, score in scores.items() if not score >= MIN_IDF1}
        if lost:
            raise RuntimeError(f"{objects} objects: IDF1 below {MIN_IDF1}, {lost}")
        timings = best_times({name: run for name, (run, _) in calls.items()})
        panel[objects] = timings
        for name, timing in timings.items():
            ratio = timing.seconds / timings[OURS].seconds
            rate, score = f"{FRAMES / timing.seconds:,.0f}", f"{scores[name]:.3f}"
            rows.append((f"{objects} objects, {name}", rate, f"{ratio:.1f}", score, timing.threads))
    return rows, panel


def filters_of(tracks: int) -> dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]]:
    """STEPS steps of `tracks` filters; each returns the last means (T, 7) and covariances."""
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 500, (tracks, 2))
    model = box_model()
    x0, P0 = initial_box_states(np.hstack([start, start + rng.uniform(20, 90, (tracks, 2))]))
    measurements = x0[:, :4] + rng.normal(0, 1, (STEPS, tracks, 4))  # (STEPS, T, 4)
    if tracks == 1:  # without the axis of a batch
        x0, P0, measurements = x0[0], P0[0], measurements[:, 0]
    columns = np.reshape(measurements, (STEPS, tracks, 4, 1))

    def ours() -> tuple[np.ndarray, np.ndarray]:
        x, P = x0, P0
        for z in measurements:
            x, P = model.predict(x, P)
            x, P = model.update(x, P, z)
        return np.reshape(x, (tracks, 7)), np.reshape(P, (tracks, 7, 7))

    peers = [FilterpyKalmanFilter(dim_x=7, dim_z=4) for _ in range(tracks)]
    for peer in peers:
        peer.F, peer.H, peer.Q, peer.R = model.F, model.H, model.Q, model.R

    def filterpy() -> tuple[np.ndarray, np.ndarray]:
        states = zip(np.reshape(x0, (tracks, 7, 1)), np.reshape(P0, (tracks, 7, 7)), strict=True)
        for peer, (x, P) in zip(peers, states, strict=True):
            peer.x, peer.P = x, P
        for frame in columns:
            for peer, z in zip(peers, frame, strict=True):
                peer.predict()
                peer.update(z)
        return np.array([peer.x[:, 0] for peer in peers]), np.array([peer.P for peer in peers])

    return {OURS: ours, "filterpy": filterpy}


def compare_filters() -> tuple[list[tuple], Panel]:
    rows, panel = [], {}
    for tracks in (1, 10, 100, 1000):
        calls = filters_of(tracks)
        for got, expected in zip(*(call() for call in calls.values()), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)
        panel[tracks] = timings = best_times(calls)
        ours, peer = timings[OURS], timings["filterpy"]
        times = [f"{timing.seconds / STEPS * 1e6:,.1f}" for timing in (ours, peer)]
        ratio = f"{peer.seconds / ours.seconds:.2f}"
        rows.append((tracks, *times, ratio, threads(ours, peer)))
    return rows, panel


def threads(ours: Timing, peer: Timing) -> str:
    return f"{ours.threads} / {peer.threads}"


def main() -> None:
    logging.disable()  # norfair's advice
    warnings.simplefilter("ignore")  # the peers' own
    installed = ["supervision", "trackers"] if SORTTracker is not None else []
    installed += ["norfair"] if norfair is not None else []
    print("## SORT and the Kalman filter\n")
    print(f"{versions('numpy', 'scipy', 'filterpy', *installed)}\n")
    print("Frames a second, from detections to named boxes:\n")
    header = ("objects a frame, tracker", "frames/s", "time beside ours", "IDF1", "threads")
    rows, panel = compare_trackers()
    print(table(header, rows))
    panels = {"SORT": panel}
    print(plot_costs("sort", "objects a frame", panels, cost=f"ms for {FRAMES} frames"))
    missing = [
        name for name, there in (("trackers", SORTTracker), ("norfair", norfair)) if there is None
    ]
    if missing:
        print(f"\nNot installed, not measured: {', '.join(missing)}.")
    print("\nOne predict and one update of SORT's model for every track:\n")
    header = ("tracks", "ours, µs", "filterpy, µs", "ratio", "threads")
    rows, panel = compare_filters()
    print(table(header, rows))
    panels = {"Kalman filter, predict and update": panel}
    print(plot_costs("kalman", "tracks", panels, cost=f"ms for {STEPS} steps"))
    print("""
The scene has straight motion, one pixel of noise, and one detection in twenty missing. IDF1 is
measured against the true boxes. trackers and norfair get their detections in their own types,
ready made. Both sides' filters end in the same states to nine digits.

Level: with 3 objects a frame, trackers with its default state, which is not SORT's. Behind: with
one track filterpy is faster. All our tracks are one batch, so a frame costs its NumPy calls whether
they carry 3 tracks or 30; `Sort` leaves out the filter's checks, since its states are its own.""")


if __name__ == "__main__":
    main()
