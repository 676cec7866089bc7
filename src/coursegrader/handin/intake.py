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
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from ..common.records import Refused, Submission
from ..common.text import escaped
from .archive import DEFAULT_LIMITS, Entry, ReadLimits, Unreadable, open_entries
from .clones import without_clones
from .data_files import DataFile, beside
from .gradescope import METADATA
from .owners import Owners, apart, owners_of
from .pairing import Piece, put_together
from .whose import NobodyError, Owner, is_moodle

SUFFIXES = (".ipynb", ".py")
_ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz")
_TIMES = "submissions.csv"


@dataclass(frozen=True)
class _HandIn:
    """One readable file, whose it is, and when it came."""

    entry: Entry
    owner: Owner
    submitted: datetime | None

    @property
    def order(self) -> tuple:
        """Of handing in; a notebook counts as later than a `.py` that came with it."""
        when = self.submitted.timestamp() if self.submitted else 0.0
        digits = [(int(n or 0), text) for n, text in re.findall(r"(\d*)(\D*)", self.entry.path)]
        is_notebook = self.owner.filename.lower().endswith(".ipynb")
        return when, self.owner.again, is_notebook, self.owner.upload, digits, self.entry.path


def collect(
    path: Path,
    *,
    limits: ReadLimits = DEFAULT_LIMITS,
    file_times: bool = False,
    data: Sequence[DataFile] = (),
    notebook: str = "",
    known: Mapping[str, str] | None = None,
    system: str = "",
) -> tuple[list[Submission], list[Refused]]:
    """All submissions at a path, ordered by student and attempt, and what could not be taken.

    Args:
        path: a folder, a `.zip`, or one `.ipynb` or `.py`.
        limits: on sizes and counts.
        file_times: take the times of the files as the times of handing in.
        data: the data files that the assignment declares.
        notebook: the name of the assignment's notebook, which counts in a clone.
        known: the numbers of the class in the course system, with the names.
        system: the course system, where names fit several: `canvas`, `moodle`, or `folder`.

    Raises:
        ValueError: nothing is at this path.
    """
    path = Path(path)
    names = {file.name for file in data}
    with open_entries(path, limits) as (entries, refused):
        if path.suffix.lower() == ".zip":
            entries = _without_wrapper(entries, path.stem)
        times, bad_times = _read_times(entries, limits)
        wanted = {notebook, *names} if notebook else set()
        entries, clones = without_clones(entries, path.resolve().stem, wanted)
        owners = owners_of(entries, limits, known=known, system=system) | clones.owners
        entries = [*entries, *clones.entries]
        data_entries = [one for one in entries if _is_data(owners[one.path], names)]
        pieces = [_piece(one, owners[one.path]) for one in data_entries]
        paths = {one.path for one in data_entries}
        files, unwanted = _sort_out(one for one in entries if one.path not in paths)
        owners = apart(owners, [one.path for one in files])
        hand_ins, unknown = _hand_ins(files, owners, times, file_times)
        contents, unread = _read([one.entry for one in hand_ins] + data_entries, limits)
    if path.is_file() and path.suffix.lower() != ".zip":  # one notebook, with what lies beside it
        nearby = beside(path.parent, data)
        pieces, contents = [Piece(name, "", name) for name in nearby], contents | nearby
    notebooks = [
        Piece(one.entry.path, one.owner.key, one.owner.filename, one.owner.again, one.order)
        for one in hand_ins
    ]
    contents, lonely = put_together(notebooks, pieces, contents, data)
    submissions = _submissions(hand_ins, contents)
    refused += [*clones.refused, *bad_times, *unknown, *unwanted, *unread, *lonely]
    return submissions, refused


def _without_wrapper(entries: list[Entry], archive: str) -> list[Entry]:
    """A zip of a folder holds that folder: it is no student if several files are in it."""
    tops = {entry.parts[0] for entry in entries}
    wrapped = len(tops) == 1 and all(len(entry.parts) > 1 for entry in entries)
    if not wrapped or is_moodle(next(iter(tops))):
        return entries
    several = sum(entry.parts[-1].lower().endswith(SUFFIXES) for entry in entries) > 1
    if not several and tops != {archive}:
        return entries
    return [Entry(entry.parts[1:], entry.size, entry.modified, entry.read) for entry in entries]


def _sort_out(entries: Iterable[Entry]) -> tuple[list[Entry], list[Refused]]:
    wanted, unwanted = [], []
    for entry in entries:
        suffix = PurePosixPath(entry.parts[-1]).suffix.lower()
        if suffix in SUFFIXES:
            wanted.append(entry)
        elif suffix in _ARCHIVES:
            reason = "is an archive in the hand-in; hand in the notebook itself"
            unwanted.append(Refused(escaped(entry.path), reason))
        elif entry.path not in (_TIMES, METADATA):
            unwanted.append(Refused(escaped(entry.path), "is neither .ipynb nor .py"))
    return wanted, unwanted


def _read_times(
    entries: Iterable[Entry], limits: ReadLimits
) -> tuple[dict[str, datetime], list[Refused]]:
    """Path to time of handing in, from `submissions.csv` if there is one."""
    entry = next((entry for entry in entries if entry.path == _TIMES), None)
    if entry is None:
        return {}, []
    try:
        text = entry.read(limits.file_bytes).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except (Unreadable, UnicodeDecodeError, csv.Error) as error:
        return {}, [Refused(_TIMES, f"cannot be read: {escaped(str(error))}")]
    if rows and not {"file", "submitted"} <= rows[0].keys():
        return {}, [Refused(_TIMES, "needs the columns file and submitted")]
    known = {entry.path for entry in entries}
    times, refused = {}, []
    for number, row in enumerate(rows, start=2):
        file, text = row["file"] or "", row["submitted"] or ""
        try:
            when = datetime.fromisoformat(text.strip())
        except ValueError:
            when = None
        if file not in known:
            reason = f"there is no file {escaped(file)!r}"
        elif when is None or when.tzinfo is None:
            reason = f"{escaped(text)!r} is no time like 2026-03-01T23:59:00+01:00"
        else:
            times[file] = when
            continue
        refused.append(Refused(f"{_TIMES}, row {number}", reason))
    return times, refused


def _hand_ins(
    entries: Iterable[Entry], owners: Owners, times: Mapping[str, datetime], file_times: bool
) -> tuple[list[_HandIn], list[Refused]]:
    """The files with whose they are and when they came, and those that cannot be told."""
    hand_ins, unknown = [], []
    for entry in entries:
        owner = owners[entry.path]
        if isinstance(owner, NobodyError):
            unknown.append(Refused(escaped(entry.path), str(owner)))
            continue
        # The course system's zip was written when it was downloaded.
        fallback = entry.modified if file_times and not owner.system else owner.submitted
        hand_ins.append(_HandIn(entry, owner, times.get(entry.path, fallback)))
    return hand_ins, unknown


def _is_data(owner: Owner | NobodyError, names: Collection[str]) -> bool:
    return isinstance(owner, Owner) and owner.plain_filename in names


def _piece(entry: Entry, owner: Owner) -> Piece:
    student = owner.key if owner.system or entry.parts[1:] else ""
    order = (owner.again, owner.upload)
    return Piece(entry.path, student, owner.plain_filename, owner.again, order)


def _read(entries: list[Entry], limits: ReadLimits) -> tuple[dict[str, bytes], list[Refused]]:
    contents: dict[str, bytes] = {}
    refused = []
    left = limits.total_bytes
    # Small ones first: a student who fills the limit takes no room from the others.
    for entry in sorted(entries, key=lambda entry: entry.size):
        try:
            content = _read_one(entry, limits, left)
        except Unreadable as error:
            refused.append(Refused(escaped(entry.path), str(error)))
        else:
            contents[entry.path] = content
            left -= len(content)
    return contents, refused


def _submissions(hand_ins: list[_HandIn], contents: dict[str, bytes]) -> list[Submission]:
    by_student = defaultdict(list)
    for hand_in in sorted(hand_ins, key=lambda hand_in: hand_in.order):
        if hand_in.entry.path in contents:
            by_student[hand_in.owner.key].append(hand_in)
    return [
        submission
        for student in sorted(by_student)
        for submission in _attempts(by_student[student], contents)
    ]


def _read_one(entry: Entry, limits: ReadLimits, left: int) -> bytes:
    too_large = f"is larger than {limits.file_bytes // 1_000_000} MB; clear the outputs, save again"
    if entry.size > limits.file_bytes:
        raise Unreadable(too_large)
    if entry.size > left:
        raise Unreadable("was left out: all files together are too large")
    content = entry.read(limits.file_bytes + 1)
    if len(content) > limits.file_bytes:
        raise Unreadable(too_large)
    return content


def _attempts(hand_ins: list[_HandIn], contents: dict[str, bytes]) -> Iterable[Submission]:
    attempt = 0
    for hand_in in hand_ins:
        owner = hand_in.owner
        attempt = max(attempt, owner.again) + 1
        yield Submission(
            student=owner.key,
            filename=owner.filename,
            content=contents[hand_in.entry.path],
            attempt=attempt,
            submitted=hand_in.submitted,
            late=owner.late,
            platform_id=owner.number,
            name=owner.name,
            system=owner.system,
            members=owner.members,
            upload=owner.upload,
        )
