"""Who is in the class, and who is in which group: from a course system's own table, or a plain one.

Known by their columns are Canvas's gradebook and its export of groups, Moodle's grading worksheet
in any language, and Gradescope's roster. A table of your own has a column `student` or `name`, and
if you like `id` (the course system's number), `group`, and others such as `login` or `email`, by
which the students may be called, too.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..common.records import UNTOLD, Person
from ..common.tables import Table, read_table
from ..common.text import letters
from .whose import CANVAS, GRADESCOPE, MOODLE
from .worksheet import is_worksheet, number_of_row, places

Row = dict[str, str]


def read_people(path: Path) -> list[Person]:
    """Everybody in a table.

    Raises:
        ValueError: it cannot be read, or two people have one number.
    """
    table = read_table(path)
    people = _people(table, path)
    if not people:
        raise ValueError(f"{path} holds nobody: is it the right table?")
    names: dict[str, set[str]] = defaultdict(set)
    for one in people:
        names[one.student].add(one.name)
    for key, several in names.items():
        if len(several) > 1:
            raise ValueError(f"{path}: {' and '.join(sorted(several))} both have the number {key}")
    return list({one.student: one for one in people}.values())


def _people(table: Table, path: Path) -> list[Person]:
    header = {name.strip().casefold() for name in table.header}
    rows = _rows(table)
    if {"id", "section"} <= header and header & {"student", "lastname"}:
        return list(filter(None, map(_of_canvas, rows)))
    if {"canvas_user_id", "name"} <= header:
        return [_person(row, "canvas_user_id", row["name"], CANVAS, "login_id") for row in rows]
    if {"email", "sid"} <= header:
        return list(filter(None, map(_of_gradescope, rows)))
    if is_worksheet(table):
        return _of_moodle(table, path)
    if header & {"student", "name"}:
        return [_of_own(row) for row in rows]
    raise ValueError(
        f"{path} has no column student or name, and is no table of Canvas, Moodle or Gradescope"
    )


def _rows(table: Table) -> list[Row]:
    header = [name.strip().casefold() for name in table.header]
    rows = [dict(zip(header, (c.strip() for c in row), strict=True)) for row in table.rows]
    return [row for row in rows if any(row.values())]


def _person(row: Row, number: str, name: str, system: str, *logins: str) -> Person:
    others = tuple(dict.fromkeys(row[key] for key in logins if row.get(key)))
    key = row.get(number) or name
    return Person(key, name or key, row.get(number, ""), system, others, on_roster=True)


def _of_canvas(row: Row) -> Person | None:
    parts = filter(None, (row.get("lastname"), row.get("firstname")))
    name = row.get("student") or ", ".join(parts)
    # The rows of the points and of Canvas's test student are nobody's.
    if not row["id"] or name == "Student, Test":
        return None
    return _person(row, "id", name, CANVAS, "sis login id", "sis user id")


def _of_gradescope(row: Row) -> Person | None:
    if row.get("role", "Student").casefold() not in ("", "student"):
        return None
    full = row.get("name") or " ".join(filter(None, (row.get("first name"), row.get("last name"))))
    return _person(row, "sid" if row["sid"] else "email", full, GRADESCOPE, "email")


def _of_moodle(table: Table, path: Path) -> list[Person]:
    at = places(table, path)
    people = []
    for row in table.rows:
        number = number_of_row(row[at.identifier])
        name = row[at.name].strip() if at.name is not None else number
        logins = tuple(row[k].strip() for k in at.people_columns() if "@" in row[k])
        people.append(Person(number, name, number, MOODLE, logins, on_roster=True))
    return people


def _of_own(row: Row) -> Person:
    name = row.get("name") or row.get("student") or row.get("id", "")
    known = {"name", "id", "group", "section"}
    person = _person(row, "id", name, UNTOLD, *(key for key in row if key not in known))
    if not person.number:
        key = row.get("student") or name
        return Person(key, name, "", "", person.logins, on_roster=True)
    return person


@dataclass(frozen=True)
class Groups:
    """Who belongs together: rows of group, its number in the course system, and a member."""

    rows: tuple[tuple[str, str, str], ...]
    source: str = ""

    def find(self, name: str, number: str, system: str) -> tuple[str, list[str]] | None:
        """The group that handed in, and what its members are called; None if it is none.

        Moodle gives the number of the group, Canvas that of one member; both give the name.

        Raises:
            ValueError: several groups have this name.
        """
        if system == CANVAS:
            found = {group for group, _, who in self.rows if who == number}
        else:
            wanted = letters(name)
            found = {
                group
                for group, its_number, _ in self.rows
                if (number and its_number == number) or letters(group) == wanted
            }
        if len(found) > 1:
            raise ValueError(f"may be the group {' or '.join(sorted(found))}")
        if not found:
            return None
        (group,) = found
        return group, [who for one, _, who in self.rows if one == group]


def read_groups(path: Path, handed_in: Iterable[str] = ()) -> Groups:
    """The members of all groups: `group,member`, Canvas's export of groups, Moodle's worksheet.

    Args:
        path: the table.
        handed_in: names under which groups handed in; they tell the worksheet's column of teams.

    Raises:
        ValueError: it cannot be read or tells no groups.
    """
    table = read_table(path)
    header = {name.strip().casefold() for name in table.header}
    if "canvas_user_id" in header:
        columns = ("group_name", "canvas_group_id", "canvas_user_id")
    elif {"group", "member"} <= header:
        columns = ("group", "number", "member")
    elif is_worksheet(table):
        return Groups(_teams(table, path, list(handed_in)), str(path))
    else:
        raise ValueError(f"{path} needs the columns group and member, or is Canvas's or Moodle's")
    rows = [tuple(row.get(key, "") for key in columns) for row in _rows(table)]
    return Groups(tuple(row for row in rows if row[0] and row[2]), str(path))


def _teams(table: Table, path: Path, handed_in: list[str]) -> tuple[tuple[str, str, str], ...]:
    """The one column in which most of the hand-ins are named is that of the teams.

    A team may be called like a status; it takes nobody's points as long as the others are not.
    """
    at = places(table, path)
    names = set(map(letters, handed_in))
    hits = {k: len(names & set(map(letters, table.column(k)))) for k in at.people_columns()}
    best = [k for k, count in hits.items() if count and count == max(hits.values())]
    if len(best) != 1:
        raise ValueError(
            f"{path} does not tell the teams: give a table with the columns group and member"
        )
    numbers = [number_of_row(cell) for cell in table.column(at.identifier)]
    teams = zip(table.column(best[0]), numbers, strict=True)
    return tuple((team, "", number) for team, number in teams if team)
