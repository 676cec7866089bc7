"""What `check` shows a student, from a file, from a live notebook and inside a kernel."""

import os
import subprocess
import sys

import nbclient
import nbformat
import pytest
from samples import (
    HIDDEN_TESTS,
    SETTINGS,
    SOLUTION,
    TESTS,
    code,
    load_assignment,
    notebook,
    write_assignment,
)

import coursegrader
from coursegrader.authoring.assignment import AssignmentError
from coursegrader.common import records
from coursegrader.common.notebook import UnreadableError
from coursegrader.students.checking import check_file, check_names
from coursegrader.students.report_text import report_text


def live(source: str) -> dict:
    """The names of a notebook in which a cell has run."""
    names: dict = {"__name__": "__main__"}
    exec(compile(source, "/tmp/ipykernel_1/1.py", "exec"), names)
    return names


def checked(tmp_path, source: str, test: str, keyword: str = "") -> list[records.TestResult]:
    assignment = load_assignment(tmp_path / "a", test_it=f"import pytest\n{test}")
    return check_names(live(source), assignment, keyword).tests


def test_a_file_is_run_and_checked(tmp_path):
    assignment = load_assignment(tmp_path / "a")
    path = tmp_path / "mine.ipynb"
    path.write_bytes(notebook("%matplotlib inline\n" + SOLUTION, code("1 / 0", "not-graded")))
    result = check_file(path, assignment)
    assert (result.earned, result.points, result.problems) == (2.5, 2.5, [])
    path = tmp_path / "mine.py"
    path.write_text(SOLUTION + "1 / 0")
    result = check_file(path, assignment)
    assert (result.earned, result.problems) == (
        2.5,
        ["cell 1: ZeroDivisionError: division by zero (line 10)"],
    )


@pytest.mark.parametrize("line", ["while True: pass", "import os; os._exit(0)"])
def test_a_deadly_cell_is_named_and_the_others_are_checked(tmp_path, line):
    settings = SETTINGS + "[limits]\ncall_seconds = 0.3\n"
    assignment = load_assignment(tmp_path / "a", settings=settings)
    path = tmp_path / "mine.ipynb"
    path.write_bytes(notebook(SOLUTION, line))
    result = check_file(path, assignment)
    assert result.earned == 2.5
    (problem,) = result.problems
    assert problem.startswith("cell 2: ")


def test_a_file_is_checked_by_the_graders_limits(tmp_path):
    """An endless function, a package that is only here, a file beside the notebook."""
    settings = SETTINGS + "[limits]\ncall_seconds = 0.3\n"
    assignment = load_assignment(tmp_path / "a", settings=settings)
    path = tmp_path / "mine.ipynb"
    (tmp_path / "data.csv").write_text("1")
    source = "def double(x):\n    while True: pass\nimport sklearn\nopen('data.csv')"
    path.write_bytes(notebook(source, "import coursegrader\ncoursegrader.check()"))
    result = check_file(path, assignment)
    assert "not finished after 0.3 seconds" in result.tests[0].message
    first, second = result.problems
    assert "No module named 'sklearn'" in first and "library, numpy, with" in first
    assert "FileNotFoundError" in second


def test_a_slow_call_in_a_live_notebook_is_said(tmp_path):
    settings = SETTINGS + "[limits]\ncall_seconds = 0.1\n"
    assignment = load_assignment(tmp_path / "a", settings=settings)
    slow = "import time\ndef double(x):\n    time.sleep(0.12)\n    return 2 * x\n"
    result = check_names(live(SOLUTION + slow), assignment)
    (problem,) = result.problems
    assert problem.startswith("double took 0.1")
    assert problem.endswith("seconds here: the grader stops a call after 0.1")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "latin-1", "cp437"])
def test_a_report_is_printed_wherever_python_prints(tmp_path, encoding):
    write_assignment(tmp_path / "a", test_it=TESTS.replace("Twice 2 is 4", "2·2 ≤ 4 → σ"))
    path = tmp_path / "mine.py"
    path.write_text(SOLUTION.replace("2 * x", "x") + "raise ValueError('\\ud800 σ')\n")
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "coursegrader", "check", str(path), "--assignment"]
    done = subprocess.run([*command, str(tmp_path / "a")], env=environment, capture_output=True)
    text = done.stdout.decode(encoding)
    assert done.returncode == 1, done.stderr
    assert "0.5 of 2.5 points" in text
    assert ("✗ 2·2 ≤ 4 → σ" if encoding == "utf-8" else "x 2") in text
    assert ("✓ test counter" if encoding == "utf-8" else "+ test counter") in text


def test_a_file_that_is_no_notebook(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(SOLUTION)
    with pytest.raises(UnreadableError, match=r"mine.txt is neither"):
        check_file(path, load_assignment(tmp_path / "a"))


def test_hidden_tests_are_not_run(tmp_path):
    assignment = load_assignment(
        tmp_path / "a", test_it=TESTS, test_hidden_it=HIDDEN_TESTS, hidden_broken="1 / 0"
    )
    result = check_names(live(SOLUTION), assignment)
    assert [test.name for test in result.tests] == [
        "test_it.py::test_double",
        "test_it.py::test_counter",
    ]


def test_without_visible_tests_there_is_nothing_to_check(tmp_path):
    assignment = load_assignment(tmp_path / "a", test_hidden_it=HIDDEN_TESTS)
    with pytest.raises(AssignmentError, match=r"a has no visible test$"):
        check_names({}, assignment)


@pytest.mark.parametrize(
    ("keyword", "names"),
    [
        ("", ["test_double", "test_counter"]),
        ("double", ["test_double"]),
        ("COUNT", ["test_counter"]),
        ("test_", ["test_double", "test_counter"]),
    ],
)
def test_a_keyword_chooses_tests(tmp_path, keyword, names):
    result = check_names(live(SOLUTION), load_assignment(tmp_path / "a", test_it=TESTS), keyword)
    assert [test.name.partition("::")[2] for test in result.tests] == names


@pytest.mark.parametrize(
    "keyword", ["triple", "test_it.py", "points", "not double", "a or", "(", "-"]
)
def test_a_keyword_that_no_test_has(tmp_path, keyword):
    with pytest.raises(AssignmentError, match="a has no visible test with"):
        check_names(live(SOLUTION), load_assignment(tmp_path / "a", test_it=TESTS), keyword)


def test_values_cross_as_copies(tmp_path):
    test = """
import numpy as np

@pytest.mark.points(1)
def test_it(student, expect):
    x = np.array([1.0, 2.0])
    student.spoil(x)
    expect(student.total(x), 3.0)
    got = student.get("mine")
    got.append(2)
    expect(student.get("mine"), [1])
"""
    source = "mine = [1]\ndef spoil(x): x[:] = 0\ndef total(x): return float(x.sum())"
    assert [test.outcome for test in checked(tmp_path, source, test)] == ["passed"]


def test_a_lying_subclass_proves_nothing(tmp_path):
    test = "@pytest.mark.points(1)\ndef test_it(student, expect): expect(student.double(2), 4)"
    source = (
        "class Yes(float):\n    def __eq__(self, other): return True\ndef double(x): return Yes(0)"
    )
    (result,) = checked(tmp_path, source, test)
    assert "came back: <an object of the class Yes>" in result.message


def test_handles_are_called_read_and_handed_over(tmp_path):
    test = """
@pytest.mark.points(1)
def test_it(student, expect):
    one, other = student.Counter(1), student.Counter(5)
    one.add(2)
    expect(one.get("value"), 3)
    expect(other.get("value"), 5)
    expect(student.total([one, {"more": (other,)}]), 8)
    expect(student.same(one, one), True)
    assert repr(one) == "<an object of the class Counter>"

@pytest.mark.points(1)
def test_missing(student): student.Counter(1).subtract(2)

@pytest.mark.points(1)
def test_raising(student): student.Counter(1).add("x")
"""
    source = SOLUTION + (
        "def total(counters): return counters[0].value + counters[1]['more'][0].value\n"
        "def same(one, other): return one is other\n"
    )
    passed, missing, raising = checked(tmp_path, source, test)
    assert passed.outcome == "passed", passed.message
    assert missing.message.startswith(
        "called:    Counter.subtract(2)\nCounter has no attribute subtract"
    )
    assert raising.message.startswith(
        "called:    Counter.add('x')\nIt raised TypeError: unsupported"
    )
    assert "of its cell" in raising.message


def test_tensors_and_gradients(tmp_path):
    test = """
import numpy as np
from coursegrader import Tensor

@pytest.mark.points(1)
def test_tensor(student, expect):
    expect(student.double(Tensor(np.array([1.0, 2.0]))), np.array([2.0, 4.0]), kind="Tensor")
    expect(student.double(np.array([1.0, 2.0])), np.array([2.0, 4.0]), kind="ndarray")

@pytest.mark.points(1)
def test_gradient(student, expect):
    x, y = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    expect(student.gradient("product", x, Tensor(y)), y)
    expect(student.gradient("product", Tensor(x), y, wrt=1), x)

@pytest.mark.points(1)
def test_left_torch(student, expect): student.gradient("leaves", np.array([1.0]))
"""
    source = SOLUTION + (
        "import torch\n"
        "def product(x, y): return torch.as_tensor(x) * torch.as_tensor(y)\n"
        "def leaves(x): return torch.tensor(x.tolist())\n"
    )
    tensor, gradient, left = checked(tmp_path, source, test)
    assert (tensor.message, gradient.message) == ("", "")
    assert left.message.startswith(
        "called:    the gradient of leaves(array([1.])) by argument 1\nIt raised ValueError: the "
        "result of leaves does not depend on its argument for autograd"
    )


def test_what_a_test_cannot_hand_over(tmp_path):
    test = "@pytest.mark.points(1)\ndef test_it(student): student.double(object())"
    (result,) = checked(tmp_path, SOLUTION, test)
    assert "a object cannot be handed to the student's code" in result.message


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("def double(x): return [double(x)]", "RecursionError"),
        ("def double(x):\n    a = []\n    a.append(a)\n    return a", "nests deeper"),
        ("def double(x): return 'x' * (2 << 20)", "too large"),
        ("def double(x): raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import sys\ndef double(x): sys.exit()", "SystemExit"),
    ],
)
def test_a_wild_function_fails_its_test_and_no_other(tmp_path, source, text):
    test = (
        "@pytest.mark.points(1)\ndef test_it(student): student.double(2)\n\n"
        "@pytest.mark.points(1)\ndef test_other(student): assert student.has('double')"
    )
    first, second = checked(tmp_path, source, test)
    assert text in first.message
    assert second.outcome == "passed"


def test_checking_twice_reads_the_tests_anew(tmp_path):
    assignment = load_assignment(tmp_path / "a")
    names = live("def double(x): return 5")
    assert check_names(names, assignment).earned == 0
    names["double"] = lambda x: 4
    assert check_names(names, assignment).earned == 2
    (assignment.folder / "tests" / "test_double.py").write_text(TESTS.replace("2), 4", "2), 5"))
    names["double"] = lambda x: 5
    assert check_names(names, assignment).earned == 2


def test_a_notebook_that_checks_itself_while_it_is_checked(tmp_path, capsys):
    folder = write_assignment(tmp_path / "a")
    path = tmp_path / "mine.py"
    path.write_text(
        SOLUTION + f"import coursegrader; coursegrader.check(assignment={str(folder)!r})"
    )
    result = check_file(path, coursegrader.Assignment.load(folder))
    assert (result.earned, result.problems) == (2.5, [])
    assert capsys.readouterr().out == ""


def test_the_one_line_needs_an_assignment(tmp_path, monkeypatch):
    folder = tmp_path / "empty"  # the folders of other tests lie beside `tmp_path`
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(AssignmentError, match=r"\. is no assignment: it has no assignment.toml"):
        coursegrader.check()


def test_the_one_line_in_a_kernel(tmp_path):
    write_assignment(tmp_path / "a")
    cells = [
        "import numpy as np\nnp.set_printoptions(precision=2)\ndef double(x): return 9",
        "import coursegrader; coursegrader.check()",
        SOLUTION,
        "import coursegrader; coursegrader.check('double')\ncoursegrader.check()",
    ]
    made = nbformat.reads(notebook(*cells), as_version=4)
    client = nbclient.NotebookClient(made, resources={"metadata": {"path": str(tmp_path / "a")}})
    client.execute()
    # How many outputs a kernel makes of what is printed depends on the moment.
    first, second = (
        "".join(output["text"] for output in made.cells[place].outputs) for place in (1, 3)
    )
    assert (
        first
        == """\
0 of 2.5 points by the visible tests
✗ Twice 2 is 4.  (0/2)
    called:    double(2)
    came back: 9
    expected:  4
    This is the square of 3.
    Read:      doubling, https://example.org/book/page.html#double
✗ test counter  (0/0.5)
    called:    Counter(1)
    Counter is not defined: run the cell that defines it, and keep its name
"""
    )
    assert (
        second
        == """\
2 of 2 points by the visible tests
✓ Twice 2 is 4.  (2/2)
2.5 of 2.5 points by the visible tests
✓ Twice 2 is 4.  (2/2)
✓ test counter  (0.5/0.5)
"""
    )


def test_the_report_shows_problems_and_errors():
    broken = records.TestResult(
        "a::b", "A title", False, 2, 0, "error", "in the setup of the test: OSError()"
    )
    result = records.Result("check", "graded", problems=["cell 2: NameError: x"], tests=[broken])
    assert report_text(result).splitlines() == [
        "0 of 2 points by the visible tests",
        "! cell 2: NameError: x",
        "! A title  (0/2)",
        "    in the setup of the test: OSError()",
    ]
    assert report_text(records.Result("check", "graded")) == "0 of 0 points by the visible tests"
