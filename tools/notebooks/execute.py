"""Execute notebooks in place: `python tools/notebooks/execute.py FILE...` (`make notebooks`).

A stored output stays as it is when the new one compares equal (`outputs.py`), so an unchanged tree
stays unchanged on any machine. A failing cell ends the run and leaves its file as it was.
"""

import argparse
import base64
import copy
import os
import sys
import tempfile
import time
from pathlib import Path

import canonical
import figures
from kernels import peak_memory, reproducible
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from outputs import changes, merge_streams


class CellFailed(Exception):
    """A cell raised an error that no `raises-exception` tag announces, or its kernel died."""


def execute(path: Path) -> str:
    """Execute one notebook in place and say what happened."""
    start = time.perf_counter()
    text = path.read_text(encoding="utf-8")
    notebook = canonical.read(text)
    changed, memory = _run(notebook, path)
    new_text = canonical.write(notebook)
    if new_text != text:
        # One step, so that a file is never seen half-written.
        draft = path.with_name(path.name + ".new")
        draft.write_text(new_text, encoding="utf-8")
        os.replace(draft, path)
    seconds = time.perf_counter() - start
    return f"{path}: {seconds:.1f} s, {memory:.0f} MiB, {changed} cells changed"


def _run(notebook: NotebookNode, path: Path) -> tuple[int, float]:
    """Run every code cell; put in the outputs that changed; return their number and the memory."""
    client = NotebookClient(
        copy.deepcopy(notebook),
        timeout=None,
        kernel_name="python3",
        record_timing=False,
        skip_cells_with_tag="",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=[
            "--log-level=ERROR",  # not a warning for each kernel that its port is not encrypted
            # A stored traceback shows the message, without the folders of this machine.
            "--InteractiveShell.xmode=Minimal",
        ],
    )
    changed = 0
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            fresh = client.nb.cells[index]
            fresh.update(execution_count=None, outputs=[])
            try:
                client.execute_cell(fresh, index)
            except (CellExecutionError, DeadKernelError) as error:
                raise CellFailed(
                    f"{path}, cell {index + 1}: {error}\nThe file is as it was."
                ) from error
            cell.execution_count = fresh.execution_count
            if changes(cell.outputs, fresh.outputs):
                changed += 1
                cell.outputs = merge_streams(fresh.outputs)
                _compact_figures(cell.outputs)
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = fresh.execution_count
        return changed, peak_memory(client.km)


def _compact_figures(outputs: list[NotebookNode]) -> None:
    for output in outputs:
        if png := output.get("data", {}).get("image/png"):
            small = figures.compact(base64.b64decode(png))
            output.data["image/png"] = base64.b64encode(small).decode("ascii")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="+", type=Path)
    with tempfile.TemporaryDirectory() as ipython_dir, reproducible(ipython_dir):
        for path in parser.parse_args().notebooks:
            try:
                print(execute(path), flush=True)
            except CellFailed as failure:
                print(failure, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
