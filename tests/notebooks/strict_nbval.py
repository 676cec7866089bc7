"""A pytest plugin that closes what nbval lets pass; the `conftest.py` at the root loads it.

nbval compares neither figures nor the order, type and metadata of outputs, does not compare a cell
that was never executed, and obeys tags and comments that switch the comparison off. A StrictCell
compares everything (`outputs.py`), always, and keeps the kernel within the memory that Binder has.
"""

import tempfile
from collections.abc import Generator
from pathlib import Path

import figures
import nbval.plugin
import outputs
import pytest
from kernels import peak_memory, reproducible
from nbformat import NotebookNode

MEMORY_LIMIT = 1024  # MiB
IPYTHON_DIR = pytest.StashKey[str]()


class StrictCell(nbval.plugin.IPyNbCell):
    """A code cell whose every output counts."""

    def runtest(self) -> None:
        if self.cell.execution_count is None:
            self.raise_cell_error("This cell was never executed: run `make notebooks`")
        self.options.update(skip=False, check=True)
        before = self._peak_memory()
        super().runtest()
        after = self._peak_memory()
        # Only the cell that crosses the line fails: the peak never falls again.
        if before <= MEMORY_LIMIT < after:
            self.raise_cell_error(f"The kernel took {after:.0f} MiB, at most {MEMORY_LIMIT} MiB")

    def _peak_memory(self) -> float:
        kernel = self.parent.kernel
        return peak_memory(kernel.km) if kernel.is_alive() else 0.0

    def compare_outputs(
        self,
        test: list[NotebookNode],
        ref: list[NotebookNode],
        skip_compare: tuple[str, ...] | None = None,
    ) -> bool:
        self.comparison_traceback = []
        for change in outputs.changes(ref, test):
            self.comparison_traceback.append(change.description)
            if change.pngs:
                folder = tempfile.mkdtemp(prefix=f"{self.path.stem}-cell-{self.cell_num}-")
                figures.save(Path(folder), *change.pngs)
                self.comparison_traceback.append(f"stored, new and difference are in {folder}")
        return not self.comparison_traceback


def pytest_configure(config: pytest.Config) -> None:
    # nbval's own version drops text before a carriage return and moves streams past figures.
    nbval.plugin.coalesce_streams = outputs.merge_streams
    ipython = tempfile.TemporaryDirectory(prefix="ipython-")
    config.add_cleanup(ipython.cleanup)
    config.stash[IPYTHON_DIR] = ipython.name


def pytest_itemcollected(item: pytest.Item) -> None:
    # nbval offers no other way to say which class a cell becomes.
    if isinstance(item, nbval.plugin.IPyNbCell):
        item.__class__ = StrictCell


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    if not isinstance(item, StrictCell):
        return (yield)
    # The setup of a notebook's first cell starts its kernel.
    with reproducible(item.config.stash[IPYTHON_DIR]):
        return (yield)
