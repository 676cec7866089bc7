"""Each rule catches a notebook that breaks it, and passes one that does not."""

import base64
from collections.abc import Callable

import canonical
import described
import glued
import hygiene
import prose
import pytest
from documents import Book, Document
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from sample import cell

RULES = described.RULES + glued.RULES + hygiene.RULES + prose.RULES + prose.SECTION_RULES
Break = Callable[[NotebookNode], object]


def document(notebook: NotebookNode, name: str = "part/broken.ipynb") -> Document:
    return Document(name, canonical.write(notebook))


def set_output(cell_id: str, **values: object) -> Break:
    return lambda notebook: cell(notebook, cell_id).outputs[0].update(values)


def set_cell(cell_id: str, **values: object) -> Break:
    return lambda notebook: cell(notebook, cell_id).update(values)


def tag(cell_id: str, *tags: str) -> Break:
    return lambda notebook: cell(notebook, cell_id).metadata.update(tags=list(tags))


def describe(alt: str, caption: str, name: str) -> Break:
    mystnb = {"image": {"alt": alt}, "figure": {"caption": caption, "name": name}}
    return lambda notebook: cell(notebook, "figure").metadata.update(mystnb=mystnb)


def replace(old: str, new: str, count: int = 1) -> Break:
    """Change the prose."""

    def change(notebook: NotebookNode) -> None:
        found = next(c for c in notebook.cells if c.cell_type == "markdown" and old in c.source)
        found.source = found.source.replace(old, new, count)

    return change


def append(markdown: str) -> Break:
    return lambda notebook: notebook.cells.append(new_markdown_cell(markdown, id="more"))


def swap(first: str, second: str) -> Break:
    def change(notebook: NotebookNode) -> None:
        a, b = cell(notebook, first), cell(notebook, second)
        a.source, b.source = b.source, a.source

    return change


def drop_code(notebook: NotebookNode) -> None:
    notebook.cells = [c for c in notebook.cells if c.cell_type == "markdown"]


def glue_again(notebook: NotebookNode) -> None:
    glued = cell(notebook, "slope").outputs
    glued.append(glued[0].copy())


def second_figure(notebook: NotebookNode) -> None:
    drawn = cell(notebook, "figure").outputs
    drawn.append(drawn[0].copy())


def heavy_figure(notebook: NotebookNode) -> None:
    png = base64.b64encode(bytes(450_001)).decode()
    cell(notebook, "figure").outputs[0].data["image/png"] = png


ALT = "A pale sine wave crosses the steep middle of a tanh curve."
LONG_SOURCE = "\n".join(f"x = {line}" for line in range(21))
STDERR = [new_output("stream", name="stderr", text="UserWarning: careful\n")]

BROKEN: list[tuple[Callable[[Document], list[str]], Break]] = [
    (hygiene.not_canonical, lambda nb: nb.metadata.language_info.update(version="3.11.7")),
    (hygiene.not_canonical, lambda nb: nb.metadata.kernelspec.update(name="conda-env-py")),
    (hygiene.not_canonical, lambda nb: cell(nb, "text").metadata.update(execution={"a": "b"})),
    (hygiene.big_file, heavy_figure),
    (hygiene.never_executed, set_cell("text", execution_count=None)),
    (hygiene.never_executed, drop_code),
    (hygiene.out_of_order, set_cell("text", execution_count=9)),
    (hygiene.out_of_order, set_output("result", execution_count=9)),
    (hygiene.stored_error, tag("error", "hide-output")),
    (hygiene.missing_error, tag("text", "raises-exception")),
    (hygiene.odd_traceback, set_output("error", traceback=["File numpy/core.py", "ValueError"])),
    (hygiene.stderr_output, set_cell("text", outputs=STDERR)),
    (hygiene.wide_text, set_output("text", text="two\n" + 41 * "-")),
    (hygiene.wide_text, set_output("result", data={"text/plain": 41 * "1"})),
    (hygiene.unknown_tag, tag("text", "nbval-ignore-output")),
    (hygiene.unknown_tag, tag("text", "nbval-skip")),
    (hygiene.unknown_tag, tag("error", "raises-exception", "nbval-raises-exception")),
    (hygiene.unknown_tag, tag("text", "pytest-validate-ignore-output")),
    (hygiene.unknown_tag, tag("text", "skip-execution")),
    (hygiene.nbval_comment, set_cell("text", source="# NBVAL_IGNORE_OUTPUT\nprint(1)")),
    (hygiene.nbval_comment, set_cell("text", source="x = 1\n  ## NBVAL_SKIP")),
    (hygiene.nbval_comment, set_cell("text", source="#NBVAL_CHECK_OUTPUT")),
    (hygiene.nbval_comment, set_cell("text", source="# PYTEST_VALIDATE_IGNORE_OUTPUT")),
    (described.undescribed_figure, lambda nb: cell(nb, "figure").metadata.pop("mystnb")),
    (described.undescribed_figure, describe("", "Two curves.", "fig-sample")),
    (described.undescribed_figure, describe(ALT, "", "fig-sample")),
    (described.undescribed_figure, describe(ALT, "Two curves.", "")),
    (described.undescribed_figure, describe(ALT, "Two curves.", "curves")),
    (described.poor_alt_text, describe("Two curves.", "A sine and a tanh.", "fig-sample")),
    (described.poor_alt_text, describe(ALT, ALT, "fig-sample")),
    (described.two_figures, second_figure),
    (hygiene.long_cell, set_cell("text", source=LONG_SOURCE)),
    (hygiene.not_plain_python, set_cell("text", source="%timeit 1 + 1")),
    (hygiene.not_plain_python, set_cell("text", source="!pip list")),
    (hygiene.scattered_import, set_cell("text", source="import math")),
    (hygiene.scattered_import, set_cell("text", source="def f():\n    from math import pi")),
    (hygiene.machine_path, set_cell("text", source='open("/home/me/data.csv")')),
    (hygiene.machine_path, set_output("text", text="/root/.cache/data\n")),
    (hygiene.machine_path, set_output("error", traceback=["File /work/main/src/a.py"])),
    (hygiene.machine_path, replace("One thought.", r"See C:\Users\me.")),
    (glued.glue_twice, glue_again),
    (glued.glue_unused, replace("{glue:text}`slope`", "2.00")),
    (glued.glue_undefined, append("{glue:text}`offset:.2f`")),
    (glued.glue_undefined, append("```{glue:figure} offset\n```")),
    (glued.glue_shown, tag("slope", "hide-input")),
    (prose.title, replace("# A line", "## A line")),
    (prose.title, replace("\n\nWhat a slope is.", "")),
    (prose.title, append("# Another title")),
    (prose.sections, replace("## By hand", "## On paper")),
    (prose.sections, swap("section-3", "section-4")),
    (prose.sections, lambda nb: nb.cells.remove(cell(nb, "section-10"))),
    (prose.sections, append("## Appendix")),
    (prose.unlabelled_equation, replace(":label: eq-sample-line\n", "")),
    (prose.unlabelled_equation, replace("eq-sample-line", "sample-line")),
    (prose.unlabelled_equation, append("$$\ny = x\n$$")),
    (prose.unlabelled_equation, append("A line is $$y = x$$ here.")),
    (prose.unlabelled_equation, append("\\begin{align}\ny &= x\n\\end{align}")),
    (prose.unlabelled_equation, append(":::{note}\n$$\ny = x\n$$\n:::")),
    (prose.unlabelled_equation, append("- a\n\n  ```{math}\n  y = x\n  ```")),
    (prose.image_without_alt, append("![](line.png)")),
    (prose.image_without_alt, append("```{figure} line.png\nA line.\n```")),
    (prose.hearsay, append("Many texts call this a line.")),
    (prose.hearsay, append(":::{note}\nIn some other books it is a curve.\n:::")),
    (prose.quiz_numbering, replace("**Question 3.**", "**Question 4.**")),
    (prose.quiz_numbering, replace("**Question 3.**", "Question 3.")),
    (prose.quiz_options, replace("dropdown} C.", "note} C.")),
    (prose.quiz_options, replace("dropdown} C.", "dropdown} B.")),
    (prose.quiz_options, replace("**No.**", "**Correct.**")),
    (prose.quiz_options, replace("**Correct.**", "**No.**")),
    (prose.quiz_explanations, replace("**No.**", "No:")),
    (prose.quiz_explanations, replace(" It is the factor of x in the equation above.", "")),
    (prose.exercise_labels, replace(":label: ex-sample-hand\n", "")),
    (prose.exercise_labels, replace("{exercise", "{note", count=-1)),
    (prose.exercise_solutions, replace("{solution} ex-sample-hand", "{note}")),
    (prose.exercise_solutions, replace("{solution} ex-sample-hand", "{solution} ex-other")),
    (prose.exercise_solutions, replace(":label: ex-sample-hand", ":label: ex-sample-code")),
    (prose.open_solution, replace("ex-sample-hand\n:class: dropdown", "ex-sample-hand")),
    (prose.open_solution, replace("ex-sample-code\n:class: dropdown", "ex-sample-code")),
    (prose.unbalanced_gate, replace("{exercise-end}", "{note}")),
    (prose.unbalanced_gate, replace("{solution-end}", "{note}")),
]


def line(value: object) -> str:
    return getattr(value, "__name__", "")


@pytest.mark.parametrize(("rule", "damage"), BROKEN, ids=line)
def test_a_broken_notebook_is_caught(
    rule: Callable[[Document], list[str]], damage: Break, executed: NotebookNode
) -> None:
    damage(executed)
    problems = rule(document(executed))
    assert problems
    assert all(problem.startswith("part/broken.ipynb") for problem in problems)


@pytest.mark.parametrize("rule", RULES, ids=line)
def test_the_sample_keeps_every_rule(
    rule: Callable[[Document], list[str]], executed_text: str
) -> None:
    assert rule(Document("part/sample.ipynb", executed_text)) == []


def test_every_rule_has_a_guard() -> None:
    assert {rule for rule, _ in BROKEN} == {*RULES}


def test_a_cell_of_a_solution_may_import(executed: NotebookNode) -> None:
    outside = new_code_cell("import math", id="outside", execution_count=9)
    executed.cells.append(outside)
    assert "cell 22: imports" in hygiene.scattered_import(document(executed))[0]


def test_what_is_not_printed_may_be_wide(executed: NotebookNode) -> None:
    set_output("error", evalue=99 * "x")(executed)
    set_output("figure", data={"text/plain": 99 * "x", "image/png": ""})(executed)
    assert hygiene.wide_text(document(executed)) == []


def test_a_text_that_is_cited_may_be_named(executed: NotebookNode) -> None:
    append("Many texts, such as {cite:t}`bishop2006`, call this a line.")(executed)
    assert prose.hearsay(document(executed)) == []


@pytest.mark.parametrize(
    ("rule", "markdown"),
    [
        (prose.unlabelled_equation, "# Page\n\n$$\nx\n$$\n"),
        (prose.image_without_alt, "# Page\n\n![](logo.svg)\n"),
        (hygiene.machine_path, "# Page\n\nSee /home/me/notes.\n"),
    ],
    ids=line,
)
def test_a_broken_page_is_caught(rule: Callable[[Document], list[str]], markdown: str) -> None:
    assert rule(Document("page.md", markdown))
    assert rule(Document("page.md", "# Page\n\n![A logo](logo.svg)\n")) == []


def test_a_label_stands_once_in_the_book(executed: NotebookNode) -> None:
    first = document(executed, "part/first.ipynb")
    assert prose.duplicate_label(Book([first])) == []
    page = Document("notation.md", "```{math}\n:label: eq-sample-line\nx\n```\n")
    [problem] = prose.duplicate_label(Book([first, page]))
    assert "eq-sample-line" in problem
    labels = "".join(prose.duplicate_label(Book([first, document(executed)])))
    assert all(label in labels for label in ("eq-sample-line", "ex-sample-hand", "fig-sample"))


def test_a_document_stands_in_the_contents(executed: NotebookNode) -> None:
    notebook, page = document(executed), Document("notation.md", "# Notation\n")
    assert prose.missing_from_contents(Book([notebook, page], {"part/broken", "notation"})) == []
    [problem] = prose.missing_from_contents(Book([notebook, page], {"notation"}))
    assert problem.startswith("part/broken.ipynb")


def test_make_sees_every_notebook(executed: NotebookNode) -> None:
    names = ["index.ipynb", "part/section.ipynb", "part/chapter/section.ipynb"]
    book = Book([document(executed, name) for name in names], tested=["book/*/*.ipynb"])
    problems = prose.untested_by_make(book)
    assert [problem.partition(":")[0] for problem in problems] == [names[0], names[2]]
