"""No hostile submission gains a point, learns a secret, harms the next student, or survives."""

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import hostile
import pytest
from processes import is_running
from sample_assignment import POINTS, SECRET, SOLUTION, assignment, submission

from coursegrader.common.records import Result
from coursegrader.running.batch import batch_json, grade_batch, results_from_json
from coursegrader.running.sandboxed import sandbox
from coursegrader.sandbox.box import Sandbox, descendants

pytestmark = pytest.mark.sandbox

SECRET_TEXT = "s3cr3t-0f-the-grader"
# What a student must never read: the hidden tests, their helpers, their inputs, the secret seed.
FORBIDDEN = ("6172839", "hidden", "HIDDEN", SECRET.hex(), SECRET_TEXT)
LIMITS = {"call_seconds": 0.5, "submission_seconds": 3.0, "memory_mb": 256, "disk_mb": 8}


class Outside(NamedTuple):
    """What an attack could reach if it got out, and how we would see it."""

    secret_file: Path
    canary: Path
    listener: socket.socket
    datagrams: socket.socket
    abstract: socket.socket

    def unharmed(self) -> bool:
        """Nothing was written, and nobody called."""
        for line in (self.listener, self.datagrams, self.abstract):
            try:
                line.recv(100) if line is self.datagrams else line.accept()[0].close()
            except BlockingIOError:
                continue
            return False
        return not self.canary.exists()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    folder = tmp_path_factory.mktemp("outside")
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o777)  # only the sandbox stands between the attack and these files
    secret_file = folder / "secret"
    secret_file.write_text(SECRET_TEXT)
    secret_file.chmod(0o666)
    with (
        socket.socket() as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        abstract.bind(f"\0coursegrader-{os.getpid()}")
        for line in (tcp, udp, abstract):
            line.setblocking(False)
        tcp.listen()
        abstract.listen()
        yield Outside(secret_file, folder / "canary", tcp, udp, abstract)


@pytest.fixture(scope="module", autouse=True)
def secret_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_SECRET", SECRET_TEXT)
        yield


@pytest.fixture(scope="module")
def box() -> Sandbox:
    settings = assignment(**LIMITS).settings
    return sandbox(settings.packages, settings.preload, settings.limits, False)


def grade(*codes: str) -> list[Result]:
    submissions = [submission(f"student{n}", code) for n, code in enumerate(codes)]
    return results_from_json(grade_batch(batch_json(assignment(**LIMITS), SECRET, submissions)))


def filled(code: str, outside: Outside) -> str:
    """The attack's code with the paths and ports of this run."""
    values = {
        "{secret_file}": str(outside.secret_file),
        "{canary}": str(outside.canary),
        "{port}": str(outside.listener.getsockname()[1]),
        "{abstract}": f"coursegrader-{os.getpid()}",
        "{secret}": "left by an attack",
        "{{": "{",
        "}}": "}",
    }
    for placeholder, value in values.items():
        code = code.replace(placeholder, value)
    return code


def only_the_zygote_runs(box: Sandbox) -> bool:
    """No child is left, but for those that have ended and wait for process 1 to notice."""
    for _ in range(500):
        running = [pid for pid in descendants(box.zygote_pid) if is_running(pid)]
        if len(running) <= 3:  # bubblewrap, its process 1 and the zygote
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("name", hostile.ATTACKS)
def test_attack(name: str, outside: Outside, box: Sandbox) -> None:
    code = filled(hostile.ATTACKS[name], outside)
    before, attack, after = grade(SOLUTION, code, SOLUTION)
    assert (before.earned, after.earned) == (POINTS, POINTS), "another student was harmed"
    assert attack.earned == 0
    assert {test.outcome for test in attack.tests} <= {"failed"}
    assert attack.tests or attack.reason
    shown = json.dumps(
        [attack.problems, [[t.title, t.message] for t in attack.tests if not t.hidden]]
    )
    assert not [text for text in FORBIDDEN if text in shown], shown
    assert not [test.message for test in attack.tests if test.hidden and test.message]
    assert not [c for c in shown if ord(c) < 32 or 0x7F <= ord(c) < 0xA0]
    assert all(len(test.message) <= 4000 for test in attack.tests)
    assert outside.unharmed()
    assert only_the_zygote_runs(box)


def test_there_are_enough_kinds() -> None:
    assert len(hostile.ATTACKS) >= 40


def test_the_empty_submission_earns_nothing() -> None:
    (empty,) = grade("")
    assert empty.earned == 0


@pytest.mark.parametrize("word", ["read a file outside", "write outside", "connect", "datagram"])
def test_the_attack_would_succeed_outside(word: str, outside: Outside) -> None:
    """The same files and ports are open to a process without the sandbox: ours."""
    if word == "read a file outside":
        assert outside.secret_file.read_text() == SECRET_TEXT
        return
    if word == "write outside":
        outside.canary.write_text("x")
    elif word == "connect":
        socket.create_connection(outside.listener.getsockname()).close()
    else:
        with socket.socket(type=socket.SOCK_DGRAM) as line:
            line.sendto(b"x", outside.datagrams.getsockname())
    assert not outside.unharmed()
    outside.canary.unlink(missing_ok=True)
    assert outside.unharmed()
