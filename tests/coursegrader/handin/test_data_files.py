"""Declared data files: beside the notebook, packed, collected, and in the hands of a test."""

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from samples import SETTINGS, SOLUTION, load_assignment, notebook

from coursegrader.authoring.assignment import Assignment, AssignmentError, Settings
from coursegrader.common.records import Submission
from coursegrader.handin.data_files import DataFile, attach, attached
from coursegrader.handin.intake import collect
from coursegrader.running.batch import batch_json, grade_batch, results_from_json
from coursegrader.students.checking import check_file, check_names
from coursegrader.students.pack import PackError, pack

DECLARED = SETTINGS + '\n[data."weights.npz"]\nkilobytes = 4\narrays = 2\n'
DATA = Settings.parse(DECLARED).data
TESTS = '''
import pytest


@pytest.mark.points(1)
def test_counter(student, expect):
    """Counts."""
    expect(student.Counter(1).get("value"), 1)


@pytest.mark.points(2)
def test_double(student, expect):
    """Twice the weights that were handed in."""
    w = student.arrays("weights.npz")["w"]
    expect(student.double(w), w + w)
'''
CODE = notebook(SOLUTION)
MISSING = (
    "The file weights.npz was not handed in: run the cell that writes it, keep it beside the "
    "notebook, and pack both with `coursegrader pack`."
)
TOO_LARGE = "The file weights.npz cannot be taken: it is larger than 4 kB."


def weights(value: float = 1.0, size: int = 3) -> bytes:
    file = io.BytesIO()
    np.savez(file, w=np.full(size, value, dtype=np.float32))
    return file.getvalue()


def value_in(content: bytes, filename: str = "a.ipynb") -> float | None:
    """Which weights travel in a notebook."""
    files = attached(filename, content, DATA)
    return np.load(io.BytesIO(files["weights.npz"]))["w"][0] if files else None


@pytest.fixture
def assignment(tmp_path) -> Assignment:
    return load_assignment(tmp_path / "doubling", settings=DECLARED, test_it=TESTS)


# Settings


def test_the_declaration():
    assert (DataFile("weights.npz", kilobytes=4, arrays=2),) == DATA
    assert Settings.parse(SETTINGS + '[data."w.npz"]\n').data == (DataFile("w.npz", 1024, 64),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('data = "w.npz"', "`data` must hold a table for each file"),
        ("[data]\nkilobytes = 3", "`data` must hold a table for each file"),
        ('[data."../w.npz"]', "data: a file must have a plain name with .npz, got '../w.npz'"),
        ('[data."w.pkl"]', "data: a file must have a plain name with .npz, got 'w.pkl'"),
        ('[data."w.npz"]\narrays = 0', "data.w.npz: arrays must be a whole number from 1, got 0"),
        ('[data."w.npz"]\nkilobytes = "4"', "kilobytes must be a whole number from 1, got '4'"),
        ('[data."w.npz"]\nmegabytes = 1', "megabytes"),
    ],
)
def test_a_declaration_that_is_none(text, said):
    with pytest.raises(AssignmentError) as caught:
        Settings.parse('title = "T"\nnotebook = "t.ipynb"\n' + text)
    assert said in str(caught.value)


def test_the_declaration_travels_and_changes_the_fingerprint(assignment, tmp_path):
    again = Assignment.from_json(json.loads(json.dumps(assignment.to_json())))
    assert again == replace(assignment, folder=None)
    other = replace(assignment, settings=replace(assignment.settings, data=(DataFile("w.npz"),)))
    assert other.fingerprint != assignment.fingerprint
    # An assignment without data has the fingerprint that it had before there was such a thing.
    assert "data" not in load_assignment(tmp_path / "without").to_json()["settings"]


# In a notebook


def test_what_is_attached_comes_out_and_nothing_else_changes():
    content = attach(CODE, {"weights.npz": weights(2)})
    assert value_in(content) == 2
    assert value_in(attach(content, {"weights.npz": weights(3)})) == 3
    assert attached("a.ipynb", content, [DataFile("other.npz")]) == {}
    assert attached("a.py", SOLUTION.encode(), DATA) == {}
    with_own = notebook(SOLUTION, metadata={"coursegrader": {"mine": 1}, "kernelspec": {}})
    metadata = json.loads(attach(with_own, {"weights.npz": b""}))["metadata"]
    assert metadata["coursegrader"]["mine"] == 1 and "kernelspec" in metadata


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        {"coursegrader": 1},
        {"coursegrader": {"files": []}},
        {"coursegrader": {"files": {"weights.npz": 3}}},
        {"coursegrader": {"files": {"weights.npz": "not base64 ä"}}},
    ],
)
def test_metadata_that_a_stranger_wrote(metadata):
    found = attached("a.ipynb", notebook(SOLUTION, metadata=metadata), DATA)
    assert found in ({}, {"weights.npz": b""})


# Check


def test_check_reads_the_file_beside_the_notebook(assignment):
    names: dict = {}
    exec(SOLUTION, names)
    beside = assignment.folder / "weights.npz"
    path = assignment.folder / "doubling.ipynb"
    missing = check_names(names, assignment)
    assert (missing.earned, missing.problems) == (1, [])
    assert missing.tests[1].message == MISSING
    beside.write_bytes(weights(size=2000))
    too_large = check_file(path, assignment)
    assert (too_large.earned, too_large.problems) == (1, [TOO_LARGE])
    assert too_large.tests[1].message == TOO_LARGE
    beside.write_bytes(weights())
    assert check_names(names, assignment).earned == check_file(path, assignment).earned == 3
    wrong = check_names(names | {"double": lambda x: x}, assignment)
    assert wrong.problems == [] and "called:    double(" in wrong.tests[1].message


# Pack


def test_pack_puts_the_file_into_the_notebook(assignment, tmp_path):
    path, target = assignment.folder / "doubling.ipynb", tmp_path / "out" / "packed.ipynb"
    assert pack(path, assignment, target) == [
        "weights.npz is not there; you can hand in without it, what needs it gets no points"
    ]
    assert value_in(target.read_bytes()) is None
    (assignment.folder / "weights.npz").write_bytes(weights(5))
    assert pack(path, assignment, target) == []
    assert value_in(target.read_bytes()) == 5
    assert check_file(target, assignment).earned == 3
    # Whoever goes on with the packed notebook packs what lies beside it now.
    shutil.copy(target, path)
    assert pack(path, assignment, target) == []
    assert value_in(target.read_bytes()) == 5
    (assignment.folder / "weights.npz").write_bytes(weights(6))
    pack(path, assignment, target)
    assert value_in(target.read_bytes()) == 6


def test_pack_refuses_a_file_that_would_not_count(assignment, tmp_path):
    path, target = assignment.folder / "doubling.ipynb", tmp_path / "packed.ipynb"
    beside = assignment.folder / "weights.npz"
    beside.write_bytes(weights(size=2000))
    with pytest.raises(PackError) as caught:
        pack(path, assignment, target)
    assert str(caught.value) == TOO_LARGE
    beside.write_bytes(b"text")
    with pytest.raises(PackError, match=r"no \.npz that can be read .*write it with np\.savez"):
        pack(path, assignment, target)
    beside.write_bytes(weights())
    (assignment.folder / "mine.py").write_text(SOLUTION)
    with pytest.raises(PackError, match=r"weights\.npz can be packed into a notebook only"):
        pack(assignment.folder / "mine.py", assignment, target)
    assert not target.exists()


# Collect


def lay(folder: Path, **files: bytes | float) -> Path:
    """Notebooks, and weights of a value; `__` in a name is a slash."""
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else weights(content))
    return folder


def collected(path: Path) -> tuple[list[tuple[str, int, float | None]], dict[str, str]]:
    submissions, refused = collect(path, data=DATA)
    seen = [(one.student, one.attempt, value_in(one.content, one.filename)) for one in submissions]
    return seen, {one.name: one.reason for one in refused}


LAYOUTS = {
    "a folder for each student": (
        {"ana__a.ipynb": CODE, "ana__weights.npz": 1, "ben__a.ipynb": CODE, "ben__weights.npz": 2},
        [("ana", 1, 1), ("ben", 1, 2)],
    ),
    "Canvas": (
        {
            "doejohn_1_100_a.ipynb": CODE,
            "doejohn_1_101_weights.npz": 1,
            "poeann_2_102_weights-3.npz": 2,
            "poeann_2_103_a-1.ipynb": CODE,
        },
        [("1", 1, 1), ("2", 1, 2)],
    ),
    "Canvas, the same names several times: one hand-in": (
        {
            "doejohn_1_100_a.ipynb": CODE,
            "doejohn_1_101_weights.npz": 1,
            "doejohn_1_102_a-1.ipynb": CODE,
            "doejohn_1_103_weights-1.npz": 2,
            "doejohn_1_104_a-2.ipynb": CODE,
        },
        [("1", 1, 2)],
    ),
    "Moodle with folders": (
        {
            "Ana Doe_7_assignsubmission_file__a.ipynb": CODE,
            "Ana Doe_7_assignsubmission_file__weights.npz": 1,
        },
        [("7", 1, 1)],
    ),
    "Moodle without folders": (
        {
            "Ana Doe_7_assignsubmission_file_a.ipynb": CODE,
            "Ana Doe_7_assignsubmission_file_weights.npz": 1,
            "Ben Doe_8_assignsubmission_file_a.ipynb": CODE,
        },
        [("7", 1, 1), ("8", 1, None)],
    ),
    "one student's folder": ({"a.ipynb": CODE, "weights.npz": 1}, [("a", 1, 1)]),
    "packed, and something else beside it": (
        {"ana__a.ipynb": attach(CODE, {"weights.npz": weights(9)}), "ana__weights.npz": 1},
        [("ana", 1, 9)],
    ),
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_handed_in_as_two_files_comes_together(layout, zipped, tmp_path):
    files, expected = LAYOUTS[layout]
    path = lay(tmp_path / "in", **files)
    if zipped:
        path = Path(shutil.make_archive(str(tmp_path / "submissions"), "zip", path))
    assert collected(path) == (expected, {})


def test_one_notebook_is_graded_with_what_lies_beside_it(tmp_path):
    folder = lay(tmp_path, **{"a.ipynb": CODE, "b.ipynb": CODE, "weights.npz": 4})
    assert collected(folder / "a.ipynb") == ([("a", 1, 4)], {})


def test_a_packed_notebook_is_taken_as_it_is(tmp_path):
    content = attach(CODE, {"weights.npz": weights(9)})
    (submission,), refused = collect(lay(tmp_path, **{"ana.ipynb": content}), data=DATA)
    assert (submission.content, refused) == (content, [])


def test_data_that_belong_to_nobody_are_refused_by_name(tmp_path):
    lonely = "lies beside no notebook of one student: hand both in together, or in one folder"
    files = {"a.ipynb": CODE, "b.ipynb": CODE, "weights.npz": 1, "cy__c.py": SOLUTION.encode()}
    folder = lay(tmp_path, **files, **{"cy__weights.npz": 2, "cy__more__weights.npz": 3})
    seen, refused = collected(folder)
    assert seen == [("a", 1, None), ("b", 1, None), ("cy", 1, None)]
    names = ["weights.npz", "cy/weights.npz", "cy/more/weights.npz"]
    assert refused == dict.fromkeys(names, lonely)


def test_data_that_are_not_declared_or_cannot_be_read(tmp_path):
    folder = lay(tmp_path / "in", **{"ana__a.ipynb": CODE, "ana__other.npz": 1})
    assert collected(folder) == ([("ana", 1, None)], {})  # not looked at
    assert collect(folder)[1] == collect(folder, data=DATA)[1]
    (folder / "ana" / "other.npz").unlink()
    (folder / "ana" / "weights.npz").symlink_to("/etc/passwd")
    assert collected(folder) == (
        [("ana", 1, None)],
        {"ana/weights.npz": "is a link; only the file itself is taken"},
    )
    lay(tmp_path / "broken", **{"ana__a.ipynb": b"no notebook", "ana__weights.npz": 1})
    (submission,), refused = collect(tmp_path / "broken", data=DATA)
    assert (submission.content, refused) == (b"no notebook", [])


def test_a_zip_with_a_bomb_or_a_way_out(tmp_path):
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ana/a.ipynb", CODE)
        archive.writestr("ana/weights.npz", bytes(3_000_000))
        archive.writestr("ben/../../weights.npz", weights())
    seen, refused = collected(path)
    assert seen == [("ana", 1, None)]
    assert "like a zip bomb" in refused["ana/weights.npz"]
    assert "leads out of the hand-in" in refused["ben/../../weights.npz"]


# Grade

READS_THE_TESTS = """
import os
def double(x):
    places = [place for place in ("/tmp", "/home", "/root", "/grader", ".") if os.path.isdir(place)]
    seen = [name for place in places for _, _, names in os.walk(place) for name in names]
    if {"weights.npz", "test_it.py"} & set(seen):
        return x + x
    raise LookupError(f"{len(seen)} files, and no test among them")
"""


@pytest.mark.sandbox
def test_grading_tells_a_bad_file_from_a_wrong_answer(assignment):
    limits = replace(assignment.settings.limits, call_seconds=0.5)
    assignment = replace(assignment, settings=replace(assignment.settings, limits=limits))
    counter = SOLUTION.partition("class")[2]

    def code(double: str) -> bytes:
        return attach(notebook(f"{double}\nclass{counter}"), {"weights.npz": weights(7)})

    hand_ins = {
        "right": code("double = lambda x: 2 * x"),
        "missing": CODE,
        "too large": attach(CODE, {"weights.npz": weights(size=2000)}),
        "no arrays": attach(CODE, {"weights.npz": b"\x80\x04N."}),
        "wrong": code("double = lambda x: x"),
        "reads": code(READS_THE_TESTS),
        "forever": code("def double(x):\n    while True: pass"),
    }
    batch = batch_json(
        assignment, b"s", [Submission(name, "a.ipynb", code) for name, code in hand_ins.items()]
    )
    results = {one.id.partition("/")[0]: one for one in results_from_json(grade_batch(batch))}
    assert {name: one.earned for name, one in results.items()} == {
        name: 3 if name == "right" else 1 for name in hand_ins
    }
    said = {name: one.tests[1].message for name, one in results.items()}
    assert said["missing"] == MISSING
    assert said["too large"] == TOO_LARGE
    assert "no .npz that can be read" in said["no arrays"]
    assert "called:    double(array([7., 7., 7.]" in said["wrong"]
    assert "and no test among them" in said["reads"]
    assert "had not finished after 0.5 seconds" in said["forever"]
    problems = {name: one.problems for name, one in results.items() if one.problems}
    assert problems == {"too large": [TOO_LARGE], "no arrays": [said["no arrays"]]}
