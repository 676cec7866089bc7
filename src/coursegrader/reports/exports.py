"""Grades for other programs: a table, Canvas, Moodle, Gradescope.

Every file is written whole or not at all. In a table, text that a spreadsheet would run as a
formula gets a `'` in front; numbers stay numbers. `grades.csv` and Moodle's worksheet begin with a
byte-order mark, without which Excel reads UTF-8 as gibberish (Moodle writes and expects one, too);
Canvas's file has one only if the export that it fills in has.

Canvas and Moodle know students by number, which the names of handed-in files tell. Given the
course system's own export, that file is filled in: Canvas's cut down to its first columns and this
assignment, so that importing it cannot undo other grades; Moodle's whole.
"""

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from ..common.files import Cell, read_table, safe, safe_name, table_text, write_atomically
from ..gradebook.policy import Grade, decimal, rounded

_CANVAS_COLUMNS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
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


def write_grades_csv(path: Path, grades: Sequence[Grade]) -> None:
    """One row for each student; after the columns of the whole, one for each test."""
    tests = list(dict.fromkeys(test.name for one in grades for test in one.chosen.result.tests))
    header = [*_FACTS, *tests]
    rows = ([_FACTS[name](one) for name in _FACTS] + _by_test(one, tests) for one in grades)
    write_atomically(path, table_text([header, *rows]))


_FACTS: dict[str, Callable[[Grade], Cell]] = {
    "student": lambda one: one.student,
    "name": lambda one: one.name,
    "id": lambda one: one.platform_id,
    "total": lambda one: one.total,
    "points": lambda one: one.points,
    "earned": lambda one: one.earned,
    "deduction": lambda one: one.deduction,
    "adjustment": lambda one: one.adjustment,
    "late": lambda one: one.late,
    "comment": lambda one: one.comment,
    "status": lambda one: one.chosen.result.status,
    "problem": lambda one: one.chosen.result.reason,
    "attempt": lambda one: one.chosen.attempt,
    "attempts": lambda one: one.attempts,
    "submitted": lambda one: one.chosen.submitted.isoformat() if one.chosen.submitted else "",
    "file": lambda one: one.chosen.filename,
    "stale": lambda one: "yes" if one.stale else "no",
}


def _by_test(one: Grade, tests: Sequence[str]) -> list[Cell]:
    earned = {test.name: decimal(test.earned) for test in one.chosen.result.tests}
    earned |= {name: override.earned for name, override in one.manual.overrides.items()}
    return [earned.get(test, "") for test in tests]


class _Unplaced:
    """The grades that have no row yet, found by the course system's number or by a login name."""

    def __init__(self, grades: Sequence[Grade]) -> None:
        self._left = {one.student: one for one in grades}
        self._numbers = {_number(one): one.student for one in grades if _number(one)}

    def take(self, number: str, *logins: str) -> Grade | None:
        """The grade of this row, once."""
        for student in (self._numbers.get(number.strip()), *(login.strip() for login in logins)):
            if student in self._left:
                return self._left.pop(student)
        return None

    @property
    def students(self) -> list[str]:
        return list(self._left)


def _number(one: Grade) -> str:
    return one.platform_id if one.platform_id.isdecimal() else ""


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
        points = grades[0].points if grades else 0
        rows: list[list[Cell]] = [[*_CANVAS_COLUMNS, title]]
        rows.append(["    Points Possible", "", "", "", "", points])
        for one in grades:
            login = "" if _number(one) else one.student
            rows.append([one.name, _number(one), "", login, "", one.total])
        write_atomically(path, table_text(rows, bom=False))
        return []
    table = read_table(export, ("Student", "ID", "Section"))
    maximum = None
    student, number, last = (table.header.index(n) for n in ("Student", "ID", "Section"))
    column = _canvas_column(table.header, title, export)
    logins = [k for k, name in enumerate(table.header) if name in ("SIS Login ID", "SIS User ID")]
    unplaced = _Unplaced(grades)
    for row in table.rows:
        if "Points Possible" in row[student]:
            maximum = _maximum(row[column], export)
        elif one := unplaced.take(row[number], *(row[k] for k in logins)):
            # A cell that stays as it was changes nothing at import.
            row[column] = safe(_scaled(one, maximum, scale, export))
            row[student] = safe(row[student])
    table.keep([*range(last + 1), column])
    write_atomically(path, table.text())
    return unplaced.students


def _canvas_column(header: list[str], title: str, export: Path) -> int:
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
        for one in filter(_number, grades):
            row: list[Cell] = [f"Participant {_number(one)}", one.name, "Submitted for grading"]
            row += [min(one.total, one.points), one.points, "Yes", "-", "-", _comment(one)]
            rows.append(row)
        write_atomically(path, table_text(rows))
        return [one.student for one in grades if len(rows) > 1 and not _number(one)]
    table = read_table(worksheet, ("Identifier", "Grade"))
    header = [name.casefold() for name in table.header]
    place = {name: header.index(name) for name in header}
    logins = [place[name] for name in ("username", "id number", "email address") if name in place]
    unplaced = _Unplaced(grades)
    for row in table.rows:
        # The word before the number is in the site's language.
        digits = re.search(r"\d*\s*$", row[place["identifier"]])
        one = unplaced.take(digits[0], *(row[k] for k in logins))
        if one is None:
            continue
        maximum = row[place["maximum grade"]] if "maximum grade" in place else ""
        most = _maximum(maximum, worksheet)
        # Moodle passes over a grade above its maximum; the comment tells of the bonus.
        total = min(_scaled(one, most, scale, worksheet), most or one.points)
        row[place["grade"]] = safe(total)
        if "feedback comments" in place:
            row[place["feedback comments"]] = safe(_comment(one))
        if "full name" in place:
            row[place["full name"]] = safe(row[place["full name"]])
    write_atomically(path, table.text())
    return unplaced.students


def _comment(one: Grade) -> str:
    parts = [f"{one.total} of {one.points} points."]
    if one.deduction:
        parts.append(f"{one.late[:1].upper()}{one.late[1:]} ({one.deduction} points).")
    parts += [one.chosen.result.reason, one.comment]
    return " ".join(part for part in parts if part)


def _maximum(text: str, source: Path) -> Decimal | None:
    try:
        return decimal(text.strip().replace(",", ".")) if text.strip() else None
    except ArithmeticError:
        raise ValueError(f"{source}: the maximum {text!r} is no number") from None


def _scaled(one: Grade, maximum: Decimal | None, scale: bool, source: Path) -> Decimal:
    """The total in the course system's points."""
    if maximum is None or maximum == one.points or not one.points:
        return one.total
    if not scale:
        raise ValueError(
            f"{source}: the maximum there is {maximum}, the tests have {one.points} points; "
            "make them equal, or convert with --scale"
        )
    return rounded(one.total * maximum / one.points)


def write_gradescope(folder: Path, grades: Sequence[Grade]) -> dict[str, Path]:
    """Write a `results.json` as Gradescope reads it for each student; return where."""
    paths = {}
    for one in grades:
        paths[one.student] = Path(folder) / f"{safe_name(one.student)}.json"
        text = json.dumps(gradescope_results(one), indent=1, allow_nan=False)
        write_atomically(paths[one.student], text)
    return paths


def gradescope_results(one: Grade) -> dict:
    """What Gradescope shows; the score counts the deduction and adjustment, which no test has."""
    result = one.chosen.result
    notes = [result.reason, *result.problems, one.comment]
    if one.deduction:
        notes.insert(0, f"{one.late}, {one.deduction} points")
    tests = []
    for test in result.tests:
        override = one.manual.overrides.get(test.name)
        earned = override.earned if override else decimal(test.earned)
        # A broken test is the instructor's to see.
        hidden = test.hidden or test.outcome == "error"
        tests.append(
            {
                "name": test.title or test.name,
                "score": float(earned),
                "max_score": test.points,
                "status": "passed" if earned == decimal(test.points) else "failed",
                "output": "\n".join(filter(None, [test.message, override and override.comment])),
                "output_format": "text",
                "visibility": "hidden" if hidden else "visible",
            }
        )
    # Without `execution_time`: code that takes its time could tell of a hidden input by it.
    return {
        "score": float(one.total),
        "output": "\n".join(note for note in notes if note),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
