"""The class and one student as text, for a terminal."""

from collections.abc import Iterable, Sequence

from ..common.records import Person, Refused
from ..common.text import escaped, number
from ..gradebook.grades import Attempt, Grade


def class_listing(grades: Sequence[Grade], refused: Iterable[Refused] = ()) -> str:
    """A line for each student: points, attempts, and what needs a look; then what was refused."""
    rows = [("student", "points", "attempts", "")]
    rows += [(escaped(g.label), number(g.total), str(g.attempts), _about(g)) for g in grades]
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    lines = [
        f"{who:<{widths[0]}}  {points:>{widths[1]}}  {times:>{widths[2]}}  {about}".rstrip()
        for who, points, times, about in rows
    ]
    lines += [f"refused {escaped(one.name)}: {one.reason}" for one in refused]
    return "\n".join(lines)


def _about(grade: Grade) -> str:
    attempt, parts = grade.chosen, []
    if attempt.result.status != "graded":
        parts.append(attempt.result.reason)
    if attempt.team:
        parts.append(f"with the group {escaped(attempt.team)}")
    if attempt.unknown:
        parts.append("not on the class list")
    if grade.late:
        parts.append(grade.late)
    if grade.stale:
        parts.append("by tests that have changed")
    return "; ".join(parts)


def student_listing(person: Person, grade: Grade | None, attempts: Iterable[Attempt]) -> str:
    """All that the gradebook knows of one student or group."""
    lines = [escaped(person.label)]
    if person.logins:
        lines.append(f"also called {', '.join(map(escaped, person.logins))}")
    lines.append(f"through {person.system}" if person.system else "without a course system")
    for one in attempts:
        when = f", {one.submitted.isoformat()}" if one.submitted else ""
        counts = " (counts)" if grade and one.result.id == grade.chosen.result.id else ""
        points = f"{number(one.result.earned)} points"
        lines.append(f"attempt {one.attempt}: {escaped(one.filename)}{when}, {points}{counts}")
    if grade is None:
        return "\n".join(lines)
    about = f" ({_about(grade)})" if _about(grade) else ""
    lines.append(f"{number(grade.total)} of {number(grade.points)} points{about}")
    for test in grade.chosen.result.tests:
        given = grade.manual.overrides.get(test.name)
        by_hand = f", {number(given.earned)} by hand: {given.comment}" if given else ""
        lines.append(f"  {test.name}  {number(test.earned)}/{number(test.points)}{by_hand}")
    if grade.adjustment or grade.comment:
        lines.append(f"by hand: {number(grade.adjustment)} points, {grade.comment or 'no comment'}")
    return "\n".join(lines)
