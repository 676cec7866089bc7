"""From what a course system hands out to submissions: who handed in what, and in which order.

Understood, as a folder or as a zip:

- Canvas, "Download Submissions": `doejohn_12345_678910_lab-1.ipynb`, late ones `doejohn_LATE_...`,
  anonymous ones `anon_x7Gk2_678910_lab.ipynb`; of a group, its name and the number of one member.
- Moodle, "Download all submissions", with folders `John Doe_12345_assignsubmission_file/lab.ipynb`
  or without; of a team, its name and its own number.
- Gradescope's export with its `submission_metadata.yml`.
- repositories cloned side by side, `lab-1-submissions/lab-1-ana/`: the notebook of each.
- plain: `ana.ipynb` for each student, or a folder for each student.
- one `.ipynb` or `.py` file.

Whose a file is, `owners.py` tells. A data file that the assignment declares goes into the notebook
that it came with: see `pairing.py`. The times of files are the times of some download or copy.
They count as times of handing in only when asked for; `submissions.csv` beside the files, with the
columns `file` and `submitted` (ISO 8601 with a time zone), tells them exactly.

All files of one person at one time are one hand-in: see `hand_in.py`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ..common.records import Refused, Submission
from ..common.text import escaped
from .archive import DEFAULT_LIMITS, Entry, ReadLimits, open_entries
from .choice import Wanted
from .clones import without_clones
from .data_files import DataFile, beside
from .gradescope import METADATA
from .hand_in import ARCHIVES, DOCUMENTS, NOTEBOOKS, Chosen, Part, hand_ins_of, in_order, suffix
from .owners import Owners, apart, owners_of
from .pairing import Piece, put_together
from .reading import Reader
from .times import TIMES, read_times
from .whose import NobodyError, Owner, is_moodle


def collect(
    path: Path,
    *,
    limits: ReadLimits = DEFAULT_LIMITS,
    file_times: bool = False,
    data: Sequence[DataFile] = (),
    notebook: str = "",
    required: Sequence[str] = (),
    cells: Collection[str] = (),
    known: Mapping[str, str] | None = None,
    system: str = "",
) -> tuple[list[Submission], list[Refused]]:
    """All submissions at a path, ordered by student and attempt, and what is nobody's.

    A hand-in that cannot be graded is a submission, too, with the reason and without content.

    Args:
        path: a folder, a `.zip`, or one `.ipynb` or `.py`.
        limits: on sizes and counts.
        file_times: take the times of the files as the times of handing in.
        data: the data files that the assignment declares.
        notebook: the name of the assignment's notebook.
        required: names that it defines.
        cells: the identities of its cells.
        known: the numbers of the class in the course system, with the names.
        system: the course system, where names fit several: `canvas`, `moodle`, or `folder`.

    Raises:
        ValueError: nothing is at this path.
    """
    path = Path(path)
    names = {file.name for file in data}
    wanted = Wanted(notebook, tuple(required), frozenset(cells))
    with open_entries(path, limits) as (entries, refused):
        if path.suffix.lower() == ".zip":
            entries = _without_wrapper(entries, path.stem)
        times, bad_times = read_times(entries, limits)
        in_clones = {notebook, *names} if notebook else set()
        entries, clones = without_clones(entries, path.resolve().stem, in_clones)
        owners = owners_of(entries, limits, known=known, system=system) | clones.owners
        entries = [*entries, *clones.entries]
        data_entries = [one for one in entries if _is_data(owners[one.path], names)]
        pieces = [_piece(one, owners[one.path]) for one in data_entries]
        files = [one for one in entries if not _is_data(owners[one.path], names)]
        owners = apart(owners, [one.path for one in files if suffix(one) in NOTEBOOKS])
        parts, nobodys = _parts(files, owners, times, file_times)
        reader = Reader(limits)
        # Small ones first: a student who fills the limit takes no room from the others.
        hand_ins = sorted(hand_ins_of(parts), key=lambda one: one.size(wanted))
        chosen = [one.choose(wanted, reader) for one in hand_ins]
        contents = {one.path: reader.content(one) for one in data_entries}
    unread = [
        Refused(escaped(one.path), reader.why(one)) for one in data_entries if reader.why(one)
    ]
    contents = {name: content for name, content in contents.items() if content is not None}
    contents |= {one.part.entry.path: one.content for one in chosen if one.content is not None}
    if path.is_file() and path.suffix.lower() != ".zip":  # one notebook, with what lies beside it
        nearby = beside(path.parent, data)
        pieces, contents = [Piece(name, "", name) for name in nearby], contents | nearby
    notebooks = [_piece_of(one) for one in chosen if one.content is not None]
    contents, lonely = put_together(notebooks, pieces, contents, data)
    submissions = [
        one.submission(place, contents.get(one.part.entry.path))
        for theirs in in_order(chosen).values()
        for place, one in enumerate(theirs, start=1)
    ]
    submissions += [Submission(who, "", b"", reason=why) for who, why in clones.empty.items()]
    return submissions, [*refused, *bad_times, *nobodys, *unread, *lonely]


def _without_wrapper(entries: list[Entry], archive: str) -> list[Entry]:
    """A zip of a folder holds that folder: it is no student if several files are in it."""
    tops = {entry.parts[0] for entry in entries}
    wrapped = len(tops) == 1 and all(len(entry.parts) > 1 for entry in entries)
    if not wrapped or is_moodle(next(iter(tops))):
        return entries
    several = sum(suffix(entry) in NOTEBOOKS for entry in entries) > 1
    if not several and tops != {archive}:
        return entries
    return [replace(entry, parts=entry.parts[1:]) for entry in entries]


def _parts(
    entries: Iterable[Entry], owners: Owners, times: Mapping[str, datetime], file_times: bool
) -> tuple[list[Part], list[Refused]]:
    """The files that somebody handed in, and those of which it cannot be told, or which nobody did.

    Beside the hand-ins in a plain folder lie lists and notes of the instructor's.
    """
    parts, nobodys = [], []
    for entry in entries:
        if entry.path in (TIMES, METADATA):
            continue
        owner, told = owners[entry.path], times.get(entry.path)
        if isinstance(owner, NobodyError):
            nobodys.append(Refused(escaped(entry.path), str(owner)))
        elif not (owner.system or entry.parts[1:] or suffix(entry) in _HANDED_IN):
            reason = entry.problem or "is neither .ipynb nor .py"
            nobodys.append(Refused(escaped(entry.path), reason))
        else:
            told = told or owner.submitted
            # The course system's zip was written when it was downloaded.
            saved = entry.modified if file_times and not owner.system else None
            parts.append(Part(entry, owner, told or saved, is_told=told is not None))
    return parts, nobodys


_HANDED_IN = (*NOTEBOOKS, *ARCHIVES, *DOCUMENTS)


def _is_data(owner: Owner | NobodyError, names: Collection[str]) -> bool:
    return isinstance(owner, Owner) and owner.plain_filename in names


def _piece(entry: Entry, owner: Owner) -> Piece:
    student = owner.key if owner.system or entry.parts[1:] else ""
    order = (owner.again, owner.upload)
    return Piece(entry.path, student, owner.plain_filename, owner.again, order)


def _piece_of(chosen: Chosen) -> Piece:
    owner = chosen.part.owner
    return Piece(chosen.part.entry.path, owner.key, owner.filename, owner.again, chosen.order)
