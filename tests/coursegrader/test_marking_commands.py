"""`mark`, `history` and `undo` as an instructor types them."""

import re
from pathlib import Path

import pytest
from bookkeeping_examples import checked, result, submission
from sample_assignment import write_assignment

from coursegrader import cli
from coursegrader.gradebook import Gradebook

WORD = "test_sample.py::test_word"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gradebook in which Ana has 1 of 2 points."""
    write_assignment(tmp_path / "sample")
    monkeypatch.chdir(tmp_path)
    one = submission("ana")
    with Gradebook.open(Path("gradebook.sqlite")) as book:
        tests = (
            checked("test_sample.py::test_is_even", 1.0, points=1.0),
            checked(WORD, 0.0, points=1.0),
        )
        book.record("sample", "f", [(one, result(one, *tests))])
    return tmp_path


def run(*words: str) -> int:
    return cli.main([*words, "--assignment", "sample"])


def total() -> str:
    with Gradebook.open(Path("gradebook.sqlite"), write=False) as book:
        return str(book.grades("sample")[0].total)


def test_a_comment_keeps_the_adjustment(folder):
    assert run("mark", "ana", "--adjust", "-0.5", "--by", "doe") == cli.DONE
    assert run("mark", "ana", "--comment", "As we said.", "--by", "doe") == cli.DONE
    assert total() == "0.50"
    assert run("mark", "ana", "--adjust", "0.5") == cli.DONE
    with Gradebook.open(Path("gradebook.sqlite"), write=False) as book:
        assert book.grades("sample")[0].comment == "As we said."


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--earned", "1"], "--earned needs --test"),
        (["--adjust", "1", "--test", WORD, "--earned", "1"], "one by one"),
        (["--test", WORD, "--comment", "x"], "needs --earned"),
        ([], "say what to change"),
        (["--test", WORD, "--earned", "500"], f"500 is not between 0 and the 1 that {WORD} is"),
        (["--test", WORD, "--earned", "-5"], "not between 0 and the 1"),
        (["--test", WORD, "--earned", "nan"], "no number of points"),
        (["--adjust", "1e500"], "an adjustment of 1e500 is more than the assignment is worth"),
        (["--adjust", "inf"], "no number of points"),
        (["--adjust", "much"], "no number of points"),
    ],
)
def test_what_is_not_possible_is_refused(folder, words, says, capsys):
    assert run("mark", "ana", *words) == cli.MISUSE
    assert says in capsys.readouterr().err
    assert total() == "1.00"
    assert run("history") == cli.DONE
    assert capsys.readouterr().out == ""


def test_the_history_is_shown_and_undone(folder, capsys):
    run("mark", "ana", "--adjust", "0.5", "--comment", "A fine\nplot \x1b[31m.", "--by", "doe")
    run("mark", "ana", "--test", WORD, "--earned", "1", "--by", "roe")
    run("mark", "ana", "--test", WORD, "--by", "roe")
    capsys.readouterr()
    assert run("history", "ana") == cli.DONE
    lines = [re.sub(r"20\S+ \S+ \S+", "WHEN", one) for one in capsys.readouterr().out.splitlines()]
    assert lines == [
        "1  WHEN  doe  ana: +0.5 to the total, 'A fine plot \\x1b[31m.'",
        f"2  WHEN  roe  ana: 1 for {WORD}",
        f"3  WHEN  roe  ana: {WORD} counts again",
    ]
    assert total() == "1.50"
    assert run("undo", "ana", "--by", "doe") == cli.DONE
    assert total() == "2.50"
    assert run("undo", "ana", "--number", "1", "--by", "doe") == cli.DONE
    assert total() == "2.00"
    assert run("undo", "ana", "--number", "1") == cli.MISUSE
    capsys.readouterr()
    run("history")
    assert capsys.readouterr().out.count("(undone by doe, ") == 2


def test_who_was_meant_by_a_number_is_told(folder, capsys):
    one = submission("101", platform_id="101", name="doejane", system="canvas")
    with Gradebook.open(Path("gradebook.sqlite")) as book:
        book.record("sample", "f", [(one, result(one, checked(WORD, 1.0, points=1.0)))])
        book.people.admit("sample", [one])
    assert run("mark", "101", "--adjust", "0.5") == cli.DONE
    assert capsys.readouterr().out.startswith("noted for doejane_101; ")


def test_no_gradebook_is_made_by_mistake(folder, capsys):
    for words in (["mark", "ana", "--adjust", "1"], ["undo", "ana"], ["history"]):
        assert run(*words, "--gradebook", "gradebok.sqlite") == cli.MISUSE
        assert "there is no gradebook gradebok.sqlite" in capsys.readouterr().err
    assert not Path("gradebok.sqlite").exists()
    assert run("history", "anna") == cli.MISUSE
    assert "it has ana" in capsys.readouterr().err


def test_a_mark_for_a_test_that_is_gone_is_named_at_export(folder, capsys):
    run("mark", "ana", "--test", WORD, "--earned", "1")
    one = submission("ana")
    with Gradebook.open(Path("gradebook.sqlite")) as book:
        book.record("sample", "f2", [(one, result(one, checked("test_sample.py::test_is_even")))])
    assert run("export") == cli.PROBLEMS
    assert f"the mark by hand of ana for {WORD} does not count" in capsys.readouterr().err
