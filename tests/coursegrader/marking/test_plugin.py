"""One session grades every submission by every test: points, titles, links, order, secrets."""

import os
import sys

import pytest
from samples import (
    HIDDEN_TESTS,
    SETTINGS,
    SOLUTION,
    TESTS,
    graded,
    graded_again,
    load_assignment,
)

from coursegrader.authoring.assignment import AssignmentError
from coursegrader.marking.plugin import Entry, GraderPlugin
from coursegrader.marking.session import run_session
from coursegrader.sandbox.errors import SandboxError

UNWRITTEN = "def double(x):\n    raise NotImplementedError('your code here')\n"


def one(tmp_path, test: str, source: str = "", name: str = "test_it"):
    """The only result of the only test, for one submission."""
    result = graded(tmp_path / "a", {"ana": source}, **{name: f"import pytest\n{test}"})["ana"]
    (test_result,) = result.tests
    return test_result


def test_every_submission_is_graded_by_every_test(tmp_path):
    students = {"ana": SOLUTION, "bo": UNWRITTEN, "cy": "def double(x): return x * x"}
    results = graded(tmp_path / "a", students, test_double=TESTS, test_hidden=HIDDEN_TESTS)
    assert {name: result.earned for name, result in results.items()} == {
        "ana": 3.5,
        "bo": 0,
        "cy": 2,
    }
    for name, result in results.items():
        assert (result.id, result.status, result.points) == (name, "graded", 3.5)
        assert [test.name for test in result.tests] == [
            "test_double.py::test_double",
            "test_double.py::test_counter",
            "test_hidden.py::test_hidden_double",
        ]
        assert [test.hidden for test in result.tests] == [False, False, True]
        assert [test.points for test in result.tests] == [2, 0.5, 1]


def test_what_a_student_reads(tmp_path):
    (bad,) = graded(tmp_path / "a", {"bo": "def double(x): return x + 7"}).values()
    double, counter = bad.tests
    assert double.outcome == "failed" and double.earned == 0
    assert double.title == "Twice 2 is 4."
    assert double.see == {"text": "doubling", "url": "https://example.org/book/page.html#double"}
    assert double.message == (
        "called:    double(2)\ncame back: 9\nexpected:  4\nThis is the square of 3."
    )
    assert counter.title == "test counter"
    assert counter.see is None
    assert counter.message == (
        "called:    Counter(1)\nCounter is not defined: run the cell that defines it, and keep its "
        "name"
    )


def test_who_passes_reads_nothing(tmp_path):
    (good,) = graded(tmp_path / "a", {"ana": SOLUTION}).values()
    assert [(test.outcome, test.message) for test in good.tests] == [("passed", "")] * 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (UNWRITTEN, "Not written yet: it raises NotImplementedError"),
        ("def double(x): return 1 / 0", "It raised ZeroDivisionError: division by zero\nin line 1"),
        ("def double(x): raise SystemExit", "It raised SystemExit\nin line 1"),
        ("def double(x): return [x, double]", "is opaque"),
    ],
)
def test_a_failing_call_is_explained(tmp_path, source, message):
    test = "@pytest.mark.points(1)\ndef test_it(student):\n    got = student.double(2)\n"
    test += "    assert got == 4, 'is opaque'"
    assert message in one(tmp_path, test, source).message


def test_a_result_that_the_test_cannot_use_fails_it(tmp_path):
    test = "@pytest.mark.points(1)\ndef test_it(student):\n    student.double(2)[0] + 1"
    result = one(tmp_path, test, SOLUTION)
    assert (result.outcome, result.earned) == ("failed", 0)
    assert result.message == (
        "called:    double(2)\ncame back: 4\nThe test could not use what came back: TypeError: "
        "'int' object is not subscriptable"
    )


HUGE = "import pytest\n@pytest.fixture\ndef table(student): return {}[student.double(2) ** 9]\n"


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("test_it", "def test_it(student): student.double(student.double(2) ** 9)"),
        ("test_it", "def test_it(student): {}[student.double(2) ** 9]"),
        ("test_it", "def test_it(student, table): pass"),
        ("test_hidden", "def test_it(student, table): pass"),
    ],
)
def test_an_integer_that_python_does_not_write_stops_nothing(tmp_path, name, test):
    """The tests of a submission with such integers fail, and the next one is graded."""
    students = {"ana": "def double(x): return 1 << 4000", "bo": SOLUTION}
    test = f"{HUGE}@pytest.mark.points(1)\n{test}\n"
    results = graded(tmp_path / "a", students, **{name: test, "test_double": TESTS})
    result = next(test for test in results["ana"].tests if test.points == 1)
    assert (result.outcome, result.earned) == ("failed", 0)
    told = "" if result.hidden else "The values of this test cannot be shown (ValueError)."
    assert result.message == told
    assert results["bo"].earned >= 2.5


def test_a_message_has_an_end_and_no_control_characters(tmp_path):
    test = "@pytest.mark.points(1)\ndef test_it(student):\n    assert False, student.word()"
    result = one(tmp_path, test, "def word(): return '\\x1b[31m' + 'x' * 100_000")
    assert len(result.message) == 4000
    assert "\x1b" not in result.message


@pytest.mark.parametrize(
    "source", [UNWRITTEN, "", "def double(x): return x", "def double(x): return 1 / 0"]
)
def test_a_hidden_test_tells_no_more_than_failed(tmp_path, source):
    results = graded(tmp_path / "a", {"ana": source}, test_hidden_double=HIDDEN_TESTS)
    (result,) = results["ana"].tests
    assert (result.outcome, result.message, result.hidden) == ("failed", "", True)


def test_a_test_in_a_hidden_folder_is_hidden(tmp_path):
    assignment = load_assignment(tmp_path / "a")
    folder = assignment.folder / "tests" / "hidden_more"
    folder.mkdir()
    (folder / "test_more.py").write_text(TESTS.replace("test_double", "test_again"))
    results = graded_again(assignment, {"ana": ""})["ana"].tests
    assert [(test.name, test.hidden, bool(test.message)) for test in results] == [
        ("test_double.py::test_double", False, True),
        ("test_double.py::test_counter", False, True),
        ("hidden_more/test_more.py::test_again", True, False),
        ("hidden_more/test_more.py::test_counter", True, False),
    ]


def test_visible_tests_come_before_hidden_ones_whatever_their_names(tmp_path):
    noted = (
        "import pytest\nfrom hidden_log import LOG\n"
        "@pytest.mark.points(1)\n@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_it(student, n):\n    LOG.append((student.get('me'), __name__, n))\n"
    )
    log = (
        "import atexit, sys\nLOG = sys.modules.setdefault('order_of_tests', type(sys)('x'))\n"
        "LOG = LOG.__dict__.setdefault('log', [])\n"
    )
    students = {"z": "me = 'z'", "a": "me = 'a'"}
    try:
        graded(
            tmp_path / "a", students, test_z=noted, test_hidden=noted, test_a=noted, hidden_log=log
        )
        seen = sys.modules["order_of_tests"].log
    finally:
        del sys.modules["order_of_tests"]
    files = [("test_a", 1), ("test_a", 2), ("test_z", 1), ("test_z", 2)]
    files += [("test_hidden", 1), ("test_hidden", 2)]
    assert seen == [(student, file, n) for student in students for file, n in files]


DRAWN = """
import pytest

@pytest.mark.points(1)
def test_one(student, expect, rng): student.note(rng.integers(1 << 60))

@pytest.mark.points(1)
@pytest.mark.parametrize("n", [1, -1])
def test_many(student, expect, rng, n): student.note(rng.integers(1 << 60))

@pytest.mark.points(1)
def test_draw(student, expect, rng):
    student.note(rng.integers(1 << 60))
    raise ValueError(student.get("drawn"))
"""
NOTES = "drawn = []\ndef note(x): drawn.append(x)"


def drawn(assignment, students, secret=b"secret") -> dict[str, str]:
    results = graded_again(assignment, dict.fromkeys(students, NOTES), secret)
    return {
        name: result.tests[-1].message.partition("ValueError: ")[2]
        for name, result in results.items()
    }


def test_drawn_inputs_depend_on_secret_submission_and_test_alone(tmp_path):
    assignment = load_assignment(tmp_path / "a", test_a=DRAWN)
    first = drawn(assignment, ["ana", "bo"])
    assert first["ana"].count(",") == 3
    numbers = [number for text in first.values() for number in text.strip("[]").split(", ")]
    assert len(set(numbers)) == 8
    # Other submissions, their order, other tests, the file's content and earlier runs are no part.
    assert drawn(assignment, ["cy", "bo", "ana"]).items() > first.items()
    (assignment.folder / "tests" / "test_0.py").write_text(DRAWN.replace("rng.", "2 * rng."))
    again = drawn(assignment, ["ana"])["ana"]
    assert again.endswith(first["ana"][1:])
    other = drawn(load_assignment(tmp_path / "b", test_a=DRAWN), ["ana", "bo"], b"another")
    assert not set(numbers) & {n for text in other.values() for n in text.strip("[]").split(", ")}


def test_parameters_make_tests_of_their_own(tmp_path):
    test = """
@pytest.mark.points(1)
@pytest.mark.parametrize("y", ["a-b", "submission0"])
@pytest.mark.parametrize("x", [1, -1])
def test_it(student, expect, x, y):
    expect(student.double(x), 2)

@pytest.fixture(params=[3, 4])
def times(request):
    return request.param

@pytest.mark.points(1)
@pytest.mark.parametrize("x", [5])
def test_times(student, expect, times, x):
    expect(student.double(x), 2 * x)
"""
    tests = graded(tmp_path / "a", {"ana": SOLUTION}, test_it=f"import pytest\n{test}")["ana"].tests
    assert {test.name.partition("::")[2]: test.earned for test in tests} == {
        "test_it[1-a-b]": 1,
        "test_it[1-submission0]": 1,
        "test_it[-1-a-b]": 0,
        "test_it[-1-submission0]": 0,
        "test_times[3-5]": 1,
        "test_times[4-5]": 1,
    }


def test_methods_of_two_classes_are_two_tests(tmp_path):
    test = """
class TestOne:
    @pytest.mark.points(1)
    def test_it(self, student): assert student.has("double")

class TestOther:
    @pytest.mark.points(1)
    def test_it(self, student): assert not student.has("double")
"""
    tests = graded(tmp_path / "a", {"ana": SOLUTION}, test_it=f"import pytest\n{test}")["ana"].tests
    assert [(test.name, test.earned) for test in tests] == [
        ("test_it.py::TestOne::test_it", 1),
        ("test_it.py::TestOther::test_it", 0),
    ]


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ("def test_it(student): pass", "has no mark `points`"),
        ("@pytest.mark.points(1)\ndef test_it(): pass", "does not use the fixture `student`"),
        ("@pytest.mark.points(1)\ndef test_it(expecting): pass", "does not use the fixture"),
        *[
            (f"@pytest.mark.points{args}\ndef test_it(student): pass", "one number that is not neg")
            for args in ("", "()", "('2')", "(-1)", "(1, 2)", "(n=1)", "(float('nan'))")
        ],
        *[
            (
                f"@pytest.mark.points(1)\n@pytest.mark.see{args}\ndef test_it(student): pass",
                "must say `see(path, text)` with two texts",
            )
            for args in ("", "('a')", "('a', 2)", "(path='a', text='b')")
        ],
        ("def test_it(student:", "SyntaxError"),
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("1 / 0", "ZeroDivisionError"),
        ("@pytest.mark.point(1)\ndef test_it(student): pass", "'point' not found in `markers`"),
    ],
)
def test_broken_tests_are_the_instructors_to_mend(tmp_path, test, problem):
    with pytest.raises(AssignmentError, match="the tests cannot be run") as caught:
        graded(tmp_path / "a", {"ana": ""}, test_fine=TESTS, test_it=f"import pytest\n{test}")
    assert problem in str(caught.value)
    assert "test_it.py" in str(caught.value)


def test_a_fixture_that_breaks_is_an_error_and_no_fault(tmp_path):
    test = """
@pytest.fixture
def broken(): raise OSError("disk")

@pytest.mark.points(1)
def test_it(student, broken): pass
"""
    result = one(tmp_path, test, SOLUTION)
    assert (result.outcome, result.earned) == ("error", 1)
    assert result.message == "test_it.py, line 4: OSError('disk')"


def test_a_fixture_that_needs_the_students_function_fails_the_test(tmp_path):
    test = """
@pytest.fixture
def counter(student): return student.Counter(3)

@pytest.mark.points(1)
def test_it(counter, expect): expect(counter.get("value"), 3)
"""
    assert one(tmp_path, test, SOLUTION).outcome == "passed"
    assignment = load_assignment(tmp_path / "b", test_it=f"import pytest\n{test}")
    (result,) = graded_again(assignment, {"ana": ""})["ana"].tests
    assert result.outcome == "failed"
    assert "Counter is not defined" in result.message


def test_a_teardown_that_breaks_is_one_error(tmp_path):
    test = """
@pytest.fixture
def broken():
    yield
    raise OSError("disk")

@pytest.mark.points(1)
def test_it(student, broken): pass
"""
    result = one(tmp_path, test)
    assert (result.outcome, result.earned) == ("error", 1)


def test_problems_of_the_cells_are_kept(tmp_path):
    (result,) = graded(tmp_path / "a", {"ana": SOLUTION + "\nraise OSError('\\x1b')"}).values()
    assert result.problems == ["cell 1: OSError: \ufffd (line 11)"]
    assert result.earned == 2.5


def test_a_broken_sandbox_stops_everything(tmp_path):
    def no_line():
        raise SandboxError("gone")

    assignment = load_assignment(tmp_path / "a")
    plugin = GraderPlugin(assignment.settings, [Entry("ana", no_line)], b"")
    with pytest.raises(SandboxError, match="gone"):
        run_session(plugin, assignment.folder / "tests")


def test_helpers_of_two_assignments_may_share_a_name(tmp_path):
    test = (
        "import pytest\nfrom hidden_answer import ANSWER\n"
        "@pytest.mark.points(1)\ndef test_it(student): assert student.get('x') == ANSWER"
    )
    for answer in (1, 2):
        results = graded(
            tmp_path / str(answer),
            {"ana": f"x = {answer}"},
            test_it=test,
            hidden_answer=f"ANSWER = {answer}",
        )
        assert results["ana"].earned == 1


def test_what_lies_around_has_no_say(tmp_path, monkeypatch):
    """No conftest, no configuration, no variable, no caches; the process stays as it was."""
    assignment = load_assignment(tmp_path / "a")
    tests = assignment.folder / "tests"
    for folder in (tests, assignment.folder, tmp_path):
        (folder / "conftest.py").write_text("raise SystemExit")
        (folder / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n")
    checkpoint = tests / ".ipynb_checkpoints" / "test_double-checkpoint.py"
    checkpoint.parent.mkdir()
    checkpoint.write_text("raise SystemExit")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    monkeypatch.setenv("PYTEST_PLUGINS", "nothing_of_this_name")
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ), [*sys.path], sys.dont_write_bytecode, {*sys.modules}
    assert graded_again(assignment, {"ana": SOLUTION})["ana"].earned == 2.5
    after = dict(os.environ), [*sys.path], sys.dont_write_bytecode
    assert after == before[:3]
    assert "test_double" not in {*sys.modules} - before[3]
    assert not [*tmp_path.rglob("__pycache__"), *tmp_path.rglob(".pytest_cache")]


def test_a_book_without_an_address_is_a_path(tmp_path):
    folder = tmp_path / "a"
    results = graded(
        folder, {"ana": ""}, settings=SETTINGS.replace("https://example.org/book/", "")
    )
    assert results["ana"].tests[0].see["url"] == "page.html#double"


def test_a_plain_assertion_says_what_its_author_wrote(tmp_path):
    test = "@pytest.mark.points(1)\ndef test_it(student): assert student.double(2) == 5, 'is 5'"
    assert one(tmp_path, test, SOLUTION).message == (
        "called:    double(2)\ncame back: 4\nis 5\nThe test requires: student.double(2) == 5"
    )


def test_a_plain_assertion_without_words_says_what_it_requires(tmp_path):
    """And the values that it compares; no address, and nothing is asked of the student anew."""
    test = """
import numpy as np
def near(got, want): assert np.isclose(
    got, want), student
student = None
@pytest.mark.points(1)
def test_it(student):
    want, many, lost = np.float64(5.0), list(range(300_000)), object()
    near(student.double(2), want)
@pytest.mark.points(1)
def test_long(student):
    assert student.double(2) == 4
    many = list(range(330_000))
    assert many == [*many, student.double(2)]
"""
    assignment = load_assignment(tmp_path / "a", test_it="import pytest\n" + test)
    first, second = graded_again(assignment, {"ana": SOLUTION})["ana"].tests
    assert first.message == (
        "called:    double(2)\ncame back: 4\nNone\n"
        "The test requires: np.isclose(got, want)\nwhere got is 4\nwhere want is 5"
    )
    assert second.message.startswith(
        "called:    double(2)\ncame back: 4\n"
        "The test requires: many == [*many, student.double(2)]\nwhere many is [0, 1, 2"
    )
    assert "0x" not in first.message + second.message


def test_one_line_at_a_time_is_open_and_every_one_is_closed(tmp_path):
    events = []

    class Noted:
        problems = ()

        def __init__(self, name: str) -> None:
            self.name = name
            events.append(f"open {name}")

        def close(self) -> None:
            events.append(f"close {self.name}")

    tests = "import pytest\n@pytest.mark.points(1)\n@pytest.mark.parametrize('n', [1, 2])\n"
    assignment = load_assignment(tmp_path / "a", test_it=tests + "def test_it(student, n): pass")
    entries = [Entry(name, lambda name=name: Noted(name)) for name in ("bo", "ana")]
    plugin = GraderPlugin(assignment.settings, entries, b"")
    run_session(plugin, assignment.folder / "tests")
    assert events == ["open bo", "close bo", "open ana", "close ana"]
    assert all(result.seconds > 0 for result in plugin.results.values())
