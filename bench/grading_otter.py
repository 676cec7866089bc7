"""Grade a folder of notebooks with otter-grader, in the environment that has it.

Its own command for a class, `otter grade`, wants Docker. This does the same without: the documented
`grade_submission` on each notebook, several at a time, then a table and a summary for each student.

Usage: python grading_otter.py SUBMISSIONS AUTOGRADER.zip OUT WORKERS
"""

import csv
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from otter.api import grade_submission


def grade_one(autograder: str, path: Path) -> tuple[str, float, str]:
    """A student, the points, and the summary."""
    results = grade_submission(str(path), autograder, quiet=True)
    return path.stem, results.total, results.summary()


def main(submissions: str, autograder: str, out: str, workers: str) -> None:
    folder = Path(out)
    folder.mkdir()
    paths = sorted(Path(submissions).glob("*.ipynb"))
    with (
        ProcessPoolExecutor(int(workers)) as pool,
        open(folder / "grades.csv", "w", newline="") as file,
    ):
        table = csv.writer(file)
        table.writerow(["student", "total"])
        for student, total, summary in pool.map(partial(grade_one, autograder), paths):
            table.writerow([student, total])
            (folder / f"{student}.txt").write_text(summary)


if __name__ == "__main__":
    main(*sys.argv[1:])
