"""What a group handed in belongs to each of its members; who these are, a table tells."""

from collections.abc import Sequence
from dataclasses import replace

from ..common.records import UNTOLD, Person, Refused, Submission
from ..common.text import escaped
from .class_list import Groups
from .whose import CANVAS, MOODLE

GROUP = "group"  # the system of a group: it is none of the people with numbers


def in_groups(
    submissions: Sequence[Submission], groups: Groups | None, people: Sequence[Person]
) -> tuple[list[Submission], list[Refused]]:
    """The hand-ins of groups with their members, all others as they are, and what is refused.

    Args:
        submissions: of a class.
        groups: who belongs together; None where nobody said so.
        people: the class, in which members are looked up.
    """
    taken, refused = [], []
    for one in submissions:
        try:
            taken.append(_one(one, groups, people))
        except ValueError as error:
            refused.append(Refused(escaped(f"{one.name}: {one.filename}"), str(error)))
    return taken, refused


def _one(one: Submission, groups: Groups | None, people: Sequence[Person]) -> Submission:
    if one.members:  # Gradescope tells them itself
        return _of_group(one, one.name, one.members)
    found = groups.find(one.name, one.platform_id, one.system) if groups else None
    if found:
        group, members = found
        return _of_group(one, group, [_member(who, one.system, people) for who in members])
    if groups and one.system == MOODLE:
        # Moodle's numbers are those of groups here: the same one may be another person's.
        raise ValueError(
            f"is of no group in {groups.source}: write its members there, or grade without --groups"
        )
    return one


def _of_group(one: Submission, group: str, members: Sequence[Person]) -> Submission:
    return replace(
        one,
        student=f"{GROUP} {group}",
        name=group,
        system=GROUP,
        platform_id="",
        members=tuple(members),
    )


def _member(who: str, system: str, people: Sequence[Person]) -> Person:
    text = who.casefold()
    known = [
        one for one in people if text in map(str.casefold, (one.student, one.name, *one.logins))
    ]
    if len(known) == 1:
        return known[0]
    if known:
        raise ValueError(f"has a member {who!r}, who may be one of several: give the number")
    if not who.isdecimal():
        return Person(who, who)
    return Person(who, who, who, system if system in (CANVAS, MOODLE) else UNTOLD)
