"""Submissions graded in a second: coursegrader beside otter-grader and nbgrader.

The three grade the same class's answers with the same checks, and must come to the same marks.
"""

import csv
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from grading_exercise import questions, submissions
from grading_formats import (
    NAME,
    write_coursegrader_assignment,
    write_nbgrader_source,
    write_nbgrader_submissions,
    write_otter_tests,
    write_submissions,
)
from harness import table

HERE = Path(__file__).parent
COURSEWORK = HERE.parent / "coursework" / "logistic_regression"
GRADERS = Path(sys.prefix) / "graders" / "bin"  # an environment of their own, see the Makefile
COUNT, PEER_COUNT = 100, 40  # submissions
ROUNDS = 2
WORKERS = 2
PARITIES = ("[02468]", "[13579]")  # last digits: nbgrader's two commands share the class
TIMEOUT = 600.0  # seconds; for one command
BUDGET = 0.040  # seconds; for one submission
AHEAD = 20  # times the submissions per second of either peer


class Run(NamedTuple):
    """One grader's work on a class."""

    seconds: float
    marks: dict[str, float]


def grade_with_coursegrader(scratch: Path, assignment: Path, class_folder: Path) -> Run:
    """The whole command, from nothing to the last file."""
    out = scratch / "graded"
    options = ["--assignment", assignment, "--out", out, "--gradebook", scratch / "g.sqlite"]
    command = [sys.executable, "-m", "coursegrader", "grade", class_folder, *options]
    seconds = timed([[*command, "--workers", str(WORKERS)]], scratch)
    return Run(seconds, read_marks(out / "grades.csv", "student", "total"))


def grade_with_otter(scratch: Path, tests: Path, class_folder: Path) -> Run:
    """Its `grade_submission` on every notebook, in one process for each core."""
    archive, out = scratch / "autograder.zip", scratch / "graded"
    fresh = ["--no-config", "--no-requirements", "--no-environment"]
    timed([[GRADERS / "otter", "generate", "-t", tests, "-o", archive, *fresh]], scratch)
    script = [GRADERS / "python", HERE / "grading_otter.py"]
    seconds = timed([[*script, class_folder, archive, out, str(WORKERS)]], scratch)
    return Run(seconds, read_marks(out / "grades.csv", "student", "total"))


def grade_with_nbgrader(scratch: Path, everyone: dict[str, dict[str, str]]) -> tuple[Run, Run]:
    """Marks in its gradebook; then feedback pages and the table of grades besides."""
    nbgrader = GRADERS / "nbgrader"
    write_nbgrader_source(scratch)
    timed([[nbgrader, "generate_assignment", NAME]], scratch)
    write_nbgrader_submissions(scratch, everyone)
    marking, feedback = (
        timed([[nbgrader, step, NAME, f"--student=*{last}"] for last in PARITIES], scratch)
        for step in ("autograde", "generate_feedback")
    )
    export = timed([[nbgrader, "export"]], scratch)
    marks = read_marks(scratch / "grades.csv", "student_id", "score")
    return Run(marking, marks), Run(marking + feedback + export, marks)


def timed(commands: list[list[str | Path]], scratch: Path) -> float:
    """Seconds until all of these commands, begun together, have ended well."""
    environment = {
        **os.environ,
        "PATH": f"{GRADERS}{os.pathsep}{os.environ['PATH']}",
        "IPYTHONDIR": str(scratch / "ipython"),  # nobody's own settings
        "JUPYTER_CONFIG_DIR": str(scratch / "jupyter"),
    }
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        running = [
            subprocess.Popen(
                command, cwd=scratch, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
            for command in commands
        ]
        try:
            codes = [process.wait(TIMEOUT) for process in running]
            seconds = time.perf_counter() - start
        finally:
            for process in running:
                process.kill()
        if any(codes):
            output.seek(0)
            raise RuntimeError(f"{commands[0]} ended with {codes}:\n{output.read()}")
    return seconds


def read_marks(path: Path, student: str, mark: str) -> dict[str, float]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return {row[student]: float(row[mark]) for row in csv.DictReader(file)}


def rounds() -> Iterator[dict[str, Run]]:
    """Every grader on the exercise, by turns, each from a folder of its own."""
    everyone = submissions(COUNT)
    few = dict(list(everyone.items())[:PEER_COUNT])
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder)
            many_folder = write_submissions(scratch / "many", everyone)
            few_folder = write_submissions(scratch / "few", few)
            assignment = write_coursegrader_assignment(scratch / NAME)
            tests = write_otter_tests(scratch / "tests")
            reference = repeated_reference(scratch / "reference")
            work = {name: scratch / name for name in ("ours", "coursework", "otter", "nbgrader")}
            for path in work.values():
                path.mkdir()
            marked, complete = grade_with_nbgrader(work["nbgrader"], few)
            yield {
                "ours": grade_with_coursegrader(work["ours"], assignment, many_folder),
                "coursework": grade_with_coursegrader(work["coursework"], COURSEWORK, reference),
                "otter": grade_with_otter(work["otter"], tests, few_folder),
                "nbgrader, marks": marked,
                "nbgrader": complete,
            }


def repeated_reference(folder: Path) -> Path:
    """The solution of the real assignment, handed in by everyone."""
    folder.mkdir()
    for number in range(COUNT):
        shutil.copy(COURSEWORK / f"{COURSEWORK.name}.ipynb", folder / f"student{number:03}.ipynb")
    return folder


def check_marks(runs: dict[str, Run]) -> None:
    """All graders must agree on every check of every submission, and find right and wrong."""
    ours = runs["ours"].marks
    everything = sum(check.points for question in questions() for check in question.checks)
    assert len(ours) == COUNT and {0, everything} < set(ours.values())
    for name in ("otter", "nbgrader", "nbgrader, marks"):
        theirs = runs[name].marks
        assert len(theirs) == PEER_COUNT
        differing = {who: (ours[who], mark) for who, mark in theirs.items() if ours[who] != mark}
        assert not differing, f"{name} marks other than ours: {differing}"
    reference = runs["coursework"].marks
    assert len(reference) == COUNT and len(set(reference.values())) == 1


def peer_version(package: str) -> str:
    program = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run(
        [GRADERS / "python", "-c", program], stdout=-1, text=True, check=True
    ).stdout.strip()


def main() -> None:
    best: dict[str, Run] = {}
    for runs in rounds():
        check_marks(runs)
        for name, run in runs.items():
            best[name] = min(best.get(name, run), run, key=lambda run: run.seconds)
    each = {name: run.seconds / len(run.marks) for name, run in best.items()}
    otter, nbgrader = (f"{peer} {peer_version(peer)}" for peer in ("otter-grader", "nbgrader"))
    titles = {
        "ours": "coursegrader: gradebook, feedback, exports",
        "otter": f"{otter}: marks, summaries",
        "nbgrader, marks": f"{nbgrader}: gradebook",
        "nbgrader": f"{nbgrader}: gradebook, feedback, export",
    }
    rows = [
        (
            title,
            len(best[name].marks),
            f"{best[name].seconds:.1f}",
            f"{1 / each[name]:.2f}",
            f"{each[name] * 1e3:.0f}",
            "-" if name == "ours" else f"{each[name] / each['ours']:.1f}",
        )
        for name, title in titles.items()
    ]
    ahead = min(each[name] for name in titles if name != "ours") / each["ours"]
    real = best["coursework"]
    checks = [check for question in questions() for check in question.checks]
    print("## Grading\n")
    print(f"Python {platform.python_version()}, {WORKERS} workers or commands at once. ", end="")
    print(f"{len(questions())} functions, {len(checks)} checks:\n")
    header = ("grader", "submissions", "s", "submissions/s", "ms each", "ratio")
    print(table(header, rows))
    verdict = "is kept" if ahead >= AHEAD else "IS MISSED"
    in_budget = "are kept" if each["coursework"] <= BUDGET else "ARE EXCEEDED"
    print(f"\nThe goal of {AHEAD} times the submissions per second of either peer {verdict}.")
    print(f"{COUNT} times the solution of `coursework/{COURSEWORK.name}`: {real.seconds:.1f} s, or")
    print(f"{each['coursework'] * 1e3:.0f} ms each; the {BUDGET * 1e3:.0f} ms allowed {in_budget}.")
    print(NOTES)


NOTES = """
Every time is of whole commands from a cold start, the shorter of two runs. Answers are right,
wrong, raising, unfinished or no Python, drawn by one seed; all graders come to the same marks on
every check of every submission. Endless loops are left out: they would cost the time that each
grader waits. The peers grade the first of the class only, so their start weighs a little more.

- coursegrader is `coursegrader grade`: a process for each submission in a sandbox without network
  or files, tests and marks in another; a gradebook in SQLite, a page of feedback for each student,
  the class report, and the tables for Canvas, Moodle and Gradescope.
- otter-grader is its documented `grade_submission` on every notebook, two at once, and its summary
  for each student. A new kernel runs answers and tests together, with the rights of the user. Its
  command for a class, `otter grade`, adds a Docker container for each submission; it has no
  gradebook.
- nbgrader is `nbgrader autograde`, two commands that halve the class, into one gradebook in SQLite;
  then `generate_feedback` and `export`. A new kernel runs answers and tests together, with the
  rights of the user.

Both peers spend most of their time on a new kernel for each notebook, and otter on importing itself
there; coursegrader forks a process that has NumPy already. In return they keep the executed
notebook with its outputs, and can run other languages than Python."""


if __name__ == "__main__":
    main()
