"""The sandbox's own test finds each hole that is cut into it; without a sandbox no grade."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import is_running
from sample_assignment import POINTS, SECRET, assignment, submission

from coursegrader.common.limits import Limits
from coursegrader.common.notebook import Cell
from coursegrader.inside.wire import pack
from coursegrader.marking.lines import SandboxLine
from coursegrader.marking.student import Raised, Student
from coursegrader.running.batch import batch_json, grade_batch, results_from_json
from coursegrader.sandbox import box, bubblewrap, selftest
from coursegrader.sandbox.box import Sandbox, descendants
from coursegrader.sandbox.child import ChildDied, ChildTimeout
from coursegrader.sandbox.errors import SandboxError, SandboxLostError
from coursegrader.sandbox.seccomp import CALLS, compiled_filter

pytestmark = pytest.mark.sandbox

Make = Callable[[str], Student]
LIMITS = Limits(call_seconds=1.0, submission_seconds=5.0)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox((), (), LIMITS) as made:
        yield made


@pytest.fixture
def student(sandbox: Sandbox) -> Iterator[Callable[[str], Student]]:
    """Makes the student whose only cell is some code."""
    with contextlib.ExitStack() as stack:

        def make(code: str) -> Student:
            line = SandboxLine(sandbox, [Cell("cell 1", code)])
            stack.callback(line.close)
            return Student(line)

        yield make


def test_the_sandbox_of_this_machine_holds(sandbox: Sandbox) -> None:
    assert selftest.successful_attacks(sandbox) == []


def test_every_attack_of_the_self_test_is_named_once() -> None:
    assert len(selftest.NAMES) == len({*selftest.NAMES}) >= 10


def change_command(monkeypatch: pytest.MonkeyPatch, change: object) -> None:
    original = bubblewrap.command
    monkeypatch.setattr(bubblewrap, "command", lambda *arguments: change(original(*arguments)))


def insert(*words: str) -> object:
    """More arguments for bubblewrap, before the root becomes read-only."""

    def change(command: list[str]) -> list[str]:
        place = len(command) - 1 - command[::-1].index("--remount-ro")
        return [*command[:place], *words, *command[place:]]

    return change


def open_folder(folder: Path) -> list[str]:
    return ["--perms", "0755", "--dir", str(folder)]


def allow(monkeypatch: pytest.MonkeyPatch, *calls: str) -> None:
    """Open the seccomp filter for these calls."""
    from coursegrader.sandbox import seccomp

    monkeypatch.setattr(seccomp, "CALLS", CALLS + " ".join(calls))
    monkeypatch.setattr(box, "compiled_filter", compiled_filter.__wrapped__)


def test_a_missing_filter_is_noticed(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    allow(monkeypatch, "socket", "clone", "vfork", "fork", "execve", "wait4", "unshare")
    found = selftest.successful_attacks(sandbox)
    assert {"open_a_socket", "fork_a_process", "make_a_namespace"} <= {*found}
    with pytest.raises(SandboxError, match=r"does not hold.*open a socket"):
        selftest.require_sandbox(sandbox)


def test_a_folder_of_the_host_is_noticed(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    passable = [word for folder in reversed(tmp_path.parents) for word in open_folder(folder)]
    # The child's own folder covers /tmp: the host's shows under another name.
    monkeypatch.setattr(bubblewrap, "WORKSPACE", bubblewrap.OTHER_WORKSPACE)
    change_command(monkeypatch, insert(*passable, "--bind", str(tmp_path), str(tmp_path)))
    assert {"read_a_file_outside", "write_a_file_outside", "change_a_file_outside"} <= {
        *selftest.successful_attacks(sandbox)
    }


def test_processes_in_sight_are_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = (bubblewrap.INSIDE / "zygote.py").read_text()
    covering = '_call("mount", b"tmpfs", b"/proc"'
    assert covering in source
    for path in bubblewrap.INSIDE.glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "zygote.py").write_text(
        source.replace(covering, '_call("mount", b"tmpfs", b"/mnt"')
    )
    monkeypatch.setattr(bubblewrap, "INSIDE", tmp_path)
    change_command(monkeypatch, insert("--dir", "/mnt"))
    with Sandbox((), (), LIMITS) as weakened:
        assert selftest.successful_attacks(weakened) == ["list_other_processes"]


def test_missing_limits_are_noticed(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    limits = Limits.resource_limits

    def generous(self: Limits, address_space: int) -> dict[str, int]:
        return limits(self, address_space) | {"RLIMIT_NPROC": 5000, "RLIMIT_AS": 30 << 30}

    monkeypatch.setattr(Limits, "resource_limits", generous)
    assert selftest.successful_attacks(sandbox) == ["start_many_threads"]


def test_no_bubblewrap_no_grading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    batch = batch_json(assignment(threads=63), SECRET, [submission("a")])
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        grade_batch(batch)


def test_a_sandbox_that_does_not_hold_grades_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, "socket")
    batch = batch_json(assignment(threads=62), SECRET, [submission("a")])
    with pytest.raises(SandboxError, match="open a socket"):
        grade_batch(batch)


def test_unsafe_grades_without_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    batch = batch_json(assignment(), SECRET, [submission("a"), submission("b", "")], unsafe=True)
    assert [result.earned for result in results_from_json(grade_batch(batch))] == [POINTS, 0]


def test_apparmor_gets_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    switch = tmp_path / "apparmor_restrict_unprivileged_userns"
    monkeypatch.setattr(bubblewrap, "APPARMOR", switch)
    assert bubblewrap.explanation("setting up uid map: Permission denied") == (
        "setting up uid map: Permission denied"
    )
    switch.write_text("0\n")
    assert "sysctl" not in bubblewrap.explanation("another reason")
    switch.write_text("1\n")
    assert "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" in (
        bubblewrap.explanation("setting up uid map: Permission denied")
    )


def test_a_bubblewrap_that_fails_says_why(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    change_command(monkeypatch, insert("--ro-bind", "/no/such/folder", "/x"))
    with pytest.raises(SandboxError, match="no/such/folder"):
        sandbox.spawn()
    assert sandbox.zygote_pid is None


def test_a_module_that_is_not_there_says_so() -> None:
    with pytest.raises(SandboxError, match="no_such_module"):
        Sandbox((), ("no_such_module",), LIMITS).spawn()
    with pytest.raises(SandboxError, match="no-such-package is not installed"):
        Sandbox(("no-such-package",), (), LIMITS).spawn()


def test_only_the_named_packages_can_be_imported(student: Make) -> None:
    importer = student("def load(name): return __import__(name).__name__")
    assert importer.load("json") == "json"
    for name in (
        "numpy",
        "pytest",
        "visioncourse",
        "coursegrader.marking.plugin",
        "pip",
        "sklearn",
    ):
        with pytest.raises(Raised) as caught:
            importer.load(name)
        assert "ImportError" in caught.value.bases


def test_the_environment_tells_nothing_of_ours(student: Make) -> None:
    folder = os.path.dirname(os.path.realpath(os.__file__))  # one that the sandbox sees, too
    with contextlib.chdir(folder):
        found = student("import os\ndef environment(): return dict(os.environ)").environment()
    assert found["PWD"] == "/"
    assert not [name for name, value in found.items() if folder in value]


def test_no_file_can_be_locked(student: Make) -> None:
    """The interpreter's files are those of the host: a lock on one would be seen by all."""
    code = "import fcntl, os\ndef lock():\n    fcntl.flock(os.open(os.__file__, 0), 2 | 4)"
    with pytest.raises(Raised) as caught:
        student(code).lock()
    assert caught.value.type_name == "PermissionError"


def test_a_dead_zygote_is_replaced(sandbox: Sandbox, student: Make) -> None:
    assert student("def f(): return 1").f() == 1
    first = sandbox.zygote_pid
    _, _, zygote, *_ = descendants(first)  # below bubblewrap and its process 1
    os.kill(zygote, signal.SIGKILL)
    assert student("def f(): return 2").f() == 2
    assert sandbox.zygote_pid != first


def test_a_sandbox_killed_between_two_calls_loses_no_grade(sandbox: Sandbox, student: Make) -> None:
    one = student("def f(): return 1")
    assert one.f() == 1
    os.kill(sandbox.zygote_pid, signal.SIGKILL)
    with pytest.raises(SandboxLostError):
        for _ in range(100):
            one.f()
    assert one.f() == 1


def test_closing_ends_every_process() -> None:
    made = Sandbox((), (), LIMITS)
    line = SandboxLine(made, [Cell("cell 1", "import time\ndef f(): time.sleep(100)")])
    pids = descendants(made.zygote_pid)
    assert len(pids) >= 3
    made.close()
    assert [pid for pid in pids if is_running(pid)] == []
    line.close()


def test_a_killed_grader_leaves_no_process(tmp_path: Path) -> None:
    code = (
        "import time; from coursegrader.sandbox.box import *; "
        "box = Sandbox(); child = box.spawn(); "
        "print(*descendants(box.zygote_pid), flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as grader:
        pids = [int(word) for word in grader.stdout.readline().split()]
        assert len(pids) >= 3
        grader.kill()
    for _ in range(1000):
        if not any(map(is_running, pids)):
            return
        time.sleep(0.01)
    pytest.fail("processes of a killed grader are still there")


def test_root_becomes_an_ordinary_user(sandbox: Sandbox, student: Make) -> None:
    code = "import os\ndef who(): return os.getresuid(), os.getresgid(), os.getgroups()"
    uids, gids, groups = student(code).who()
    assert uids == (1000, 1000, 1000)
    assert gids == (1000, 1000, 1000)
    # Groups that the namespace does not know show as 65534; root's own must not be among them.
    assert 0 not in groups
    line = SandboxLine(sandbox, [Cell("cell 1", "")])
    status = Path(f"/proc/{line._child._process.pid}/status").read_text()
    outside = next(row.split()[1] for row in status.splitlines() if row.startswith("Uid:"))
    assert int(outside) == (os.getuid() or bubblewrap.UNPRIVILEGED_UID)
    fields = dict(row.split(":", 1) for row in status.splitlines() if ":" in row)
    assert fields["NoNewPrivs"].strip() == "1"
    assert fields["Seccomp"].strip() == "2"
    assert {fields[f"Cap{kind}"].strip() for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {
        "0000000000000000"
    }
    line.close()


def test_the_machine_has_another_name_inside(student: Make) -> None:
    name = student("import os\ndef name(): return os.uname().nodename").name()
    assert name == "grader" != os.uname().nodename


def test_a_call_that_sleeps_is_stopped_in_time(sandbox: Sandbox) -> None:
    child = sandbox.spawn()
    with pytest.raises(ChildTimeout):
        child.ask(frame("import time; time.sleep(100)"), 0.2)
    assert not child.alive


def test_a_child_that_ends_is_noticed(sandbox: Sandbox) -> None:
    child = sandbox.spawn()
    with pytest.raises(ChildDied, match="it ended"):
        child.ask(frame("import os; os._exit(0)"), 5.0)
    assert not child.alive


def frame(code: str) -> bytes:
    return pack(["load", [["cell 1", code]]], lambda value: pytest.fail("no handle here"))
