"""Whose all files of a download are: each by its system, and no two people in one row."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ..common.text import escaped, same_letters
from .archive import Entry, ReadLimits, Unreadable
from .gradescope import METADATA, owners
from .whose import MOODLE, Download, NobodyError, Owner, plain_owner

Owners = dict[str, Owner | NobodyError]


def owners_of(
    entries: Sequence[Entry],
    limits: ReadLimits,
    *,
    known: Mapping[str, str] | None = None,
    system: str = "",
) -> Owners:
    """Who handed in each file, by its path, or why that cannot be told.

    Args:
        entries: all files.
        limits: for reading what Gradescope tells.
        known: the numbers of the class, and the names that belong to them.
        system: the course system, where names fit several.
    """
    known = known or {}
    export = next((entry for entry in entries if entry.path == METADATA), None)
    found = _by_metadata(entries, export, limits) if export else _by_name(entries, known, system)
    return _without_confusion(found, known)


def _by_metadata(entries: Sequence[Entry], export: Entry, limits: ReadLimits) -> Owners:
    try:
        told = owners(export.read(limits.file_bytes).decode("utf-8"))
    except (Unreadable, UnicodeDecodeError, NobodyError) as error:
        return {one.path: NobodyError(f"{METADATA} {error}") for one in entries}
    nobody = NobodyError(f"lies in no folder that {METADATA} names")
    found: Owners = {}
    for entry in entries:
        owner = told.get(entry.parts[0], nobody)
        is_owner = isinstance(owner, Owner)
        found[entry.path] = replace(owner, filename=entry.parts[-1]) if is_owner else owner
    return found


def _by_name(entries: Sequence[Entry], known: Mapping[str, str], system: str) -> Owners:
    download = Download((entry.parts[0] for entry in entries), known, system)
    found: Owners = {}
    for entry in entries:
        first, rest = entry.parts[0], entry.parts[1:]
        try:
            found[entry.path] = download.owner(first, rest) or plain_owner(first, rest)
        except NobodyError as error:
            found[entry.path] = error
    return found


def _without_confusion(found: Owners, known: Mapping[str, str]) -> Owners:
    names: dict[str, set[str]] = defaultdict(set)
    for owner in found.values():
        if isinstance(owner, Owner) and owner.number:
            names[owner.number].add(owner.name)
    return {path: _sure(owner, names, known) for path, owner in found.items()}


def _sure(
    owner: Owner | NobodyError, names: Mapping[str, set[str]], known: Mapping[str, str]
) -> Owner | NobodyError:
    if not isinstance(owner, Owner) or not owner.number:
        return owner
    called = known.get(owner.number, "")
    if owner.system == MOODLE and called and not same_letters(called, owner.name):
        # Moodle gives numbers to groups, too, and they may be the numbers of other people.
        return NobodyError(
            f"is called {escaped(owner.name)!r}, but number {owner.number} is "
            f"{escaped(called)!r} in the class's table: for a group's hand-in, give its members "
            "with --groups; if somebody was renamed, download both again"
        )
    if len(names[owner.number]) > 1 and owner.number not in known:
        both = " and ".join(repr(escaped(name)) for name in sorted(names[owner.number]))
        return NobodyError(
            f"is of number {owner.number}, which is called {both} here: take one download at a "
            "time, or give the class's table with --roster"
        )
    return owner


def apart(found: Owners, files: Iterable[str]) -> Owners:
    """Plain names once more, so that two files never become one student by chance.

    Where a name would be that of several (`ana.ipynb`, `ana.py`, a folder `ana`), each file keeps
    its whole name: rather one student in two rows than two students in one.
    """
    plain: Counter[str] = Counter()
    at_top, folders = {}, set()
    for path in files:
        owner, parts = found[path], PurePosixPath(path).parts
        if isinstance(owner, Owner) and not owner.system:
            if parts[1:]:
                folders.add(owner.name)
            else:
                at_top[path] = owner
                plain[owner.name] += 1
    plain.update(folders)
    return found | {
        path: replace(owner, name=owner.filename)
        for path, owner in at_top.items()
        if plain[owner.name] > 1
    }
