"""What the measuring files share: timing, the machine, tables."""

import os
import platform
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import NamedTuple

from threadpoolctl import threadpool_info, threadpool_limits

THREADS = (1, 2)


class Timing(NamedTuple):
    """The shortest run, and on how many threads it was."""

    seconds: float
    threads: int

    @property
    def milliseconds(self) -> str:
        return f"{self.seconds * 1e3:.2f}" if self.seconds < 0.01 else f"{self.seconds * 1e3:.0f}"


def best_times(
    calls: dict[str, Callable[[], object]], *, rounds: int = 4, budget: float = 0.3
) -> dict[str, Timing]:
    """The shortest run of each call, on the number of threads that suits it.

    The calls take turns, so that a busy moment of the machine meets all of them. In its turn a
    call runs until `budget` seconds are spent, at least once; one that is slow has one turn.
    """
    best: dict[str, Timing] = {}
    for turn in range(rounds):
        for name, call in calls.items():
            if turn > 0 and best[name].seconds > budget:
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
