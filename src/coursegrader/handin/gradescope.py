"""Gradescope's export: a folder for each submission, and a file that tells whose they are and when.

`submission_metadata.yml` has for each folder, such as `submission_301`, the submitters with name,
number (`:sid`) and address, and the time. It is Gradescope's own, so it is believed; but what
students' programs printed stands in it, too, so nothing else is read, and no YAML makes objects.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

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
    numbers = [_number(one) for one in people]
    if not people or not all(numbers):
        return NobodyError(f"{METADATA} tells no submitter of {folder}: download the export again")
    # A group is its members: the number of the submission is another one each time.
    several = len(people) > 1
    return Owner(
        name=" & ".join(_text(one.get(":name")) or _number(one) for one in people),
        filename="",
        number="+".join(sorted(numbers)) if several else numbers[0],
        system=GRADESCOPE,
        submitted=_time(facts.get(":created_at")),
        members=tuple(numbers) if several else (),
    )


def _number(person: Mapping[str, Any]) -> str:
    """The student's number, or where the course has none the address."""
    return _text(person.get(":sid")) or _text(person.get(":email"))


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _time(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo else None
