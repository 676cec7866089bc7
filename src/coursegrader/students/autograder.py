"""What Gradescope calls for each submission: `python -m coursegrader.students.autograder HOME`.

A result that was graded elsewhere is handed out; without one, the visible tests run. The code of
the student runs without our sandbox, on a machine that Gradescope throws away: it could write any
result, so these points are for the student to see, and marks come from `coursegrader grade`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from ..authoring.assignment import Assignment
from ..common.notebook import UnreadableError
from ..common.records import Result
from ..gradebook.counting import grade, most_points
from ..gradebook.grades import Attempt
from ..gradebook.policy import Policy
from ..reports.gradescope import gradescope_results
from .checking import check_file

SUFFIXES = (".ipynb", ".py")


def autograde(home: Path) -> dict[str, Any]:
    """The results of the submission in this folder, as Gradescope reads them."""
    graded = home / "source" / "graded"
    if (graded / "index.json").is_file():
        index = json.loads((graded / "index.json").read_text(encoding="utf-8"))
        found = [index[name] for name in _names(home) if name in index]
        if found:
            return json.loads((graded / found[0]).read_text(encoding="utf-8"))
    assignment = Assignment.load(home / "source" / "assignment")
    try:
        path = _handed_in(home / "submission", assignment.settings.notebook)
        result = check_file(path, assignment)
    except UnreadableError as error:
        return _nothing(str(error))
    attempt = Attempt(path.stem, "", path.name, 1, None, False, result)
    told = gradescope_results(grade([attempt], Policy(), most_points([result])))
    told["output"] = "\n".join(filter(None, ["These are the visible tests.", told["output"]]))
    return told


def _names(home: Path) -> list[str]:
    """What Gradescope calls those who handed in: number, address, and its part before the @."""
    path = home / "submission_metadata.json"
    users = json.loads(path.read_text(encoding="utf-8"))["users"] if path.is_file() else []
    names = []
    for user in users:
        email = str(user.get("email") or "")
        names += [str(user.get("sid") or ""), email, email.partition("@")[0]]
    return [name.casefold() for name in names if name]


def _handed_in(folder: Path, notebook: str) -> Path:
    """The notebook of the assignment, or the only file that could be it."""
    found = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
    found = [path for path in found if path.is_file() and not path.is_symlink()]
    named = [path for path in found if path.name == notebook]
    for several in (named, found):
        if len(several) == 1:
            return several[0]
    reason = "there is no notebook in it" if not found else "there are several files in it"
    raise UnreadableError(f"{reason}: hand in {notebook} alone")


def _nothing(reason: str) -> dict[str, Any]:
    result = Result("", "not_graded", reason)
    attempt = Attempt("", "", "", 1, None, False, result)
    return gradescope_results(grade([attempt], Policy(), most_points([])))


def main() -> None:
    """Write `results/results.json`."""
    home = Path(sys.argv[1])
    path = home / "results" / "results.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(autograde(home), allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()
