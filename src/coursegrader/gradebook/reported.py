"""What changed since the last run: who is new, and whose total is another one than was reported."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from .file import Part
from .grades import Grade, decimal


@dataclass
class Changes:
    """Between two runs."""

    new: list[Grade] = field(default_factory=list)
    changed: list[tuple[Grade, Decimal]] = field(default_factory=list)  # with the total of before


class Reported(Part):
    """The totals that the last run reported, of each assignment."""

    def changes(self, assignment: str, grades: Iterable[Grade]) -> Changes:
        """What these grades change; one of nobody's work and nobody's mark is no news."""
        query = "SELECT student, total FROM reported WHERE assignment = ?"
        before = {student: decimal(total) for student, total in self._rows(query, assignment)}
        found = Changes()
        for one in filter(_is_news, grades):
            if one.student not in before:
                found.new.append(one)
            elif one.total != before[one.student]:
                found.changed.append((one, before[one.student]))
        return found

    def report(self, assignment: str, grades: Iterable[Grade]) -> None:
        """These are the totals now."""
        rows = [(assignment, one.student, str(one.total)) for one in grades if _is_news(one)]
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO assignment (name) VALUES (?)", (assignment,))
            database.execute("DELETE FROM reported WHERE assignment = ?", (assignment,))
            database.executemany("INSERT INTO reported VALUES (?, ?, ?)", rows)


def _is_news(one: Grade) -> bool:
    return one.attempts > 0 or one.total != 0
