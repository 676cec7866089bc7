"""Rules for the cells of a notebook and their stored outputs.

Each takes a notebook and returns its problems. nbval executes the notebook; these see what it
cannot: what the stored file holds.
"""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import canonical
from documents import Document
from nbformat import NotebookNode
from nbval.plugin import find_comment_markers

MAX_BYTES = 600_000
MAX_LINES = 20
MAX_COLUMNS = 40  # what a phone shows of printed text without wrapping it
TAGS = {
    "hide-cell",
    "hide-input",
    "hide-output",
    "raises-exception",
    "remove-cell",
    "remove-input",
    "remove-output",
}
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_MACHINE_PATH = re.compile(
    r"(?<![\w.])/(home|mnt|opt|private|root|tmp|usr|Users|work)/|\b[A-Z]:\\(Users|Windows)"
)


def not_canonical(notebook: Document) -> list[str]:
    if canonical.write(canonical.read(notebook.text)) == notebook.text:
        return []
    return [f"{notebook.name}: not as `make notebooks` writes it (metadata, ids or layout)"]


def big_file(notebook: Document) -> list[str]:
    size = len(notebook.text.encode())
    return [f"{notebook.name}: {size} bytes, at most {MAX_BYTES}"] if size > MAX_BYTES else []


def never_executed(notebook: Document) -> list[str]:
    if not notebook.code:
        return [f"{notebook.name}: has no code cell, so nothing in it is checked"]
    return [
        notebook.problem(number, "was never executed (or is empty)")
        for number, cell in notebook.code
        if cell.execution_count is None
    ]


def out_of_order(notebook: Document) -> list[str]:
    """A fresh kernel that runs the notebook from the top counts 1, 2, 3..."""
    return [
        notebook.problem(number, f"is [{count}], a run from the top makes it [{expected}]")
        for expected, (number, cell) in enumerate(notebook.code, start=1)
        for count in {cell.execution_count, *_result_counts(cell)} - {None, expected}
    ]


def stored_error(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, f"holds an error and is not tagged raises-exception: {e.ename}")
        for number, cell in notebook.code
        for e in _outputs(cell, "error")
        if "raises-exception" not in _tags(cell)
    ]


def missing_error(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, "is tagged raises-exception and holds no error")
        for number, cell in notebook.code
        if "raises-exception" in _tags(cell) and not _outputs(cell, "error")
    ]


def odd_traceback(notebook: Document) -> list[str]:
    """nbval compares the name and text of an error alone: the traceback must hold nothing else."""
    return [
        notebook.problem(number, f"its traceback is more than `{error.ename}: {error.evalue}`")
        for number, cell in notebook.code
        for error in _outputs(cell, "error")
        if _ANSI.sub("", "\n".join(error.traceback)).strip()
        != f"{error.ename}: {error.evalue}".strip()
    ]


def stderr_output(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, f"writes to stderr: {stream.text[:200]!r}")
        for number, cell in notebook.code
        for stream in _outputs(cell, "stream")
        if stream.name != "stdout"
    ]


def wide_text(notebook: Document) -> list[str]:
    """Printed columns that a phone would wrap; what an error says is not the page's to break."""
    return [
        notebook.problem(number, f"prints {len(line)} columns, at most {MAX_COLUMNS}: {line!r}")
        for number, cell in notebook.code
        if "remove-output" not in _tags(cell)
        for line in _printed(cell).splitlines()
        if len(line) > MAX_COLUMNS
    ]


def unknown_tag(notebook: Document) -> list[str]:
    """Only tags that leave execution and comparison alone: nbval knows five others."""
    return [
        notebook.problem(number, f"has the tag {tag}; allowed are {', '.join(sorted(TAGS))}")
        for number, cell in enumerate(notebook.cells, start=1)
        for tag in _tags(cell) - TAGS
    ]


def nbval_comment(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, "has a comment that changes what nbval checks")
        for number, cell in notebook.code
        if list(find_comment_markers(cell.source))
    ]


def long_cell(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, f"has {lines} lines of code, at most {MAX_LINES}")
        for number, cell in notebook.code
        if (lines := len(cell.source.splitlines())) > MAX_LINES
    ]


def not_plain_python(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, "is not plain Python (a magic, a shell command?)")
        for number, cell in notebook.code
        if _parse(cell) is None
    ]


def scattered_import(notebook: Document) -> list[str]:
    """The first code cell imports; a solution may, it is read on its own."""
    return [
        notebook.problem(number, f"imports in line {node.lineno}: move it to the first code cell")
        for number, cell in notebook.code[1:]
        if number not in _in_solution(notebook)
        for node in ast.walk(_parse(cell) or ast.Module([], []))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def machine_path(document: Document) -> list[str]:
    return [
        document.problem(number, f"names a folder of one machine: {text[found.start() :][:60]!r}")
        for number, cell in enumerate(document.cells, start=1)
        for text in _texts(cell)
        if (found := _MACHINE_PATH.search(text))
    ]


def _tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", ()))


def _outputs(cell: NotebookNode, kind: str) -> list[NotebookNode]:
    return [output for output in cell.outputs if output.output_type == kind]


def _printed(cell: NotebookNode) -> str:
    """What shows as plain text: streams, and results that have no richer form."""
    results = [o.data["text/plain"] for o in cell.outputs if [*o.get("data", ())] == ["text/plain"]]
    return "\n".join([stream.text for stream in _outputs(cell, "stream")] + results)


def _result_counts(cell: NotebookNode) -> Iterator[int]:
    return (output.execution_count for output in _outputs(cell, "execute_result"))


def _parse(cell: NotebookNode) -> ast.Module | None:
    try:
        return ast.parse(cell.source)
    except SyntaxError:
        return None


def _in_solution(notebook: Document) -> set[int]:
    """The cells between a {solution-start} and its {solution-end}."""
    gates = notebook.directives("solution-start", "solution-end")
    return {
        number
        for (start, first), (end, _) in pairwise(gates)
        if first.name == "solution-start"
        for number in range(start, end + 1)
    }


def _texts(cell: NotebookNode) -> Iterator[str]:
    """All that can be read in a cell: source and outputs, but not the bytes of an image."""
    yield cell.source
    for output in cell.get("outputs", ()):
        yield output.get("text", "")
        yield "\n".join(output.get("traceback", ()))
        yield from (str(v) for mime, v in output.get("data", {}).items() if "image/" not in mime)


RULES: tuple[Callable[[Document], list[str]], ...] = (
    not_canonical,
    big_file,
    never_executed,
    out_of_order,
    stored_error,
    missing_error,
    odd_traceback,
    stderr_output,
    wide_text,
    unknown_tag,
    nbval_comment,
    long_cell,
    not_plain_python,
    scattered_import,
    machine_path,
)
