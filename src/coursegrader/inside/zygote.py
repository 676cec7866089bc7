"""The process inside bubblewrap that has everything imported and forks once for each submission.

It sees no submission, no test and no secret: it passes a socket on to the child it forks. It stays
single-threaded, and its own memory, which every child inherits, holds nothing worth reading.

A child gets namespaces of its own, a small tmpfs, no /proc, no capability, resource limits and a
seccomp filter. It is process 1 of its namespace: when it is killed, everything in there dies.
"""

import ctypes
import gc
import importlib
import json
import os
import random
import resource
import signal
import socket
import sys
from typing import Any

from .alone import settle
from .runner import Runner, fresh_namespace
from .serve import serve

_CLONE_NEW = {
    "mnt": 0x00020000,
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND = 32, 0x1000
_MS_REC_PRIVATE = 0x4000 | 1 << 18
_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 22, 24, 38
_LAST_CAPABILITY = 63
_INSIDE_UID = 1000
LINE = 3  # the file descriptor of every child's line, as the filter knows it
MESSAGE_BYTES = 1 << 16

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Set up by the first message on the control socket, then fork for each that follows."""
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = json.loads(control.recv(MESSAGE_BYTES))
    _drop_root(settings["uid"])
    # Whoever started us may have limited its own memory.
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    problem = _preload(settings["preload"])
    control.send(json.dumps({"problem": problem, "address_space": _address_space()}).encode())
    settings["limits"] = json.loads(control.recv(MESSAGE_BYTES))
    gc.freeze()  # a child's collector would copy every page it looks at
    while True:
        message, fds, _, _ = socket.recv_fds(control, 16, 1)
        if not message:
            return
        (line,) = fds
        _start_child(line, control, settings)
        os.close(line)


def _drop_root(uid: int | None) -> None:
    """Become an ordinary user for good: no limit on processes holds for root."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        # A process that changed its user does not own its files in /proc until it says so.
        _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _preload(modules: list[str]) -> str:
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            return f"the module {name} cannot be imported in the sandbox: {error}"
    if "torch" in sys.modules:
        _warm_torch()
    settle()
    return ""


def _warm_torch() -> None:
    import torch

    torch.set_num_threads(1)
    weight = torch.zeros(1, requires_grad=True)
    torch.optim.SGD([weight], lr=0.1)  # the first optimiser imports 800 modules


def _address_space() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def _start_child(line: int, control: socket.socket, settings: dict[str, Any]) -> None:
    """Fork twice: only a child of the process that made a pid namespace is in it."""
    middle = os.fork()
    if middle == 0:
        try:
            control.close()
            _new_namespaces()
            child = os.fork()
            if child == 0:
                _child(line, settings)
            pidfd = os.pidfd_open(child)
            socket.send_fds(socket.socket(fileno=line), [b"p"], [pidfd])
        except BaseException as error:
            os.write(line, f"x{type(error).__name__}: {error}".encode()[:1000])
        finally:
            os._exit(0)
    os.waitpid(middle, 0)


def _new_namespaces() -> None:
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", sum(_CLONE_NEW.values()))
    for name, text in {
        "setgroups": "deny",
        "uid_map": f"{_INSIDE_UID} {uid} 1",
        "gid_map": f"{_INSIDE_UID} {gid} 1",
    }.items():
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _child(line: int, settings: dict[str, Any]) -> None:
    """Never returns."""
    try:
        # The other end starts us when it holds our pidfd, and so can end us.
        if os.read(line, 1) != b"g":
            os._exit(0)
        os.dup2(line, LINE)
        _lock_down(settings)
    except BaseException as error:
        os.write(LINE, f"x{type(error).__name__}: {error}".encode()[:1000])
        os._exit(1)
    os.write(LINE, b"r")
    try:
        serve(LINE, Runner(fresh_namespace()))
    finally:
        os._exit(0)


def _lock_down(settings: dict[str, Any]) -> None:
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(LINE + 1, 1024)
    _call("mount", None, b"/", None, _MS_REC_PRIVATE, None)
    size = f"size={settings['disk_bytes']},nr_inodes=2000,mode=700".encode()
    workspace = settings["workspace"]
    _call(
        "mount", b"tmpfs", workspace.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, size
    )
    # The devices serve all the same, but their times, which the next would read, stand still.
    flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID
    for device in settings["devices"]:
        _call("mount", None, device.encode(), None, flags, None)
    # The zygote's /proc cannot be unmounted from here, but it can be covered.
    flags = _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _call("mount", b"tmpfs", b"/proc", b"tmpfs", flags, b"size=4k")
    os.chdir(workspace)
    for name, value in settings["limits"].items():
        limit = getattr(resource, name)
        resource.setrlimit(limit, (value, value))
    _reseed()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _drop_capabilities()
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    _install_filter(bytes.fromhex(settings["filter"]))


def _reseed() -> None:
    """Or every student would draw the zygote's numbers."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(int.from_bytes(os.urandom(7), "little"))


def _drop_capabilities() -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        # A kernel that does not know the number says so, and has no such capability.
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


class _SockFprog(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def _install_filter(program: bytes) -> None:
    fprog = _SockFprog(len(program) // 8, program)
    _call("prctl", _PR_SET_SECCOMP, 2, ctypes.byref(fprog), 0, 0)


def _call(name: str, *arguments: Any) -> None:
    """A function of libc, with an exception when it fails."""
    # prctl takes unsigned longs: as plain ints, the upper half would be left to chance.
    if name == "prctl":
        arguments = tuple(ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments)
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
