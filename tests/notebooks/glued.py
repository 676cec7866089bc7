"""Rules for the numbers that travel from code into prose with `glue`."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from documents import Document
from nbformat import NotebookNode


def glue_twice(notebook: Document) -> list[str]:
    return [
        f"{notebook.name}: glues {key!r} {count} times"
        for key, count in Counter(_glued(notebook)).items()
        if count > 1
    ]


def glue_unused(notebook: Document) -> list[str]:
    unused = sorted({*_glued(notebook)} - _pasted(notebook))
    return [f"{notebook.name}: glues {key!r}, the prose never uses it" for key in unused]


def glue_undefined(notebook: Document) -> list[str]:
    undefined = sorted(_pasted(notebook) - {*_glued(notebook)})
    return [f"{notebook.name}: the prose uses {key!r}, no cell glues it" for key in undefined]


def glue_shown(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, "glues a number for the prose: tag it remove-cell")
        for number, cell in notebook.code
        if any(True for _ in _keys(cell)) and "remove-cell" not in cell.metadata.get("tags", ())
    ]


def _keys(cell: NotebookNode) -> Iterator[str]:
    """The keys a cell glued when it ran."""
    for output in cell.outputs:
        if "scrapbook" in output.get("metadata", {}):
            yield output.metadata.scrapbook.name


def _glued(notebook: Document) -> list[str]:
    return [key for _, cell in notebook.code for key in _keys(cell)]


def _pasted(notebook: Document) -> set[str]:
    """The keys that {glue:text}`key:.2f` and the like ask for."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return set(re.findall(r"\{glue(?::\w*)?\}(?:`|\s+)([^`:\s]+)", prose))


RULES: tuple[Callable[[Document], list[str]], ...] = (
    glue_twice,
    glue_unused,
    glue_undefined,
    glue_shown,
)
