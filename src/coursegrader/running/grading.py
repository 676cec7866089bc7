"""`grade`: from files to a gradebook, batch by batch, so that it can be stopped at any moment."""

from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from ..authoring.assignment import Assignment
from ..authoring.solution import own_solution
from ..common.records import Person, Refused, Result, Submission
from ..gradebook import Gradebook
from ..gradebook.policy import Policy
from ..reports.canvas import write_canvas_csv
from ..reports.feedback import write_feedback
from ..reports.gradescope import write_gradescope
from ..reports.moodle import write_moodle_csv, write_moodle_feedback
from ..reports.report import write_report
from ..reports.tables import write_grades_csv, write_grades_xlsx
from .batch import batch_json, results_from_json
from .scheduling import ExecutorMaker, run_batches
from .taking_in import take_in

BATCH = 25  # submissions: what a killed worker loses at most


@dataclass
class Outcome:
    """What a run did."""

    graded: int = 0
    before: int = 0  # graded by an earlier run
    submissions: dict[str, Submission] = field(default_factory=dict)  # by their identities
    waiting: list[str] = field(default_factory=list)  # what was to be graded
    refused: list[Refused] = field(default_factory=list)
    not_graded: list[Result] = field(default_factory=list)
    broken_tests: dict[str, str] = field(default_factory=dict)  # by name, what one of them said

    def called(self, name: str) -> str:
        """A hand-in of this identity, for people: whose it is, and which file, if one counts."""
        one = self.submissions[name]
        who = Person(one.student, one.name, one.platform_id).label
        return who if one.reason else f"{who}: {one.filename}"

    @property
    def clean(self) -> bool:
        return not (self.refused or self.not_graded or self.broken_tests)


def grade(
    path: Path,
    assignment: Assignment,
    gradebook: Gradebook,
    make_executor: ExecutorMaker,
    *,
    batch: int = BATCH,
    regrade: bool = False,
    unsafe: bool = False,
    file_times: bool = False,
    system: str = "",
    roster: Path | None = None,
    groups: Path | None = None,
    dry_run: bool = False,
    progress: bool = True,
) -> Outcome:
    """Grade what is new in a folder or archive; everything, with `regrade`.

    Args:
        path: a folder, an archive or one file.
        assignment: what to grade by.
        gradebook: where the results go.
        make_executor: for the processes that grade.
        batch: submissions at a time.
        regrade: also what was graded before.
        unsafe: without a sandbox.
        file_times: take the times of the files as the times of handing in.
        system: where names fit several course systems: `canvas`, `moodle`, `folder`.
        roster: a table of the class, kept in the gradebook.
        groups: a table of the members of groups.
        dry_run: only find out what there is to grade; nobody's code is run.
        progress: show it.

    Raises:
        ValueError: the path is not there.
        SandboxError, AssignmentError: nothing can be graded.
    """
    submissions, refused = take_in(
        path,
        assignment,
        gradebook,
        file_times=file_times,
        system=system,
        roster=roster,
        groups=groups,
    )
    gradebook.see(assignment.name, submissions)
    gradebook.record_refused(assignment.name, refused)
    done = set() if regrade else gradebook.graded_ids(assignment.name, assignment.fingerprint)
    by_id = {submission.id: submission for submission in submissions}
    unreadable = [
        (one, Result(one.id, "not_graded", one.reason)) for one in by_id.values() if one.reason
    ]
    gradebook.record(assignment.name, assignment.fingerprint, unreadable)
    waiting = [name for name, one in by_id.items() if name not in done and not one.reason]
    outcome = Outcome(
        before=len(by_id) - len(waiting) - len(unreadable),
        submissions=by_id,
        waiting=waiting,
        refused=refused,
        not_graded=[result for _, result in unreadable],
    )
    if dry_run:
        return outcome
    batches = [waiting[start : start + batch] for start in range(0, len(waiting), batch)]
    secret, solution = gradebook.secret(assignment.name), own_solution(assignment)

    def make(ids: list[str]) -> str:
        these = [by_id[name] for name in ids]
        return batch_json(assignment, secret, these, solution=solution, unsafe=unsafe)

    with tqdm(total=len(waiting), unit="submission", disable=not (progress and waiting)) as bar:
        for ids, text, reason in run_batches(make_executor, batches, make):
            results = _results(ids, text, reason)
            pairs = [(by_id[result.id], result) for result in results]
            gradebook.record(assignment.name, assignment.fingerprint, pairs)
            _count(outcome, results)
            bar.update(len(ids))
    return outcome


def write_outputs(
    folder: Path,
    assignment: Assignment,
    gradebook: Gradebook,
    policy: Policy,
    *,
    canvas: Path | None = None,
    moodle: Path | None = None,
    scale: bool = False,
    grade_column: str = "",
    comment_column: str = "",
    xlsx: bool = False,
) -> list[str]:
    """Every export, the feedback pages and the class report; return what needs a look.

    For Moodle only with its worksheet: without the names in there, a group's number could be
    somebody else's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    title, book = assignment.settings.title, assignment.settings.book
    grades = gradebook.grades(assignment.name, policy)
    write_grades_csv(folder / "grades.csv", grades)
    if xlsx:
        write_grades_xlsx(folder / "grades.xlsx", grades)
    pages = write_feedback(folder / "feedback", title, grades, book=book)
    unmatched = write_canvas_csv(folder / "canvas.csv", title, grades, export=canvas, scale=scale)
    if moodle:
        missing = write_moodle_csv(
            folder / "moodle.csv",
            grades,
            worksheet=moodle,
            scale=scale,
            grade_column=grade_column,
            comment_column=comment_column,
        )
        placed = [
            one
            for one in grades
            if not one.is_missing and not any(line.startswith(one.label) for line in missing)
        ]
        write_moodle_feedback(folder / "moodle-feedback.zip", placed, pages)
        unmatched += missing
    write_gradescope(folder / "gradescope", grades)
    refused = gradebook.refused(assignment.name)
    write_report(folder / "report.html", title, grades, refused=refused)
    notes = [f"not in the course system's file: {student}" for student in unmatched]
    notes += [f"not on the class list: {one.label}" for one in grades if one.chosen.unknown]
    unused = policy.unused_extensions(grades)
    notes += [f"the policy's extension fits no student: {student}" for student in unused]
    return notes + [
        f"the mark by hand of {one.student} for {one.test} does not count: no such test now"
        for one in gradebook.marks_of_no_test(assignment.name)
    ]


def _results(ids: list[str], text: str | None, reason: str) -> list[Result]:
    if text is None:
        return [Result(name, "not_graded", reason) for name in ids]
    results = results_from_json(text)
    if [result.id for result in results] != ids:
        raise RuntimeError("a batch came back with other submissions than were sent")
    return results


def _count(outcome: Outcome, results: list[Result]) -> None:
    outcome.graded += len(results)
    outcome.not_graded += [result for result in results if result.status == "not_graded"]
    for test in (test for result in results for test in result.broken):
        outcome.broken_tests.setdefault(test.name, test.message)
