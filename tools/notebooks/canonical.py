"""One way to write a notebook down, so that only what a reader sees can make a `git diff`."""

import json

import nbformat
from nbformat import NotebookNode
from outputs import merge_streams

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    # The site and the front ends choose the highlighting by it; Python's version is left out.
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}


def read(text: str) -> NotebookNode:
    """Parse a notebook, with the metadata that depends on neither machine nor front end."""
    raw = json.loads(text)
    for number, cell in enumerate(raw["cells"], start=1):
        cell.setdefault("id", f"cell-{number}")  # nbformat would draw it at random
    notebook = nbformat.reads(json.dumps(raw | {"nbformat_minor": 5}), as_version=4)
    nbformat.validate(notebook)
    notebook.metadata |= nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran, to the microsecond
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
    return notebook


def write(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook).rstrip("\n") + "\n"
