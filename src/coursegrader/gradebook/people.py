"""Who is in a class: one person is one row, however the name is written.

The key of a person is the course system's number, or the name where no system gives numbers. A
number means nothing without its system: the same one from another system is somebody else, who is
refused. Names may change from download to download; the newest is shown.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from ..common.records import UNTOLD, Person, Refused, Submission, labels_of
from ..common.text import encodable, same_letters
from .file import Part


def _is_another(one: Person, known: Mapping[str, Person]) -> bool:
    """Whether somebody else has this key: a number of one system is not that of another."""
    old = known.get(one.student, one)
    return UNTOLD not in (old.system, one.system) and old.system != one.system


def _by_name(people: Iterable[Person]) -> dict[str, list[Person]]:
    """The people of the class list by all that they are called."""
    called: dict[str, list[Person]] = defaultdict(list)
    for one in people:
        if one.on_roster:
            for name in set(map(str.casefold, (one.student, one.name, *one.logins))):
                called[name].append(one)
    return called


def _as_on_list(one: Submission, called: Mapping[str, Sequence[Person]]) -> Submission:
    """A file or folder is called after a student of the class list, perhaps by a login name."""
    found = called.get(one.name.casefold(), ())
    if one.system or len(found) != 1:
        return one
    (person,) = found
    return replace(
        one,
        student=person.student,
        name=person.name,
        platform_id=person.number,
        system=person.system,
    )


# Who left the class before doing anything; whoever has a result, a mark or a group stays.
_FORGET = """
DELETE FROM person WHERE assignment = ? AND NOT on_roster AND NOT EXISTS (
    SELECT 1 FROM submission AS own WHERE own.assignment = person.assignment
        AND own.student = person.student
    UNION SELECT 1 FROM mark AS own WHERE own.assignment = person.assignment
        AND own.student = person.student
    UNION SELECT 1 FROM member WHERE member.assignment = person.assignment
        AND person.student IN (member.team, member.student)
)
"""


class People(Part):
    """The people of a gradebook's assignments."""

    def all(self, assignment: str) -> list[Person]:
        """Everybody, ordered by name."""
        query = """
            SELECT student, name, number, system, logins, on_roster FROM person
            WHERE assignment = ? ORDER BY name COLLATE NOCASE, student
        """
        return [
            Person(*facts, tuple(json.loads(logins)), bool(on_roster))
            for *facts, logins, on_roster in self._rows(query, assignment)
        ]

    def admit(
        self, assignment: str, submissions: Sequence[Submission]
    ) -> tuple[list[Submission], list[Refused]]:
        """Write down who handed in; refuse those whose key belongs to somebody else."""
        known = {one.student: one for one in self.all(assignment)}
        called = _by_name(known.values())
        admitted, refused, written = [], [], {}
        for one in submissions:
            one = _as_on_list(one, called)
            new = Person(one.student, one.name or one.student, one.platform_id, one.system)
            strangers = [other for other in (new, *one.members) if _is_another(other, known)]
            if strangers:
                old = known[strangers[0].student]
                whose = f"{old.label} ({old.system or 'without a course system'})"
                reason = f"has the number or name {old.student}, which is that of {whose}: "
                reason += "give it a gradebook of its own, or take that one out with remove"
                refused.append(Refused(f"{new.label}: {one.filename}", reason))
                continue
            admitted.append(one)
            written |= {other.student: other for other in one.members if other.student not in known}
            written[new.student] = new
            known[new.student] = replace(known.get(new.student, new), system=new.system)
        self._write(assignment, written.values())
        for one in admitted:
            if one.members:
                self.group(assignment, one.student, [other.student for other in one.members])
        return admitted, refused

    def enrol(self, assignment: str, people: Iterable[Person]) -> None:
        """Take this class list instead of an earlier one; who handed in stays.

        Raises:
            ValueError: a number belongs to somebody of another system.
        """
        known = {one.student: one for one in self.all(assignment)}
        people = list(people)
        for one in people:
            old = known.get(one.student)
            if old and UNTOLD not in (old.system, one.system) and old.system != one.system:
                raise ValueError(
                    f"the class list's {one.label} has the key of {old.label}, who handed in "
                    f"through {old.system or 'no course system'}: is it the list of this class?"
                )
            if old and one.system == "moodle" and not same_letters(old.name, one.name):
                raise ValueError(
                    f"number {one.number} handed in as {old.name!r} and is {one.name!r} in the "
                    f"class list: take it out with `coursegrader remove {one.student}` and grade "
                    "again, with --groups if it was a group's"
                )
        with self._transaction() as database:
            database.execute("UPDATE person SET on_roster = 0 WHERE assignment = ?", (assignment,))
        self._write(assignment, people)
        with self._transaction() as database:
            database.execute(_FORGET, (assignment,))

    def _write(self, assignment: str, people: Iterable[Person]) -> None:
        query = """
            INSERT INTO person (assignment, student, name, number, system, logins, on_roster)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (assignment, student) DO UPDATE SET
                name = iif(on_roster > excluded.on_roster, name, excluded.name),
                number = excluded.number, system = excluded.system,
                logins = iif(excluded.on_roster, excluded.logins, logins),
                on_roster = max(on_roster, excluded.on_roster)
        """
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO assignment (name) VALUES (?)", (assignment,))
            database.executemany(
                query,
                [
                    (
                        assignment,
                        encodable(one.student),
                        encodable(one.name),
                        encodable(one.number),
                        one.system,
                        json.dumps(one.logins),
                        one.on_roster,
                    )
                    for one in people
                ],
            )

    def find(self, assignment: str, wanted: str) -> Person:
        """The person of this key, or of this name and number, or the only one so called.

        Raises:
            ValueError: there is none, or there are several.
        """
        people = self.all(assignment)
        exact = {
            label: one
            for one in people
            for label in labels_of(one.student, one.name, one.number, one.system)[1:]
        }
        exact |= {name: one for one in people for name in (one.label, one.student)}
        if wanted in exact:
            return exact[wanted]
        text = wanted.casefold()
        called = [one for one in people if text in map(str.casefold, (one.name, *one.logins))]
        if len(called) == 1:
            return called[0]
        if called:
            several = ", ".join(one.label for one in called)
            raise ValueError(f"{wanted!r} may be {several}: give the number")
        labels = [one.label for one in people]
        similar = [label for label in labels if text in label.casefold()][:5]
        similar = similar or get_close_matches(wanted, [*exact])
        near = ", ".join(similar) or "none that is similar"
        raise ValueError(f"the gradebook has no student {wanted!r}; it has {near}")

    def remove(self, assignment: str, student: str) -> None:
        """Take a person out with all results and marks."""
        with self._transaction() as database:
            for table in ("submission", "mark", "reported", "member", "person"):
                database.execute(
                    f"DELETE FROM {table} WHERE assignment = ? AND student = ?",
                    (assignment, student),
                )
            database.execute(
                "DELETE FROM member WHERE assignment = ? AND team = ?", (assignment, student)
            )

    def members(self, assignment: str) -> dict[str, list[str]]:
        """The members of each group, by the group's key."""
        found: dict[str, list[str]] = {}
        query = "SELECT team, student FROM member WHERE assignment = ? ORDER BY rowid"
        for team, student in self._rows(query, assignment):
            found.setdefault(team, []).append(student)
        return found

    def group(self, assignment: str, team: str, members: Iterable[str]) -> None:
        """These are the members of a group now."""
        with self._transaction() as database:
            database.execute(
                "DELETE FROM member WHERE assignment = ? AND team = ?", (assignment, team)
            )
            database.executemany(
                "INSERT OR IGNORE INTO member VALUES (?, ?, ?)",
                [(assignment, team, one) for one in members],
            )
