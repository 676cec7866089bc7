"""Late policies and the attempt that counts, against sums done by hand."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from bookkeeping_examples import at, checked, result, submission
from hypothesis import given
from hypothesis import strategies as st

from coursegrader.gradebook.counting import grade, most_points
from coursegrader.gradebook.grades import Attempt, Manual, Override, decimal, rounded
from coursegrader.gradebook.policy import Policy, lateness

DUE = at("2026-03-01 12:00")


def attempt(*earned: float, submitted=None, late=False, number=1, student="ana") -> Attempt:
    """An attempt that earned these of 2 points each."""
    tests = [checked(f"test_a.py::test_{k}", points) for k, points in enumerate(earned)]
    outcome = result(submission(student), *tests, status="graded" if earned else "not_graded")
    return Attempt(student, "", "lab.py", number, submitted, late, outcome)


def percent_off(policy: Policy, when: str) -> Decimal:
    return lateness(policy, "ana", at(when))[0]


@pytest.mark.parametrize(
    ("when", "percent"),
    [
        ("2026-02-01 00:00:00", 0),
        ("2026-03-01 12:00:00", 0),
        ("2026-03-01 12:15:00", 0),  # the grace includes its last minute
        ("2026-03-01 12:15:00.000001", 10),  # beyond it, the first day has started
        ("2026-03-02 12:00:00", 10),
        ("2026-03-02 12:00:00.000001", 20),
        ("2026-03-05 11:59:59", 40),
        ("2026-03-05 12:00:01", 45),  # the maximum, not 50
        ("2026-03-08 12:00:00", 45),
        ("2026-03-08 12:00:01", 100),  # after the cut-off
    ],
)
def test_started_days(when, percent):
    policy = Policy(DUE, grace_minutes=15, percent=10, maximum=45, cutoff_hours=7 * 24)
    assert percent_off(policy, when) == percent


def test_started_hours():
    policy = Policy(DUE, percent=2.5, per="hour")
    assert percent_off(policy, "2026-03-01 12:00:01") == Decimal("2.5")
    assert percent_off(policy, "2026-03-01 15:00:00") == Decimal("7.5")
    assert percent_off(policy, "2026-03-01 15:00:01") == 10


def test_time_zones_and_summer_time():
    """Both times are moments: what a clock on the wall showed does not matter."""
    policy = Policy(datetime.fromisoformat("2026-03-28T23:59:00+01:00"), percent=10)
    # A day later by the wall clock, 23 hours by the sun: the clocks went forward in between.
    assert lateness(policy, "ana", datetime.fromisoformat("2026-03-29T23:59:00+02:00"))[0] == 10
    assert lateness(policy, "ana", datetime.fromisoformat("2026-03-28T22:59:00+00:00"))[0] == 0


def test_an_extension_is_the_students_own_due_date():
    policy = Policy(DUE, percent=10, cutoff_hours=24, extensions={"bo": at("2026-03-05 12:00")})
    assert lateness(policy, "bo", at("2026-03-05 12:00"))[0] == 0
    assert lateness(policy, "bo", at("2026-03-06 12:00"))[0] == 10
    assert lateness(policy, "bo", at("2026-03-06 12:01"))[0] == 100
    assert lateness(policy, "ana", at("2026-03-05 12:00"))[0] == 100


def test_extensions_by_name_or_number():
    policy = Policy(
        DUE, percent=10, extensions={name: at("2026-03-05 12:00") for name in ("ana", "12", "cy")}
    )
    when = at("2026-03-05 12:00")
    numbered = Attempt("doe_12", "12", "lab.py", 1, when, True, attempt(2).result)
    grades = [
        grade([one], policy, Decimal(2))
        for one in (attempt(2, submitted=when), numbered, attempt(2, submitted=when, student="bo"))
    ]
    assert [str(one.total) for one in grades] == ["2.00", "2.00", "1.20"]  # bo: four days
    assert policy.unused_extensions(grades) == ["cy"]


@pytest.mark.parametrize("due", [None, DUE])
def test_a_mark_without_a_time_is_one_period(due):
    extensions = {"bo": DUE} if due else {}
    policy = Policy(due, percent=10, extensions=extensions)
    assert lateness(policy, "ana", None, marked=True) == (
        10,
        "marked late by the course system: 10 % off",
    )
    assert lateness(policy, "ana", None, marked=False) == (0, "")
    if due:
        assert lateness(policy, "bo", None, marked=True) == (0, "")
        # A time tells more than the mark.
        assert lateness(policy, "ana", at("2026-03-01 11:00"), marked=True) == (0, "")


def test_what_the_student_reads():
    policy = Policy(DUE, percent=12.5, cutoff_hours=72)
    assert lateness(policy, "ana", at("2026-03-01 13:00"))[1] == "1 started day late: 12.5 % off"
    assert lateness(policy, "ana", at("2026-03-03 12:00"))[1] == "2 started days late: 25 % off"
    assert "after the cut-off" in lateness(policy, "ana", at("2026-03-05 12:00"))[1]


def test_the_deduction_is_of_earned_points_and_the_adjustment_comes_after():
    # 2 + 1.5 + 0 earned of 6; 20 % of 3.5 is 0.7; 3.5 - 0.7 + 0.25 = 3.05
    manual = Manual(Decimal("0.25"), "a fine plot")
    policy = Policy(DUE, percent=10)
    one = grade([attempt(2, 1.5, 0, submitted=at("2026-03-02 13:00"))], policy, Decimal(6), manual)
    assert (one.earned, one.deduction, one.adjustment, one.total) == (
        Decimal("3.50"),
        Decimal("0.70"),
        Decimal("0.25"),
        Decimal("3.05"),
    )
    assert (one.points, one.comment) == (6, "a fine plot")


def test_an_override_replaces_a_tests_points_before_the_deduction():
    # 2 + (0 -> 1.5) = 3.5, of which 10 % is 0.35
    manual = Manual(overrides={"test_a.py::test_1": Override(Decimal("1.5"), "nearly")})
    late = attempt(2, 0, submitted=at("2026-03-01 13:00"))
    one = grade([late], Policy(DUE, percent=10), Decimal(4), manual)
    assert (one.earned, one.deduction, one.total) == (
        Decimal("3.5"),
        Decimal("0.35"),
        Decimal("3.15"),
    )
    unread = grade([attempt()], Policy(), Decimal(4), manual)
    assert unread.total == Decimal("1.5")


def test_a_total_is_never_below_zero():
    one = grade([attempt(1)], Policy(), Decimal(2), Manual(Decimal(-5)))
    assert str(one.total) == "0.00"


def test_the_best_attempt_is_the_best_after_the_deduction():
    early = attempt(1.9, submitted=at("2026-03-01 10:00"), number=1)  # 1.90
    late = attempt(2, submitted=at("2026-03-01 13:00"), number=2)  # 2 - 10 % = 1.80
    policy = Policy(DUE, percent=10)
    one = grade([early, late], policy, Decimal(2))
    assert (one.total, one.chosen.attempt, one.attempts) == (Decimal("1.9"), 1, 2)
    latest = grade([early, late], Policy(DUE, percent=10, attempts="latest"), Decimal(2))
    assert (latest.total, latest.chosen.attempt) == (Decimal("1.8"), 2)


def test_of_equal_attempts_the_later_one_that_could_be_graded():
    assert grade([attempt(1), attempt(1, number=2)], Policy(), Decimal(2)).chosen.attempt == 2
    assert grade([attempt(0), attempt(number=2)], Policy(), Decimal(2)).chosen.attempt == 1


@pytest.mark.parametrize(
    ("parts", "total"),
    [
        ([0.1, 0.1, 0.1], "0.30"),
        ([1 / 3, 1 / 3, 1 / 3], "1.00"),
        ([0.125], "0.13"),  # half up, where round() says 0.12
        ([2.675], "2.68"),  # as written; the float is a little less
        ([29.97, 29.98, 30.05], "90.00"),
    ],
)
def test_sums_are_decimal(parts, total):
    assert str(grade([attempt(*parts)], Policy(), Decimal(100)).total) == total


@given(
    st.lists(st.integers(0, 200), min_size=1, max_size=12),
    st.integers(0, 40),
    st.timedeltas(timedelta(0), timedelta(days=30)),
)
def test_the_total_is_the_exact_one_rounded(cents, percent, late):
    """Against fractions: within half a cent of the exact value, and never worse when earlier."""
    policy = Policy(DUE, percent=percent, maximum=80)
    one = grade([attempt(*(c / 100 for c in cents), submitted=DUE + late)], policy, Decimal(100))
    days = -(-late // timedelta(days=1))
    exact = Fraction(sum(cents), 100) * (100 - min(80, days * percent)) / 100
    assert abs(Fraction(one.total) - exact) <= Fraction(1, 200)
    on_time = grade([attempt(*(c / 100 for c in cents), submitted=DUE)], policy, Decimal(100))
    assert on_time.total >= one.total
    assert on_time.total == Decimal(sum(cents)) / 100


def test_points_are_those_of_a_result_that_could_be_graded():
    results = [attempt().result, attempt(0, 0.5, 0).result, attempt(1).result]
    assert most_points(results) == 6
    assert most_points([]) == 0


def test_rounding():
    assert str(rounded(Decimal("-0.001"))) == "0.00"
    assert str(rounded(Decimal("1.5"), 0)) == "2"
    with pytest.raises(ValueError, match="no number of points"):
        decimal(float("nan"))


def test_names_with_and_without_the_course_systems_number():
    one = grade([attempt(1)], Policy(), Decimal(2))
    assert (one.name, one.label) == ("ana", "ana")
    numbered = Attempt("12", "12", "lab.py", 1, None, False, attempt(1).result, name="doe_12")
    one = grade([numbered], Policy(), Decimal(2))
    assert (one.student, one.name, one.label) == ("12", "doe_12", "doe_12_12")


def test_load(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(
        "due = 2026-03-01T12:00:00Z\npercent = 10\nper = 'hour'\nattempts = 'latest'\n"
        "[extensions]\n'Bo Li_77' = 2026-03-02T12:00:00+01:00\n"
    )
    assert Policy.load(path) == Policy(
        DUE,
        percent=10,
        per="hour",
        attempts="latest",
        extensions={"Bo Li_77": at("2026-03-02 11:00")},
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("due = 2026-03-01T12:00:00", "due .* with its zone"),
        ("due = 2026-03-01", "due .* with its zone"),
        ("due = 'tomorrow'", "due .* with its zone"),
        ("percent = 120", "percent is 120"),
        ("percent = 'ten'", "policy.toml"),
        ("grace_minutes = -1", "grace_minutes is -1"),
        ("per = 'week'", "per is 'week'"),
        ("attempts = 'worst'", "attempts is 'worst'"),
        ("cutoff_hours = 3", "needs a due date"),
        ("penalty = 3", "no setting penalty"),
        ("extensions = 3", "policy.toml"),
        ("[extensions", "cannot be read"),
    ],
)
def test_a_policy_that_makes_no_sense(tmp_path, text, says):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=says):
        Policy.load(path)


def test_a_policy_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        Policy.load(tmp_path / "policy.toml")
