"""Files for people and other programs, written whole or not at all."""

import os
from pathlib import Path


def write_atomically(path: Path, data: str | bytes) -> None:
    """Write a file whole or not at all, whatever happens meanwhile.

    A file that holds just this already is left alone: on ext4, replacing one waits for the disk.
    """
    path = Path(path)
    content = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    try:
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return
    except OSError:  # it is not there yet, nor perhaps its folder
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
