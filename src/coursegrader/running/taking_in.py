"""What was handed in, and by whom: files, class list and groups meet in the gradebook."""

from pathlib import Path

from ..authoring.assignment import Assignment
from ..authoring.solution import own_solution
from ..common.records import Refused, Submission
from ..gradebook import Gradebook
from ..handin.choice import cells_of
from ..handin.class_list import read_groups, read_people
from ..handin.intake import collect
from ..handin.teams import in_groups
from ..handin.whose import MOODLE


def take_in(
    path: Path,
    assignment: Assignment,
    gradebook: Gradebook,
    *,
    file_times: bool = False,
    system: str = "",
    roster: Path | None = None,
    groups: Path | None = None,
) -> tuple[list[Submission], list[Refused]]:
    """The submissions of known people, who stand in the gradebook now, and what was refused.

    Args:
        path: a folder, an archive or one file.
        assignment: what was to be done.
        gradebook: where the people are.
        file_times: take the times of the files as the times of handing in.
        system: where names fit several course systems: `canvas`, `moodle`, `folder`.
        roster: a table of the class, kept in the gradebook.
        groups: a table of the members of groups.

    Raises:
        ValueError: the path is not there, or a table cannot be used.
    """
    people, name = gradebook.people, assignment.name
    if roster:
        people.enrol(name, read_people(roster))
    everybody = people.all(name)
    # Where teams hand in, Moodle's numbers are those of teams, not of people.
    known = {
        one.number: one.name
        for one in everybody
        if one.on_roster and one.number and not (groups and one.system == MOODLE)
    }
    submissions, refused = collect(
        path,
        file_times=file_times,
        data=assignment.settings.data,
        notebook=assignment.settings.notebook,
        required=assignment.settings.required,
        cells=cells_of(own_solution(assignment)),
        known=known,
        system=system,
    )
    members = read_groups(groups, [one.name for one in submissions]) if groups else None
    submissions, in_no_group = in_groups(submissions, members, everybody)
    submissions, strangers = people.admit(name, submissions)
    return submissions, [*refused, *in_no_group, *strangers]
