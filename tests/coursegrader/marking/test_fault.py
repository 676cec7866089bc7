"""Whose fault it is that a test fails: its own costs nobody a point, a wrong answer always does."""

import pytest
from samples import SOLUTION, load_assignment, local_line

from coursegrader.common import records
from coursegrader.marking.errors import UsedUp
from coursegrader.marking.plugin import Entry, GraderPlugin
from coursegrader.marking.session import run_session

WRONG = "def double(x): return None"
UNWRITTEN = "def double(x): raise NotImplementedError('your code here')"


def worth_a_point(test: str) -> str:
    return "import pytest\n" + test.replace("def test_it", "@pytest.mark.points(1)\ndef test_it")


def graded(
    tmp_path, test: str, source: str, *, solution: str | None = SOLUTION, seconds: float = 5.0
) -> records.TestResult:
    """The result of one test for one submission, where the instructor has this solution."""
    assignment = load_assignment(tmp_path / "a", test_it=worth_a_point(test))
    own = None if solution is None else Entry("", lambda: local_line(solution))
    plugin = GraderPlugin(
        assignment.settings,
        [Entry("ana", lambda: local_line(source))],
        b"secret",
        solution=own,
        seconds=seconds,
    )
    run_session(plugin, assignment.folder / "tests")
    (result,) = plugin.results["ana"].tests
    return result


def marks(result: records.TestResult) -> tuple[str, float]:
    return result.outcome, result.earned


NO_ANSWER_YET = [
    "def test_it(student): undefined",
    "def test_it(student): assert 1 == 2",
    "def test_it(student, expect): expect(1, 2)",
    "def test_it(student): {}['weights']",
    "def test_it(student): open('data.csv')",
    "def test_it(student): student.double(object())",
    "def test_it(student): pytest.skip('not today')",
    "def test_it(student): raise SystemExit",
    "@pytest.fixture\ndef data(): raise OSError\ndef test_it(student, data): pass",
    "@pytest.fixture\ndef data():\n    yield\n    raise OSError\ndef test_it(student, data): pass",
]


@pytest.mark.parametrize("source", [SOLUTION, WRONG, ""])
@pytest.mark.parametrize("test", NO_ANSWER_YET)
def test_an_error_before_any_answer_is_the_tests(tmp_path, test, source):
    for solution in (SOLUTION, None):
        folder = tmp_path / str(solution is None)
        assert marks(graded(folder, test, source, solution=solution)) == ("error", 1)


BROKEN_LATER = [
    "def test_it(student): assert student.double(2) == wanted",
    "def test_it(student): student.double(2); {}['weights']",
    "def test_it(student): student.double(2); pytest.skip('not today')",
    "def test_it(student):\n    student.double(2)\n    while True: pass",
    "def test_it(student, rng): student.double(2); [][int(rng.integers(9))]",
]


@pytest.mark.parametrize("test", BROKEN_LATER)
def test_an_error_that_the_solution_meets_too_is_the_tests(tmp_path, test):
    for source in (SOLUTION, WRONG):
        result = graded(tmp_path / source[:20].strip(), test, source, seconds=0.2)
        assert marks(result) == ("error", 1)
        assert result.message.startswith("test_it.py, line ")


PROVOKED = [
    ("def test_it(student): student.double([1])[0]", "def double(x): return None"),
    ("def test_it(student): student.double(2) + 1", "def double(x): return 'x'"),
    ("def test_it(student): {4: 1}[student.double(2)]", "def double(x): return 5"),
    ("def test_it(student): [1, 2, 3, 4, 5][student.double(2)]", "def double(x): return 5"),
    ("def test_it(student): student.double(2).bit_count()", "def double(x): return double"),
    ("def test_it(student):\n    while student.double(2) != 4: pass", "def double(x): return 5"),
    ("def test_it(student): range(5)[::student.double(2) - 5]", "def double(x): return 5"),
    (
        "def test_it(student):\n    if student.double(2) != 4: pytest.skip()",
        "def double(x): return 5",
    ),
    (
        "def test_it(student):\n    if student.double(2) != 4: raise SystemExit",
        "def double(x): return 5",
    ),
    (
        "def test_it(student):\n    if student.double(2) != 4: raise OSError",
        "def double(x): return 5",
    ),
]


@pytest.mark.parametrize("solution", [SOLUTION, UNWRITTEN, "", None])
@pytest.mark.parametrize(("test", "source"), PROVOKED)
def test_an_answer_that_breaks_a_test_is_a_wrong_answer(tmp_path, test, source, solution):
    result = graded(tmp_path, test, source, solution=solution, seconds=0.3)
    assert marks(result) == ("failed", 0)
    assert result.message


def test_a_fixture_that_an_answer_breaks_is_a_wrong_answer(tmp_path):
    test = "def test_it(student, first): pass\n@pytest.fixture\n"
    test += "def first(student): return student.double(2) + 1"
    assert marks(graded(tmp_path / "wrong", test, WRONG)) == ("failed", 0)
    assert marks(graded(tmp_path / "right", test, SOLUTION)) == ("passed", 1)


MISSPELT = "def test_it(student):\n    if student.double(2) != 4: pytest.fail(wanted)"


@pytest.mark.parametrize("solution", [SOLUTION, UNWRITTEN, None])
def test_a_misspelt_name_where_only_wrong_answers_lead_keeps_nobodys_marks(tmp_path, solution):
    """It is the test's fault, which the instructor reads; the answer is wrong all the same."""
    result = graded(tmp_path / "wrong", MISSPELT, WRONG, solution=solution)
    assert marks(result) == ("error", 0)
    assert "NameError" in result.message
    right = graded(tmp_path / "right", MISSPELT, SOLUTION, solution=solution)
    assert marks(right) == ("passed", 1)


def test_said_to_be_wrong_is_wrong(tmp_path):
    """`pytest.fail` is how an author says so; the solution is not even asked."""
    test = "def test_it(student):\n    student.double(2)\n    pytest.fail('not this')"
    result = graded(tmp_path, test, SOLUTION)
    assert marks(result) == ("failed", 0)
    assert result.message.endswith("not this")


def test_the_solution_gets_the_same_draws(tmp_path):
    """What breaks the test for one draw is not looked for in another."""
    test = (
        "SEEN = []\ndef test_it(student, rng):\n"
        "    SEEN.append(int(rng.integers(1 << 60)))\n    student.double(2)\n"
        "    raise OSError(SEEN)"
    )
    result = graded(tmp_path, test, SOLUTION)
    numbers = result.message.partition("[")[2].partition("]")[0].split(", ")
    assert len(numbers) == 2
    assert len(set(numbers)) == 1


def test_a_test_that_ends_for_nobody_is_waited_for_once(tmp_path):
    test = "ROUNDS = []\ndef test_it(student):\n    ROUNDS.append(student.double(2))\n"
    test += "    while len(ROUNDS) < 3: pass"  # for the first submission and for the solution
    assignment = load_assignment(tmp_path / "a", test_it=worth_a_point(test))
    entries = [Entry(name, lambda: local_line(SOLUTION)) for name in ("ana", "bo", "cy")]
    solution = Entry("", lambda: local_line(SOLUTION))
    plugin = GraderPlugin(assignment.settings, entries, b"", solution=solution, seconds=0.2)
    run_session(plugin, assignment.folder / "tests")
    assert [marks(one.tests[0]) for one in plugin.results.values()] == [("error", 1)] * 3


def test_time_of_the_students_code_is_not_the_tests(tmp_path):
    test = "def test_it(student):\n    for n in range(3): assert student.double(n) == 2 * n"
    slow = "import time\n\ndef double(x):\n    time.sleep(0.2)\n    return 2 * x"
    assert marks(graded(tmp_path, test, slow, seconds=0.3)) == ("passed", 1)


class ShortLine:
    """A line that answers so often and no more."""

    problems = ()

    def __init__(self, source: str, calls: int) -> None:
        self._line, self._left = local_line(source), calls

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]:
        self._left -= 1
        if self._left < 0:
            raise UsedUp("all its seconds were used up")
        return self._line.ask(frame, what)

    def close(self) -> None:
        self._line.close()


@pytest.mark.parametrize(("asks", "expected"), [(10, ("error", 1)), (4, ("failed", 0))])
def test_a_test_that_asks_for_ever_takes_no_other_tests_time(tmp_path, asks, expected):
    """The solution has six calls, the submission three: who asks ten times asks too often."""
    tests = (
        f"def test_it(student):\n    for n in range({asks}): student.double(n)\n"
        "def test_it_once(student): assert student.double(2) == 4"
    )
    assignment = load_assignment(tmp_path / "a", test_it=worth_a_point(tests))
    entry = Entry("ana", lambda: ShortLine(SOLUTION, 3))
    own = Entry("", lambda: ShortLine(SOLUTION, 6))
    plugin = GraderPlugin(assignment.settings, [entry], b"", solution=own)
    run_session(plugin, assignment.folder / "tests")
    often, once = plugin.results["ana"].tests
    assert marks(often) == expected
    assert marks(once) == (("passed", 1) if asks == 10 else ("failed", 0))


def test_a_test_that_catches_everything_ends_too(tmp_path):
    test = (
        "def test_it(student):\n    for _ in range(2):\n        try:\n"
        "            while True: pass\n        except BaseException: pass\n    while True: pass"
    )
    assert marks(graded(tmp_path, test, SOLUTION, seconds=0.1)) == ("error", 1)


def test_an_answer_that_a_test_has_kept_is_still_an_answer(tmp_path):
    """A costly answer is asked for once, and several tests give points by it."""
    test = """
KEPT = {}
def kept(student, request):
    who = request.node.callspec.params["student"]
    if who not in KEPT: KEPT[who] = student.double(2)
    return KEPT[who]
def test_it_first(student, request): assert kept(student, request) > 3
def test_it_second(student, request): assert kept(student, request) == 4
def test_it_third(student, request): kept(student, request); {}["weights"]
"""
    assignment = load_assignment(tmp_path / "a", test_it=worth_a_point(test))
    wrong = SOLUTION.replace("2 * x", "3 * x")
    for source, marked in ((SOLUTION, "passed"), (wrong, "failed")):
        entries = [Entry("ana", lambda source=source: local_line(source))]
        own = Entry("", lambda: local_line(SOLUTION))
        plugin = GraderPlugin(assignment.settings, entries, b"", solution=own)
        run_session(plugin, assignment.folder / "tests")
        first, second, third = plugin.results["ana"].tests
        assert (first.outcome, second.outcome, third.outcome) == ("passed", marked, "error")
        assert [test.earned for test in (first, second, third)] == [1, marked == "passed", 1]
