"""One batch of submissions, as JSON in and JSON out: the same in a process here or on a cluster."""

import base64
import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path

from .assignment import Assignment, AssignmentError
from .limits import Limits
from .notebook import UnreadableError, read_cells
from .parent import die_with_parent
from .plugin import Entry, GraderPlugin
from .records import Result, Submission
from .sandbox.box import Sandbox
from .sandbox.errors import SandboxError
from .sandbox.plain import PlainSandbox
from .sandbox.selftest import require_sandbox
from .session import run_session
from .student import SandboxLine

EXIT_CODES = {SandboxError: 3, AssignmentError: 4}


def batch_json(
    assignment: Assignment, secret: bytes, submissions: list[Submission], *, unsafe: bool = False
) -> str:
    """A batch as text: all that grading it needs."""
    return json.dumps(
        {
            "assignment": assignment.to_json(),
            "secret": secret.hex(),
            "unsafe": unsafe,
            "submissions": [
                {
                    "id": submission.id,
                    "filename": submission.filename,
                    "content": base64.b64encode(submission.content).decode(),
                }
                for submission in submissions
            ],
        }
    )


def grade_batch(batch: str) -> str:
    """Grade a batch; return the results, one for each submission, as JSON.

    Raises:
        SandboxError: there is no sandbox, or it does not hold.
        AssignmentError: the tests themselves are broken.
    """
    if threading.current_thread() is not threading.main_thread():
        # pytest and the sandbox belong into a main thread; a cluster's worker calls from another.
        return _in_a_process(batch)
    data = json.loads(batch)
    assignment = Assignment.from_json(data["assignment"])
    settings = assignment.settings
    box = sandbox(settings.packages, settings.preload, settings.limits, data["unsafe"])
    entries, results = [], {}
    for item in data["submissions"]:
        name = item["id"]
        try:
            cells = read_cells(item["filename"], base64.b64decode(item["content"]))
        except UnreadableError as error:
            results[name] = Result(name, "not_graded", str(error))
        else:
            entries.append(Entry(name, partial(SandboxLine, box, cells)))
    if entries:
        plugin = GraderPlugin(assignment.settings, entries, bytes.fromhex(data["secret"]))
        with tempfile.TemporaryDirectory(prefix="coursegrader-") as folder:
            _write_tests(assignment, Path(folder))
            run_session(plugin, Path(folder))
        results |= plugin.results
    return json.dumps([asdict(results[item["id"]]) for item in data["submissions"]])


def results_from_json(text: str) -> list[Result]:
    return [Result.from_json(data) for data in json.loads(text)]


@lru_cache(maxsize=2)
def sandbox(
    packages: tuple[str, ...], preload: tuple[str, ...], limits: Limits, unsafe: bool
) -> Sandbox | PlainSandbox:
    """The sandbox of this process, attacked once before it is trusted.

    Raises:
        SandboxError: it does not hold.
    """
    if unsafe:
        return PlainSandbox(preload, limits)
    made = Sandbox(packages, preload, limits)
    try:
        require_sandbox(made)
    except SandboxError:
        made.close()
        raise
    return made


def _write_tests(assignment: Assignment, folder: Path) -> None:
    for name, content in assignment.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _in_a_process(batch: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "coursegrader.batch"],
        input=batch,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == 0:
        return run.stdout
    for kind, code in EXIT_CODES.items():
        if run.returncode == code:
            raise kind(run.stderr.strip())
    raise RuntimeError(f"a grading process ended with {run.returncode}: {run.stderr[-2000:]}")


def main() -> None:
    """A batch on standard input, its results on standard output."""
    die_with_parent()
    try:
        sys.stdout.write(grade_batch(sys.stdin.read()))
    except tuple(EXIT_CODES) as error:
        sys.stderr.write(str(error))
        sys.exit(EXIT_CODES[type(error)])


if __name__ == "__main__":
    main()
