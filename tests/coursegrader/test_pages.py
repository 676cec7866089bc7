"""The pages on coursework: every command exists, and the example assignment works as it stands."""

import re
import shlex
from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from coursegrader.authoring.assignment import Assignment
from coursegrader.cli import _parser, main
from coursegrader.common.notebook import Cell, read_cells
from coursegrader.common.records import Result
from coursegrader.inside.runner import Runner, fresh_namespace
from coursegrader.marking.lines import LocalLine
from coursegrader.marking.plugin import Entry, GraderPlugin
from coursegrader.marking.session import run_session
from coursegrader.students.checking import check_file

ROOT = Path(__file__).parents[2]
COURSEWORK = ROOT / "book" / "coursework"
TEXTS = [
    *sorted(COURSEWORK.glob("*.md")),
    *(ROOT / "book").glob("*.md"),
    ROOT / "book" / "index.ipynb",
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / ".github" / "classroom" / "workflow.yml",
    *sorted((ROOT / "coursework").glob("*/*.ipynb")),
]


def commands() -> dict[str, ArgumentParser]:
    (action,) = (a for a in _parser()._actions if isinstance(a, _SubParsersAction))
    return action.choices


def mentions(text: str) -> list[str]:
    """Commands in listings, whole, and in running text; backslashes at line ends are joined."""
    text = re.sub(r"\\\n\s*", "", text)
    listed = re.findall(r"^ *(?:- )?(?:run: )?(coursegrader [a-z].*)$", text, re.MULTILINE)
    inline = re.findall(r"`(coursegrader [^`]+)`", text)
    return [*listed, *inline] + [
        f"coursegrader {flag}" for flag in re.findall(r"`(--[^`]+)`", text)
    ]


def command_problems(text: str) -> list[str]:
    """Commands and flags that a text speaks of and that do not exist."""
    problems = []
    known = commands()
    for mention in mentions(text):
        name, *words = shlex.split(mention.removeprefix("coursegrader "), comments=True)
        if name.startswith("--"):  # a flag alone may be any command's
            parsers, words = [*known.values()], [name, *words]
        elif name in known:
            parsers = [known[name]]
        elif name == "COMMAND":
            continue
        else:
            problems.append(f"{mention}: there is no command {name}")
            continue
        flags = {flag for parser in parsers for flag in parser._option_string_actions}
        problems += [
            f"{mention}: there is no {word}"
            for word in words
            if re.match(r"--?[a-z]", word) and word not in flags
        ]
    return problems


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_exists(path: Path) -> None:
    assert command_problems(path.read_text("utf-8")) == []


def test_every_command_is_on_a_page() -> None:
    pages = "\n".join(path.read_text("utf-8") for path in COURSEWORK.glob("*.md"))
    for name, parser in commands().items():
        assert f"coursegrader {name}" in pages
        flags = {flag for flag in parser._option_string_actions if flag.startswith("--")}
        # Each flag that has no short form.
        short = {f for a in parser._actions if len(a.option_strings) > 1 for f in a.option_strings}
        assert [flag for flag in flags - short if flag not in pages] == []


@pytest.mark.parametrize("page", sorted(COURSEWORK.glob("*.md")), ids=lambda path: path.stem)
def test_a_listed_command_has_all_it_needs(page: Path) -> None:
    text = re.sub(r"\\\n\s*", "", page.read_text("utf-8"))
    for line in re.findall(r"^(coursegrader [a-z]+(?: .*)?)$", text, re.MULTILINE):
        _parser().parse_args(shlex.split(line)[1:])


@pytest.mark.parametrize(
    "text",
    [
        "```bash\ncoursegrader grad x.zip --assignment a\n```",
        "```bash\ncoursegrader grade x.zip \\\n    --assignmnt a\n```",
        "Use `coursegrader mark ana --points 1`.",
        "`--policies FILE` does it.",
        "      - run: coursegrader pack --out x",
    ],
)
def test_a_wrong_command_is_seen(text: str) -> None:
    assert len(command_problems(text)) == 1


def test_a_trial_has_a_gradebook_of_its_own() -> None:
    """Who tries out an assignment and grades a class in one folder is no student of the class."""
    text = re.sub(r"\\\n\s*", "", (COURSEWORK / "writing.md").read_text("utf-8"))
    trials = [_parser().parse_args(shlex.split(line)[1:]) for line in mentions_of("grade", text)]
    usual = _parser().parse_args(["grade", "x", "--assignment", "a"])
    assert trials
    for one in trials:
        assert one.gradebook != usual.gradebook and one.out != usual.out


def mentions_of(command: str, text: str) -> list[str]:
    return re.findall(rf"^(coursegrader {command} .*)$", text, re.MULTILINE)


def test_the_tests_that_the_pages_name_exist() -> None:
    text = (COURSEWORK / "instructors.md").read_text("utf-8")
    named = re.findall(r"(test_\w+\.py)::(test_\w+)", text)
    assert named
    for file, test in named:
        source = (ROOT / "coursework" / "logistic_regression" / "tests" / file).read_text("utf-8")
        assert f"def {test}(" in source


# The example of writing.md


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The assignment of the page, written to files as its listings say."""
    folder = tmp_path / "rescale"
    text = (COURSEWORK / "writing.md").read_text("utf-8")
    listings = re.findall(r"```\{code-block\} \w+\n:caption: ([^\n]+)\n(.*?)```", text, re.DOTALL)
    cells = [new_code_cell(body.rstrip()) for name, body in listings if "a code cell" in name]
    for name, body in listings:
        if "a code cell" not in name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(body, "utf-8")
    nbformat.write(new_notebook(cells=cells), folder / "rescale.ipynb")
    return folder


def graded(folder: Path, *cells: Cell) -> Result:
    """By all tests, hidden ones included."""
    assignment = Assignment.load(folder)
    entry = Entry("one", lambda: LocalLine(Runner(fresh_namespace()), list(cells)))
    plugin = GraderPlugin(assignment.settings, [entry], b"secret")
    run_session(plugin, folder / "tests")
    return plugin.results["one"]


def test_the_example_is_graded_as_the_page_says(example: Path) -> None:
    assert main(["release", str(example)]) == 0
    student = example / "student"
    assert sorted(path.name for path in student.rglob("*") if path.is_file()) == [
        "assignment.toml",
        "rescale.ipynb",
        "test_rescale.py",
    ]
    solved = read_cells("rescale.ipynb", (example / "rescale.ipynb").read_bytes())
    result = graded(example, *solved)
    assert (result.earned, result.points) == (5, 5), result.tests
    untouched = check_file(student / "rescale.ipynb", Assignment.load(student))
    assert (untouched.earned, untouched.points) == (0, 3)


def test_the_wrong_answer_of_the_page_earns_what_it_says(example: Path) -> None:
    source = (example / "wrong" / "variance.py").read_text("utf-8")
    says: dict = {}
    exec(source, says)
    solved = read_cells("rescale.ipynb", (example / "rescale.ipynb").read_bytes())
    result = graded(example, *solved, Cell("the mistake", source))
    failed = [test for test in result.tests if not test.earned]
    assert {test.name: 0 for test in failed} == says["EARNED"]
    assert any(says["SAYS"] in test.message for test in failed)
