"""A thousand submissions, and all that can be killed is killed: no grade is lost or wrong."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from generated import codes, is_harmless, reference_points
from processes import is_running
from sample_assignment import POINTS, SOLUTION, write_assignment

from coursegrader.gradebook import Gradebook
from coursegrader.sandbox.box import descendants

pytestmark = pytest.mark.sandbox

COUNT = 1000
HOSTILE_EVERY = 50
SECONDS = 600.0  # for all of one test; then it fails


class Run:
    """`coursegrader grade` as a process, watched through its progress bar."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        self.deadline = time.monotonic() + SECONDS
        self.start()

    def start(self) -> None:
        words = ["grade", "class", "--assignment", "sample", "--batch", "20", *self.options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "coursegrader", *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.said = ""
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        while text := self.process.stderr.read(1):
            self.said += text

    def graded(self) -> int:
        """How many are graded, by all runs together."""
        bars = re.findall(r"(\d+)/(\d+) \[", self.said)
        return COUNT - int(bars[-1][1]) + int(bars[-1][0]) if bars else 0

    def wait_until(self, count: int) -> None:
        while self.graded() < count:
            assert time.monotonic() < self.deadline, f"only {self.graded()} after {SECONDS:g} s"
            assert self.process.poll() is None, self.said
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def finish(self) -> str:
        """Wait for its end; return what it printed."""
        try:
            self.process.wait(max(1.0, self.deadline - time.monotonic()))
        finally:
            self.kill()  # does nothing to one that has ended
        assert self.process.returncode == 0, self.said
        return self.out

    def end(self) -> None:
        self.process.wait()
        self.reader.join()
        self.out = self.process.stdout.read()
        self.process.stdout.close()
        self.process.stderr.close()


def below(pid: int, word: str) -> list[int]:
    """Processes below a process whose command line holds a word."""
    found = []
    for child in descendants(pid)[1:]:
        try:
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if word in words:
            found.append(child)
    return found


def kill_one(pid: int, word: str) -> None:
    """Kill one of these processes; there must be one."""
    for _ in range(500):
        victims = below(pid, word)
        if victims:
            os.kill(victims[-1], signal.SIGKILL)
            return
        time.sleep(0.01)
    pytest.fail(f"no process {word!r} below {pid} to kill")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_assignment(tmp_path / "sample")
    (tmp_path / "class").mkdir()
    for number, code in enumerate(codes(COUNT, hostile_every=HOSTILE_EVERY)):
        (tmp_path / "class" / f"student{number:04}.py").write_text(code)
    return tmp_path


def check_grades(folder: Path) -> None:
    with Gradebook.open(folder / "gradebook.sqlite", write=False) as book:
        grades = {grade.student: float(grade.total) for grade in book.grades("sample")}
    assert len(grades) == COUNT
    wrong = {}
    for number, code in enumerate(codes(COUNT, hostile_every=HOSTILE_EVERY)):
        expected = reference_points(code) if is_harmless(code) else 0.0
        if grades[f"student{number:04}"] != expected:
            wrong[number] = (grades[f"student{number:04}"], expected)
    assert not wrong


def run_with_kills(run: Run, kills: list[tuple[int, Callable[[Run], None]]]) -> None:
    last = 0
    for count, kill in kills:
        run.wait_until(count)
        if kill is kill_grader:
            last = count
        kill(run)
    now, before = map(int, re.match(r"(\d+) graded now, (\d+) before", run.finish()).groups())
    assert now + before == COUNT
    assert before >= last > 0, "a run did again what an earlier one had finished"
    check_grades(run.folder)


def kill_worker(run: Run) -> None:
    kill_one(run.process.pid, "spawn_main")


def kill_sandbox(run: Run) -> None:
    kill_one(run.process.pid, "inside.zygote")


def kill_grader(run: Run) -> None:
    pids = descendants(run.process.pid)
    run.kill()
    for _ in range(500):
        if not any(map(is_running, pids[1:])):
            break
        time.sleep(0.01)
    else:
        pytest.fail("a killed grader leaves processes behind")
    run.start()


def test_on_this_machine(folder: Path) -> None:
    kills = [
        (40, kill_sandbox),
        (120, kill_worker),
        (200, kill_grader),
        (320, kill_sandbox),
        (400, kill_sandbox),
        (480, kill_worker),
        (640, kill_grader),
        (800, kill_worker),
    ]
    run_with_kills(Run(folder, "--workers", "2"), kills)


@contextlib.contextmanager
def cluster(*files: Path) -> Iterator[tuple[int, str]]:
    """The process of a Dask cluster, and its scheduler's address."""
    command = [sys.executable, str(Path(__file__).with_name("cluster.py")), *map(str, files)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process.pid, process.stdout.readline().strip()
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def test_on_a_cluster_of_two_workers(folder: Path) -> None:
    with cluster() as (pid, address):
        assert address.startswith("tcp://127.0.0.1:")
        kills = [
            (40, lambda run: kill_one(pid, "inside.zygote")),
            (200, lambda run: kill_one(pid, "coursegrader.running.batch")),
            (320, lambda run: kill_one(pid, "spawn_main")),
            (480, kill_grader),
            (640, lambda run: kill_one(pid, "inside.zygote")),
        ]
        run_with_kills(Run(folder, "--scheduler", address), kills)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates with openssl")
def test_on_a_cluster_over_tls(tmp_path: Path) -> None:
    write_assignment(tmp_path / "sample")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "anna.py").write_text(SOLUTION)
    ca, cert, key = certificates(tmp_path)
    with cluster(ca, cert, key) as (_, address):
        assert address.startswith("tls://127.0.0.1:")
        options = ["--scheduler", address, "--tls-ca", ca, "--tls-cert", cert, "--tls-key", key]
        run = Run(tmp_path, *map(str, options))
        assert run.finish().startswith("1 graded now, 0 before")
    with Gradebook.open(tmp_path / "gradebook.sqlite", write=False) as book:
        (grade,) = book.grades("sample")
    assert grade.total == POINTS


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, and a certificate and key signed by it."""
    commands = [
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority",
        "req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=grader",
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2",
    ]
    for command in commands:
        words = ["openssl", *command.split()]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
