"""From the attempts of a student to one grade: which attempt counts, and what lateness costs.

In this order, for each attempt:

1. The points of its tests are added up, where an instructor's override of a test counts instead.
2. A late attempt loses a percentage of *these* points for every started day (or hour), counted
   from the student's own due date: nothing within the grace minutes, everything after the cut-off.
3. The instructor's adjustment is added. Lateness does not shrink it: a person decided on it.
4. The total is rounded half up to two decimals, once, at the end; it is never below zero, and
   above the maximum only by an adjustment.

Then the best total counts, or the latest attempt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from ..common.records import Result
from .grades import NOT_TOUCHED, Attempt, Grade, Manual, Override, decimal, rounded
from .policy import AFTER_CUTOFF, Policy, lateness


def grade(
    attempts: Sequence[Attempt],
    policy: Policy,
    points: Decimal,
    manual: Manual = NOT_TOUCHED,
    tests: Mapping[str, Decimal] | None = None,
) -> Grade:
    """The grade of one student, from at least one attempt in the order of handing in.

    Args:
        points: that could be earned.
        tests: what each of today's tests is worth; without it every mark for a test counts.
    """
    count = sum(one.attempt > 0 for one in attempts)
    graded = [
        _grade_one(one, policy, points, _possible(manual, one.result, tests), count)
        for one in attempts
    ]
    if policy.attempts == "latest":
        # What came after the cut-off was not accepted, if there is anything else.
        accepted = [one for one in graded if one.late != AFTER_CUTOFF] or graded
        return accepted[-1]
    # Of equals the later one: its feedback is about the student's newest work.
    return max(
        enumerate(graded),
        key=lambda one: (one[1].total, one[1].chosen.result.status == "graded", one[0]),
    )[1]


def _possible(manual: Manual, result: Result, tests: Mapping[str, Decimal] | None) -> Manual:
    """The marks for tests that there are, and no more for each than it is worth now."""
    if tests is None:
        return manual
    worth = worth_of([result]) or tests
    overrides = {
        test: replace(one, earned=min(one.earned, worth[test]))
        for test, one in manual.overrides.items()
        if test in worth
    }
    return replace(manual, overrides=overrides)


def _grade_one(
    attempt: Attempt, policy: Policy, points: Decimal, manual: Manual, count: int
) -> Grade:
    earned = earned_points(attempt.result, manual.overrides)
    extended = [name for name in attempt.aliases if name in policy.extensions]
    who = extended[0] if extended else attempt.student
    percent, late = lateness(policy, who, attempt.submitted, attempt.late)
    deduction = earned * percent / 100
    total = max(Decimal(0), earned - deduction + manual.adjustment)
    return Grade(
        chosen=attempt,
        points=points,
        earned=rounded(earned, policy.decimals),
        deduction=rounded(deduction, policy.decimals),
        total=rounded(total, policy.decimals),
        late=late,
        manual=manual,
        attempts=count,
    )


def earned_points(result: Result, overrides: Mapping[str, Override]) -> Decimal:
    """The exact sum over the tests, overrides instead of what they override.

    An override also counts where its test did not run: the work could not be read, say.
    """
    earned = {test.name: decimal(test.earned) for test in result.tests}
    earned |= {name: override.earned for name, override in overrides.items()}
    return sum(earned.values(), Decimal(0))


def worth_of(results: Iterable[Result]) -> dict[str, Decimal]:
    """What each test is worth, by its name."""
    return {test.name: decimal(test.points) for one in results for test in one.tests}


def most_points(results: Iterable[Result]) -> Decimal:
    """What could be earned: a result without tests (work that could not be read) tells nothing."""
    sums = (sum((decimal(test.points) for test in one.tests), Decimal(0)) for one in results)
    return rounded(max(sums, default=Decimal(0)))
