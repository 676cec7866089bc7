"""Reads what others packed: a folder, a zip or one file, in memory and within limits.

Nothing is ever extracted to disk, no link is followed, and no size in a header is believed: what
is read is counted. An entry that breaks a rule is refused by name; the others are still read.
"""

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from io import FileIO
from pathlib import Path

from ..common.limits import MAX_FILE_BYTES
from ..common.records import Refused
from ..common.text import escaped, is_bad_name


@dataclass(frozen=True)
class ReadLimits:
    """How much one file, and all of them together, may hold."""

    file_bytes: int = MAX_FILE_BYTES
    total_bytes: int = 1_000_000_000
    entries: int = 10_000
    ratio: int = 200  # unpacked to packed; a notebook full of pictures stays below 10


DEFAULT_LIMITS = ReadLimits()


@dataclass(frozen=True)
class Entry:
    """One file that may be read."""

    parts: tuple[str, ...]  # folders and name
    size: int  # no more than this can come out of `read`
    modified: datetime | None
    read: Callable[[int], bytes]  # at most so many bytes; raises `Unreadable`
    problem: str = ""  # why it is never read; yet somebody handed it in

    @property
    def path(self) -> str:
        return "/".join(self.parts)


class Unreadable(Exception):
    """Why an entry cannot be read."""


# What operating systems, Jupyter and Git leave behind: nobody handed these in.
_LITTER = re.compile(
    r"\._.*|\.(?!(.*\.)?(ipynb|py)$).*|Thumbs\.db|desktop\.ini|__MACOSX|__pycache__", re.IGNORECASE
)
# The table of contents that `zipfile` loads whole: about 800 bytes for each of 10,000 entries.
_CONTENTS_BYTES = 8_000_000


@contextmanager
def open_entries(path: Path, limits: ReadLimits) -> Iterator[tuple[list[Entry], list[Refused]]]:
    """The files in a folder or zip (or the one file itself), and those refused by their name.

    Raises:
        ValueError: nothing is at this path.
    """
    if not path.exists():
        raise ValueError(f"there is no file or folder {escaped(str(path))}")
    if path.is_dir():
        yield _folder(path, limits)
    elif path.suffix.lower() == ".zip":
        with _open_zip(path) as archive:
            if isinstance(archive, str):
                yield [], [Refused(escaped(path.name), archive)]
            else:
                yield _members(path, archive, limits)
    else:
        yield [_file_entry(path.resolve(), path.stat(), (path.name,))], []


def _bad_name(parts: list[str]) -> str | None:
    if ".." in parts:
        return "its name contains '..', which leads out of the hand-in"
    if any(map(is_bad_name, parts)):
        return "its name contains control characters or bytes that are no text"
    return None


def _folder(top: Path, limits: ReadLimits) -> tuple[list[Entry], list[Refused]]:
    entries: list[Entry] = []
    refused: list[Refused] = []
    count, waiting = 0, [(top, ())]
    while waiting:
        folder, above = waiting.pop()
        try:
            found = sorted(os.scandir(folder), key=lambda item: item.name)
        except OSError as error:
            refused.append(Refused(escaped("/".join(above)), f"cannot be read: {error.strerror}"))
            continue
        for item in found:
            if _LITTER.fullmatch(item.name):
                continue
            count += 1
            if count > limits.entries:
                reason = f"holds more than {limits.entries} files; nothing was taken from it"
                return [], [Refused(escaped(top.name), reason)]
            parts = (*above, item.name)
            about = item.stat(follow_symlinks=False)
            if reason := _bad_name(list(parts)):
                refused.append(Refused(escaped("/".join(parts)), reason))
            elif reason := _bad_kind(about.st_mode):
                entries.append(Entry(parts, 0, None, _never, reason))
            elif stat.S_ISDIR(about.st_mode):
                waiting.append((Path(item.path), parts))
            else:
                entries.append(_file_entry(Path(item.path), about, parts))
    return entries, refused


def _never(_: int) -> bytes:
    raise Unreadable("is not read")


def _bad_kind(mode: int) -> str | None:
    if stat.S_ISLNK(mode):
        return "is a link; only the file itself is taken"
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "is no ordinary file"
    return None


def _file_entry(path: Path, about: os.stat_result, parts: tuple[str, ...]) -> Entry:
    modified = datetime.fromtimestamp(about.st_mtime).astimezone()
    return Entry(parts, about.st_size, modified, partial(_read_file, path))


def _read_file(path: Path, most: int) -> bytes:
    # The flags hold even if a link or a pipe took the file's place after the listing.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            return file.read(most)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error


class _ZipFile(FileIO):
    """A file that refuses to load an enormous table of contents into memory."""

    is_opening = True

    def read(self, size: int = -1) -> bytes:
        if self.is_opening and size > _CONTENTS_BYTES:
            raise zipfile.BadZipFile("its table of contents is too large")
        return super().read(size)


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile | str]:
    """The archive, or why it cannot be opened."""
    with _ZipFile(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except UnicodeDecodeError:
            yield "is no proper zip file: a name in it is no text"
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            ValueError,
            OSError,
            struct.error,
        ) as error:
            yield f"is no proper zip file, download it again ({escaped(str(error))})"
        else:
            file.is_opening = False
            with archive:
                yield archive


def _members(
    path: Path, archive: zipfile.ZipFile, limits: ReadLimits
) -> tuple[list[Entry], list[Refused]]:
    infos = archive.infolist()
    if len(infos) > limits.entries:
        reason = f"holds {len(infos)} entries, more than {limits.entries}; nothing was taken"
        return [], [Refused(escaped(path.name), reason)]
    entries: dict[tuple[str, ...], Entry] = {}
    refused = []
    for info in infos:
        name = _member_name(info)
        parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
        if any(_LITTER.fullmatch(part) for part in parts if part != ".."):
            continue
        reason = _bad_path(name, parts)
        if not reason and (info.is_dir() or not parts):
            continue
        if not reason and tuple(parts) in entries:
            reason = "is in the archive twice; the first one was taken"
        if reason:
            refused.append(Refused(escaped(name), reason))
        else:
            made, problem = _member_entry(archive, info, parts, limits), _bad_member(info)
            if problem:
                made = replace(made, size=0, read=_never, problem=problem)
            entries[tuple(parts)] = made
    return list(entries.values()), refused


def _member_name(info: zipfile.ZipInfo) -> str:
    """The whole name, before `zipfile` cuts it at a NUL; many tools write UTF-8 unmarked."""
    name = info.orig_filename
    if not info.flag_bits & 0x800:
        try:
            return name.encode("cp437").decode("utf-8")
        except UnicodeError:
            return name
    return name


def _bad_path(name: str, parts: list[str]) -> str | None:
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[/\\]", name):
        return "its name is an absolute path"
    return _bad_name(parts)


def _bad_member(info: zipfile.ZipInfo) -> str | None:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) and (reason := _bad_kind(mode)):
        return reason
    if info.flag_bits & 0x41:
        return "is encrypted; hand it in without a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed by a method that is not supported; pack it again as an ordinary zip"
    return None


def _member_entry(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, parts: list[str], limits: ReadLimits
) -> Entry:
    try:
        modified = datetime(*info.date_time).astimezone()
    except (ValueError, OverflowError):
        modified = None
    # `zipfile` stops at the size that the header tells, and then finds a false checksum.
    return Entry(
        tuple(parts), info.file_size, modified, partial(_read_member, archive, info, limits.ratio)
    )


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, ratio: int, most: int) -> bytes:
    # Small files may pack well: a notebook of one repeated line is no bomb.
    if info.file_size > max(1_000_000, ratio * info.compress_size):
        raise Unreadable(f"unpacks to more than {ratio} times its size, like a zip bomb")
    try:
        with archive.open(info) as file:
            return file.read(most)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
    ) as error:
        raise Unreadable(f"is damaged in the archive ({escaped(str(error))})") from error
    except RuntimeError as error:  # `zipfile` asks for a password
        raise Unreadable("is encrypted; hand it in without a password") from error
