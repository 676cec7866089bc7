"""Two layouts that tell whose a hand-in is by more than its name."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coursegrader.handin.intake import collect

METADATA = """\
---
submission_301:
  :submitters:
  - :name: Ana Gil
    :sid: '0123'
    :email: ana@example.edu
  :created_at: 2026-03-01 22:58:47.644186000 Z
  :score: 0.0
  :results:
    tests:
    - name: ':submitters:'
      output: "submission_302:\\n  :submitters: []"
submission_302:
  :submitters:
  - :name: Bo Li
    :sid: ''
    :email: bo@example.edu
  :created_at: 2026-03-02 00:30:00.000000000 +02:00
  :history:
  - :id: 300
    :created_at: 2026-02-28 10:00:00.000000000 Z
submission_303:
  :submitters:
  - :name: Eve
    :sid: '9'
  - :name: Dan
    :sid: '10'
submission_304:
  :submitters: []
"""


def lay(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder


def gradescope(folder: Path) -> Path:
    numbers = (301, 302, 303, 304, 305)
    export = lay(folder / "assignment_42_export", *(f"submission_{n}/lab.ipynb" for n in numbers))
    (export / "submission_metadata.yml").write_text(METADATA)
    return export


@pytest.mark.parametrize("zipped", [False, True])
def test_gradescope_tells_names_and_times(tmp_path, zipped):
    path = gradescope(tmp_path)
    if zipped:
        path = Path(shutil.make_archive(str(tmp_path / "export"), "zip", tmp_path, path.name))
    submissions, refused = collect(path)
    seen = {(one.student, one.name, one.filename, one.system) for one in submissions}
    assert seen == {
        ("0123", "Ana Gil", "lab.ipynb", "gradescope"),
        ("bo@example.edu", "Bo Li", "lab.ipynb", "gradescope"),
        ("10+9", "Dan & Eve", "lab.ipynb", "gradescope"),
    }
    times = {one.name: one.submitted for one in submissions}
    assert times["Ana Gil"] == datetime(2026, 3, 1, 22, 58, 47, 644186, UTC)
    assert times["Bo Li"] == datetime(2026, 3, 1, 22, 30, tzinfo=UTC)  # earlier than Ana
    assert times["Dan & Eve"] is None
    reasons = {one.name.split("/")[-2]: one.reason for one in refused}
    assert "no submitter" in reasons["submission_304"]
    assert "no folder that submission_metadata.yml names" in reasons["submission_305"]


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [", "!!python/object/apply:os.getcwd []"])
def test_a_metadata_file_that_is_none(tmp_path, text):
    export = gradescope(tmp_path)
    (export / "submission_metadata.yml").write_text(text)
    submissions, refused = collect(export)
    assert submissions == []
    assert all("submission_metadata.yml" in one.reason for one in refused)


def clones(folder: Path, *names: str) -> Path:
    for name in names:
        lay(
            folder / name,
            "assignment.toml",
            "lab.ipynb",
            "README.md",
            "scratch.py",
            "tests/test_lab.py",
            "tests/more/assignment.toml",
            ".github/workflows/check.yml",
        )
    return folder


def test_of_repositories_side_by_side_the_notebook_alone_counts(tmp_path):
    path = clones(tmp_path / "lab-1-submissions", "lab-1-ana", "lab-1-lab-1-ben", "cy")
    (path / "submissions.csv").write_text(
        "file,submitted\nlab-1-ana/lab.ipynb,2026-03-01T23:59:00+01:00\n"
    )
    submissions, refused = collect(path, notebook="lab.ipynb")
    assert refused == []
    assert [(one.student, one.attempt, one.content.decode()) for one in submissions] == [
        ("ana", 1, "lab.ipynb"),
        ("cy", 1, "lab.ipynb"),
        ("lab-1-ben", 1, "lab.ipynb"),
    ]
    assert submissions[0].submitted == datetime(2026, 3, 1, 22, 59, tzinfo=UTC)


def test_the_folder_around_the_clones_may_be_given_too(tmp_path):
    clones(tmp_path / "lab-1-submissions", "lab-1-ana", "lab-1-ben")
    submissions, refused = collect(tmp_path, notebook="lab.ipynb")
    assert ([one.student for one in submissions], refused) == (["ana", "ben"], [])


def test_a_clone_without_the_notebook_is_named(tmp_path):
    path = clones(tmp_path / "clones", "ana", "ben")
    (path / "ben" / "lab.ipynb").rename(path / "ben" / "mine.ipynb")
    submissions, refused = collect(path, notebook="lab.ipynb")
    ana, ben = submissions
    assert (ana.student, ana.reason, ben.student, refused) == ("ana", "", "ben", [])
    assert ben.reason == "ben has no lab.ipynb; was it renamed?"
    # Where the name is not known, every notebook at the top counts.
    assert {one.student for one in collect(path)[0]} == {"ana", "ben"}


def test_two_clones_of_one_student_are_refused(tmp_path):
    clones(tmp_path / "a", "ana")
    clones(tmp_path / "b", "ana", "ben")
    submissions, refused = collect(tmp_path, notebook="lab.ipynb")
    assert [one.student for one in submissions] == ["ben"]
    assert {one.name for one in refused} == {"a/ana/lab.ipynb", "b/ana/lab.ipynb"}


def test_a_link_to_a_classmates_notebook_is_refused(tmp_path):
    path = clones(tmp_path / "clones", "ana", "ben")
    (path / "ben" / "lab.ipynb").unlink()
    (path / "ben" / "lab.ipynb").symlink_to("../ana/lab.ipynb")
    submissions, refused = collect(path, notebook="lab.ipynb")
    ana, ben = submissions
    assert (ana.student, ana.reason, ben.student, refused) == ("ana", "", "ben", [])
    assert (ben.reason, ben.content) == ("lab.ipynb is a link; only the file itself is taken", b"")
