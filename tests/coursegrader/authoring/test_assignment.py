"""Settings say what is wrong with them, and a fingerprint changes with what a grade depends on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HIDDEN_TESTS, SETTINGS, TESTS, write_assignment

from coursegrader.authoring.assignment import Assignment, AssignmentError, Settings, is_hidden
from coursegrader.common.limits import Limits

MINIMAL = 'title = "T"\nnotebook = "n.ipynb"\n'


def test_all_settings():
    settings = Settings.parse(
        SETTINGS + 'preload = ["numpy.linalg"]\n[limits]\ncall_seconds = 0.5\nthreads = 3\n'
    )
    assert settings == Settings(
        title="Doubling",
        notebook="doubling.ipynb",
        packages=("numpy",),
        preload=("numpy.linalg",),
        required=("double", "Counter"),
        book="https://example.org/book/",
        limits=Limits(call_seconds=0.5, threads=3),
    )


def test_the_least_one_must_say():
    assert Settings.parse(MINIMAL) == Settings(title="T", notebook="n.ipynb")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "where.toml must have a text `title`, got None"),
        ('title = "T"', "where.toml must have a text `notebook`, got None"),
        ('title = 3\nnotebook = "n.ipynb"', "must have a text `title`, got 3"),
        ('title = "T"\nnotebook = ["n.ipynb"]', r"must have a text `notebook`, got \['n.ipynb'\]"),
        ('title = "T"\nnotebook = "../n.ipynb"', "`notebook` must be a file name that ends in"),
        ('title = "T"\nnotebook = "/etc/n.ipynb"', "`notebook` must be a file name that ends in"),
        ('title = "T"\nnotebook = "n.py"', "`notebook` must be a file name that ends in .ipynb"),
        ('title = "T"\nnotebook = ""', "`notebook` must be a file name that ends in .ipynb"),
        (MINIMAL + "book = 3", "`book` must be a text, got 3"),
        (MINIMAL + 'packages = "numpy"', "`packages` must be a list of texts, got 'numpy'"),
        (MINIMAL + "preload = [1]", r"`preload` must be a list of texts, got \[1\]"),
        (MINIMAL + "required = {a = 1}", r"`required` must be a list of texts, got \{'a': 1\}"),
        (MINIMAL + "colour = 1", "got an unexpected keyword argument 'colour'"),
        (MINIMAL + "limits = 3", "`limits` must be a table, got 3"),
        (MINIMAL + "[[limits]]", "`limits` must be a table, got"),
        (MINIMAL + "[limits]\nmemory = 1", "got an unexpected keyword argument 'memory'"),
        (MINIMAL + "[limits]\nmemory_mb = 'a'", "limits.memory_mb must be a positive number"),
        (MINIMAL + "[limits]\nmemory_mb = true", "limits.memory_mb must be a positive number"),
        (MINIMAL + "[limits]\ndisk_mb = 0", "limits.disk_mb must be a positive number, got 0"),
        (MINIMAL + "[limits]\nthreads = -1", "limits.threads must be a positive number, got -1"),
        (MINIMAL + "[limits]\ncall_seconds = inf", "limits.call_seconds must be a positive number"),
        (MINIMAL + "[limits]\ncall_seconds = nan", "limits.call_seconds must be a positive number"),
        ("title = ", "where.toml is not TOML: "),
        (MINIMAL + MINIMAL, "where.toml is not TOML: "),
        ("\0", "where.toml is not TOML: "),
    ],
)
def test_what_is_wrong_is_named(text, problem):
    with pytest.raises(AssignmentError, match=problem) as caught:
        Settings.parse(text, "where.toml")
    assert str(caught.value).startswith("where.toml")


def test_an_assignment_is_read_from_its_folder(tmp_path):
    folder = write_assignment(
        tmp_path / "doubling",
        test_double=TESTS,
        test_hidden_x=HIDDEN_TESTS,
        hidden_helper="",
        helper="",
    )
    assignment = Assignment.load(str(folder))
    assert (assignment.name, assignment.folder) == ("doubling", folder)
    assert assignment.settings.title == "Doubling"
    assert sorted(assignment.files) == [
        "helper.py",
        "hidden_helper.py",
        "test_double.py",
        "test_hidden_x.py",
    ]
    assert sorted(assignment.visible_files) == ["helper.py", "test_double.py"]
    assert assignment.files["test_double.py"] == TESTS.encode()


def test_the_current_folder_has_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(write_assignment(tmp_path / "doubling"))
    assert Assignment.load(".").name == "doubling"


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("test_a.py", False),
        ("test_hidden.py", True),
        ("test_hidden_a.py", True),
        ("hidden_a.py", True),
        ("a_hidden.py", False),
        ("data/hidden_points.csv", True),
        ("hidden_data/points.csv", True),
        ("data/points.csv", False),
    ],
)
def test_the_name_tells_what_is_hidden(name, hidden):
    assert is_hidden(name) == hidden


def test_an_unknown_assignment_names_those_nearby(tmp_path):
    write_assignment(tmp_path / "boxes")
    write_assignment(tmp_path / "tracks")
    for folder in (tmp_path / "boxs", tmp_path):
        with pytest.raises(AssignmentError) as caught:
            Assignment.load(folder)
        assert str(caught.value).startswith(f"{folder} is no assignment")
        known = f"{tmp_path / 'boxes'}, {tmp_path / 'tracks'}"  # as they can be typed
        assert str(caught.value).endswith(f"there are: {known}")
    (tmp_path / "tracks" / "student").mkdir()
    with pytest.raises(
        AssignmentError, match=r"student is no assignment: it has no assignment.toml"
    ):
        Assignment.load(tmp_path / "tracks" / "student")
    with pytest.raises(AssignmentError, match=r"is no assignment: it has no assignment.toml$"):
        Assignment.load(tmp_path / "no" / "such" / "place")


def test_a_folder_without_tests(tmp_path):
    folder = write_assignment(tmp_path / "a")
    (folder / "tests" / "test_double.py").rename(folder / "tests" / "test_double.txt")
    with pytest.raises(AssignmentError, match=r"tests has no test_\*.py"):
        Assignment.load(folder)
    (folder / "tests" / "test_double.txt").unlink()
    (folder / "tests").rmdir()
    with pytest.raises(AssignmentError, match=r"tests has no test_\*.py"):
        Assignment.load(folder)


def test_settings_that_are_no_text(tmp_path):
    folder = write_assignment(tmp_path / "a")
    (folder / "assignment.toml").write_bytes('title = "é"'.encode("latin-1"))
    with pytest.raises(AssignmentError, match=r"assignment.toml is not UTF-8 text"):
        Assignment.load(folder)


def change(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def test_the_fingerprint_changes_with_whatever_a_grade_depends_on(tmp_path):
    def fingerprint(name: str, settings: str = SETTINGS, **tests: str) -> str:
        tests = {"test_double": TESTS, "hidden_helper": "x = 1"} | tests
        return Assignment.load(
            write_assignment(tmp_path / name / "doubling", settings=settings, **tests)
        ).fingerprint

    first = fingerprint("first")
    assert fingerprint("same") == first
    others = [
        fingerprint("tests", test_double=change(TESTS, "points(2)", "points(3)")),
        fingerprint("helper", hidden_helper="x = 2"),
        fingerprint("more", test_more=""),
        fingerprint("packages", change(SETTINGS, '["numpy"]', "[]")),
        fingerprint("limits", SETTINGS + "[limits]\ncall_seconds = 1.5\n"),
        fingerprint("book", change(SETTINGS, "example.org", "example.com")),
    ]
    assert len({first, *others}) == 7


def test_the_fingerprint_changes_with_nothing_else(tmp_path):
    folder = write_assignment(tmp_path / "doubling", test_double=TESTS)
    before = Assignment.load(folder).fingerprint
    (folder / "doubling.ipynb").write_bytes(b"")
    (folder / "student").mkdir()
    (folder / "README.md").write_text("text")
    (folder / "assignment.toml").write_text("# a comment\n" + SETTINGS)
    for cache in ("__pycache__", ".ipynb_checkpoints", ".pytest_cache"):
        (folder / "tests" / cache).mkdir()
        (folder / "tests" / cache / "test_double.py").write_text("")
    (folder / "tests" / ".DS_Store").write_text("")
    assert Assignment.load(folder).fingerprint == before
    folder = folder.rename(tmp_path / "elsewhere")
    assert Assignment.load(folder.rename(folder.parent / "doubling")).fingerprint == before


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
positive = st.one_of(st.integers(1, 1 << 40), st.floats(1.0, 1e9))


@given(
    names,
    st.builds(
        Settings,
        title=names,
        notebook=names,
        packages=st.lists(names).map(tuple),
        preload=st.lists(names).map(tuple),
        required=st.lists(names).map(tuple),
        book=names,
        limits=st.builds(Limits, **dict.fromkeys(map(str, Limits.__dataclass_fields__), positive)),
    ),
    st.dictionaries(names, st.binary()),
)
def test_json_carries_everything(name, settings, files):
    assignment = Assignment(name, settings, files)
    again = Assignment.from_json(json.loads(json.dumps(assignment.to_json())))
    assert again == assignment
    assert again.fingerprint == assignment.fingerprint


def test_limits_by_their_names_in_the_module_resource():
    import resource

    limits = Limits(memory_mb=10, disk_mb=2, submission_seconds=1.5, threads=7)
    made = limits.resource_limits(1 << 30)
    assert all(isinstance(getattr(resource, name), int) for name in made)
    assert all(type(value) is int for value in made.values())
    assert made["RLIMIT_AS"] == (1 << 30) + (10 << 20)
    assert made["RLIMIT_FSIZE"] == 2 << 20
    assert made["RLIMIT_NPROC"] == 7
    assert made["RLIMIT_CPU"] == 4
