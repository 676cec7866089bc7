"""The sample notebook, executed as `make notebooks` does it."""

import canonical
import pytest
from nbformat import NotebookNode
from sample import run_execute, sample_notebook


@pytest.fixture(scope="session")
def executed_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of the executed sample."""
    path = tmp_path_factory.mktemp("sample") / "sample.ipynb"
    path.write_text(canonical.write(sample_notebook()))
    result = run_execute(path)
    assert result.returncode == 0, result.stderr
    return path.read_text()


@pytest.fixture
def executed(executed_text: str) -> NotebookNode:
    """The executed sample, a copy to break."""
    return canonical.read(executed_text)
