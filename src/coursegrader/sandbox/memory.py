"""A memory cgroup around one sandbox, where this process may make one.

The limits on each process hold without it; a cgroup also counts what they miss, such as files in a
tmpfs. Both kinds of hierarchy are served; where none may be written, the sandbox goes without.
"""

import contextlib
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PREFIX = "coursegrader"
REMOVAL_TRIES, REMOVAL_PAUSE = 50, 0.01  # seconds between tries


class MemoryGroup:
    """A cgroup with a limit, for one process and its children.

    Args:
        folder: the cgroup, already made, or None for no limit.
        limit_file: the name of the file that takes the limit.
    """

    def __init__(self, folder: Path | None, limit_file: str = "", limit: int = 0) -> None:
        self.folder = folder
        if folder is not None:
            (folder / limit_file).write_text(str(limit))

    def add(self, pid: int) -> None:
        """Put a process into the group; what it forks later follows."""
        if self.folder is not None:
            (self.folder / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """Delete the group, as soon as the last of its killed processes is gone."""
        for _ in range(REMOVAL_TRIES):
            if self.folder is None:
                return
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                self.folder = None
                return
            time.sleep(REMOVAL_PAUSE)


def make_group(
    limit: int, number: int, membership: str | None = None, root: Path = ROOT
) -> MemoryGroup:
    """A group below this process's own with a limit in bytes, or one without a limit.

    Args:
        number: of the sandbox in this process.
        membership: the text of /proc/self/cgroup.
    """
    if membership is None:
        membership = Path("/proc/self/cgroup").read_text()
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            parent, limit_file = root / path.lstrip("/"), "memory.max"
            if not _delegates_memory(parent):
                continue
        elif "memory" in controllers.split(","):
            parent, limit_file = root / "memory" / path.lstrip("/"), "memory.limit_in_bytes"
        else:
            continue
        with contextlib.suppress(OSError):
            _remove_left_behind(parent)
            folder = parent / f"{PREFIX}-{os.getpid()}-{number}"
            folder.mkdir()
            try:
                return MemoryGroup(folder, limit_file, limit)
            except OSError:
                folder.rmdir()
    return MemoryGroup(None)


def _remove_left_behind(parent: Path) -> None:
    """Groups of processes that were killed before they could remove them."""
    for folder in parent.glob(f"{PREFIX}-*-*"):
        if not Path(f"/proc/{folder.name.split('-')[1]}").exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


def _delegates_memory(group: Path) -> bool:
    """Whether groups made below this one may limit memory."""
    try:
        children = (group / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return "memory" in children and os.access(group, os.W_OK)
