"""Each notebook, solutions included, as a student runs it at the end: from the top, in time."""

import base64
import re
import time
from io import BytesIO
from pathlib import Path

import nbformat
import pytest
from assignments import FOLDERS, Coursework
from kernels import reproducible
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

SECONDS = 60


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def executed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[NotebookNode, float]:
    """The notebook with fresh outputs, and the seconds that took."""
    path = Coursework(request.param).notebook
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=ERROR"],
    )
    start = time.perf_counter()
    with reproducible(str(tmp_path_factory.mktemp("ipython"))):
        client.execute()
    return notebook, time.perf_counter() - start


def outputs(notebook: NotebookNode, kind: str) -> list:
    return [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == kind
    ]


def test_it_runs_in_time_without_a_warning(executed: tuple[NotebookNode, float]) -> None:
    notebook, seconds = executed
    assert seconds < SECONDS
    assert [o.text for o in outputs(notebook, "stream") if o.name == "stderr"] == []


def test_every_check_finds_all_points(executed: tuple[NotebookNode, float]) -> None:
    checks = [
        "".join(output.text for output in cell.outputs)
        for cell in executed[0].cells
        if cell.cell_type == "code" and "coursegrader.check(" in cell.source
    ]
    assert len(checks) > 6
    for text in checks:
        earned, _, points, *_ = text.split()
        assert earned == points != "0", text
        assert "✗" not in text and "!" not in text, text


def test_it_ends_in_a_picture(executed: tuple[NotebookNode, float]) -> None:
    """More than one, none of them blank."""
    pictures = [o.data["image/png"] for o in outputs(executed[0], "display_data")]
    assert len(pictures) >= 2
    for png in pictures:
        with Image.open(BytesIO(base64.b64decode(png))) as picture:
            assert min(picture.size) > 300
            assert len(picture.convert("RGB").getcolors(picture.width * picture.height)) > 100


def test_an_answer_tells_what_the_notebook_prints(executed: tuple[NotebookNode, float]) -> None:
    printed = "\n".join(output.text for output in outputs(executed[0], "stream"))
    for cell in executed[0].cells:
        if cell.cell_type == "markdown" and "solution" in cell.metadata.get("tags", ()):
            numbers = re.findall(r"\d+", cell.source)
            assert numbers
            assert [n for n in numbers if not re.search(rf"\b{n}\b", printed)] == []


def test_pictures_and_checks_are_not_graded() -> None:
    for folder in FOLDERS:
        for cell in nbformat.read(Coursework(Path(folder)).notebook, as_version=4).cells:
            if cell.cell_type == "code" and "not-graded" not in cell.metadata.get("tags", []):
                assert not {"visioncourse", "plt.", "coursegrader"} & {*cell.source.split()}
                assert "visioncourse" not in cell.source and "plt." not in cell.source
