"""Gradescope's export: a folder for each submission, and a file that tells whose they are and when.

`submission_metadata.yml` has for each folder, such as `submission_301`, the submitters with name,
number (`:sid`) and address, and the time. It is Gradescope's own, so it is believed; but what
students' programs printed stands in it, too, so nothing else is read, and no YAML makes objects.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..common.records import Person
from .whose import GRADESCOPE, NobodyError, Owner

METADATA = "submission_metadata.yml"


def owners(text: str) -> dict[str, Owner | NobodyError]:
    """Who handed in each folder, by its name, or why it cannot be told; `filename` is empty.

    Raises:
        NobodyError: the text is not Gradescope's.
    """
    import yaml

    try:
        # The C parser is fifty times faster, and some machines lack it.
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NobodyError(f"cannot be read: {error}") from error
    if not isinstance(data, Mapping):
        raise NobodyError("holds no submissions: is it Gradescope's?")
    return {str(folder): _owner(str(folder), facts) for folder, facts in data.items()}


def _owner(folder: str, facts: Any) -> Owner | NobodyError:
    facts = facts if isinstance(facts, Mapping) else {}
    people = facts.get(":submitters")
    people = [one for one in people if isinstance(one, Mapping)] if isinstance(people, list) else []
    members = [_person(one) for one in people]
    if not members or not all(one.student for one in members):
        return NobodyError(f"{METADATA} tells no submitter of {folder}: download the export again")
    # A group is its members: the number of the submission is another one each time.
    members.sort(key=lambda one: one.student)
    return Owner(
        name=" & ".join(one.name for one in members),
        filename="",
        number="+".join(one.student for one in members),
        system=GRADESCOPE,
        submitted=_time(facts.get(":created_at")),
        members=tuple(members) if members[1:] else (),
    )


def _person(facts: Mapping[str, Any]) -> Person:
    """Known by the student's number, or where the course has none by the address."""
    email = _text(facts.get(":email"))
    number = _text(facts.get(":sid")) or email
    return Person(number, _text(facts.get(":name")) or number, number, GRADESCOPE, (email,))


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _time(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo else None
