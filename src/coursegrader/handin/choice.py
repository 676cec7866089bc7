"""Which file of a hand-in is the notebook of the assignment: by name, by its cells, by functions.

A hand-in is graded once, however many files it holds: nobody has as many guesses as files.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..common.notebook import UnreadableError, read_cells, read_notebook
from ..common.text import composed

# What browsers, Jupyter and course systems add to a name that is taken: `lab (1)`, `lab-Copy1`.
_COPY = re.compile(r"( ?\(\d+\)|-Copy\d+|-\d{1,2})+$", re.IGNORECASE)
_PACKED = "-submission"  # which `pack` adds


@dataclass(frozen=True)
class Wanted:
    """What is known of the assignment's notebook.

    Attributes:
        name: of the file.
        required: names that it defines.
        cells: the identities of the cells that were released.
    """

    name: str = ""
    required: tuple[str, ...] = ()
    cells: frozenset[str] = frozenset()

    def called(self, filenames: Sequence[str]) -> list[str]:
        """Those of these names that are the notebook's; all, where none is."""
        ours = _stem(self.name)
        return [name for name in filenames if ours and _stem(name) == ours] or [*filenames]

    def likeness(self, filename: str, content: bytes) -> tuple[int, int, bool]:
        """How many released cells and functions a file holds; then a notebook before a `.py`."""
        is_notebook = filename.lower().endswith(".ipynb")
        try:
            source = "\n".join(cell.source for cell in read_cells(filename, content))
        except UnreadableError:
            return 0, 0, is_notebook
        cells = cells_of(content) if is_notebook else frozenset()
        defined = [name for name in self.required if _defines(source, name)]
        return len(self.cells & cells), len(defined), is_notebook


def cells_of(content: bytes) -> frozenset[str]:
    """The identities of a notebook's cells; none where it cannot be read."""
    try:
        return frozenset(_cells(read_notebook(content)["cells"]))
    except UnreadableError:
        return frozenset()


def _stem(filename: str) -> str:
    stem = composed(PurePosixPath(filename).stem).casefold()
    while stem != (shorter := _COPY.sub("", stem).removesuffix(_PACKED)):
        stem = shorter
    return stem


def _cells(cells: Collection[dict]) -> set[str]:
    return {cell["id"] for cell in cells if isinstance(cell.get("id"), str)}


def _defines(source: str, name: str) -> bool:
    pattern = rf"^(?:(?:async )?def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\s*[:=]"
    return re.search(pattern, source, re.MULTILINE) is not None
