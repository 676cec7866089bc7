"""The exercise and its submissions in the files of each grader."""

from pathlib import Path

from grading_exercise import Check, Question, questions
from nbformat import NotebookNode, read, write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NAME = "exercise"
IMPORTS = "import numpy as np"
TOLERANCES = "rtol=1e-5, atol=1e-8"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def submission(answers: dict[str, str]) -> NotebookNode:
    """What a student hands in: a cell for each function."""
    cells = [new_markdown_cell("# Logistic regression"), new_code_cell(IMPORTS)]
    for name, source in answers.items():
        cells += [new_markdown_cell(f"Write `{name}`."), new_code_cell(source)]
    return new_notebook(cells=cells, metadata=KERNEL)


def write_submissions(folder: Path, everyone: dict[str, dict[str, str]]) -> Path:
    """A notebook for each student, for coursegrader and otter-grader."""
    folder.mkdir()
    for student, answers in everyone.items():
        write(submission(answers), folder / f"{student}.ipynb")
    return folder


def write_coursegrader_assignment(folder: Path) -> Path:
    """An assignment's folder; its notebook is the solution."""
    (folder / "tests").mkdir(parents=True)
    required = [question.name for question in questions()]
    settings = [
        'title = "Logistic regression"',
        f'notebook = "{NAME}.ipynb"',
        'packages = ["numpy"]',
        'preload = ["numpy"]',
        f"required = {required}",
    ]
    (folder / "assignment.toml").write_text("\n".join(settings) + "\n")
    solution = {question.name: question.answer(question.right) for question in questions()}
    write(submission(solution), folder / f"{NAME}.ipynb")
    for question in questions():
        tests = [
            f"@pytest.mark.points({check.points})\n"
            f"def test_{question.name}_{number}(student, expect):\n"
            f"    expect(student.{question.name}({check.arguments}), {check.want}, {TOLERANCES})\n"
            for number, check in enumerate(question.checks)
        ]
        text = "\n\n".join([f"import pytest\n{IMPORTS}\n", *tests])
        (folder / "tests" / f"test_{question.name}.py").write_text(text)
    return folder


def write_otter_tests(folder: Path) -> Path:
    """Test files in otter-grader's format of functions that raise."""
    folder.mkdir()
    for question in questions():
        tests = [
            f"@test_case(points={check.points})\n"
            f"def check_{number}({question.name}):\n    {_assertion(question, check)}\n"
            for number, check in enumerate(question.checks)
        ]
        begin = (
            f"from otter.test_files import test_case\n{IMPORTS}\n\n"
            f'OK_FORMAT = False\n\nname = "{question.name}"\n'
        )
        (folder / f"{question.name}.py").write_text("\n\n".join([begin, *tests]))
    return folder


def write_nbgrader_source(folder: Path) -> None:
    """The instructor's notebook in nbgrader's course folder."""
    cells = [new_markdown_cell("# Logistic regression"), new_code_cell(IMPORTS)]
    for question in questions():
        answer = new_code_cell(question.answer(question.right))
        answer.metadata["nbgrader"] = _cell(question.name, solution=True)
        cells += [new_markdown_cell(f"Write `{question.name}`."), answer]
        for number, check in enumerate(question.checks):
            test = new_code_cell(_assertion(question, check))
            test.metadata["nbgrader"] = _cell(f"{question.name}_{number}", points=check.points)
            cells.append(test)
    target = folder / "source" / NAME
    target.mkdir(parents=True)
    write(new_notebook(cells=cells, metadata=KERNEL), target / f"{NAME}.ipynb")


def write_nbgrader_submissions(folder: Path, everyone: dict[str, dict[str, str]]) -> None:
    """The released notebook with each student's answers in it."""
    released = folder / "release" / NAME / f"{NAME}.ipynb"
    for student, answers in everyone.items():
        notebook = read(released, as_version=4)
        for cell in notebook.cells:
            if (name := cell.metadata.get("nbgrader", {}).get("grade_id")) in answers:
                cell.source = answers[name]
        target = folder / "submitted" / student / NAME
        target.mkdir(parents=True)
        write(notebook, target / released.name)


def _assertion(question: Question, check: Check) -> str:
    call = f"{question.name}({check.arguments})"
    return f"np.testing.assert_allclose({call}, {check.want}, {TOLERANCES}, strict=True)"


def _cell(name: str, *, solution: bool = False, points: int | None = None) -> dict:
    """What nbgrader keeps with a cell: a student's answer, or a locked test with points."""
    graded = points is not None
    cell = {"grade_id": name, "schema_version": 3, "solution": solution, "task": False}
    return cell | {"grade": graded, "locked": graded} | ({"points": points} if graded else {})
