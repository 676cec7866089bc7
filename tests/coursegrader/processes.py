"""What runs, as seen from outside."""

from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended; where nobody waits for it, its entry stays."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
