"""A hand-in is one thing: a person, a time, a set of files, and one notebook that counts."""

import json
import os
from pathlib import Path

import pytest
from bookkeeping_examples import at, notebook

from coursegrader.common.records import Submission
from coursegrader.handin.archive import ReadLimits
from coursegrader.handin.intake import collect

LAB = notebook("def f(x): return x", "def g(x): return x")
SCRATCH = notebook("1 + 1")
WANTED = {"notebook": "lab.ipynb", "required": ("f", "g", "H")}


def lay(folder: Path, **files: bytes) -> Path:
    """Files by their paths, `__` for `/`."""
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def only(folder: Path, **options) -> Submission:
    (one,), refused = collect(folder, **{**WANTED, **options})
    assert refused == []
    return one


def with_cells(*cells: str) -> bytes:
    """A notebook whose cells have these identities."""
    made = json.loads(notebook(*map(repr, cells)))
    for cell, name in zip(made["cells"], cells, strict=True):
        cell["id"] = name
    return json.dumps(made).encode()


# Which file counts


@pytest.mark.parametrize(
    "name",
    [
        "lab.ipynb",
        "LAB.ipynb",
        "lab (1).ipynb",
        "lab(2).ipynb",
        "lab-Copy1.ipynb",
        "lab-submission.ipynb",
        "lab-submission (3).ipynb",
        "lab-1-submission.ipynb",
        "lab-submission-2.ipynb",
        "lab.py",
    ],
)
def test_by_name(tmp_path, name):
    """Whatever else lies there, and however much it looks like the notebook."""
    folder = lay(
        tmp_path, **{f"ana__{name}": b"x = 1", "ana__zz.ipynb": LAB, "ana__a.py": b"f = 1"}
    )
    assert only(folder).filename == name


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("übung.ipynb", "u\u0308bung.ipynb"),
        ("实验.ipynb", "实验.ipynb"),
        ("lab-2.ipynb", "lab-2 (1).ipynb"),
    ],
)
def test_by_name_in_any_script(tmp_path, ours, theirs):
    folder = lay(tmp_path, **{f"ana__{theirs}": SCRATCH, "ana__zz.ipynb": LAB})
    assert only(folder, notebook=ours).filename == theirs


def test_by_the_cells_that_were_released(tmp_path):
    mine, others = with_cells("a", "b", "own"), with_cells("c")
    lay(tmp_path, **{"ana__answers.ipynb": mine, "ana__zz.ipynb": others, "ana__y.ipynb": LAB})
    assert only(tmp_path, cells={"a", "b"}).filename == "answers.ipynb"


def test_by_functions(tmp_path):
    half, whole = b"def f(x): return x", b"def f(x): return x\nclass H: pass\ng: int = 3"
    none = b"# def f(x)\n def g(x)\nH()"
    lay(tmp_path, **{"ana__a.py": whole, "ana__b.py": half, "ana__c.py": none})
    assert only(tmp_path).filename == "a.py"


def test_a_notebook_before_a_py_and_then_the_later_name(tmp_path):
    lay(tmp_path, **{"ana__z.py": b"x", "ana__lab9.ipynb": SCRATCH, "ana__lab10.ipynb": SCRATCH})
    assert only(tmp_path).filename == "lab10.ipynb"
    assert only(tmp_path, notebook="", required=()).filename == "lab10.ipynb"


def test_of_one_name_the_later_upload(tmp_path):
    lay(tmp_path, **{"doe_1_222_lab.ipynb": SCRATCH, "doe_1_111_lab-2.ipynb": SCRATCH})
    one = only(tmp_path)
    assert (one.filename, one.upload, one.attempt) == ("lab.ipynb", 222, 1)


def test_what_is_no_notebook_is_never_read_where_there_is_one(tmp_path):
    lay(tmp_path, **{"ana__lab.ipynb": LAB, "ana__photo.pdf": b"x", "ana__all.zip": b"x"})
    assert only(tmp_path).content == LAB


# How many hand-ins there are


def test_twenty_files_are_one_attempt(tmp_path):
    for number in range(20):
        lay(tmp_path, **{f"ana__guess{number}.ipynb": notebook(f"def f(): return {number}")})
    assert only(tmp_path).attempt == 1


def test_twenty_uploads_in_one_download_are_one_attempt(tmp_path):
    for number in range(20):
        lay(tmp_path, **{f"doe_1_{100 + number}_lab-{number}.ipynb": notebook(str(number))})
    assert only(tmp_path).upload == 119


TIMES = "file,submitted\n{}\n"


def test_times_that_the_instructor_tells_part_hand_ins(tmp_path):
    lay(tmp_path, **{"ana__lab.ipynb": LAB, "ana__b__lab.ipynb": SCRATCH, "ana__c.py": b"x"})
    times = "ana/lab.ipynb,2026-03-02T10:00:00+05:30\nana/b/lab.ipynb,2026-03-01T23:00:00-06:00"
    (tmp_path / "submissions.csv").write_text(TIMES.format(times))
    first, second = collect(tmp_path, **WANTED)[0]
    assert (first.submitted, first.attempt) == (at("2026-03-02 04:30"), 1)
    assert (second.submitted, second.attempt) == (at("2026-03-02 05:00"), 2)  # by instants
    assert second.content == SCRATCH  # and c.py belongs to it


def test_a_time_for_a_folder_is_that_of_its_hand_in(tmp_path):
    lay(tmp_path, **{"ana__lab.ipynb": LAB, "ana__c.py": b"x", "bo__lab.ipynb": LAB})
    (tmp_path / "submissions.csv").write_text(TIMES.format("ana,2026-03-02T10:00:00Z"))
    ana, bo = collect(tmp_path, **WANTED)[0]
    assert (ana.submitted, bo.submitted) == (at("2026-03-02 10:00"), None)


def test_times_of_saving_part_nothing(tmp_path):
    lay(tmp_path, **{"ana__a.ipynb": SCRATCH, "ana__lab.ipynb": LAB})
    os.utime(tmp_path / "ana" / "a.ipynb", (1_800_000_000, 1_800_000_000))
    os.utime(tmp_path / "ana" / "lab.ipynb", (1_700_000_000, 1_700_000_000))
    one = only(tmp_path, file_times=True)
    assert (one.filename, one.submitted.timestamp()) == ("lab.ipynb", 1_700_000_000)


def test_what_canvas_marks_late_is_another_hand_in(tmp_path):
    lay(tmp_path, **{"doe_1_111_lab.ipynb": LAB, "doe_LATE_1_222_lab-1.ipynb": SCRATCH})
    first, second = collect(tmp_path, **WANTED)[0]
    assert (first.late, first.content) == (False, LAB)
    assert (second.late, second.content, second.attempt) == (True, SCRATCH, 2)


def test_a_hand_in_is_known_again_in_another_download(tmp_path):
    lay(tmp_path / "1", **{"doe_1_111_lab.ipynb": LAB})
    lay(tmp_path / "2", **{"doe_1_111_lab.ipynb": LAB, "poe_2_112_lab.ipynb": LAB})
    assert only(tmp_path / "1").id == collect(tmp_path / "2", **WANTED)[0][0].id
    lay(tmp_path / "3", **{"doe_1_113_lab-1.ipynb": LAB})  # the same file, handed in again
    assert only(tmp_path / "3").id != only(tmp_path / "1").id


# What cannot be graded


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"doe_1_2_lab.pdf": b"x"}, "lab.pdf is neither .ipynb nor .py; hand in the notebook"),
        ({"doe_1_2_lab.zip": b"x"}, "lab.zip is an archive in the hand-in; hand in the notebook"),
        ({"doe_1_2_x.png": b"", "doe_1_3_y.png": b""}, "y.png is neither .ipynb nor .py; hand in"),
        ({"doe_1_2_lab.ipynb": b"x" * 3_000_000}, "lab.ipynb is larger than 2 MB; clear the outp"),
        (
            {"doe_1_2_lab.ipynb": b"x" * 3_000_000, "doe_1_3_a.ipynb": LAB},
            "lab.ipynb is larger than 2 MB; clear the outputs, save again",
        ),
    ],
)
def test_a_hand_in_that_cannot_be_graded_is_somebodys(tmp_path, files, reason):
    one = only(lay(tmp_path, **files), limits=ReadLimits(file_bytes=2_000_000))
    assert (one.student, one.name, one.platform_id, one.content) == ("1", "doe", "1", b"")
    assert one.reason.startswith(reason)
