"""Offer the student version of every assignment as a zip beside the page that lists them."""

import zipfile
from pathlib import Path

from sphinx.application import Sphinx

COURSEWORK = Path(__file__).parents[2] / "coursework"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # so that the same files make the same zip


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the zips after the pages."""
    app.connect("build-finished", write_zips)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_zips(app: Sphinx, exception: Exception | None) -> None:
    """`coursework/NAME.zip` in the site, with the files of `coursework/NAME/student/`."""
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "coursework"
    target.mkdir(exist_ok=True)
    for student in sorted(COURSEWORK.glob("*/student")):
        name = student.parent.name
        with zipfile.ZipFile(target / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in released(student):
                entry = zipfile.ZipInfo(f"{name}/{path.relative_to(student).as_posix()}", LONG_AGO)
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def released(student: Path) -> list[Path]:
    """The files of a release, without what running it leaves behind."""
    litter = ("__pycache__", ".ipynb_checkpoints", ".pytest_cache")
    return [
        path
        for path in sorted(student.rglob("*"))
        if path.is_file() and not any(part in litter for part in path.parts)
    ]
