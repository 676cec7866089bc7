"""Points task by task, with partial credit, and nothing told of hidden tests."""

from decimal import Decimal

from bookkeeping_examples import checked, graded
from pages_read_back import Page

from coursegrader.gradebook.grades import Manual, Override
from coursegrader.reports.feedback import feedback_page
from coursegrader.reports.tasks import Task, tasks

SIGMOID = {"text": "the sigmoid", "url": "https://book.example/model.html#sigmoid"}
LOSS = {"text": "the loss", "url": "https://book.example/loss.html"}
SECRET = {"text": "a secret place", "url": "https://book.example/secret.html"}


def example():
    return graded(
        "ana",
        checked("t.py::a", 0.5, points=1.0, see=SIGMOID, outcome="failed"),
        checked("t.py::b", 2.0, see=LOSS),
        checked("t.py::c", 0.125, points=0.125, title="Alone", see=None),
        checked("test_hidden.py::d", 0.0, see=SIGMOID, hidden=True),
        checked("test_hidden.py::e", 2.0, see=SECRET, hidden=True),
        checked("test_hidden.py::f", 0.0, see=None, hidden=True),
        manual=Manual(overrides={"test_hidden.py::d": Override(Decimal("1.5"), "")}),
    )


def test_tests_of_one_place_are_one_task():
    assert tasks(example()) == [
        Task("the sigmoid", SIGMOID["url"], Decimal(2), Decimal(3)),
        Task("the loss", LOSS["url"], Decimal(2), Decimal(2)),
        Task("Alone", "", Decimal("0.125"), Decimal("0.125")),
        Task("Hidden tests", "", Decimal(2), Decimal(4)),
    ]


def test_the_page_shows_them_with_their_places():
    page = Page(feedback_page("Lab 1", example()))
    page.check_self_contained()
    text = "".join(page.text.split())
    for part in ("Pointsbytask", "thesigmoid2of3", "Alone0.125of0.125", "Hiddentests2of4"):
        assert part in text
    assert "secret" not in page.text
    assert SIGMOID["url"] in [one["href"] for one in page.all("a")]


def test_what_a_task_points_to_is_a_web_page():
    one = graded("ana", checked(see={"text": "x", "url": "javascript:alert(1)"}), checked("t::b"))
    assert [task.url for task in tasks(one)] == ["", ""]
