"""One page for each student: the points, what to look at, and where to read about it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..common.files import write_atomically
from ..common.records import TestResult
from ..common.text import clean, number, safe_name
from ..gradebook.grades import Grade
from .pages import template, web_address
from .tasks import tasks


def write_feedback(
    folder: Path, title: str, grades: Iterable[Grade], *, book: str = ""
) -> dict[str, Path]:
    """Write a page for each student; return where.

    Args:
        folder: for the pages. A student's page keeps its name from run to run.
        title: of the assignment.
        grades: of the class.
        book: the address of the book, for a link.
    """
    shared: dict[tuple, list[Grade]] = defaultdict(list)
    for grade in grades:
        shared[_page_of(grade)].append(grade)
    paths = {}
    for same in shared.values():
        first = same[0]
        group = f"group {first.chosen.team}"
        name = safe_name(group) if same[1:] else safe_name(first.label, first.student)
        path = Path(folder) / f"{name}.html"
        names = [one.name for one in same]
        write_atomically(path, feedback_page(title, first, book=book, names=names))
        paths |= {one.student: path for one in same}
    _remove_earlier(folder, set(paths.values()))
    return paths


def _remove_earlier(folder: Path, pages: set[Path]) -> None:
    """Remove pages of the same people under names that they had before."""
    digests = {path.stem[-10:] for path in pages}
    for path in Path(folder).glob("*-??????????.html"):
        if path not in pages and path.stem[-10:] in digests:
            path.unlink()


def _page_of(grade: Grade) -> tuple:
    """The members of a group share a page, but for one who was marked by hand alone."""
    if not grade.chosen.team:
        return (grade.student,)
    manual = grade.manual
    marks = (manual.adjustment, manual.comment, tuple(sorted(manual.overrides)))
    return (grade.chosen.team, grade.chosen.result.id, grade.total, grade.late, *marks)


def feedback_page(
    title: str, grade: Grade, *, book: str = "", names: Sequence[str] | None = None
) -> str:
    """The page of one student as HTML, or of those with these names."""
    tests = [_shown(test, grade) for test in grade.chosen.result.tests]
    ran = [test for test in tests if test["outcome"] != "error"]
    seen = [test for test in ran if not test["hidden"]]
    result = grade.chosen.result
    return template("feedback.html").render(
        title=clean(title),
        grade=grade,
        names=", ".join(map(clean, names or [grade.name])),
        team=clean(grade.chosen.team),
        book=web_address(book),
        reason=clean(result.reason) if result.status == "not_graded" else "",
        problems=[clean(problem) for problem in result.problems],
        tasks=tasks(grade),
        ran=len(ran),
        passed=sum(test["passed"] for test in ran),
        failed=[test for test in seen if not test["passed"]],
        works=[test for test in seen if test["passed"]],
        hidden=[test for test in ran if test["hidden"]],
        broken=[test for test in tests if test["outcome"] == "error"],
    )


def _shown(test: TestResult, grade: Grade) -> dict[str, Any]:
    """What a student sees of a test; of a hidden or a broken one neither message nor link."""
    override = grade.manual.overrides.get(test.name)
    open_to_all = not test.hidden and test.outcome != "error"
    see = test.see if test.see and open_to_all else {}
    url = web_address(see.get("url", ""))
    earned = override.earned if override else Decimal(str(test.earned))
    return {
        "title": clean(test.title or test.name),
        "hidden": test.hidden,
        "outcome": test.outcome,
        "passed": test.outcome == "passed",
        "score": f"{number(earned)} of {number(test.points)}",
        "message": clean(test.message) if open_to_all else "",
        "link": {"url": url, "text": see.get("text") or url} if url else None,
        "override": override,
    }
