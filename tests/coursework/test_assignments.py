"""The graders are graded: full marks, no marks, and exactly the marks that a mistake costs."""

import re
from collections import Counter

import canonical
import nbformat
import pytest
from assignments import FOLDERS, REFERENCE, SITE, UNTOUCHED, Coursework, announced, wrong_answers

from coursegrader.authoring.release import release
from coursegrader.common.notebook import Cell
from coursegrader.common.records import Result, Submission
from coursegrader.handin.data_files import attach
from coursegrader.running.batch import batch_json, grade_batch, results_from_json

SECRETS = (b"spring", b"autumn", b"")
WRONG = [(folder, path) for folder in FOLDERS for path in wrong_answers(folder)]
_HEADING = re.compile(r"^## \d+\. .* · (\d+) points$", re.MULTILINE)
_ROW = re.compile(r"^\| \d+ \| `(\w+)`.* (\d+) \|$", re.MULTILINE)
_TOGETHER = re.compile(r"^\|.*together \|.* (\d+) \|$", re.MULTILINE)
_LINK = re.compile(r"\]\((https?://[^)]+)\)")


@pytest.fixture(scope="module")
def graded() -> dict:
    """Results by folder and secret, each graded once."""
    return {
        (folder, secret): Coursework(folder).grade(secret)
        for folder in FOLDERS
        for secret in SECRETS
    }


def notebook_of(cells: list[Cell]) -> bytes:
    made = [
        nbformat.v4.new_code_cell(cell.source, id=f"cell-{number}")
        for number, cell in enumerate(cells)
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=made)).encode()


def failed(result: Result) -> set[str]:
    return {test.name for test in result.tests if test.outcome != "passed"}


def each(folders: list, values: tuple) -> list:
    return [pytest.param(f, v, id=f"{f.name}-{v!r}") for f in folders for v in values]


def test_there_are_assignments() -> None:
    assert {folder.name for folder in FOLDERS} >= {
        "logistic_regression",
        "segmentation",
        "boxes_and_tracks",
    }


@pytest.mark.parametrize(("folder", "secret"), each(FOLDERS, SECRETS))
def test_the_reference_gets_full_marks(folder, secret, graded) -> None:
    result = graded[folder, secret][REFERENCE]
    assert result.problems == []
    assert failed(result) == set()
    assert result.earned == result.points > 0


@pytest.mark.parametrize(("folder", "secret"), each(FOLDERS, SECRETS))
def test_the_untouched_version_gets_nothing(folder, secret, graded) -> None:
    result = graded[folder, secret][UNTOUCHED]
    assert result.earned == 0
    assert {test.outcome for test in result.tests} == {"failed"}


@pytest.mark.parametrize(("folder", "path"), [pytest.param(*w, id=w[1].stem) for w in WRONG])
def test_a_wrong_answer_costs_its_marks_and_is_named(folder, path, graded) -> None:
    must_fail, says = announced(path)
    assert must_fail and set(must_fail.values()) == {0}
    for secret in SECRETS:
        result = graded[folder, secret][path.stem]
        assert failed(result) == set(must_fail)
        assert result.earned == sum(t.points for t in result.tests if t.name not in must_fail)
        assert any(says in test.message for test in result.tests if not test.hidden)
        assert {test.outcome for test in result.tests} == {"passed", "failed"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_test_catches_a_stored_mistake(folder, graded) -> None:
    results = graded[folder, SECRETS[0]]
    caught = {name for path in wrong_answers(folder) for name in announced(path)[0]}
    assert len(wrong_answers(folder)) >= 7
    assert {test.name for test in results[REFERENCE].tests} == caught


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_hidden_tests_tell_nothing(folder, graded) -> None:
    for result in graded[folder, SECRETS[0]].values():
        assert [test for test in result.tests if test.hidden and test.message] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_marks_are_those_that_the_notebook_states(folder, graded) -> None:
    """In the table, in each heading, and by the check below each function."""
    tests = graded[folder, SECRETS[0]][REFERENCE].tests
    notebook = nbformat.read(Coursework(folder).notebook, as_version=4)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    headings = [int(points) for points in _HEADING.findall(prose)]
    rows = [int(points) for _, points in _ROW.findall(prose)]
    [together] = map(int, _TOGETHER.findall(prose))
    checks = re.findall(r'coursegrader\.check\("(\w+)"\)', code)
    by_check = [sum(test.points for test in tests if key in test.name) for key in checks]
    assert headings == rows == by_check
    assert together == sum(rows) == sum(test.points for test in tests)
    times = Counter(test.name for key in checks for test in tests if key in test.name)
    assert set(times.values()) == {1}
    assert [name for name, _ in _ROW.findall(prose)] == [
        *Coursework(folder).assignment.settings.required
    ]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_link_leads_into_the_book(folder, graded) -> None:
    """From each test and from the notebook: the page is there, and the place in it."""
    if not (SITE / "index.html").is_file():
        pytest.fail(f"no site in {SITE}: run `make book` first")
    book = Coursework(folder).assignment.settings.book
    tests = graded[folder, SECRETS[0]][REFERENCE].tests
    assert [test.name for test in tests if test.see is None] == []
    links = {test.see["url"] for test in tests}
    links |= {link for link in _LINK.findall(Coursework(folder).notebook.read_text("utf-8"))}
    assert [link for link in links if not link.startswith(book)] == []
    broken = []
    for link in sorted(links):
        path, _, anchor = link.removeprefix(book).partition("#")
        page = SITE / path
        if not page.is_file() or (anchor and f'id="{anchor}"' not in page.read_text("utf-8")):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_committed_student_version_is_a_fresh_release(folder, tmp_path) -> None:
    """`coursegrader release FOLDER` writes it."""
    release(Coursework(folder).assignment, tmp_path / "student")
    fresh, committed = (
        {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & {*path.parts}
        }
        for root in (tmp_path / "student", folder / "student")
    )
    assert committed == fresh


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_source_is_canonical_and_holds_no_output(folder) -> None:
    """An output could hold a solution; in another form of the file a change is hard to see."""
    text = Coursework(folder).notebook.read_text("utf-8")
    assert canonical.write(canonical.read(text)) == text
    cells = [cell for cell in canonical.read(text).cells if cell.cell_type == "code"]
    assert [cell.id for cell in cells if cell.outputs or cell.execution_count is not None] == []


@pytest.mark.sandbox
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_sandbox_gives_the_same_marks(folder, graded) -> None:
    """It has the packages of the assignment and no others.

    Hidden tests draw by the submission's identity: here a digest of its content, in `graded` its
    name. The marks are the same because a hidden test catches a mistake whatever it draws.
    """
    coursework = Coursework(folder)
    submissions = [
        Submission(name, "answer.ipynb", attach(notebook_of(cells), coursework.files))
        for name, cells in coursework.submissions.items()
    ]
    batch = batch_json(coursework.assignment, SECRETS[0], submissions)
    marks = {result.id: result.earned for result in results_from_json(grade_batch(batch))}
    expected = graded[folder, SECRETS[0]]
    assert [marks[s.id] for s in submissions] == [expected[s.student].earned for s in submissions]
