"""Everybody's attempts: a student's own, those of the group, or the sign that there are none."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..common.records import Person, Result
from .grades import NOT_TOUCHED, Attempt, Manual

NOTHING = "nothing was handed in"


def attempts_of_everyone(
    people: Sequence[Person], members: Mapping[str, Sequence[str]], attempts: Iterable[Attempt]
) -> list[tuple[Person, list[Attempt]]]:
    """Each person with at least one attempt; a group stands for its members, who each have its."""
    has_roster = any(one.on_roster for one in people)
    own: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        own[attempt.student].append(attempt)
    teams = {one.student: one for one in people if one.student in members}
    of_team: dict[str, list[Attempt]] = defaultdict(list)
    for key, team in teams.items():
        for student in members[key]:
            of_team[student] += [replace(one, team=team.name) for one in own[key]]
    everyone = []
    for person in people:
        if person.student in teams:
            continue
        theirs = [*own[person.student], *of_team[person.student]] or [_missing(person)]
        facts = {"student": person.student, "name": person.name, "platform_id": person.number}
        facts |= {"system": person.system, "unknown": has_roster and not person.on_roster}
        everyone.append((person, [replace(one, **facts) for one in theirs]))
    return everyone


def _missing(person: Person) -> Attempt:
    result = Result(person.student, "not_graded", NOTHING)
    return Attempt(person.student, person.number, "", 0, None, False, result)


def in_order(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those by today's tests, if any could be graded by them, in the order of handing in.

    The order is that of the times, if all are known; else of the course system's numbers of the
    files, if it gave all a number; else of the runs in which they were seen last.
    """
    if all(one.submitted for one in attempts):
        # Instants, not what clocks showed: at the end of summer time they show an hour twice.
        attempts = sorted(attempts, key=lambda one: (one.submitted.timestamp(), one.upload))
    elif all(one.upload for one in attempts):
        attempts = sorted(attempts, key=lambda one: one.upload)
    else:
        attempts = sorted(attempts, key=lambda one: one.seen)
    counted = [
        replace(one, attempt=place) if one.attempt else one
        for place, one in enumerate(attempts, start=1)
    ]
    todays = [one for one in counted if not one.stale]
    return todays if any(one.result.tests for one in todays) else counted


def manual_of(
    student: str, members: Mapping[str, Sequence[str]], manual: Mapping[str, Manual]
) -> Manual:
    """What an instructor gave the student, together with what the group was given."""
    both = NOT_TOUCHED
    for key in (*(team for team, theirs in members.items() if student in theirs), student):
        one = manual.get(key, NOT_TOUCHED)
        both = Manual(
            both.adjustment + one.adjustment,
            " ".join(filter(None, (both.comment, one.comment))),
            {**both.overrides, **one.overrides},
        )
    return both
