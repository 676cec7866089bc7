"""Canvas's gradebook: its own export is filled in, or a table in its form is made.

The export is cut down to its first columns and this assignment, so that importing it cannot undo
other grades. Headers, separator, decimal sign and byte-order mark are those that Canvas wrote.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from ..common.files import write_atomically
from ..common.tables import Cell, read_table, safe, table_text
from ..gradebook.grades import Grade
from ..handin.whose import CANVAS
from .tables import Unplaced, maximum_of, number_of, scaled

_CANVAS_COLUMNS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
_NAMES = ("Student", "LastName", "FirstName")  # two of them where Canvas is set so


def write_canvas_csv(
    path: Path,
    title: str,
    grades: Sequence[Grade],
    *,
    export: Path | None = None,
    scale: bool = False,
) -> list[str]:
    """Write what Canvas's gradebook imports; return the students it has no row for.

    Args:
        path: the file to write.
        title: the assignment's name in Canvas, with or without its number: `Lab 1 (4711)`.
        grades: of the class.
        export: Canvas's own export of the class. Without it, students without a Canvas number
            are taken for login names, and Canvas asks which assignment is meant.
        scale: convert the points where Canvas's maximum is another; else that is an error.

    Raises:
        ValueError: the export is none, lacks this assignment or has another maximum.
    """
    if export is None:
        write_atomically(path, _made(title, grades))
        return []
    table = read_table(export, ("ID", "Section"))
    names = [k for k, name in enumerate(table.header) if name in _NAMES]
    if not names:
        raise ValueError(f"{export} has no column Student; is it the right export?")
    column = _assignment_column(table.header, title, export)
    number, last = table.header.index("ID"), table.header.index("Section")
    logins = [k for k, name in enumerate(table.header) if name in ("SIS Login ID", "SIS User ID")]
    unplaced, maximum, comma = Unplaced(grades, CANVAS), None, table.has_comma(column)
    for row in table.rows:
        if "Points Possible" in row[names[0]]:
            maximum = maximum_of(row[column], export)
            continue
        one = unplaced.take(row[number], *(row[k] for k in logins))
        if one and not one.is_missing:  # a cell that stays as it was changes nothing at import
            row[column] = safe(scaled(one, maximum, scale, export), comma=comma)
        for k in names:
            row[k] = safe(row[k])
    table.keep([*range(last + 1), column])
    write_atomically(path, table.text())
    return unplaced.students


def _made(title: str, grades: Sequence[Grade]) -> str:
    """A table in Canvas's form, of those who handed in through Canvas or have a login name."""
    points = grades[0].points if grades else 0
    rows: list[list[Cell]] = [[*_CANVAS_COLUMNS, title]]
    rows.append(["    Points Possible", "", "", "", "", points])
    for one in grades:
        number = number_of(one, CANVAS)
        if not one.is_missing and (number or not one.platform_id):
            login = "" if number else one.student
            rows.append([one.name, number, "", login, "", one.total])
    return table_text(rows, bom=False)


def _assignment_column(header: list[str], title: str, export: Path) -> int:
    """The assignment's column: `Lab 1 (4711)` by its whole name, or by the name in front."""
    names = header[header.index("Section") + 1 :]
    wanted = re.escape(title.strip().casefold())
    for pattern in (wanted, rf"{wanted} \(\d+\)"):
        found = [name for name in names if re.fullmatch(pattern, name.strip().casefold())]
        if len(found) == 1:
            return header.index(found[0])
        if found:
            raise ValueError(f"{export} has several assignments {title!r}: {', '.join(found)}")
    raise ValueError(f"{export} has no assignment {title!r}; it has {', '.join(names) or 'none'}")
