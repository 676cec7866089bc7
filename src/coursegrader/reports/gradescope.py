"""Gradescope's `results.json`, one for each student."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..common.files import write_atomically
from ..common.text import number, safe_name
from ..gradebook.grades import Grade, decimal


def write_gradescope(folder: Path, grades: Sequence[Grade]) -> dict[str, Path]:
    """Write a `results.json` as Gradescope reads it for each student; return where."""
    paths = {}
    for one in grades:
        paths[one.student] = Path(folder) / f"{safe_name(one.student)}.json"
        text = json.dumps(gradescope_results(one), indent=1, allow_nan=False)
        write_atomically(paths[one.student], text)
    return paths


def gradescope_results(one: Grade) -> dict:
    """What Gradescope shows; the score counts the deduction and adjustment, which no test has."""
    result = one.chosen.result
    notes = [result.reason, *result.problems, one.comment]
    if one.deduction:
        notes.insert(0, f"{one.late}, {number(one.deduction)} points")
    tests = []
    for test in result.tests:
        override = one.manual.overrides.get(test.name)
        earned = override.earned if override else decimal(test.earned)
        # A broken test is the instructor's to see.
        hidden = test.hidden or test.outcome == "error"
        tests.append(
            {
                "name": test.title or test.name,
                "score": float(earned),
                "max_score": test.points,
                "status": "passed" if earned == decimal(test.points) else "failed",
                "output": "\n".join(filter(None, [test.message, override and override.comment])),
                "output_format": "text",
                "visibility": "hidden" if hidden else "visible",
            }
        )
    # Without `execution_time`: code that takes its time could tell of a hidden input by it.
    return {
        "score": float(one.total),
        "output": "\n".join(note for note in notes if note),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
