"""Moodle: its grading worksheet is filled in, whole and in its language; feedback as a zip.

The columns are found by their places (`handin/worksheet.py`). What goes back is UTF-8, with the
separator, the decimal sign and the byte-order mark that were found.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..common.files import write_atomically
from ..common.tables import Cell, read_table, safe, table_text
from ..common.text import number, same_letters
from ..gradebook.grades import Grade
from ..handin.whose import MOODLE
from ..handin.worksheet import number_of_row, places
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
    path: Path,
    grades: Sequence[Grade],
    *,
    worksheet: Path | None = None,
    scale: bool = False,
    grade_column: str = "",
    comment_column: str = "",
) -> list[str]:
    """Write a grading worksheet for Moodle; return the students it has no row for.

    Args:
        path: the file to write.
        grades: of the class.
        worksheet: the one downloaded from Moodle, in any language. Without it, only students with
            a Moodle number get a row, and the headers are English.
        scale: convert the points where Moodle's maximum is another; else that is an error.
        grade_column: the header of the grades, where the places do not tell.
        comment_column: the header of the comments, likewise.

    Raises:
        ValueError: the worksheet is none, or has another maximum.
    """
    if worksheet is None:
        rows = [_MOODLE_COLUMNS, *(_row(one) for one in grades if number_of(one, MOODLE))]
        write_atomically(path, table_text(rows))
        return [one.label for one in grades if len(rows) > 1 and not number_of(one, MOODLE)]
    table = read_table(worksheet)
    at = places(table, worksheet, grade=grade_column, comment=comment_column)
    comma = table.has_comma(*(k for k in (at.grade, at.maximum) if k is not None))
    unplaced, strangers = Unplaced(grades, MOODLE), []
    for row in table.rows:
        name = row[at.name] if at.name is not None else ""
        others = [row[k] for k in at.people_columns()]
        one = unplaced.take(number_of_row(row[at.identifier]), *others)
        if at.name is not None:
            row[at.name] = safe(name)
        if one is None or one.is_missing:
            continue
        if name and one.chosen.system == MOODLE and not same_letters(name, one.name):
            strangers.append(
                f"{one.label} (the number is that of {name!r} there: if a group handed in, grade "
                "again with --groups)"
            )
            continue
        most = maximum_of(row[at.maximum] if at.maximum is not None else "", worksheet)
        # Moodle passes over a grade above its maximum; the comment tells of the bonus.
        total = min(scaled(one, most, scale, worksheet), most or one.points)
        row[at.grade] = safe(total, comma=comma)
        if at.comment is not None:
            row[at.comment] = safe(_comment(one))
    write_atomically(path, table.text())
    return [*strangers, *unplaced.students]


def _row(one: Grade) -> list[Cell]:
    row: list[Cell] = [f"Participant {one.platform_id}", one.name, "Submitted for grading"]
    return [*row, min(one.total, one.points), one.points, "Yes", "-", "-", _comment(one)]


def _comment(one: Grade) -> str:
    parts = [f"{number(one.total)} of {number(one.points)} points."]
    if one.deduction:
        parts.append(f"{one.late[:1].upper()}{one.late[1:]} ({number(one.deduction)} points).")
    parts += [one.chosen.result.reason, one.comment]
    return " ".join(part for part in parts if part)


def write_moodle_feedback(path: Path, grades: Sequence[Grade], pages: Mapping[str, Path]) -> None:
    """Write the pages as the zip that Moodle takes: *Upload multiple feedback files in a zip*.

    Moodle finds the student by the folder, called as in its own download:
    `NAME_NUMBER_assignsubmission_file_`.

    Args:
        path: the zip.
        grades: of the class; those without a Moodle number are left out.
        pages: the page of each student, by key.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in grades:
            if not number_of(one, MOODLE):
                continue
            # Moodle reads the number between the first two underscores.
            name = "".join(c if c.isalnum() else " " for c in one.name).strip() or "-"
            folder = f"{name}_{one.platform_id}_assignsubmission_file_"
            # The same pages make the same zip.
            entry = zipfile.ZipInfo(f"{folder}/feedback.html", (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, pages[one.student].read_bytes())
    write_atomically(path, file.getvalue())
