"""Reads files within the limits, each once."""

from .archive import Entry, ReadLimits, Unreadable


class Reader:
    """The contents of files, and why some have none."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits, self._left = limits, limits.total_bytes
        self._contents: dict[str, bytes] = {}
        self._reasons: dict[str, str] = {}

    def content(self, entry: Entry) -> bytes | None:
        """All of a file, or None; then `why` tells why."""
        if entry.path not in self._contents and entry.path not in self._reasons:
            try:
                self._contents[entry.path] = self._read(entry)
                self._left -= len(self._contents[entry.path])
            except Unreadable as error:
                self._reasons[entry.path] = str(error)
        return self._contents.get(entry.path)

    def why(self, entry: Entry) -> str:
        """Why a file has no content, or nothing."""
        return self._reasons.get(entry.path, "")

    def _read(self, entry: Entry) -> bytes:
        limit = self._limits.file_bytes
        too_large = f"is larger than {limit // 1_000_000} MB; clear the outputs, save again"
        if entry.problem:
            raise Unreadable(entry.problem)
        if entry.size > limit:
            raise Unreadable(too_large)
        if entry.size > self._left:
            raise Unreadable("was left out: all files together are too large")
        content = entry.read(limit + 1)
        if len(content) > limit:
            raise Unreadable(too_large)
        return content
