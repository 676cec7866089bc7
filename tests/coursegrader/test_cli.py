"""The commands of students and authors, and the exit code that each outcome has."""

import subprocess
import sys

import pytest
from bookkeeping_examples import checked, graded
from samples import SETTINGS, SOLUTION, notebook, write_assignment

from coursegrader.cli import main
from coursegrader.reports.feedback import feedback_page

WRONG = SOLUTION.replace("2 * x", "3 * 3")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An assignment in a folder beside the current one."""
    made = write_assignment(tmp_path / "doubling")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return made


@pytest.fixture
def run(folder, capsys):
    """Run a command; return exit code, output and errors."""

    def call(*arguments) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_check_the_assignments_own_notebook(run, folder):
    assert run("check", "--assignment", folder) == (
        0,
        "2.5 of 2.5 points by the visible tests\n"
        "✓ Twice 2 is 4.  (2/2)\n✓ test counter  (0.5/0.5)\n",
        "",
    )


def test_check_in_the_assignments_folder(run, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert run("check")[0] == 0


def test_check_a_file_that_fails(run, folder, tmp_path):
    (tmp_path / "work" / "mine.py").write_text(WRONG)
    code, out, err = run("check", "mine.py", "--assignment", folder)
    assert (code, err) == (1, "")
    assert out.startswith("0.5 of 2.5 points")
    assert "    called:    double(2)\n    came back: 9\n    expected:  4\n" in out
    assert "    Read:      doubling, https://example.org/book/page.html#double\n" in out


def test_check_a_file_with_a_cell_that_fails(run, folder, tmp_path):
    (tmp_path / "work" / "mine.ipynb").write_bytes(notebook(SOLUTION, "1 / 0"))
    code, out, _ = run("check", "mine.ipynb", "--assignment", folder)
    assert code == 1
    assert "2.5 of 2.5 points" in out
    assert "! cell 2: ZeroDivisionError: division by zero (line 1)\n" in out


@pytest.mark.parametrize("text", ["half \\ud800", "bell \\x07", "a" + 300 * "\\u0301"])
def test_check_shows_what_a_cell_raised_whatever_it_is(run, folder, tmp_path, text):
    cell = f'raise ValueError("{text}")'
    (tmp_path / "work" / "mine.ipynb").write_bytes(notebook(SOLUTION, cell))
    code, out, err = run("check", "mine.ipynb", "--assignment", folder)
    assert (code, err) == (1, "")
    assert out.startswith("2.5 of 2.5 points") and "! cell 2: ValueError: " in out
    assert "\x07" not in out and len(out) < 400
    out.encode("utf-8")


def test_an_eighth_of_a_point_is_the_same_in_check_and_on_the_page(run, folder, tmp_path):
    tests = folder / "tests" / "test_double.py"
    tests.write_text(tests.read_text().replace("points(0.5)", "points(0.125)"))
    code, out, _ = run("check", "--assignment", folder)
    assert code == 0
    assert "2.125 of 2.125 points" in out and "(0.125/0.125)" in out
    page = feedback_page("Lab", graded("ana", checked(earned=0.125, points=0.125)))
    assert "0.125 of 0.125" in page


def test_check_some_tests(run, folder):
    code, out, _ = run("check", "-k", "counter", "--assignment", folder)
    assert (code, out) == (0, "0.5 of 0.5 points by the visible tests\n✓ test counter  (0.5/0.5)\n")
    code, out, err = run("check", "-k", "nothing", "--assignment", folder)
    assert (code, out) == (2, "")
    assert err == "coursegrader: doubling has no visible test with 'nothing' in its name\n"


@pytest.mark.parametrize("command", [("check",), ("pack",)])
def test_an_unknown_assignment(run, folder, command):
    code, out, err = run(*command, "--assignment", folder.parent / "doublin")
    assert (code, out) == (2, "")
    assert err.startswith("coursegrader: ")
    known = f"doublin is no assignment (it has no assignment.toml); there are: {folder}\n"
    assert err.endswith(known)


def test_without_an_assignment_the_current_folder_is_meant(run, tmp_path):
    for command in ("check", "pack"):
        code, _, err = run(command)
        assert code == 2
        assert ". is no assignment (it has no assignment.toml); there are: ../doubling\n" in err


def test_a_file_that_is_not_there(run, folder):
    code, _, err = run("check", "mine.ipynb", "--assignment", folder)
    assert (code, err) == (2, "coursegrader: mine.ipynb is not there: name the file to check\n")
    code, _, err = run("pack", "mine.ipynb", "--assignment", folder)
    assert code == 1
    assert "mine.ipynb is not there: give the notebook that you worked in" in err


def test_a_file_that_is_no_notebook(run, folder, tmp_path):
    (tmp_path / "work" / "mine.ipynb").write_bytes(b"\xff")
    for command, expected in (("check", 2), ("pack", 1)):
        code, _, err = run(command, "mine.ipynb", "--assignment", folder)
        assert code == expected
        assert "the file is not UTF-8 text" in err


def test_pack(run, folder, tmp_path):
    code, out, err = run("pack", "--assignment", folder)
    assert (code, out, err) == (
        0,
        "doubling-submission.ipynb is ready: upload this one file.\n",
        "",
    )
    assert (tmp_path / "work" / "doubling-submission.ipynb").is_file()


def test_pack_a_file_to_a_place(run, folder, tmp_path):
    (tmp_path / "work" / "mine.py").write_text(SOLUTION)
    assert run("pack", "mine.py", "--assignment", folder)[0] == 0
    assert (tmp_path / "work" / "doubling-submission.py").is_file()
    assert run("pack", "mine.py", "--assignment", folder, "-o", tmp_path / "x.py")[0] == 0
    assert (tmp_path / "x.py").read_text() == SOLUTION
    (tmp_path / "file").touch()
    code, _, err = run("pack", "mine.py", "--assignment", folder, "-o", "../file/x.py")
    assert code == 2
    assert "file" in err


def test_pack_refuses_what_would_not_grade(run, folder, tmp_path):
    (tmp_path / "work" / "mine.py").write_text("def double(x: return x")
    code, out, err = run("pack", "mine.py", "--assignment", folder)
    assert (code, out) == (1, "")
    assert err.startswith("coursegrader: not packed, this would not grade:\ncell 1, line 1 is not")
    assert not (tmp_path / "work" / "doubling-submission.py").exists()


def test_pack_notes_what_is_missing(run, folder, tmp_path):
    source = SOLUTION.replace("return 2 * x", "raise NotImplementedError('your code here')")
    (tmp_path / "work" / "mine.py").write_text(source)
    code, out, _ = run("pack", "mine.py", "--assignment", folder)
    assert code == 0
    assert out.startswith("Note: double is not written yet; you can hand in without it, it gets no")


def test_release(run, folder, tmp_path):
    code, out, err = run("release", folder)
    assert (code, err) == (0, "")
    written = [folder / "student" / name for name in ("assignment.toml", "doubling.ipynb")]
    written.append(folder / "student" / "tests" / "test_double.py")
    assert out.splitlines() == [str(path) for path in written]
    assert all(path.is_file() for path in written)
    assert run("release", folder, "--to", tmp_path / "elsewhere")[0] == 0
    assert (tmp_path / "elsewhere" / "assignment.toml").is_file()


def test_a_release_that_is_refused(run, folder, tmp_path):
    (tmp_path / "work" / "thesis.tex").write_text("")
    code, out, err = run("release", folder, "--to", ".")
    assert (code, out) == (2, "")
    assert "is not empty and holds no assignment: not overwritten" in err
    assert run("release", tmp_path / "nothing")[0] == 2
    (folder / "assignment.toml").write_text(SETTINGS + "colour = 1")
    code, _, err = run("release", folder)
    assert code == 2
    assert "colour" in err


def test_tests_that_are_broken(run, folder):
    (folder / "tests" / "test_broken.py").write_text("1 / 0")
    code, out, err = run("check", "--assignment", folder)
    assert (code, out) == (2, "")
    assert err.startswith("coursegrader: the tests cannot be run:\ntest_broken.py")


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["check", "--nonsense"], ["release"], ["grade"], ["grade", "x"]]
)
def test_wrong_use_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: coursegrader")


def test_the_command_as_a_process(folder):
    """It starts fast: checking imports neither Torch nor what only writing and grading need."""
    script = (
        "import runpy, sys\n"
        "try: runpy.run_module('coursegrader', run_name='__main__', alter_sys=True)\n"
        "finally: print({'torch', 'nbformat', 'jinja2', 'sqlite3', 'tqdm'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", script, "check", "--assignment", str(folder), "-k", "double"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("2 of 2 points by the visible tests\n✓ Twice 2 is 4.  (2/2)\nset()\n")


def test_a_reader_of_the_output_may_leave(folder):
    command = [sys.executable, "-m", "coursegrader", "check", "--assignment", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
