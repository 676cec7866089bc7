"""Who handed in what: every layout, and every way a hand-in can be broken or hostile."""

import io
import os
import stat
import struct
import threading
import warnings
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from bookkeeping_examples import notebook
from hypothesis import given, settings
from hypothesis import strategies as st

from coursegrader.handin.archive import DEFAULT_LIMITS, ReadLimits, Unreadable, open_entries
from coursegrader.handin.intake import collect


def lay(folder: Path, *paths: str) -> Path:
    """Files whose content is their own path."""
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return folder


def pack(path: Path, *members) -> Path:
    """A zip of names, or of (name or ZipInfo, content) pairs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a duplicate name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in members:
                name, content = (member, member) if isinstance(member, str) else member
                archive.writestr(name, content)
    return path


def who(path: Path, **options) -> list[tuple[str, int, str]]:
    submissions, refused = collect(path, **options)
    assert refused == []
    return [(one.student, one.attempt, one.content.decode()) for one in submissions]


def graded(path: Path, **options) -> list[str]:
    """Those whose work can be graded."""
    return [one.student for one in collect(path, **options)[0] if not one.reason]


def reasons(path: Path, **options) -> dict[str, str]:
    """Why files are not graded: those of a person, who has a row all the same, and nobody's."""
    submissions, refused = collect(path, **options)
    assert all(not one.content for one in submissions if one.reason)
    rows = {one.filename: one.reason for one in submissions if one.reason}
    return rows | {one.name: one.reason for one in refused}


# Layouts


@pytest.mark.parametrize("zipped", [False, True])
def test_canvas(tmp_path, zipped):
    names = [
        "doejohn_12345_678910_lab.ipynb",
        "doejohn_12345_678911_lab-2.ipynb",
        "doejohn_777_678912_lab.ipynb",
        "garcíalópezana_LATE_42_7_my_lab_1_2.py",
        "anon_x7Gk2_678913_lab.ipynb",
        "LATE_anon_9Qw3z_678914_lab.ipynb",
    ]
    if zipped:
        path = pack(tmp_path / "submissions.zip", *names)
    else:
        path = lay(tmp_path / "submissions", *names)
    submissions, refused = collect(path)
    assert refused == []
    seen = [(s.student, s.name, s.attempt, s.filename, s.late) for s in submissions]
    assert seen == [
        ("12345", "doejohn", 1, "lab-2.ipynb", False),
        ("42", "garcíalópezana", 1, "my_lab_1_2.py", True),
        ("777", "doejohn", 1, "lab.ipynb", False),
        ("9Qw3z", "anon_9Qw3z", 1, "lab.ipynb", True),
        ("x7Gk2", "anon_x7Gk2", 1, "lab.ipynb", False),
    ]
    assert {(s.system, s.platform_id == s.student) for s in submissions} == {("canvas", True)}


@pytest.mark.parametrize(
    "name",
    [
        "Ana María de la O_12345_assignsubmission_file/lab.ipynb",
        "Ana María de la O_12345_assignsubmission_file_/lab.ipynb",
        "Ana María de la O_12345_assignsubmission_file_/work/lab.ipynb",
        "Ana María de la O_12345_assignsubmission_file_lab.ipynb",
    ],
)
def test_moodle(tmp_path, name):
    path = pack(tmp_path / "course-lab-99.zip", name, name.replace("12345", "678"))
    submissions, refused = collect(path)
    assert refused == []
    assert [(s.student, s.filename, s.name) for s in submissions] == [
        ("12345", "lab.ipynb", "Ana María de la O"),
        ("678", "lab.ipynb", "Ana María de la O"),
    ]


def test_a_moodle_zip_with_one_student_is_not_unwrapped(tmp_path):
    folder = "Ana_1_assignsubmission_file"
    path = pack(tmp_path / "x.zip", f"{folder}/a.py", f"{folder}/b.ipynb")
    assert who(path) == [("1", 1, f"{folder}/b.ipynb")]


def test_a_plain_folder_with_files_and_folders(tmp_path):
    lay(tmp_path, "ana.ipynb", "bo.py", "cy/lab10.ipynb", "cy/lab9.ipynb", "cy/sub/a.py")
    assert who(tmp_path) == [
        ("ana", 1, "ana.ipynb"),
        ("bo", 1, "bo.py"),
        ("cy", 1, "cy/lab10.ipynb"),
    ]


def test_names_that_collide_stay_apart(tmp_path):
    lay(tmp_path, "ana.ipynb", "ana.py", "bo/lab.ipynb", "bo.ipynb", "Ana.ipynb")
    assert [student for student, _, _ in who(tmp_path)] == [
        "Ana",
        "ana.ipynb",
        "ana.py",
        "bo",
        "bo.ipynb",
    ]


def test_one_file(tmp_path):
    lay(tmp_path, "ana.ipynb")
    assert who(tmp_path / "ana.ipynb") == [("ana", 1, "ana.ipynb")]
    (tmp_path / "shortcut.ipynb").symlink_to("ana.ipynb")
    assert who(tmp_path / "shortcut.ipynb") == [("shortcut", 1, "ana.ipynb")]


@pytest.mark.parametrize(
    ("members", "students"),
    [
        (["class/ana.ipynb", "class/bo.py"], ["ana", "bo"]),
        (["class/ana/lab.ipynb", "class/bo/lab.ipynb"], ["ana", "bo"]),
        (["hw/doe_1_2_lab.ipynb", "__MACOSX/hw/._doe_1_2_lab.ipynb"], ["1"]),
        (["ana/lab.ipynb"], ["ana"]),
    ],
)
def test_a_zipped_folder_is_no_student(tmp_path, members, students):
    assert [student for student, _, _ in who(pack(tmp_path / "hw.zip", *members))] == students


def test_nothing_is_legal(tmp_path):
    assert collect(tmp_path) == ([], [])
    assert collect(pack(tmp_path / "empty.zip")) == ([], [])


def test_a_path_that_does_not_exist(tmp_path):
    with pytest.raises(ValueError, match=r"no file or folder .*nowhere"):
        collect(tmp_path / "nowhere")


# Times


def test_times_of_files_count_only_when_asked_for(tmp_path):
    lay(tmp_path, "ana.ipynb", "doe_1_2_lab.ipynb")
    for path in tmp_path.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert [one.submitted for one in collect(tmp_path)[0]] == [None, None]
    doe, ana = collect(tmp_path, file_times=True)[0]
    assert ana.submitted.timestamp() == 1_700_000_000
    assert doe.submitted is None  # Canvas's file times are those of the download


def test_submissions_csv_tells_times_and_their_order(tmp_path):
    lay(tmp_path, "ana/a.py", "ana/b.py", "bo/a.py")
    (tmp_path / "submissions.csv").write_text(
        "\ufefffile,submitted\n"
        "ana/a.py,2026-03-02T10:00:00+01:00\n"
        "ana/b.py,2026-03-01T10:00:00+01:00\n"
        "bo/a.py,2026-03-01T10:00:00\n"
        "cy/a.py,2026-03-01T10:00:00Z\n"
        "bo/a.py\n"
    )
    submissions, refused = collect(tmp_path)
    assert [(one.student, one.attempt, one.submitted) for one in submissions] == [
        ("ana", 1, datetime.fromisoformat("2026-03-01T09:00:00Z")),
        ("ana", 2, datetime.fromisoformat("2026-03-02T09:00:00Z")),
        ("bo", 1, None),
    ]
    assert [(one.name, one.reason) for one in refused] == [
        (
            "submissions.csv, row 4",
            "'2026-03-01T10:00:00' is no time like 2026-03-01T23:59:00+01:00",
        ),
        ("submissions.csv, row 5", "there is no file 'cy/a.py'"),
        ("submissions.csv, row 6", "'' is no time like 2026-03-01T23:59:00+01:00"),
    ]


@pytest.mark.parametrize("content", [b"name,time\na,b\n", b"\xff\xfe"])
def test_a_wrong_submissions_csv_stops_nobody(tmp_path, content):
    (lay(tmp_path, "ana.py") / "submissions.csv").write_bytes(content)
    submissions, refused = collect(tmp_path)
    assert [one.student for one in submissions] == ["ana"]
    assert [one.name for one in refused] == ["submissions.csv"]


# What is refused: always beside one good hand-in, which is taken


def refuses(tmp_path: Path, *members) -> dict[str, str]:
    """The refusals, when the zip holds one good file after the bad ones."""
    path = pack(tmp_path / "class.zip", *members, ("good.ipynb", notebook("x = 1")))
    assert "good" in graded(path)
    return reasons(path)


@pytest.mark.parametrize(
    "name", ["../evil.py", "a/../../evil.py", "a\\..\\..\\evil.py", "..", "../"]
)
def test_dots_that_lead_out(tmp_path, name):
    assert "'..'" in refuses(tmp_path, (name, "x"))[name]


@pytest.mark.parametrize("name", ["/etc/evil.py", "C:\\evil.py", "\\\\host\\evil.py"])
def test_absolute_paths(tmp_path, name):
    assert "absolute" in refuses(tmp_path, (name, "x"))[name]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb.py", "a\\nb.py"),
        ("a\x1b[31mb.py", "a\\x1b[31mb.py"),
        ("a\u202eyp.b.py", "a\\u202eyp.b.py"),
        ("a\x00.py", "a\\x00.py"),
    ],
)
def test_invisible_characters_in_names(tmp_path, name, shown):
    info = zipfile.ZipInfo("placeholder")
    info.filename = name  # its constructor would cut the name at a NUL
    assert "control characters" in refuses(tmp_path, (info, "x"))[shown]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_in_a_zip(tmp_path, kind):
    info = zipfile.ZipInfo("ana.py")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    reason = refuses(tmp_path, (info, "/etc/passwd"))["ana.py"]
    assert ("link" if kind == stat.S_IFLNK else "no ordinary file") in reason


def test_an_encrypted_member(tmp_path):
    path = pack(tmp_path / "class.zip", "bad.py", "good.py")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert graded(path) == ["good"]
    assert "encrypted" in reasons(path)["bad.py"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing(tmp_path, method):
    info = zipfile.ZipInfo("ana.py")
    info.compress_type = method
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "x")
    assert "method" in reasons(path)["ana.py"]


def test_a_duplicate_is_reported_and_the_first_taken(tmp_path):
    path = pack(tmp_path / "class.zip", ("ana.py", "first"), ("./ana.py", "second"))
    submissions, refused = collect(path)
    assert [one.content for one in submissions] == [b"first"]
    assert "twice" in refused[0].reason


def test_a_nested_archive_and_other_files(tmp_path):
    found = refuses(tmp_path, "ana.zip", "bo/lab.tar.gz", "cy.pdf", "dee", "eve_text.html")
    assert found == {
        "ana.zip": "ana.zip is an archive in the hand-in; hand in the notebook itself",
        "lab.tar.gz": "lab.tar.gz is an archive in the hand-in; hand in the notebook itself",
        "cy.pdf": "cy.pdf is neither .ipynb nor .py; hand in the notebook",
        "dee": "is neither .ipynb nor .py",  # who knows whose that is?
        "eve_text.html": "eve_text.html is neither .ipynb nor .py; hand in the notebook",
    }
    lists = ["README.md", "class.csv", "roster.xlsx", "notes.txt"]
    assert graded(lay(tmp_path / "folder", *lists, "ana.py")) == ["ana"]
    assert len(collect(tmp_path / "folder")[0]) == 1


def test_litter_is_passed_over(tmp_path):
    litter = [".DS_Store", "__MACOSX/._ana.py", "ana/.ipynb_checkpoints/x-checkpoint.ipynb"]
    litter += ["ana/__pycache__/x.py", "ana/.git/hooks/x.py", "Thumbs.db", "._bo.ipynb"]
    assert refuses(tmp_path, *litter) == {}
    assert [one for one, _, _ in who(lay(tmp_path / "folder", *litter, "bo.py"))] == ["bo"]


def test_a_damaged_member(tmp_path):
    path = pack(tmp_path / "class.zip", ("bad.py", "x" * 50), ("good.py", "y"))
    data = bytearray(path.read_bytes())
    data[data.index(b"bad.py") + len("bad.py")] ^= 0xFF
    path.write_bytes(data)
    assert graded(path) == ["good"]
    assert "damaged" in reasons(path)["bad.py"]


def test_a_corrupt_zip(tmp_path):
    path = tmp_path / "class.zip"
    path.write_bytes(b"<html>Please log in</html>")
    assert "no proper zip" in reasons(path)["class.zip"]
    path.write_bytes(b"")
    assert "no proper zip" in reasons(path)["class.zip"]


def test_a_name_that_is_marked_utf8_and_is_not(tmp_path):
    path = pack(tmp_path / "class.zip", ("é.py", "x"))
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))
    assert "a name in it is no text" in reasons(path)["class.zip"]


def test_utf8_names_that_are_not_marked(tmp_path):
    path = pack(tmp_path / "class.zip", ("é.py", "é.py"))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x03\x04") + 7] &= ~0x08
    data[data.index(b"PK\x01\x02") + 9] &= ~0x08
    path.write_bytes(data)
    assert who(path) == [("é", 1, "é.py")]


# Sizes


def test_too_many_entries(tmp_path):
    limits = ReadLimits(entries=2)
    path = pack(tmp_path / "class.zip", "a.py", "b.py", "c.py")
    assert "more than 2" in reasons(path, limits=limits)["class.zip"]
    folder = lay(tmp_path / "class", "a.py", "b.py", "c.py")
    assert "more than 2" in reasons(folder, limits=limits)["class"]
    assert len(collect(path, limits=ReadLimits(entries=3))[0]) == 3


def test_a_huge_table_of_contents_is_not_loaded(tmp_path):
    path = pack(tmp_path / "class.zip", "a.py")
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    contents = data[start : data.index(b"PK\x05\x06")]
    many = 9_000_000 // len(contents)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, many * len(contents), start, 0)
    path.write_bytes(data[:start] + many * contents + end)
    assert "table of contents" in reasons(path)["class.zip"]


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_that_is_too_large(tmp_path, zipped):
    name, content = "ana.py", os.urandom(2_000_001)
    if zipped:
        path = pack(tmp_path / "class.zip", (name, content), "bo.py")
    else:
        path = lay(tmp_path / "class", "bo.py")
        (path / name).write_bytes(content)
    limits = ReadLimits(file_bytes=2_000_000)
    assert graded(path, limits=limits) == ["bo"]
    assert "larger than 2 MB" in reasons(path, limits=limits)["ana.py"]
    assert len(graded(path)) == 2


def test_200_megabytes_are_never_read(tmp_path, monkeypatch):
    lay(tmp_path, "bo.py")
    with open(tmp_path / "ana.py", "wb") as file:
        file.truncate(200_000_000)
    read = []
    monkeypatch.setattr(
        "coursegrader.handin.archive._read_file", lambda path, most: read.append(path.name) or b""
    )
    assert "larger than 20 MB" in reasons(tmp_path)["ana.py"]
    assert read == ["bo.py"]


def test_a_file_that_grows_after_the_listing(tmp_path):
    with open_entries(lay(tmp_path, "ana.py"), DEFAULT_LIMITS) as ((entry,), _):
        (tmp_path / "ana.py").write_bytes(b"x" * 1000)
        assert entry.read(101) == b"x" * 101


def test_a_zip_bomb(tmp_path):
    found = refuses(tmp_path, ("bomb.py", b"\0" * 3_000_000), ("harmless.py", b"#" * 900_000))
    assert "zip bomb" in found.pop("bomb.py")
    assert found == {}


def test_a_header_that_lies_about_the_size(tmp_path):
    path = pack(tmp_path / "class.zip", ("ana.py", b"\0" * 5_000_000), ("bo.py", "y"))
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 10)
    path.write_bytes(data)
    assert graded(path) == ["bo"]
    assert "damaged" in reasons(path)["ana.py"]


def test_the_total_is_counted_and_small_ones_come_first(tmp_path):
    members = [("ana.py", "a" * 600), ("bo.py", "b" * 500), ("cy.py", "c" * 10)]
    path = pack(tmp_path / "class.zip", *members)
    limits = ReadLimits(total_bytes=1000)
    assert graded(path, limits=limits) == ["bo", "cy"]
    assert reasons(path, limits=limits) == {
        "ana.py": "ana.py was left out: all files together are too large"
    }


def test_members_that_share_their_bytes_are_counted_each(tmp_path):
    """A bomb of overlapping members: one packed stream, named many times."""
    path = pack(tmp_path / "class.zip", ("a.py", b"ab" * 50_000))
    data = path.read_bytes()
    start, stop = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    contents = b"".join(
        data[start:stop].replace(b"a.py", bytes([letter]) + b".py") for letter in b"abcdefgh"
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 8, 8, len(contents), start, 0)
    path.write_bytes(data[:start] + contents + end)
    submissions, refused = collect(path, limits=ReadLimits(total_bytes=250_000))
    assert sum(len(one.content) for one in submissions) <= 250_000
    assert len(submissions) + len(refused) == 8


# Hostile folders


def test_links_and_pipes_in_a_folder(tmp_path):
    secret = tmp_path / "secret"
    lay(secret, "key.py")
    folder = lay(tmp_path / "class", "good.py")
    (folder / "ana.py").symlink_to(secret / "key.py")
    (folder / "bo").symlink_to(secret, target_is_directory=True)
    os.mkfifo(folder / "cy.py")
    assert graded(folder) == ["good"]
    found = reasons(folder)
    assert "link" in found["ana.py"]
    assert "link" in found["bo"]
    assert "no ordinary file" in found["cy.py"]


def test_a_file_replaced_by_a_link_after_the_listing(tmp_path):
    secret = lay(tmp_path / "elsewhere", "secret") / "secret"
    folder = lay(tmp_path / "class", "ana.py")
    with open_entries(folder, DEFAULT_LIMITS) as ((entry,), _):
        (folder / "ana.py").unlink()
        (folder / "ana.py").symlink_to(secret)
        with pytest.raises(Unreadable, match="cannot be read"):
            entry.read(100)


def test_a_file_replaced_by_a_pipe_after_the_listing(tmp_path):
    """Opening a pipe that nobody writes to waits for ever, unless asked not to."""
    with open_entries(lay(tmp_path, "ana.py"), DEFAULT_LIMITS) as ((entry,), _):
        (tmp_path / "ana.py").unlink()
        os.mkfifo(tmp_path / "ana.py")
        reader = threading.Thread(target=entry.read, args=(100,), daemon=True)
        reader.start()
        reader.join(20)
        assert not reader.is_alive()


def test_a_name_on_disk_that_is_no_utf8(tmp_path):
    lay(tmp_path, "good.py")
    (tmp_path / os.fsdecode(b"\xff.py")).write_text("x")
    submissions, refused = collect(tmp_path)
    assert [one.student for one in submissions] == ["good"]
    assert refused[0].name.encode() == b"\\udcff.py"


@settings(max_examples=300)
@given(st.data())
def test_no_broken_zip_raises(tmp_path_factory, data):
    """Any bytes changed, cut or put in: an answer, never an exception, and never outside."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ana/lab.ipynb", "x" * 100)
        archive.writestr("bo_1_2_é.py", "y")
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(content) - 1))
        content[where] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    path = tmp_path_factory.mktemp("zip") / "class.zip"
    path.write_bytes(content[:cut])
    submissions, _ = collect(path)
    for one in submissions:
        assert one.reason or one.content in (b"x" * 100, b"y")  # the checksum holds
        assert ".." not in one.student
