"""A table of scores with a row for each class, as text and in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LONGEST_NAME = 11  # with the columns of `SegmentationCounts.table`, 40 characters in all


@dataclass(frozen=True, repr=False)
class ClassTable:
    """Scores of classes: prints as text, and shows as a table in a notebook.

    The last row that is shown is the mean over the classes that have the score.

    Attributes:
        class_names: the K rows.
        columns: K scores under each column's name; None where a class has none.
    """

    class_names: tuple[str, ...]
    columns: dict[str, tuple[float | None, ...]]

    def rows(self) -> list[list[str]]:
        """The cells as text: a header, the classes, and the mean."""
        scores = zip(*self.columns.values(), strict=True)
        body = [
            [name, *map(_shown, row)] for name, row in zip(self.class_names, scores, strict=True)
        ]
        means = [_shown(_mean(column)) for column in self.columns.values()]
        return [["class", *self.columns], *body, ["mean", *means]]

    def __repr__(self) -> str:
        """Columns of text; a long name is cut."""
        rows = [[_cut(name), *cells] for name, *cells in self.rows()]
        first, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
        return "\n".join(
            " ".join([name.ljust(first), *map(str.rjust, cells, widths)]) for name, *cells in rows
        )

    def _repr_html_(self) -> str:
        head, *body = self.rows()
        rows = [_html_row("th", head), *(_html_row("td", row) for row in body)]
        return f"<table>{''.join(rows)}</table>"


def read_class_names(class_names: Sequence[str] | None, num_classes: int) -> tuple[str, ...]:
    """One name for each class; their indices for None."""
    if class_names is None:
        return tuple(map(str, range(num_classes)))
    names = tuple(class_names) if isinstance(class_names, Sequence) else ()
    whole = not isinstance(class_names, str) and all(isinstance(name, str) for name in names)
    if not whole or len(names) != num_classes:
        raise ValueError(f"class_names must be {num_classes} names, got {class_names!r}")
    return names


def _shown(score: float | None) -> str:
    return "–" if score is None else f"{score:.3f}"


def _mean(scores: tuple[float | None, ...]) -> float | None:
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _html_row(tag: str, cells: list[str]) -> str:
    # Notebooks and pages style a bare table differently, or not at all.
    name, *scores = (escape(cell) for cell in cells)
    first = f'<{tag} style="text-align: left">{name}</{tag}>'
    number = f'<{tag} style="text-align: right; padding-left: 1em">'
    return f"<tr>{first}{''.join(f'{number}{score}</{tag}>' for score in scores)}</tr>"
