"""Moodle's grading worksheet: the one that was downloaded is filled in, or one is made.

It begins with a byte-order mark, which Moodle writes and expects.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from ..common.files import Cell, read_table, safe, table_text, write_atomically
from ..common.text import number
from ..gradebook.policy import Grade
from .tables import Unplaced, maximum_of, number_of, scaled

_MOODLE_COLUMNS = [
    "Identifier",
    "Full name",
    "Status",
    "Grade",
    "Maximum Grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
]


def write_moodle_csv(
    path: Path, grades: Sequence[Grade], *, worksheet: Path | None = None, scale: bool = False
) -> list[str]:
    """Write a grading worksheet for Moodle; return the students it has no row for.

    Args:
        path: the file to write.
        grades: of the class.
        worksheet: the one downloaded from Moodle. Without it, only students with a Moodle number
            get a row.
        scale: convert the points where Moodle's maximum is another; else that is an error.

    Raises:
        ValueError: the worksheet is none, or has another maximum.
    """
    if worksheet is None:
        rows: list[list[Cell]] = [[*_MOODLE_COLUMNS]]
        for one in filter(number_of, grades):
            row: list[Cell] = [f"Participant {number_of(one)}", one.name, "Submitted for grading"]
            row += [min(one.total, one.points), one.points, "Yes", "-", "-", _comment(one)]
            rows.append(row)
        write_atomically(path, table_text(rows))
        return [one.label for one in grades if len(rows) > 1 and not number_of(one)]
    table = read_table(worksheet, ("Identifier", "Grade"))
    header = [name.casefold() for name in table.header]
    place = {name: header.index(name) for name in header}
    logins = [place[name] for name in ("username", "id number", "email address") if name in place]
    unplaced = Unplaced(grades)
    for row in table.rows:
        # The word before the number is in the site's language.
        digits = re.search(r"\d*\s*$", row[place["identifier"]])
        one = unplaced.take(digits[0], *(row[k] for k in logins))
        if one is None:
            continue
        maximum = row[place["maximum grade"]] if "maximum grade" in place else ""
        most = maximum_of(maximum, worksheet)
        # Moodle passes over a grade above its maximum; the comment tells of the bonus.
        total = min(scaled(one, most, scale, worksheet), most or one.points)
        row[place["grade"]] = safe(total)
        if "feedback comments" in place:
            row[place["feedback comments"]] = safe(_comment(one))
        if "full name" in place:
            row[place["full name"]] = safe(row[place["full name"]])
    write_atomically(path, table.text())
    return unplaced.students


def _comment(one: Grade) -> str:
    parts = [f"{number(one.total)} of {number(one.points)} points."]
    if one.deduction:
        parts.append(f"{one.late[:1].upper()}{one.late[1:]} ({number(one.deduction)} points).")
    parts += [one.chosen.result.reason, one.comment]
    return " ".join(part for part in parts if part)
