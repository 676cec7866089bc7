"""From what a course system hands out to submissions: who handed in what, and in which order.

Understood, as a folder or as a zip:

- Canvas, "Download Submissions": `doejohn_12345_678910_lab-1.ipynb`, late ones `doejohn_LATE_...`,
  anonymous ones `anon_x7Gk2_678910_lab.ipynb`. The numbers are the student's and the file's; `-1`
  is what Canvas adds to a file's name when it is handed in again.
- Moodle, "Download all submissions": `John Doe_12345_assignsubmission_file/lab.ipynb` (before
  version 4 with one more `_`), or without folders `John Doe_12345_assignsubmission_file_lab.ipynb`.
- plain: `ana.ipynb` for each student, or a folder for each student.
- one `.ipynb` or `.py` file.

A data file that the assignment declares goes into the notebook that it came with: see `pairing.py`.

Students of Canvas and Moodle are called by name and number, so that two of one name stay two.
The times of files are the times of some download or copy. They count as times of handing in only
when asked for; `submissions.csv` beside the files, with the columns `file` and `submitted` (ISO
8601 with a time zone), tells them exactly.
"""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from ..common.records import Refused, Submission
from ..common.text import escaped
from .archive import DEFAULT_LIMITS, Entry, ReadLimits, Unreadable, open_entries
from .data_files import DataFile, beside
from .pairing import Piece, put_together

SUFFIXES = (".ipynb", ".py")
_ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz")
_TIMES = "submissions.csv"

_CANVAS = re.compile(
    r"(?P<name>.+?)(?:_(?P<late>LATE|late))?_(?P<id>\d+)_(?P<file>\d+)_(?P<filename>.+)"
)
_CANVAS_ANONYMOUS = re.compile(
    r"(?:(?P<late>LATE)_)?(?P<name>anon)_(?P<id>[A-Za-z0-9]+)_(?P<file>\d+)_(?P<filename>.+)"
)
_CANVAS_AGAIN = re.compile(r"-(\d{1,2})(?=\.[^.]+$)")
_MOODLE = re.compile(
    r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<filename>.*))?"
)


@dataclass(frozen=True)
class _HandIn:
    """One readable file and what its name tells."""

    entry: Entry
    student: str
    filename: str
    platform_id: str = ""
    late: bool = False
    again: int = 0  # how often Canvas saw this file name before
    number: int = 0  # Canvas counts all files ever uploaded
    submitted: datetime | None = None

    @property
    def order(self) -> tuple:
        """Of handing in; a notebook counts as later than a `.py` that came with it."""
        when = self.submitted.timestamp() if self.submitted else 0.0
        digits = [(int(n or 0), text) for n, text in re.findall(r"(\d*)(\D*)", self.entry.path)]
        is_notebook = self.filename.lower().endswith(".ipynb")
        return when, self.again, is_notebook, self.number, digits, self.entry.path


def collect(
    path: Path,
    *,
    limits: ReadLimits = DEFAULT_LIMITS,
    file_times: bool = False,
    data: Sequence[DataFile] = (),
) -> tuple[list[Submission], list[Refused]]:
    """All submissions at a path, ordered by student and attempt, and what could not be taken.

    Args:
        path: a folder, a `.zip`, or one `.ipynb` or `.py`.
        limits: on sizes and counts.
        file_times: take the times of the files as the times of handing in.
        data: the data files that the assignment declares.

    Raises:
        ValueError: nothing is at this path.
    """
    path = Path(path)
    with open_entries(path, limits) as (entries, refused):
        if path.suffix.lower() == ".zip":
            entries = _without_wrapper(entries, path.stem)
        times, bad_times = _read_times(entries, limits)
        pieces = _data_pieces(entries, {file.name for file in data})
        wanted, unwanted = _sort_out(entry for entry in entries if entry.path not in pieces)
        hand_ins = _name_students(wanted, times, file_times)
        needed = [*wanted, *(entry for entry in entries if entry.path in pieces)]
        contents, unread = _read(needed, limits)
    if path.is_file() and path.suffix.lower() != ".zip":  # one notebook, with what lies beside it
        nearby = beside(path.parent, data)
        pieces, contents = {name: Piece(name, "", name) for name in nearby}, contents | nearby
    notebooks = [
        Piece(one.entry.path, one.student, one.filename, one.again, one.order) for one in hand_ins
    ]
    contents, lonely = put_together(notebooks, pieces.values(), contents, data)
    submissions = _submissions(hand_ins, contents)
    return submissions, [*refused, *bad_times, *unwanted, *unread, *lonely]


def _without_wrapper(entries: list[Entry], archive: str) -> list[Entry]:
    """A zip of a folder holds that folder: it is no student if several files are in it."""
    tops = {entry.parts[0] for entry in entries}
    wrapped = len(tops) == 1 and all(len(entry.parts) > 1 for entry in entries)
    if not wrapped or _MOODLE.fullmatch(next(iter(tops))):
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
        elif entry.path != _TIMES:
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


def _name_students(
    entries: list[Entry], times: dict[str, datetime], file_times: bool
) -> list[_HandIn]:
    """Who handed in each file.

    A file that lies there plainly is the student its name says, without the suffix. Where that
    would be two (`ana.ipynb`, `ana.py`, a folder `ana`), each file keeps its whole name: rather
    one student in two rows than two students in one.
    """
    plain = Counter(PurePosixPath(entry.parts[0]).stem for entry in entries if not entry.parts[1:])
    plain.update({entry.parts[0] for entry in entries if entry.parts[1:]})
    hand_ins = []
    for entry in entries:
        from_name = _from_course_system(entry)
        # The course system's zip was written when it was downloaded.
        fallback = entry.modified if file_times and not from_name else None
        submitted = times.get(entry.path, fallback)
        if from_name is None:
            filename = entry.parts[-1]
            student = entry.parts[0] if entry.parts[1:] else PurePosixPath(filename).stem
            if not entry.parts[1:] and plain[student] > 1:
                student = filename
            from_name = {"student": student, "filename": filename}
        hand_ins.append(_HandIn(entry, submitted=submitted, **from_name))
    return hand_ins


def _from_course_system(entry: Entry) -> dict | None:
    """What a name by Canvas or Moodle tells; None for any other name."""
    first, *rest = entry.parts
    if match := _MOODLE.fullmatch(first):
        return {
            "student": f"{match['name']}_{match['id']}",
            "filename": rest[-1] if rest else match["filename"] or first,
            "platform_id": match["id"],
        }
    match = _CANVAS_ANONYMOUS.fullmatch(first) or _CANVAS.fullmatch(first)
    if rest or not match:
        return None
    again = _CANVAS_AGAIN.search(match["filename"])
    return {
        "student": f"{match['name']}_{match['id']}",
        "filename": match["filename"],
        "platform_id": match["id"],
        "late": match["late"] is not None,
        "again": int(again[1]) if again else 0,
        "number": int(match["file"]),
    }


def _data_pieces(entries: Iterable[Entry], names: Collection[str]) -> dict[str, Piece]:
    """The data files of these names among all files, by their paths."""
    pieces = {}
    for entry in entries:
        student = entry.parts[0] if entry.parts[1:] else ""
        about = _from_course_system(entry) or {"student": student, "filename": entry.parts[-1]}
        again, filename = about.get("again", 0), about["filename"]
        filename = _CANVAS_AGAIN.sub("", filename) if again else filename
        if filename in names:
            order = (again, about.get("number", 0))
            pieces[entry.path] = Piece(entry.path, about["student"], filename, again, order)
    return pieces


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
            by_student[hand_in.student].append(hand_in)
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
        attempt = max(attempt, hand_in.again) + 1
        yield Submission(
            student=hand_in.student,
            filename=hand_in.filename,
            content=contents[hand_in.entry.path],
            attempt=attempt,
            submitted=hand_in.submitted,
            late=hand_in.late,
            platform_id=hand_in.platform_id,
        )
