"""The student version holds no line of a solution, and a release overwrites nothing else."""

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HIDDEN_TESTS, SETTINGS, TESTS, code, load_assignment, notebook, write_assignment

from coursegrader.authoring.assignment import Assignment, AssignmentError
from coursegrader.authoring.release import (
    release,
    solution_lines,
    student_files,
    student_notebook,
    without_solutions,
)
from coursegrader.common.notebook import UnreadableError, read_notebook

SOURCE = """\
def double(x):
    \"\"\"Twice x.\"\"\"
    # BEGIN SOLUTION
    y = x
    for _ in range(1):
        y += x

    return y
    # END SOLUTION


class Counter:
    def add(self, n):
\t# BEGIN SOLUTION
\tself.value += n
\t# END SOLUTION
    # kept
"""
STUDENTS = """\
def double(x):
    \"\"\"Twice x.\"\"\"
    raise NotImplementedError("your code here")


class Counter:
    def add(self, n):
\traise NotImplementedError("your code here")
    # kept"""


def test_a_solution_becomes_a_line_that_says_it_is_missing():
    assert without_solutions(SOURCE, "cell 1") == STUDENTS


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ""),
        ("x = 1", "x = 1"),
        ("x = 1\n\n", "x = 1"),
        ("# BEGIN SOLUTION\nx = 1\n# END SOLUTION", "...  # your code here"),
        ("# BEGIN SOLUTION\n# END SOLUTION\n", "...  # your code here"),
        ("# BEGIN SOLUTION  \nx = 1\n# END SOLUTION\t\ny = 2", "...  # your code here\ny = 2"),
        (
            "# BEGIN SOLUTION\nx\n# END SOLUTION\nz\n# BEGIN SOLUTION\ny\n# END SOLUTION",
            "...  # your code here\nz\n...  # your code here",
        ),
    ],
)
def test_regions(source, expected):
    assert without_solutions(source, "cell 1") == expected


@pytest.mark.parametrize(
    "source",
    [
        "# BEGIN SOLUTION\nx = 1",
        "x = 1\n# END SOLUTION",
        "# END SOLUTION\nx = 1\n# BEGIN SOLUTION",
        "# BEGIN SOLUTION\n# BEGIN SOLUTION\nx = 1\n# END SOLUTION",
        "# BEGIN SOLUTION\n# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n# END SOLUTION",
        "# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n# END SOLUTION",
        "def f():\n    # BEGIN SOLUTION\n    return 1\n# END SOLUTION",
        "def f():\n# BEGIN SOLUTION\n    return 1\n    # END SOLUTION",
        "x = 1  # BEGIN SOLUTION\ny = 2\n# END SOLUTION",
        "#BEGIN SOLUTION\nx = 1\n#END SOLUTION",
        "# begin solution\nx = 1\n# end solution",
        "# BEGIN SOLUTION: the formula\nx = 1\n# END SOLUTION",
        "# BEGIN  SOLUTION\r\nx = 1\r\n# END SOLUTION\r\n",
        "## BEGIN SOLUTION\nx = 1\n## END SOLUTION",
    ],
)
def test_a_marker_that_opens_or_closes_nothing_is_refused(source):
    with pytest.raises(AssignmentError, match=r"^cell 3: a `# BEGIN SOLUTION` without"):
        without_solutions(source, "cell 3")


def cells(*made) -> list:
    return student_notebook(read_notebook(notebook(*made)))["cells"]


def test_a_cell_with_the_tag_is_dropped_whole():
    text = {"cell_type": "markdown", "metadata": {"tags": ["solution"]}, "source": "It is 42."}
    kept = cells(
        "x = 1", code("secret = 2", "solution", "other"), text, code("y = 3", "not-graded")
    )
    assert [cell["source"] for cell in kept] == ["x = 1", "y = 3"]
    assert kept[1]["metadata"]["tags"] == ["not-graded"]


def test_a_solution_in_a_text_is_refused():
    text = {"cell_type": "markdown", "metadata": {}, "source": "# BEGIN SOLUTION\n42"}
    with pytest.raises(AssignmentError, match="cell 2: tag a cell of text `solution` as a whole"):
        cells("x = 1", text)


def test_the_number_of_a_cell_is_that_of_the_source():
    with pytest.raises(AssignmentError, match="cell 3: "):
        cells("x", code("y", "solution"), "# BEGIN SOLUTION")


lines = st.sampled_from(
    [
        "x = 1",
        "y = x + 2",
        "return y",
        "secret(4)",
        "",
        "# a comment",
        "if x:",
        "    z = 3",
        "'''",
        "é",
    ]
)
blocks = st.lists(st.tuples(st.booleans(), st.sampled_from(["", "    ", "\t"]), st.lists(lines)))


@given(st.lists(blocks, max_size=4), st.sets(st.integers(0, 3)))
def test_no_line_of_a_solution_survives_unless_it_stands_outside_too(source, tagged):
    made, outside = [], {'raise NotImplementedError("your code here")', "...  # your code here"}
    for number, content in enumerate(source):
        text = []
        for is_solution, indent, body in content:
            body = [indent + line for line in body]
            if is_solution:
                body = [f"{indent}# BEGIN SOLUTION", *body, f"{indent}# END SOLUTION"]
            elif number not in tagged:
                outside |= {line.strip() for line in body}
            text += body
        made.append(code("\n".join(text), *(["solution"] if number in tagged else [])))
    original = read_notebook(notebook(*made, "last = 1"))
    removed = solution_lines(original)
    left = student_notebook(original)["cells"]
    survivors = {line.strip() for cell in left for line in cell["source"].split("\n")}
    assert survivors <= outside | {"last = 1", ""}
    assert not (set(removed) - outside) & survivors
    assert {line.strip() for cell in made for line in cell["source"].split("\n")} <= (
        set(removed) | outside | {"", "# BEGIN SOLUTION", "# END SOLUTION"}
    )


def released(folder, **options) -> dict[str, bytes]:
    return student_files(load_assignment(folder, **options))


def test_students_get_settings_notebook_and_visible_tests(tmp_path):
    source = notebook(
        code(SOURCE, outputs=[{"output_type": "stream", "name": "stdout", "text": "42"}])
    )
    files = released(
        tmp_path / "a",
        source=source,
        test_double=TESTS,
        test_hidden_x=HIDDEN_TESTS,
        hidden_answers="ANSWER = 42",
        helper="",
    )
    assert list(files) == [
        "assignment.toml",
        "doubling.ipynb",
        "tests/helper.py",
        "tests/test_double.py",
    ]
    assert files["assignment.toml"] == SETTINGS.encode()
    assert files["tests/test_double.py"] == TESTS.encode()
    made = nbformat.reads(files["doubling.ipynb"].decode(), as_version=4)
    (cell,) = made.cells
    assert (cell.source, cell.outputs, cell.execution_count) == (STUDENTS, [], None)
    assert b"42" not in b"".join(files.values())
    assert files["doubling.ipynb"].endswith(b"}\n")


def test_what_was_released_can_be_released_and_stays_the_same(tmp_path):
    assignment = load_assignment(tmp_path / "a", source=notebook(SOURCE))
    first = student_files(assignment)
    assert student_files(assignment) == first
    release(assignment, tmp_path / "b")
    assert student_files(Assignment.load(tmp_path / "b")) == first


def test_a_source_without_a_notebook(tmp_path):
    assignment = load_assignment(tmp_path / "a")
    (tmp_path / "a" / "doubling.ipynb").unlink()
    with pytest.raises(AssignmentError, match=r"doubling.ipynb is not there"):
        student_files(assignment)
    with pytest.raises(AssignmentError, match="a was not read from a folder"):
        student_files(Assignment.from_json(assignment.to_json()))


def test_a_source_that_is_no_notebook(tmp_path):
    with pytest.raises(UnreadableError):
        released(tmp_path / "a", source=b"{}")


def present(folder) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_a_release_is_written_and_written_again(tmp_path):
    folder = write_assignment(tmp_path / "a", source=notebook(SOURCE), test_old=TESTS)
    target = folder / "student"
    written = release(Assignment.load(folder), target)
    expected = ["assignment.toml", "doubling.ipynb", "tests/test_old.py"]
    assert present(target) == expected
    assert sorted(path.relative_to(target).as_posix() for path in written) == expected
    (folder / "tests" / "test_old.py").rename(folder / "tests" / "test_new.py")
    (target / "notes.txt").write_text("stale")
    (target / ".git").mkdir()
    (target / ".git" / "HEAD").write_text("kept")
    release(Assignment.load(folder), target)
    assert present(target) == [
        ".git/HEAD",
        "assignment.toml",
        "doubling.ipynb",
        "tests/test_new.py",
    ]


def test_a_new_and_an_empty_folder_are_filled(tmp_path):
    assignment = load_assignment(tmp_path / "a")
    (tmp_path / "empty").mkdir()
    for target in (tmp_path / "empty", tmp_path / "new" / "deep"):
        release(assignment, target)
        assert (target / "assignment.toml").is_file()


def test_another_folder_is_not_overwritten(tmp_path):
    assignment = load_assignment(tmp_path / "a")
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "thesis.tex").write_text("years of work")
    with pytest.raises(AssignmentError, match="is not empty and holds no assignment"):
        release(assignment, target)
    assert present(target) == ["thesis.tex"]


def test_a_source_is_not_overwritten(tmp_path, monkeypatch):
    folder = write_assignment(tmp_path / "a", test_double=TESTS)
    other = write_assignment(tmp_path / "b", test_double=TESTS, test_hidden=HIDDEN_TESTS)
    around = tmp_path
    (around / "assignment.toml").write_text(SETTINGS)
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(folder)
    before = present(tmp_path)
    for target in (folder, folder / "tests" / "..", other, around, tmp_path / "link"):
        with pytest.raises(AssignmentError, match="holds the source of an assignment"):
            release(Assignment.load("."), target)
    assert present(tmp_path) == before


def test_nothing_is_removed_when_the_source_is_broken(tmp_path):
    folder = write_assignment(tmp_path / "a", source=notebook(SOURCE))
    release(Assignment.load(folder), folder / "student")
    (folder / "doubling.ipynb").write_bytes(notebook("# BEGIN SOLUTION\nx = 1"))
    before = present(folder)
    with pytest.raises(AssignmentError, match="cell 1"):
        release(Assignment.load(folder), folder / "student")
    assert present(folder) == before


def test_a_notebook_whose_cells_have_no_identifiers(tmp_path):
    data = json.loads(notebook(SOURCE)) | {"nbformat_minor": 5}
    files = released(tmp_path / "a", source=json.dumps(data).encode())
    made = json.loads(files["doubling.ipynb"])
    assert made["cells"][0]["id"]
