"""The code of a submission: the cells of a notebook, or a Python file as one cell."""

import json
import warnings
from typing import Any, NamedTuple

NOT_GRADED = "not-graded"
# A dict, a list, what stands between two commas, and half a text, as Python holds them.
BYTES = {"{": 240, "[": 64, ",": 24, '"': 24}
MAX_MEMORY = 256 << 20  # bytes; a notebook full of pictures takes no more than its file

Notebook = dict[str, Any]  # as in the file; a cell's source is one text


class Cell(NamedTuple):
    """A name for messages and the source."""

    name: str
    source: str


class UnreadableError(ValueError):
    """A file that is no notebook or no text; the message is for the student."""


def read_cells(filename: str, content: bytes) -> list[Cell]:
    """The cells that are graded, in order; those tagged `not-graded` are left out.

    Raises:
        UnreadableError: no notebook, no text, or another kind of file.
    """
    if filename.lower().endswith(".ipynb"):
        return [
            Cell(f"cell {number}", cell["source"])
            for number, cell in enumerate(read_notebook(content)["cells"], start=1)
            if cell["cell_type"] == "code" and NOT_GRADED not in tags(cell)
        ]
    if filename.lower().endswith(".py"):
        return [Cell("cell 1", _text(content))]
    raise UnreadableError(f"{filename} is neither a notebook (.ipynb) nor a Python file (.py)")


def read_notebook(content: bytes) -> Notebook:
    """A notebook in format 4; older ones are converted.

    Raises:
        UnreadableError: it does not parse, or it has no code cell.
    """
    text = _text(content)
    if _memory_for(text) > MAX_MEMORY:
        raise UnreadableError(
            "the notebook holds more data than a notebook needs: clear its outputs (Edit, Clear "
            "Outputs of All Cells), save it and hand it in again"
        )
    try:
        notebook = json.loads(text)
        if notebook["nbformat"] < 4:
            import nbformat

            _check_headings(notebook)
            notebook = nbformat.convert(nbformat.from_dict(notebook), 4)
        cells = notebook["cells"]
        for cell in cells:
            # The format lets the source be lines. Nothing else of it matters here: to import
            # nbformat takes longer than to check an assignment, to validate 20 ms a file.
            cell["source"] = "".join(cell["source"])
            cell["cell_type"]
            cell.setdefault("metadata", {})
    except RecursionError:
        raise UnreadableError("the notebook nests too deeply to be read") from None
    except Exception as error:  # whatever a hostile file makes of the reader
        raise UnreadableError(
            f"this is not a notebook that can be read ({type(error).__name__}): open it in "
            "JupyterLab, run it, save it and hand it in again"
        ) from None
    if not any(cell["cell_type"] == "code" for cell in cells):
        raise UnreadableError("the notebook has no code cell")
    return notebook


def _memory_for(text: str) -> int:
    """About how many bytes the notebook takes once it is read, from a count of its signs."""
    return sum(size * text.count(sign) for sign, size in BYTES.items())


def _check_headings(notebook: Notebook) -> None:
    """Before format 4 a heading had a level, for which a conversion writes as many signs."""
    for sheet in notebook.get("worksheets", ()):
        for cell in sheet["cells"]:
            if cell.get("level", 1) not in range(1, 7):
                raise ValueError("a heading without a level")


def notebook_file(notebook: Notebook) -> bytes:
    """A notebook as a file, without outputs and counts.

    Raises:
        UnreadableError: no program for notebooks could have written it.
    """
    import nbformat

    try:
        node = nbformat.from_dict(notebook)
        for cell in node["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        with warnings.catch_warnings(action="ignore"):  # of the identifiers that it gives
            _, node = nbformat.validator.normalize(node)
        return (nbformat.writes(node) + "\n").encode()
    except Exception as error:
        raise UnreadableError(
            f"the notebook is not well-formed ({type(error).__name__}): open it in JupyterLab and "
            "save it"
        ) from None


def tags(cell: dict[str, Any]) -> list[str]:
    """The tags of a cell; none where the metadata are not as they should be."""
    metadata = cell.get("metadata")
    found = metadata.get("tags", []) if isinstance(metadata, dict) else []
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError("the file is not UTF-8 text") from None
