"""How long a scene, a video and its boxes take, against their budgets, on one thread."""

import statistics
import time
from collections.abc import Callable
from functools import partial

from harness import table, versions
from threadpoolctl import threadpool_limits

from visioncourse import scenes

SCENE_BUDGET, VIDEO_BUDGET = 0.003, 0.3  # seconds
SCENES, VIDEOS = range(30), range(5)  # seeds
MANY = {"num_frames": 1000, "height": 1080, "width": 1920, "num_objects": 100}


def median_time(call: Callable[[int], object], seeds: range) -> float:
    """Seconds of the median seed, each at the shortest of its three runs."""
    return statistics.median(min(_seconds(call, seed) for _ in range(3)) for seed in seeds)


def _seconds(call: Callable[[int], object], seed: int) -> float:
    start = time.perf_counter()
    call(seed)
    return time.perf_counter() - start


def scene_times() -> dict[str, float]:
    """Seconds of a scene of 96×96 pixels of each world."""
    calls = {
        name: partial(scenes.make_scene, **(world | {"height": 96, "width": 96}))
        for name, world in scenes.WORLDS.items()
    }
    return {f"a scene, {name}": median_time(call, SCENES) for name, call in calls.items()}


def video_times() -> dict[str, float]:
    """Seconds of a video of 60 frames of 96×128 pixels of each kind."""
    return {
        f"a video, {name}": median_time(partial(scenes.make_video, **preset), VIDEOS)
        for name, preset in scenes.VIDEOS.items()
    }


def box_times() -> dict[str, float]:
    """Seconds of boxes without pictures, and of a detector's answer."""
    crowd = scenes.moving_boxes(0, **MANY)
    return {
        "boxes alone": median_time(partial(scenes.moving_boxes, **MANY), VIDEOS),
        "a detector's boxes": median_time(partial(scenes.simulate_detections, crowd), VIDEOS),
    }


def main() -> None:
    with threadpool_limits(1):
        pictures, videos, boxes = scene_times(), video_times(), box_times()
    in_time = max(pictures.values()) <= SCENE_BUDGET and max(videos.values()) <= VIDEO_BUDGET
    kept = "are kept" if in_time else "ARE EXCEEDED"
    print("## The synthetic world\n")
    print(f"The budget of a scene of 96×96 pixels is {SCENE_BUDGET * 1e3:.0f} ms, and that of a")
    print(f"video of 60 frames of 96×128 {VIDEO_BUDGET * 1e3:.0f} ms; they {kept}. One thread, the")
    print(f"median over seeds. {versions('numpy', 'scipy')}.\n")
    rows = [
        (name, f"{took * 1e3:.1f}" if took < 0.01 else f"{took * 1e3:.0f}")
        for name, took in (pictures | videos | boxes).items()
    ]
    print(table(("what", "ms"), rows))
    print(
        "\nBoxes: 100 objects in 1,000 frames, without pictures, and what a detector sees of them."
    )


if __name__ == "__main__":
    main()
