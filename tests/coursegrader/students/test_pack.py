"""`pack` refuses what would not grade, says how to mend it, and writes all or nothing."""

import json

import pytest
from samples import SETTINGS, SOLUTION, code, load_assignment, notebook

from coursegrader.common.notebook import read_cells
from coursegrader.handin.archive import ReadLimits
from coursegrader.students import pack as pack_module
from coursegrader.students.pack import PackError, pack

UNWRITTEN = """
def double(x):
    raise NotImplementedError("your code here")

class Counter:
    def add(self, n):
        raise NotImplementedError("your code here")
"""


@pytest.fixture
def assignment(tmp_path):
    return load_assignment(tmp_path / "doubling")


@pytest.fixture
def packed(tmp_path, assignment):
    """Pack a file with this content; return the notes and what was written."""

    def run(content: bytes, name: str = "mine.ipynb") -> tuple[list[str], bytes]:
        (tmp_path / name).write_bytes(content)
        target = tmp_path / "out.ipynb"
        notes = pack(tmp_path / name, assignment, target)
        return notes, target.read_bytes()

    return run


@pytest.fixture
def refused(tmp_path, packed):
    """Why a file is refused, line by line; nothing may have been written."""

    def run(content: bytes, name: str = "mine.ipynb") -> list[str]:
        with pytest.raises(PackError) as caught:
            packed(content, name)
        assert not (tmp_path / "out.ipynb").exists()
        assert not [*tmp_path.glob(".*")]
        return str(caught.value).split("\n")

    return run


def test_a_notebook_is_packed_without_outputs(packed):
    output = {"output_type": "stream", "name": "stdout", "text": "x" * (21 << 20)}
    notes, content = packed(notebook(code(SOLUTION, outputs=[output]), "%matplotlib inline"))
    assert notes == []
    assert len(content) < 2000
    assert read_cells("a.ipynb", content) == [
        ("cell 1", SOLUTION),
        ("cell 2", "%matplotlib inline"),
    ]


def test_a_python_file_is_packed_as_it_is(packed):
    content = SOLUTION.encode() + "# é\r\n".encode()
    assert packed(content, "mine.py") == ([], content)


@pytest.mark.parametrize("name", ["MINE.IPYNB", "with space.ipynb"])
def test_the_ending_may_be_written_in_capitals(packed, name):
    _, content = packed(notebook(code(SOLUTION, outputs=[{"output_type": "x"}])), name)
    assert json.loads(content)["cells"][0]["outputs"] == []


def test_what_is_not_written_yet_is_noted(packed):
    assert packed(notebook(UNWRITTEN))[0] == [
        "double is not written yet; you can hand in without it, it gets no points",
        "Counter is not written yet; you can hand in without it, it gets no points",
    ]
    written = UNWRITTEN.replace('raise NotImplementedError("your code here")', "pass", 1)
    assert [note.split()[0] for note in packed(notebook(written))[0]] == ["Counter"]


@pytest.mark.parametrize(
    "source",
    [
        "double = lambda x: 2 * x\nCounter = dict",
        "from helpers import double, Count as Counter",
        "import double.more, numpy as Counter",
        "async def double(x): pass\nclass Counter: pass",
        "if True:\n    def double(x): pass\nelse:\n    class Counter: pass",
        "try:\n    from a import double\nexcept ImportError:\n    pass\nCounter, x = 1, 2",
        "with open('x') as Counter: pass\nfor double in []: pass",
        "(double := 1)\nCounter: type = dict",
        "@decorated\ndef double(x): pass\n@decorated\nclass Counter: pass",
    ],
)
def test_there_are_many_ways_to_define_a_name(packed, source):
    notes = packed(notebook(source))[0]
    assert [note for note in notes if "is not defined in" in note or "not written" in note] == []


def test_an_import_that_the_sandbox_does_not_have_is_noted(packed):
    source = (
        "import os, sklearn.svm as s\nimport numpy.linalg\nfrom .x import y\nimport coursegrader"
    )
    inside = "def f():\n    from visioncourse.scenes import Scene"
    notes, _ = packed(notebook(SOLUTION, source, inside))
    assert [note.split()[0] for note in notes[:-1]] == ["sklearn", "visioncourse"]
    assert notes[-1].startswith("cell 2: ImportError: attempted relative import")
    assert "not-graded" in notes[0]
    assert packed(notebook(SOLUTION, code("import sklearn", "not-graded")))[0] == []


@pytest.mark.parametrize(
    "cell",
    [
        "x = 1",
        "class Other:\n    def double(self): pass\n    Counter = 1",
        "def other():\n    double = 1\n    class Counter: pass",
        "double\nCounter.x = 1\nx['double'] = 1",
        "%%timeit\n" + SOLUTION,
        "# def double(x): pass\n'class Counter: pass'",
        code(SOLUTION, "not-graded"),
        {"cell_type": "markdown", "metadata": {}, "source": SOLUTION},
    ],
)
def test_a_missing_name_is_named(refused, cell):
    assert refused(notebook("y = 2", cell)) == [
        f"{name} is not defined in a graded cell: bring its cell back from the original notebook, "
        "keep its name, and remove the tag not-graded if you added it"
        for name in ("double", "Counter")
    ]


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("def f(:\n    pass", "cell 2, line 1 is not Python (invalid syntax)"),
        ("x = 1\ny = (", "cell 2, line 2 is not Python ('(' was never closed)"),
        ("def f():\nreturn 1", "cell 2, line 2 is not Python (expected an indented block"),
        ("x = 1\0", "cell 2"),
        ("x = " + "(" * 1000 + ")" * 1000, "cell 2, line 1 is not Python (too many nested"),
        ("x = " + "-" * 100_000 + "1", "cell 2"),
    ],
)
def test_the_place_of_what_is_not_python(refused, cell, problem):
    (line,) = refused(notebook(SOLUTION, cell))
    assert line.startswith(problem)


def test_all_problems_are_named_at_once(refused):
    lines = refused(notebook("x = (", "y = )"))
    assert [line.partition(" is not ")[0] for line in lines] == [
        "cell 1, line 1",
        "cell 2, line 1",
        "double",
        "Counter",
    ]


def test_ipythons_syntax_is_fine(packed):
    source = "%matplotlib inline\n!ls\nfiles = !ls\n?double\n%time double(2)\n" + SOLUTION
    assert packed(notebook(source))[0] == []


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"", "mine.ipynb", "mine.ipynb: this is not a notebook that can be read"),
        (b"{}", "mine.ipynb", "mine.ipynb: this is not a notebook that can be read"),
        (notebook(), "mine.ipynb", "mine.ipynb: the notebook has no code cell"),
        (b"\xff", "mine.py", "mine.py: the file is not UTF-8 text"),
        (b"x", "mine.txt", "mine.txt: mine.txt is neither a notebook"),
        (
            notebook(SOLUTION, metadata=[]),
            "mine.ipynb",
            "mine.ipynb: the notebook is not well-formed",
        ),
        (
            notebook(SOLUTION, nbformat=9),
            "mine.ipynb",
            "mine.ipynb: the notebook is not well-formed",
        ),
    ],
)
def test_what_is_no_submission_is_refused(refused, content, name, problem):
    (line,) = refused(content, name)
    assert line.startswith(problem)


def test_an_empty_python_file_lacks_everything(refused):
    assert len(refused(b"", "mine.py")) == 2


def test_a_file_that_is_not_there(tmp_path, assignment):
    with pytest.raises(PackError, match=r"nothing.ipynb is not there: give the notebook that you"):
        pack(tmp_path / "nothing.ipynb", assignment, tmp_path / "out.ipynb")
    with pytest.raises(PackError, match="is not there"):
        pack(tmp_path, assignment, tmp_path / "out.ipynb")


def test_too_large_a_file(refused):
    (line,) = refused(SOLUTION.encode() + b"#" * pack_module.MAX_FILE_BYTES, "mine.py")
    assert line == "the file is larger than 20 MB: remove pictures and data pasted into it"


def test_an_assignment_may_require_nothing(tmp_path):
    settings = SETTINGS.replace('required = ["double", "Counter"]\n', "")
    assignment = load_assignment(tmp_path / "a", settings=settings)
    (tmp_path / "mine.py").write_text("")
    assert pack(tmp_path / "mine.py", assignment, tmp_path / "out.py") == []


def test_a_write_that_fails_leaves_the_earlier_file(tmp_path, packed, monkeypatch):
    _, before = packed(notebook(SOLUTION))

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("coursegrader.common.files.os.replace", full)
    with pytest.raises(OSError, match="no space left"):
        packed(notebook(SOLUTION, "x = 1"))
    assert (tmp_path / "out.ipynb").read_bytes() == before


def test_packing_twice_writes_the_same(packed):
    first = packed(notebook(SOLUTION))
    assert packed(notebook(SOLUTION)) == first
    assert packed(first[1]) == first


def test_a_package_that_is_not_installed_here_is_no_hindrance(tmp_path):
    settings = SETTINGS.replace('["numpy"]', '["numpy", "not-installed-here"]')
    assignment = load_assignment(tmp_path / "a", settings=settings)
    (tmp_path / "mine.py").write_text(SOLUTION + "import not_installed_here")
    assert pack(tmp_path / "mine.py", assignment, tmp_path / "out.py") == []
    assert (tmp_path / "out.py").is_file()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("while True: pass", "cell 2: stopped after 0.5 seconds"),
        ("import os; os._exit(0)", "cell 2: it ended the Python process"),
        ("name = input()", "there is no keyboard while grading"),
        ("open('data.csv')", "cell 2: FileNotFoundError"),
        ("x = bytearray(1 << 40)", "cell 2: MemoryError"),
    ],
)
def test_a_cell_that_would_not_run_while_grading_is_noted(tmp_path, line, said):
    settings = SETTINGS + "[limits]\ncall_seconds = 0.1\n"
    assignment = load_assignment(tmp_path / "limited", settings=settings)
    path = tmp_path / "mine.ipynb"
    path.write_bytes(notebook(SOLUTION, line, "def more(): return 1"))
    notes = pack(path, assignment, tmp_path / "out.ipynb")
    assert len(notes) == 1
    assert said in notes[0]


def test_pack_and_grade_have_one_limit_of_size():
    assert ReadLimits().file_bytes == pack_module.MAX_FILE_BYTES
