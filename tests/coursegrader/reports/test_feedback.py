"""Feedback pages, read back: what students see, what they must not see, and hostile text."""

from decimal import Decimal

import pytest
from bookkeeping_examples import at, checked, graded
from hypothesis import given
from hypothesis import strategies as st
from pages_read_back import Page

from coursegrader.common.text import LONGEST, clean
from coursegrader.gradebook.grades import Manual, Override
from coursegrader.gradebook.policy import Policy
from coursegrader.reports.feedback import _shown, feedback_page, write_feedback
from coursegrader.reports.pages import template, web_address

SEE = {"text": "the sigmoid", "url": "https://book.example/model.html#sigmoid"}
BOOK = "https://book.example/"


def page_of(grade, **options) -> Page:
    page = Page(feedback_page("Lab 1", grade, **options))
    page.check_self_contained()
    return page


def test_a_whole_page():
    one = graded(
        "Ana Gil_12",
        checked(
            "t.py::a", 0.0, title="Sigmoid of 0", message="came back: 1\nexpected: 0.5", see=SEE
        ),
        checked("t.py::b", 2.0, title="Sigmoid of 1", see=SEE),
        checked("test_hidden_t.py::c", 2.0, title="Drawn inputs", hidden=True),
        checked("test_hidden_t.py::d", 0.0, title="More drawn inputs", hidden=True),
        platform_id="12",
        filename="lab.ipynb",
        problems=["cell 4: NameError: x (line 2)"],
        submitted=at("2026-03-01 13:00"),
        policy=Policy(at("2026-03-01 12:00"), percent=10),
        manual=Manual(Decimal("0.25"), "A fine plot."),
    )
    page = page_of(one, book=BOOK)
    # 4 of 8 earned, 10 % off is 0.4, and 0.25 by hand
    for part in (
        "Lab 1",
        "Feedback for Ana Gil, on lab.ipynb, handed in 2026-03-01 13:00 UTC",
        "3.85 of 8 points",
        "2 of 4 tests pass.",
        "Late1 started day late: 10 % off−0.4",
        "Your instructorA fine plot.+0.25",
        "Total3.85",
        "Cells that did not run",
        "cell 4: NameError: x (line 2)",
        "Sigmoid of 00 of 2",
        "came back: 1 expected: 0.5",
        "Read again: the sigmoid",
        "✓ Sigmoid of 1 2 of 2",
        "✓ passed Drawn inputs 2 of 2",
        "✗ not passed More drawn inputs 0 of 2",
    ):
        assert "".join(part.split()) in "".join(page.text.split())
    assert [one["href"] for one in page.all("a")] == [SEE["url"], SEE["url"], BOOK]
    assert page.all("progress")[0] == {"value": "3.85", "max": "8", "aria-label": "points"}


def test_all_right_and_nothing_else():
    page = page_of(graded("ana", checked(), checked("t.py::b")))
    assert "All 2 tests pass. Well done!" in page.text
    for absent in ("Late", "instructor", "What to look at", "Hidden", "Cells that did not run"):
        assert absent not in page.text


def test_of_hidden_and_broken_tests_neither_message_nor_link():
    secret = {"message": "SECRET input 0.123", "see": {"text": "SECRET", "url": "https://x/SECRET"}}
    one = graded(
        "ana",
        checked("test_hidden_t.py::a", 0.0, hidden=True, **secret),
        checked("t.py::b", 0.0, outcome="error", title="The loss", **secret),
    )
    assert "SECRET" not in feedback_page("Lab", one)
    # The template gets none of it either.
    assert "SECRET" not in repr([_shown(test, one) for test in one.chosen.result.tests])
    page = page_of(one)
    assert "0 of 1 tests pass." in page.text
    assert "The fault is in the test." in page.text


def test_work_that_could_not_be_graded():
    page = page_of(graded("ana", status="not_graded", reason="line 3 <is> no JSON"))
    assert "Your work could not be graded" in page.text
    assert "line 3 <is> no JSON" in page.text
    assert "0 points" in page.text
    assert page.all("progress") == []


def test_overrides_and_comments_by_hand():
    override = Override(Decimal("1.5"), "nearly <right>")
    manual = Manual(Decimal(0), "See me.", {"t.py::a": override})
    page = page_of(graded("ana", checked("t.py::a", 0.0), manual=manual))
    assert "1.5 of 2" in page.text
    assert "Set by your instructor. nearly <right>" in page.text
    assert "From your instructorSee me." in page.text.replace("instructor ", "instructor")


def test_points_taken_by_hand():
    page = page_of(graded("ana", checked(), manual=Manual(Decimal("-0.5"), "Copied plot.")))
    assert "−0.5" in page.text and "1.5 of 2 points" in page.text


HOSTILE = (
    "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;\x00\x1b[31m\u202e\ud800"
)


def test_hostile_text_stays_text():
    see = {"text": HOSTILE, "url": "javascript:alert(1)"}
    one = graded(
        f"../{HOSTILE}",
        checked(HOSTILE, 0.0, title=HOSTILE, message=HOSTILE, see=see),
        checked("t.py::b", 2.0, title=HOSTILE),
        checked("t.py::c", 2.0, title=HOSTILE, hidden=True),
        problems=[HOSTILE],
        filename=HOSTILE,
        manual=Manual(Decimal(1), HOSTILE, {"t.py::b": Override(Decimal(1), HOSTILE)}),
    )
    source = feedback_page(HOSTILE, one, book="file:///etc/passwd")
    page = Page(source)
    page.check_self_contained()
    assert page.all("a") == []
    assert page.text.count("<script>alert(1)</script>") >= 8
    assert not set(source) & set("\x00\x1b\u202e\ud800")
    source.encode()


@given(st.text(st.characters(), max_size=60))
def test_any_text_comes_back_as_it_was(text):
    """Parsed as HTML, the message is the message, but for what cannot be shown."""
    one = graded("ana", checked("t.py::a", 0.0, message=f"<{text}>"))
    page = Page(feedback_page("Lab", one))
    page.check_self_contained()
    assert " ".join(f"<{clean(text)}>".split()) in page.text


def test_endless_text_is_cut():
    one = graded("ana", checked("t.py::a", 0.0, message="x" * 1_000_000))
    source = feedback_page("Lab", one)
    assert len(source) < LONGEST + 20_000
    assert "(990000 more characters)" in source


@pytest.mark.parametrize("name", ["../../ana", "ana", "Ana", "x" * 3000, "José", "José"])
def test_pages_are_found_again_and_lie_in_their_folder(tmp_path, name):
    grades = [graded(name, checked()), graded("somebody", checked())]
    paths = write_feedback(tmp_path / "feedback", "Lab", grades)
    assert sorted(paths.values()) == sorted((tmp_path / "feedback").iterdir())
    assert len(set(paths.values())) == 2
    before = {path: path.stat().st_mtime_ns for path in paths.values()}
    again = write_feedback(tmp_path / "feedback", "Lab", grades)
    assert again == paths
    # The same page is not written again: rewriting is what takes time.
    assert {path: path.stat().st_mtime_ns for path in again.values()} == before
    changed = write_feedback(tmp_path / "feedback", "Lab 2", grades)[name]
    assert "Lab 2" in changed.read_text()


def test_students_of_one_name_have_two_pages(tmp_path):
    grades = [graded(f"doejohn_{k}", checked(), platform_id=str(k)) for k in (1, 2)]
    grades += [graded(name, checked()) for name in ("ana gil", "ana_gil", "Ana Gil")]
    paths = write_feedback(tmp_path, "Lab", grades)
    assert len({str(path).casefold() for path in paths.values()}) == 5


def test_nobody(tmp_path):
    assert write_feedback(tmp_path, "Lab", []) == {}


def test_a_template_is_compiled_once():
    assert template("feedback.html") is template("feedback.html")


def test_addresses():
    assert web_address("https://a.b/c#d") == "https://a.b/c#d"
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "//a.b",
        "",
        " https://a.b",
        "file:///x",
    ):
        assert web_address(url) == ""
