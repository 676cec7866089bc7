"""Rules for the figures of a notebook: one in a cell, with a name, a caption and an alt text."""

from collections.abc import Callable

from documents import Document
from nbformat import NotebookNode

MIN_ALT = 30  # characters: less is a label, not a description


def undescribed_figure(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, f"its figure has no {what} in the cell's metadata")
        for number, cell in notebook.code
        if _figures(cell)
        for what, text in _figure_texts(cell).items()
        if not text.strip() or (what == "mystnb.figure.name" and not text.startswith("fig-"))
    ]


def poor_alt_text(notebook: Document) -> list[str]:
    problems = []
    for number, cell in notebook.code:
        alt, caption, _ = _figure_texts(cell).values()
        if _figures(cell) and len(alt.strip()) < MIN_ALT:
            problems.append(notebook.problem(number, f"alt text under {MIN_ALT} characters: {alt}"))
        elif _figures(cell) and alt.strip() == caption.strip():
            problems.append(notebook.problem(number, "alt text and caption are the same"))
    return problems


def two_figures(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, f"draws {len(_figures(cell))} figures: one caption fits one")
        for number, cell in notebook.code
        if len(_figures(cell)) > 1
    ]


def _figures(cell: NotebookNode) -> list[NotebookNode]:
    return [o for o in cell.outputs if any("image/" in mime for mime in o.get("data", ()))]


def _figure_texts(cell: NotebookNode) -> dict[str, str]:
    mystnb = cell.metadata.get("mystnb", {})
    places = [("image", "alt"), ("figure", "caption"), ("figure", "name")]
    return {f"mystnb.{part}.{key}": mystnb.get(part, {}).get(key, "") for part, key in places}


RULES: tuple[Callable[[Document], list[str]], ...] = (
    undescribed_figure,
    poor_alt_text,
    two_figures,
)
