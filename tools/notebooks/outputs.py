"""The one comparison of a cell's stored outputs with new ones.

The test (`strict_nbval.py`) and `make notebooks` (`execute.py`) share it, so an output that passes
the test is one that `make notebooks` leaves alone.
"""

import base64
import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import figures
from nbformat import NotebookNode


@dataclass(frozen=True)
class Change:
    """One way in which the outputs of a cell changed."""

    description: str
    pngs: tuple[bytes, bytes] | None = None  # stored and new, when a figure changed


def merge_streams(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Join neighbours of one stream: where the kernel cuts its text is a matter of timing."""
    merged: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and merged and merged[-1].get("name") == output.name:
            merged[-1] = NotebookNode(merged[-1], text=merged[-1].text + output.text)
        else:
            merged.append(output)
    return merged


def changes(stored: Iterable[NotebookNode], fresh: Iterable[NotebookNode]) -> list[Change]:
    """Compare everything a reader sees, in order; figures with a tolerance, the rest exactly."""
    stored, fresh = merge_streams(stored), merge_streams(fresh)
    kinds, fresh_kinds = [_kind(output) for output in stored], [_kind(output) for output in fresh]
    if kinds != fresh_kinds:
        texts = [_message(output) for output in fresh if "data" not in output]
        listing = _difference("\n".join(kinds), "\n".join(fresh_kinds))
        return [Change("\n".join(["the kinds of output differ", listing, *texts]))]
    pairs = zip(stored, fresh, strict=True)
    return [change for old, new in pairs for change in _output_changes(old, new)]


def _kind(output: NotebookNode) -> str:
    details = [output.get("name", ""), *sorted(output.get("data", ()))]
    return " ".join([output.output_type, *filter(None, details)])


def _message(output: NotebookNode) -> str:
    """What a stream or an error says; its traceback depends on the front end, so it is left out."""
    return output.text if "text" in output else f"{output.ename}: {output.evalue}"


def _output_changes(old: NotebookNode, new: NotebookNode) -> list[Change]:
    """Compare two outputs of one kind."""
    if "data" not in old:
        return _changed_text(_kind(old), _message(old), _message(new))
    found = _changed_text("metadata", old.metadata, new.metadata)
    for mime, value in old.data.items():
        if mime.endswith("image/png"):
            pngs = base64.b64decode(value), base64.b64decode(new.data[mime])
            if description := figures.difference(*pngs):
                found.append(Change(f"{mime}: {description}", pngs))
        else:
            found += _changed_text(mime, value, new.data[mime])
    return found


def _changed_text(what: str, old: Any, new: Any) -> list[Change]:
    if old == new:
        return []
    texts = [
        v if isinstance(v, str) else json.dumps(v, indent=1, sort_keys=True) for v in (old, new)
    ]
    return [Change(f"{what} differs\n{_difference(*texts)}")]


def _difference(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.split("\n"), new.split("\n"), "stored", "new", "", "", 1, "")
    return "\n".join(lines)
