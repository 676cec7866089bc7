"""What the measuring files share: timing, the machine, tables, plots."""

import os
import platform
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
from threadpoolctl import threadpool_info, threadpool_limits

from visioncourse.draw import MARKERS, use_course_style

THREADS = (1, 2)
PLOTS = Path(__file__).parent / "plots"
SLOW = 1.0  # seconds; such a call has one turn


class Timing(NamedTuple):
    """The shortest run, and on how many threads it was."""

    seconds: float
    threads: int

    @property
    def milliseconds(self) -> str:
        return f"{self.seconds * 1e3:.2f}" if self.seconds < 0.01 else f"{self.seconds * 1e3:.0f}"


def best_times(
    calls: dict[str, Callable[[], object]], *, rounds: int = 3, budget: float = 0.1
) -> dict[str, Timing]:
    """The shortest run of each call, on the number of threads that suits it.

    The calls take turns, so that a busy moment of the machine meets all of them. In its turn a
    call runs until `budget` seconds are spent, at least once; one that is SLOW has one turn.
    """
    best: dict[str, Timing] = {}
    for turn in range(rounds):
        for name, call in calls.items():
            if turn > 0 and best[name].seconds > SLOW:
                continue
            for threads in THREADS:
                timing = Timing(_shortest_run(call, threads, budget), threads)
                best[name] = min(best.get(name, timing), timing)
    return best


def _shortest_run(call: Callable[[], object], threads: int, budget: float) -> float:
    shortest, spent = float("inf"), 0.0
    with threadpool_limits(threads):
        while spent < budget:
            start = time.perf_counter()
            call()
            seconds = time.perf_counter() - start
            shortest, spent = min(shortest, seconds), spent + seconds
    return shortest


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    header = list(header)
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [header, rule, *rows])


def plot_costs(
    name: str,
    size: str,
    panels: dict[str, dict[int, dict[str, Timing]]],
    *,
    cost: str = "milliseconds",
) -> str:
    """Draw plots/<name>.png and return the Markdown that shows it.

    Args:
        size: what the size of a problem counts, for the horizontal axis.
        panels: for each title the timings of every side, by size.
        cost: what a time is for.
    """
    use_course_style()
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=(7.5, 0.8 + 2.8 * rows))
    sides = dict.fromkeys(
        side for panel in panels.values() for timings in panel.values() for side in timings
    )
    lines = {}
    for ax, (title, panel) in zip(axes.flat, panels.items(), strict=True):
        for number, (side, marker) in enumerate(zip(sides, MARKERS, strict=False)):
            sizes = sorted(n for n, timings in panel.items() if side in timings)
            if sizes:
                milliseconds = [panel[n][side].seconds * 1e3 for n in sizes]
                (lines[side],) = ax.loglog(
                    sizes, milliseconds, color=f"C{number}", marker=marker, label=side
                )
        ax.set(title=title, xlabel=size, ylabel=cost)
        ax.set_xticks(sorted(panel), [f"{n:,}" for n in sorted(panel)])
        ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    figure.legend(handles=list(lines.values()), loc="outside lower center", ncols=3)
    PLOTS.mkdir(exist_ok=True)
    figure.savefig(PLOTS / f"{name}.png", dpi=80, pil_kwargs={"optimize": True})
    plt.close(figure)
    return f"\n![{cost} by {size}: {', '.join(panels)}](plots/{name}.png)"


def machine() -> str:
    """The processor and its number of cores."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as lines:
            models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
        name = next(iter(models), name)
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def versions(*packages: str) -> str:
    """Python, the packages, and the BLAS libraries that have been loaded."""
    blas = {
        f"{pool['internal_api']} {pool['version']}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    named = [f"{package} {version(package)}" for package in packages]
    return ", ".join([f"Python {platform.python_version()}", *named, *sorted(blas)])
