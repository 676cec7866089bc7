"""When what was handed in, where the instructor knows it: `submissions.csv` beside the hand-ins."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from ..common.records import Refused
from ..common.text import escaped
from .archive import Entry, ReadLimits, Unreadable

TIMES = "submissions.csv"


def read_times(
    entries: Sequence[Entry], limits: ReadLimits
) -> tuple[dict[str, datetime], list[Refused]]:
    """The time of handing in of each file that is named, itself or by its folder at the top."""
    entry = next((entry for entry in entries if entry.path == TIMES), None)
    if entry is None:
        return {}, []
    try:
        text = entry.read(limits.file_bytes).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except (Unreadable, UnicodeDecodeError, csv.Error) as error:
        return {}, [Refused(TIMES, f"cannot be read: {escaped(str(error))}")]
    if rows and not {"file", "submitted"} <= rows[0].keys():
        return {}, [Refused(TIMES, "needs the columns file and submitted")]
    known = {entry.path for entry in entries} | {entry.parts[0] for entry in entries}
    told, refused = {}, []
    for number, row in enumerate(rows, start=2):
        file, text = row["file"] or "", row["submitted"] or ""
        when = _time(text)
        if file not in known:
            reason = f"there is no file {escaped(file)!r}"
        elif when is None:
            reason = f"{escaped(text)!r} is no time like 2026-03-01T23:59:00+01:00"
        else:
            told[file] = when
            continue
        refused.append(Refused(f"{TIMES}, row {number}", reason))
    found = {one.path: told.get(one.path, told.get(one.parts[0])) for one in entries}
    return {path: when for path, when in found.items() if when}, refused


def _time(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return when if when.tzinfo else None
