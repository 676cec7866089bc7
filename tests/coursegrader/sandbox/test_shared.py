"""What two submissions share: one leaves marks where it can, the next looks for any.

Each of these ways was open once, or would be without the rule that closes it.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coursegrader.common.limits import Limits
from coursegrader.common.notebook import Cell
from coursegrader.marking.lines import SandboxLine
from coursegrader.marking.student import Student, StudentError
from coursegrader.sandbox.box import Sandbox, descendants
from coursegrader.sandbox.seccomp import LINE

pytestmark = pytest.mark.sandbox

PAGE = Path(__file__).parents[3] / "book" / "coursework" / "instructors.md"

# All that a program can learn of the machine by system calls, but for the time.
LOOK = """
import ctypes, mmap, os, random, resource, threading

libc = ctypes.CDLL(None, use_errno=True)

def tried(function, *arguments):
    try:
        return repr(function(*arguments))
    except (OSError, AttributeError, ValueError) as error:
        return type(error).__name__

def times(path):
    status = os.stat(path)
    return status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns, status.st_nlink

def own_file():
    with open("own", "w") as file:
        return os.fstat(file.fileno()).st_ino

def in_memory(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as pages:
        shown = ctypes.create_string_buffer(len(pages) // 4096 + 1)
        address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        length = ctypes.c_size_t(len(pages))
        result = libc.mincore(ctypes.c_void_p(address), length, shown)
        return result, sum(byte & 1 for byte in shown.raw)

def look():
    return {
        "devices": [tried(times, path) for path in ("/dev/null", "/dev/urandom", "/dev")],
        "folders": [tried(times, path) for path in ("/", "/usr", "/grader", os.__file__)],
        "names": [tried(os.listdir, path) for path in ("/", "/dev", "/proc", "/tmp", "/etc")],
        "number of a pipe": tried(lambda: os.fstat(os.pipe()[0]).st_ino),
        "number of the line": tried(lambda: os.fstat(3).st_ino),
        "number of a copy of it": tried(lambda: os.fstat(os.dup(3)).st_ino),
        "number of its longer self": libc.fstat(ctypes.c_ulong(3 | 1 << 32), bytes(256)),
        "number of a file": tried(own_file),
        "numbers of processes": (os.getpid(), os.getppid(), threading.get_native_id()),
        "number of a mount": libc.syscall(332, -100, b"/tmp", 0, 0xFFFF, bytes(256)),
        "free blocks": [tried(os.statvfs, path) for path in ("/", os.__file__)],
        "memory": libc.sysinfo(bytes(256)),
        "pages in memory": tried(in_memory, os.__file__),
        "load": tried(os.getloadavg),
        "queues": (libc.shmget(77, 10, 0), libc.msgget(77, 0), libc.semget(77, 1, 0)),
        "keys": libc.syscall(250, 0, -3, 0),
        "limits": [resource.getrlimit(n) for n in range(10)],
        "identity": (os.uname().nodename, os.getuid(), os.nice(0) if hasattr(os, "x") else 0),
    }
"""
MARKS = {
    "times of devices": "import os\nfor d in ('/dev/null', '/dev/urandom'): os.utime(d, (1, 2))",
    "modes of devices": "import os\nos.chmod('/dev/null', 0o600)",
    "reads of devices": "open('/dev/urandom', 'rb').read(100); open('/dev/null', 'wb').write(b'x')",
    "times of folders": "import os\nos.utime('/'); os.utime('/dev')",
    "times of files": "import os\nos.utime(os.__file__)",
    "many pipes": "import os\nkept = [os.pipe() for _ in range(20)]",
    "many files": "import os\nfor n in range(500): open(str(n), 'w').close()",
    "many threads": """
import threading
for n in range(200):
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
""",
    "pages dropped from memory": """
import os
with open(os.__file__, 'rb') as file:
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
""",
    "queues": "import ctypes\nctypes.CDLL(None).shmget(77, 10, 0o1666)",
    "keys": "import ctypes\nctypes.CDLL(None).syscall(248, b'user', b'mark', b'x', 1, -3)",
    "locks": "import fcntl, os\nfcntl.flock(open(os.__file__), fcntl.LOCK_EX)",
    "names that do not exist": "import os\nfor n in range(500): os.path.exists(f'/usr/{n}')",
    "its own end": "import os\nos._exit(3)",
    "memory": "kept = bytearray(400 << 20)",
    "state of modules": "import os, random, sys\nsys.mark = os.mark = 1\nrandom.seed(1)",
}


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(("numpy",), ("numpy",), Limits(call_seconds=2.0, submission_seconds=8.0)) as made:
        yield made


@pytest.fixture
def run(box: Sandbox) -> Callable[[str, str], object]:
    """Run some code as a submission of its own, and call a function of it."""

    def call(code: str, name: str) -> object:
        line = SandboxLine(box, [Cell("cell 1", code)])
        try:
            return getattr(Student(line), name)()
        finally:
            line.close()

    return call


@pytest.mark.parametrize("mark", MARKS)
def test_the_next_submission_sees_no_mark(mark: str, run: Callable) -> None:
    before = run(LOOK, "look")
    body = "".join(f"\n    {line}" for line in MARKS[mark].strip().splitlines())
    with contextlib.suppress(StudentError):  # it was refused
        run(f"def leave():{body}", "leave")
    assert run(LOOK, "look") == before


def test_the_look_itself_sees_something(run: Callable) -> None:
    seen = run(LOOK, "look")
    assert "PermissionError" in seen["number of a pipe"]
    assert [seen["number of the line"], seen["number of a copy of it"]] == ["PermissionError"] * 2
    assert seen["number of its longer self"] == seen["number of a mount"] == seen["memory"] == -1
    assert {*seen["free blocks"]} == {"PermissionError"}
    assert seen["pages in memory"].startswith("(-1")
    assert seen["queues"] == (-1, -1, -1)
    assert seen["numbers of processes"][0] == 1
    assert all(number.startswith("(") for number in [*seen["devices"], *seen["folders"][:1]])


def test_every_other_descriptor_is_free(run: Callable) -> None:
    code = """
import os
def numbers():
    files = [open(str(n), "w") for n in range(40)]
    kept = {file.fileno(): os.fstat(file.fileno()).st_size for file in files}
    return sorted({*kept, os.dup(files[0].fileno()), *(fd for fd in (0, 1, 2) if os.fstat(fd))})
"""
    assert run(code, "numbers") == [n for n in range(45) if n != LINE]


def test_draws_differ_from_submission_to_submission(run: Callable) -> None:
    """Without a seed of its own, too: the process that everyone is forked from has a state."""
    code = "import random, numpy\ndef draw(): return random.random(), float(numpy.random.rand())"
    draws = [run(code, "draw") for _ in range(3)]
    assert len({first for first, _ in draws}) == len({second for _, second in draws}) == 3


def test_children_share_no_memory(box: Sandbox, run: Callable) -> None:
    run("def f(): return 1", "f")
    maps = [Path(f"/proc/{pid}/maps").read_text() for pid in descendants(box.zygote_pid)[:3]]
    assert "numpy" in maps[-1]
    assert not [line for text in maps for line in text.splitlines() if re.search(r" .w.s ", line)]


def test_what_stays_open_is_the_number_of_the_own_folder(run: Callable) -> None:
    """The kernel numbers file systems by what is free: it tells how many are there at a time."""
    number = run("import os\ndef number(): return os.stat('/tmp').st_dev", "number")
    assert number > 0
    promised = PAGE.read_text("utf-8").partition("(what-it-does-not-promise)=")[2]
    for word in ("at the same moment", "device number", "processor's caches", "disk"):
        assert word in promised
