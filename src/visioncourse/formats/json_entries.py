"""JSON files whose entries are checked one by one, so that a message can name the entry."""

import json
import math
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

FilePath = str | PathLike[str]


def read_json(path: FilePath) -> Any:
    """The file's content, or a ValueError that names the file and the line."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: no JSON, {error.msg}") from None
    except RecursionError:
        raise ValueError(f"{path}: lists in lists, too deep to be read") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: no UTF-8 text at byte {error.start}") from None


def check_distinct(path: FilePath, part: str, entries: Sequence[Any]) -> None:
    """Refuse an id that occurs twice; an entry without one is legal."""
    seen = set()
    for index, entry in enumerate(entries):
        key = entry.get("id") if isinstance(entry, dict) else None
        where = f"{path}, {part}[{index}]"
        if isinstance(key, dict | list):
            raise ValueError(f"{where}: id must be a number or a text, got {key!r:.80}")
        if key is not None and key in seen:
            raise ValueError(f"{where}: id {key} occurs twice")
        seen.add(key)


def by_id(path: FilePath, part: str, entries: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """The entries by their ids, ascending; refuse an id that occurs twice."""
    found: dict[int, dict[str, Any]] = {}
    for index, entry in enumerate(entries):
        where = f"{path}, {part}[{index}]"
        key = whole(where, entry, "id")
        if key in found:
            raise ValueError(f"{where}: id {key} occurs twice")
        found[key] = {**entry, "id": key}
    return dict(sorted(found.items()))


def whole(where: str, entry: Any, field: str) -> int:
    """A whole number of an entry; `where` stands in the message."""
    if not isinstance(entry, dict) or field not in entry:
        raise ValueError(f"{where}: must be an object with '{field}', got {entry!r:.80}")
    value = number(where, field, entry[field])
    # Above 2^53 a float is no longer the number that the file has.
    if value != int(value) or (isinstance(value, float) and abs(value) > 2**53):
        raise ValueError(f"{where}: {field} must be a whole number, got {value}")
    return int(value)


def number(where: str, field: str, value: Any) -> float:
    """A finite number of an entry."""
    try:
        legal = isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # JSON's integers may be larger than any float
        legal = False
    if not legal:
        raise ValueError(f"{where}: {field} must be a finite number, got {value!r:.80}")
    return value
