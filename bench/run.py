"""Run every measuring file beside this one and write what they print into RESULTS.md.

A measuring file prints one Markdown section. Each runs in a process of its own, in which it sets
the number of threads itself.
"""

import os
import subprocess
import sys
from pathlib import Path

from harness import machine

HERE = Path(__file__).parent
SHARED = {"run.py", "harness.py"}
# What grading.py needs of its own.
SHARED |= {"grading_exercise.py", "grading_formats.py", "grading_otter.py"}
HEADER = f"""\
# Speed beside public libraries

Written by `make bench`. Every table was measured in one process, both sides taking turns; times
are the shortest of many runs, on one or two threads, whichever was faster. A ratio above 1 says
that this package is the faster one. The plots show the same times for smaller and larger
problems; both axes are logarithmic.

Machine: {machine()}.
"""


def main() -> None:
    environment = {name: text for name, text in os.environ.items() if name != "OMP_NUM_THREADS"}
    sections = [HEADER]
    for script in sorted(set(HERE.glob("*.py")) - {HERE / name for name in SHARED}):
        print(f"measuring {script.name}", file=sys.stderr)
        result = subprocess.run(
            [sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        sections.append(result.stdout)
    (HERE / "RESULTS.md").write_text("\n".join(sections))


if __name__ == "__main__":
    main()
