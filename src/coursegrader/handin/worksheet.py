"""Moodle's grading worksheet in any language: its columns are known by their places.

Moodle writes the identifier first, then (unless marking is anonymous) the full name and what else
the site shows of people, the status, the team where there are teams; then grade, maximum, whether
the grade can be changed, and the times; and last the comment, where comments are enabled. All
headers are in the language of whoever downloads, and must be the same when it goes back.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ..common.tables import Table
from ..common.text import parsed

_IDENTIFIER = re.compile(r"\D*?\s*(\d+)")


@dataclass(frozen=True)
class Places:
    """The columns of a worksheet; None where there is none."""

    identifier: int
    name: int | None
    grade: int
    maximum: int | None
    comment: int | None

    def people_columns(self) -> range:
        """Those between the name and the grade: addresses, status, team."""
        return range((self.name or self.identifier) + 1, self.grade)


def number_of_row(cell: str) -> str:
    """The number of `Participant 12345`, whatever the word before it."""
    found = _IDENTIFIER.fullmatch(cell.strip())
    return found[1] if found else ""


def is_worksheet(table: Table) -> bool:
    """Whether the first column holds a word and a number in each row, as Moodle's."""
    cells = table.column(0) if table.header else []
    return bool(cells) and all(number_of_row(c) and not c.isdecimal() for c in cells)


def places(table: Table, source: Path | str, *, grade: str = "", comment: str = "") -> Places:
    """Find the columns.

    Args:
        table: the worksheet.
        source: where it came from, for messages.
        grade: the header of the grades, where the places do not tell.
        comment: the header of the comments, likewise.

    Raises:
        ValueError: it is no worksheet, or it has no such column.
    """
    if not is_worksheet(table) and table.rows:
        raise ValueError(
            f"{source} is no grading worksheet: its first column must hold “Participant 12345” or "
            "the like; in Moodle, download the worksheet again"
        )
    maximum = None if grade else _maximum(table)
    if grade:
        place = _named(table, grade, source)
        maximum = place + 1 if place + 1 < len(table.header) and _is_maximum(table, place) else None
    elif maximum is not None:
        place = maximum - 1
    else:
        raise ValueError(
            f"{source} has no grade beside a maximum that is the same in every row: where Moodle "
            "grades by a scale, let it grade by points; else name the column with --grade-column, "
            f"one of {', '.join(table.header)}"
        )
    name = 1 if place >= 3 and _is_name(table) else None
    found = _named(table, comment, source) if comment else _comment(table, maximum or place)
    return Places(0, name, place, maximum, found)


def _named(table: Table, header: str, source: Path | str) -> int:
    if header not in table.header:
        raise ValueError(f"{source} has no column {header!r}; it has {', '.join(table.header)}")
    return table.header.index(header)


def _maximum(table: Table) -> int | None:
    """The first column of one number, right of a column of grades."""
    places = range(2, len(table.header))
    return next((k for k in places if _is_maximum(table, k - 1)), None)


def _is_maximum(table: Table, grade: int) -> bool:
    values = set(table.column(grade + 1))
    if len(values) != 1 or not _is_number(*values):
        return False
    return all(not cell or cell == "-" or _is_number(cell) for cell in table.column(grade))


def _is_number(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return False
    return True


def _is_name(table: Table) -> bool:
    """Where marking is anonymous there stands the status, which is the same for many."""
    cells = table.column(1)
    return len(set(cells)) == len(cells) or len(set(cells)) > len(cells) // 2


def _comment(table: Table, after: int) -> int | None:
    """The column right of the two times, which Moodle calls alike in each language: `… (…)`."""
    right = range(after + 1, len(table.header))
    times = [k for k in right if table.header[k].endswith((")", "）"))]
    # A time is `-` before there is one; a comment is empty.
    full = [k for k in right if all(table.column(k))]
    last = times[1] if len(times) > 1 else max(full, default=len(table.header))
    return last + 1 if last + 1 < len(table.header) else None
