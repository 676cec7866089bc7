"""The class report, against counts done by hand."""

from decimal import Decimal

from bookkeeping_examples import at, checked, graded
from pages_read_back import Page

from coursegrader.common.records import Refused
from coursegrader.gradebook.policy import Policy
from coursegrader.reports.report import histogram, questions, write_report

SIGMOID = {"text": "the sigmoid", "url": "https://book.example/model.html#sigmoid"}


def report(tmp_path, grades, **options) -> Page:
    path = tmp_path / "report.html"
    write_report(path, "Lab 1", grades, **options)
    page = Page(path)
    page.check_self_contained()
    return page


def answers(first: float, second: float, third: float, message: str = ""):
    """Two tests about the sigmoid, one of them hidden, and one test of its own."""
    return [
        checked("t.py::a", first, title="By hand", see=SIGMOID, message=message),
        checked("test_hidden_t.py::b", second, title="Drawn", see=SIGMOID, hidden=True),
        checked("t.py::c", third, points=1.0, title="The loss"),
    ]


def test_questions_gather_the_tests_of_one_place():
    students = [
        answers(2, 2, 1),
        answers(2, 0, 1),
        answers(0, 0, 0, "f(0.25) is 1e-3, not -.5"),
        answers(0, 2, 0, "f(0.75) is 2e-7, not 1.5"),
        answers(0, 0, 1, "f is missing"),
    ]
    sigmoid, loss = questions(students)
    assert (sigmoid.title, sigmoid.points, sigmoid.mean) == ("the sigmoid", "4", "1.6")
    assert [(bar.label, bar.count) for bar in sigmoid.bars] == [("0", 2), ("2", 2), ("4", 1)]
    assert [(test.title, test.hidden, test.passed, test.ran) for test in sigmoid.tests] == [
        ("By hand", False, 2, 5),
        ("Drawn", True, 2, 5),
    ]
    # The two messages differ in numbers only.
    assert sigmoid.messages == [("f(0.25) is 1e-3, not -.5", 2), ("f is missing", 1)]
    assert (loss.title, loss.url, loss.mean, loss.tests[0].percent) == ("The loss", "", "0.6", 60)


def test_hidden_messages_are_not_told():
    (question,) = questions([[checked("t.py::a", 0.0, hidden=True, message="SECRET")]])
    assert question.messages == []


def test_histograms():
    few = [Decimal(text) for text in ("0.00", "2.00", "2.00", "0.50")]
    assert [(bar.label, bar.count) for bar in histogram(few, Decimal(2))] == [
        ("0", 1),
        ("0.5", 1),
        ("2", 2),
    ]
    many = [Decimal(k) / 2 for k in range(21)] + [Decimal("10.5")]  # 0, 0.5, ..., 10 and a bonus
    bars = histogram(many, Decimal(10))
    # (0, 1] holds 0, 0.5 and 1; the last one 9.5, 10 and 10.5
    assert [bar.count for bar in bars] == [3, 2, 2, 2, 2, 2, 2, 2, 2, 3]
    assert (bars[0].label, bars[9].label) == ("0–1", "9–10")
    assert histogram([], Decimal(0)) == []


def test_a_whole_report(tmp_path):
    policy = Policy(at("2026-03-01 12:00"), percent=10)
    late = {"submitted": at("2026-03-01 13:00"), "policy": policy}
    grades = [
        graded("Ana Secretname", *answers(2, 2, 1)),
        graded("Bo Hiddenname", *answers(0, 2, 1, "came back: 1"), **late),
        graded("cy", status="not_graded", reason="it is no notebook", filename="cy.ipynb"),
        graded("Dee Privatename", checked("t.py::a", 0.0, outcome="error", message="no fixture z")),
    ]
    page = report(tmp_path, grades, refused=[Refused("x.pdf", "is neither .ipynb nor .py")])
    # Totals 5, 2.7 and 0 of 5
    for part in (
        "Students 4",
        "Graded 3",
        "Mean 2.57 of 5",
        "Median 2.7 of 5",
        "With a deduction for lateness 1",
        "t.py::a 1 of 3 students",
        "no fixture z",
        "cy: cy.ipynb it is no notebook",
        "x.pdf is neither .ipynb nor .py",
        "By hand 50 % (1 of 2)",
        "Drawn (hidden) 100 % (2 of 2)",
        "1 time came back: 1",
    ):
        assert "".join(part.split()) in "".join(page.text.split())
    for name in ("Secretname", "Hiddenname", "Privatename"):
        assert name not in page.text
    charts = [one["aria-label"] for one in page.all("svg")]
    assert charts[0] == "students by total points: 1 with 0, 1 with 2.7, 1 with 5"
    assert charts[1] == "students by points: 1 with 2, 1 with 4"


def test_the_bars_are_as_long_as_their_counts(tmp_path):
    grades = [graded(f"s{k}", checked(earned=2.0 if k else 0.0)) for k in range(5)]
    page = report(tmp_path, grades)
    first, second = (float(one["width"]) for one in page.all("rect")[:2])
    assert abs(second - 4 * first) <= 0.3  # widths are rounded to a tenth


def test_hostile_text_stays_text(tmp_path):
    bad = "<script>alert(1)</script>\x00\u202e\ud800"
    see = {"text": bad, "url": "javascript:alert(1)"}
    tests = [
        checked("t.py::a", 0.0, title=bad, message=bad, see=see),
        checked(bad, 0.0, outcome="error", message=bad),
    ]
    grades = [graded(bad, *tests), graded("bo", status="not_graded", reason=bad, filename=bad)]
    page = report(tmp_path, grades, refused=[Refused(bad, bad)])
    assert page.all("a") == []
    assert page.text.count("<script>") >= 8


def test_an_empty_class(tmp_path):
    page = report(tmp_path, [])
    assert "Students0" in page.text.replace(" ", "")
    assert page.all("svg") == []
