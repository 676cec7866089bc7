"""Repositories cloned side by side: of each, the notebook alone is a hand-in.

A clone is known by the `assignment.toml` that `release` put into the template. What else lies in
it, visible tests above all, came from the instructor or is none of the grader's business.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ..common.text import escaped
from .archive import Entry
from .whose import NobodyError, Owner

RELEASED = "assignment.toml"


@dataclass
class Clones:
    """What was found: the entries that count, whose they are by path, and empty clones."""

    entries: list[Entry] = field(default_factory=list)
    owners: dict[str, Owner | NobodyError] = field(default_factory=dict)
    empty: dict[str, str] = field(default_factory=dict)  # why there is nothing, by the student


def without_clones(
    entries: Sequence[Entry], top: str, wanted: Collection[str]
) -> tuple[list[Entry], Clones]:
    """The entries that lie in no clone, and what the clones hold.

    Args:
        entries: all that was found.
        top: the name of the folder or zip.
        wanted: names of the notebook and of data files; without them, every notebook at the top
            of a clone.
    """
    roots = _roots(entries)
    students = {root: _student(root, top) for root in roots}
    times = Counter(students.values())
    others: list[Entry] = []
    clones = Clones()
    empty = set(roots)
    for entry in entries:
        root = next((root for root in roots if entry.parts[: len(root)] == root), None)
        if root is None:
            others.append(entry)
            continue
        rest = entry.parts[len(root) :]
        if len(rest) > 1 or not _counts(rest[0], wanted):
            continue
        clones.entries.append(entry)
        clones.owners[entry.path] = Owner(students[root], rest[0])
        if times[students[root]] > 1:
            clones.owners[entry.path] = NobodyError(
                f"is one of several clones of {escaped(students[root])}: keep one"
            )
        if rest[0].lower().endswith(".ipynb"):
            empty.discard(root)
    names = ", ".join(name for name in wanted if name.endswith(".ipynb")) or "notebook"
    clones.empty = {
        students[root]: f"{escaped('/'.join(root))} has no {names}; was it renamed?"
        for root in sorted(empty)
    }
    return others, clones


def _roots(entries: Sequence[Entry]) -> list[tuple[str, ...]]:
    """The folders of the clones; one inside another is none."""
    found = sorted({e.parts[:-1] for e in entries if e.parts[-1] == RELEASED and e.parts[1:]})
    return [root for root in found if not any(root[: len(r)] == r != root for r in found)]


def _student(root: tuple[str, ...], top: str) -> str:
    """The folder's name without that of the assignment: `lab-1-ana` in `lab-1-submissions`."""
    around = root[-2] if root[1:] else top
    return root[-1].removeprefix(f"{around.removesuffix('-submissions')}-") or root[-1]


def _counts(name: str, wanted: Collection[str]) -> bool:
    return name in wanted if wanted else name.lower().endswith(".ipynb")
