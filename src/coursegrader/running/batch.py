"""One batch of submissions, as JSON in and JSON out: the same in a process here or on a cluster."""

import base64
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict

from ..authoring.assignment import Assignment, AssignmentError
from ..common.parent import die_with_parent
from ..common.records import Result, Submission
from ..sandbox.errors import SandboxError

FATAL = (SandboxError, AssignmentError)  # no other batch would fare better


def batch_json(
    assignment: Assignment,
    secret: bytes,
    submissions: list[Submission],
    *,
    solution: bytes = b"",
    unsafe: bool = False,
) -> str:
    """A batch as text: all that grading it needs."""
    return json.dumps(
        {
            "assignment": assignment.to_json(),
            "secret": secret.hex(),
            "unsafe": unsafe,
            "solution": base64.b64encode(solution).decode(),
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
        return _helper.grade(batch)
    # The process that hands out batches needs neither pytest nor NumPy.
    from .sandboxed import grade

    data = json.loads(batch)
    files = {
        item["id"]: (item["filename"], base64.b64decode(item["content"]))
        for item in data["submissions"]
    }
    assignment, secret = Assignment.from_json(data["assignment"]), bytes.fromhex(data["secret"])
    solution = base64.b64decode(data["solution"])
    results = grade(assignment, secret, files, solution=solution, unsafe=data["unsafe"])
    return json.dumps([asdict(result) for result in results])


def results_from_json(text: str) -> list[Result]:
    return [Result.from_json(data) for data in json.loads(text)]


class _Helper:
    """A process that grades one batch after the other, for callers outside of a main thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def grade(self, batch: str) -> str:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "coursegrader.running.batch"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            try:
                self._process.stdin.write(batch + "\n")  # JSON holds no line break of its own
                self._process.stdin.flush()
                reply = json.loads(self._process.stdout.readline())
            except (OSError, ValueError):
                self._process.kill()
                self._process.wait()
                raise RuntimeError("a grading process died") from None
        for kind in FATAL:
            if reply["error"] == kind.__name__:
                raise kind(reply["text"])
        return reply["text"]


_helper = _Helper()


def main() -> None:
    """Batches on standard input, a line each; their results, or why there are none, on output."""
    die_with_parent()
    # What a test prints must not get among the results.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for batch in sys.stdin:
        try:
            reply = {"error": "", "text": grade_batch(batch)}
        except FATAL as error:
            reply = {"error": type(error).__name__, "text": str(error)}
        output.write(json.dumps(reply) + "\n")
        output.flush()


if __name__ == "__main__":
    main()
