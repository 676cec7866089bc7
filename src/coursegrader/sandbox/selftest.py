"""The sandbox is attacked before it is trusted."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from ..inside.wire import WireError, pack, unpack
from .box import Sandbox
from .child import Child, ChildError
from .errors import SandboxError

SECONDS = 10.0
# Each function tries to do what a student's code must not be able to do, and returns what it got.
ATTACKS = """
import os

def open_a_socket():
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        return line.fileno()

def fork_a_process():
    child = os.fork()
    if child == 0:
        os._exit(0)  # or it would answer, too
    return child

def start_a_program():
    return os.posix_spawn("/usr/bin/true", ["true"], {})

def start_many_threads():
    import threading, time
    threads = [threading.Thread(target=time.sleep, args=(5,), daemon=True) for _ in range(2000)]
    for thread in threads:
        thread.start()
    return len(threads)

def read_a_file_outside(path):
    with open(path) as file:
        return file.read()

def write_a_file_outside(path):
    with open(path, "w") as file:
        return file.write("overwritten")

def write_into_the_interpreter():
    with open(os.__file__ + ".new", "w") as file:
        return file.write("new")

def list_other_processes():
    return os.listdir("/proc")[0]

def make_a_namespace():
    import ctypes
    return None if ctypes.CDLL(None).unshare(0x10000000) else "made"

def mark_a_device():
    os.utime("/dev/null")
    return "its time is set"

def take_all_memory():
    return len(bytearray(64 << 30))
"""
NAMES = [line[4:].split("(")[0] for line in ATTACKS.splitlines() if line.startswith("def ")]


def require_sandbox(sandbox: Sandbox) -> None:
    """Attack the sandbox from inside.

    Raises:
        SandboxError: it cannot be built, or an attack succeeded.
    """
    succeeded = successful_attacks(sandbox)
    if succeeded:
        raise SandboxError(
            "the sandbox of this machine does not hold, so nothing is graded. From inside one can: "
            + ", ".join(name.replace("_", " ") for name in succeeded)
        )


def successful_attacks(sandbox: Sandbox) -> list[str]:
    """The names of the attacks that got anything.

    Raises:
        SandboxError: it cannot be built.
    """
    with tempfile.TemporaryDirectory(prefix="canary-of-coursegrader-") as folder:
        os.chmod(folder, 0o777)
        canary = Path(folder) / "canary"
        text = secrets.token_hex(8)
        canary.write_text(text)
        canary.chmod(0o666)
        succeeded = [name for name in NAMES if _attack(sandbox, name, str(canary))]
        if canary.read_text() != text:
            succeeded.append("change_a_file_outside")
    return succeeded


def _attack(sandbox: Any, name: str, path: str) -> bool:
    """A fresh child each, so that one attack does not spoil the next."""
    child: Child = sandbox.spawn()
    try:
        _ask(child, ["load", [["cell 1", ATTACKS]]])
        args = [path] if name.endswith("a_file_outside") else []
        kind, *rest = _ask(child, ["call", name, args, {}])
        return kind == "ok" and rest[0] is not None
    except (ChildError, WireError):
        return False  # it died of it
    finally:
        child.kill()


def _ask(child: Child, request: list[Any]) -> list[Any]:
    return unpack(*child.ask(pack(request, _no_handle), SECONDS), lambda handle: handle)


def _no_handle(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} cannot be sent")
