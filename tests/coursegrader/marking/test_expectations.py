"""What counts as equal, and what a student reads when it is not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coursegrader import Mismatch, Missing, Raised, Tensor
from coursegrader.common.notebook import Cell
from coursegrader.common.text import plain
from coursegrader.inside.runner import Runner, fresh_namespace
from coursegrader.marking.expectations import ATOL, RTOL, Expect, compare
from coursegrader.marking.lines import LocalLine
from coursegrader.marking.showing import MAX_TEXT, show
from coursegrader.marking.student import Student

NAN, INF = math.nan, math.inf


def differs(got, want, rtol=RTOL, atol=ATOL) -> str | None:
    return compare(got, want, rtol, atol)


EQUAL = [
    (1, 1.0),
    (1.0, 1),
    (1 + 1e-7, 1),
    (0.0, 1e-9),
    (-0.0, 0.0),
    (NAN, NAN),
    (INF, INF),
    (1 + 0j, 1 + 0j),
    (1.0, 1 + 0j),
    (complex(NAN, 1), complex(NAN, 1)),
    (0.5, np.float32(0.5)),
    (3, np.int8(3)),
    (True, np.True_),
    ("a", np.str_("a")),
    (np.array(2.0), 2.0),
    (2.0, np.array(2)),
    (1 << 70, 1 << 70),
    (10**30, 1e30),
    (1e30, 10**30),
    (-(1 << 4000), -(1 << 4000)),
    ((1 << 64) - 1, np.uint64((1 << 64) - 1)),
    (True, np.array(True)),
    (np.array([True, False]), np.array([True, False])),
    (np.zeros((0, 3)), np.zeros((0, 3))),
    (np.array([NAN, INF, -INF]), np.array([NAN, INF, -INF])),
    (np.array([1, 2], np.uint8), np.array([1.0, 2.0])),
    (np.array([1.0, 2.0], np.float16), np.array([1, 2])),
    (None, None),
    ("", ""),
    (b"a", b"a"),
    (True, True),
    ([], []),
    ((), ()),
    ({}, {}),
    ({1, 2}, {2, 1}),
    ([1.0, [2, (3, "x")]], [1, [2.0, (3, "x")]]),
    ({"b": np.ones(2), "a": None}, {"a": None, "b": np.ones(2)}),
]


@pytest.mark.parametrize(("got", "want"), EQUAL, ids=repr)
def test_equal(got, want):
    assert differs(got, want) is None


DIFFERENT = [
    (1 + 1e-5, 1, ""),
    (2, 1, ""),
    (-INF, INF, ""),
    (1e308, INF, ""),
    (1.0, NAN, ""),
    (NAN, 1.0, "1 of these numbers are NaN, not a number"),
    (NAN, INF, "1 of these numbers are NaN, not a number"),
    (True, 1, "this is bool, where a number is expected"),
    (False, 0.0, "this is bool, where a number is expected"),
    (1, True, "the type should be bool, not int"),
    (1, np.True_, "the type should be bool, not int"),
    (np.array([True]), np.array([1]), "this is ndarray, where a number is expected"),
    (np.array([1]), np.array([True]), "this is ndarray, where truth values are expected"),
    (np.array([True]), True, "the type should be bool, not ndarray"),
    (1 + 1j, 1, "this number is complex"),
    (1 + 0j, 1, "this number is complex"),
    (1 << 70, 1, ""),
    (1, 1 << 70, ""),
    (1 << 4000, 1, ""),
    (1.0, 1 << 4000, ""),
    (1 << 4000, (1 << 4000) + 1, ""),
    (1 << 70, np.ones(2), "the shape should be (2,), not ()"),
    (np.ones(2), 1 << 70, "the shape should be (), not (2,)"),
    (1 << 4000, np.ones(2), ""),
    (np.ones(2), 1 << 4000, ""),
    ("1", 1, "this should be a number or an array, not str"),
    ([1], np.array([1]), "this should be a number or an array, not list"),
    (
        None,
        1,
        "this should be a number or an array, not None: "
        "is there a `return` at the end of the function?",
    ),
    (
        None,
        "a",
        "the type should be str, not None: is there a `return` at the end of the function?",
    ),
    (0, None, "the type should be None, not int"),
    (1, "1", "the type should be str, not int"),
    (b"a", "a", "the type should be str, not bytes"),
    ("a ", "a", ""),
    (False, True, ""),
    ({1}, {2}, ""),
    ((1, 2), [1, 2], "the type should be list, not tuple"),
    ([1, 2], (1, 2), "the type should be tuple, not list"),
    (np.array([1, 2]), [1, 2], "the type should be list, not ndarray"),
    ([1], [1, 2], "there should be 2 items, not 1"),
    ([1, 3], [1, 2], "item 2: 3 instead of 2"),
    ([1, True], [1, 1], "item 2: this is bool, where a number is expected"),
    (["a", "b"], ["a", "c"], "item 2: 'b' instead of 'c'"),
    ([[1], [2, NAN]], [[1], [2, 3]], "item 2: item 2: 1 of these numbers are NaN, not a number"),
    ({"a": 1}, {"b": 1, "a": 1}, "the keys should be ['a', 'b']"),
    ({"a": 1}, {"a": 2}, "at 'a': 1 instead of 2"),
    ({"a": (1,)}, {"a": [1]}, "at 'a': the type should be list, not tuple"),
    (np.zeros(3), np.zeros((3, 1)), "the shape should be (3, 1), not (3,)"),
    (np.zeros((0, 3)), np.zeros((3, 0)), "the shape should be (3, 0), not (0, 3)"),
    (np.zeros(1), 0.0, "the shape should be (), not (1,)"),
    (
        np.array([[1, 2], [3, 5]]),
        np.array([[1, 2], [3, 4]]),
        "1 of 4 entries differ; the first at index (1, 1): 5 instead of 4",
    ),
    (
        np.array([1, 0, 0]),
        np.array([1, 2, 3]),
        "2 of 3 entries differ; the first at index 1: 0 instead of 2",
    ),
    (
        np.array([True, False]),
        np.array([True, True]),
        "1 of 2 entries differ; the first at index 1: False instead of True",
    ),
    (np.array([NAN, NAN, 1]), np.array([NAN, 1, NAN]), "1 of these numbers are NaN, not a number"),
    (
        np.array([0, 255], np.uint8),
        np.array([-1, 255]),
        "1 of 2 entries differ; the first at index 0: 0 instead of -1",
    ),
]


@pytest.mark.parametrize(("got", "want", "difference"), DIFFERENT, ids=repr)
def test_different(got, want, difference):
    assert differs(got, want) == difference


def test_the_tolerance_is_the_testers():
    assert differs(1.05, 1, rtol=0.1) is None
    assert differs(1.05, 1, rtol=0, atol=0.01) == ""
    assert differs([1.05], [1], rtol=0.1) is None
    assert differs(1e-7, 0) == ""
    assert differs(1e-7, 0, atol=1e-6) is None


numbers = hnp.arrays(
    st.one_of(
        hnp.floating_dtypes(sizes=[32, 64]), hnp.integer_dtypes(), hnp.unsigned_integer_dtypes()
    ),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)


@given(numbers, st.floats(0, 1), st.floats(0, 1))
def test_an_array_equals_itself_and_no_other_shape(array, rtol, atol):
    assert differs(array, array, rtol, atol) is None
    assert differs(array[None], array, rtol, atol).startswith("the shape should be")
    assert differs(array, array[None], rtol, atol).startswith("the shape should be")


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 0.5), st.floats(0, 0.5))
def test_closeness_is_the_documented_inequality(got, want, rtol, atol):
    close = abs(got - want) <= atol + rtol * abs(want)
    assert (differs(got, want, rtol, atol) is None) == close


class Asked:
    """A student whose functions are the source, with `expect`."""

    def __init__(self, source: str) -> None:
        line = LocalLine(Runner(fresh_namespace()), [Cell("cell 1", source)])
        assert line.problems == []
        self.student = Student(line)
        self.expect = Expect(self.student)


CODE = """
import torch
def double(x, times=2): return times * x
def nothing(x): x * 2
def tensor(x): return torch.tensor(x)
def refuse(x): raise KeyError("no", x)
def unwritten(x): raise NotImplementedError("your code here")
class Own(ValueError): pass
def own(): raise Own("mine")
def text(): return "\\x1b[2J<b>\\u202e"
"""


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked(CODE)


def message(function, *args, **kwargs) -> list[str]:
    with pytest.raises(Mismatch) as caught:
        function(*args, **kwargs)
    return str(caught.value).split("\n")


def test_what_is_right_passes_in_silence(asked):
    assert asked.expect(asked.student.double(2), 4) is None
    assert asked.expect(asked.student.double(2), 4, mistakes={"never": 4}, kind="int") is None
    asked.expect.raises("KeyError", asked.student.refuse, 1)
    asked.expect.raises("LookupError", asked.student.refuse, x=1)
    asked.expect.raises("ValueError", asked.student.own)
    asked.expect.that(np.True_, "something holds")


def test_a_message_shows_call_result_and_expectation(asked):
    got = asked.student.double(np.array([1.0, 2.0]), times=3)
    assert message(asked.expect, got, np.array([2.0, 4.0]), hint="Read again.") == [
        "called:    double(array([1., 2.]), times=3)",
        "came back: array([3., 6.])",
        "expected:  array([2., 4.])",
        "2 of 2 entries differ; the first at index 0: 3 instead of 2",
        "Read again.",
    ]


def test_two_shown_numbers_need_no_more_words(asked):
    assert message(asked.expect, asked.student.double(2), 5) == [
        "called:    double(2)",
        "came back: 4",
        "expected:  5",
    ]


def test_a_mistake_is_named_instead(asked):
    mistakes = {
        "added instead of multiplied.": 7,
        "forgot to double": lambda: 2,
        "squared": lambda: 4,
        "the same": 4,
    }
    got = asked.student.double(2)
    assert message(asked.expect, got, 5, mistakes=mistakes, hint="unused")[3:] == ["Squared."]
    assert message(asked.expect, got, 5, mistakes={"other": 9}, hint="Hint.")[3:] == ["Hint."]


def test_a_missing_return_is_suspected(asked):
    assert message(asked.expect, asked.student.nothing(1), 2)[3] == (
        "This should be a number or an array, not None: "
        "is there a `return` at the end of the function?"
    )


def test_the_type_that_came_back_can_be_required(asked):
    got = asked.student.tensor(1.5)
    asked.expect(got, 1.5, kind="Tensor")
    assert message(asked.expect, got, 1.5, kind="ndarray")[3] == (
        "The type should be ndarray, not Tensor"
    )


def test_a_call_that_should_have_been_refused(asked):
    assert message(asked.expect.raises, "ValueError", asked.student.double, -1) == [
        "called:    double(-1)",
        "came back: -2",
        "expected:  ValueError, raised",
        "This input should be refused with a ValueError",
    ]
    with pytest.raises(Raised, match="it raised KeyError"):
        asked.expect.raises("ValueError", asked.student.refuse, 1)
    with pytest.raises(Missing, match="undefined is not defined"):
        asked.expect.raises("NameError", asked.student.undefined)


@pytest.mark.parametrize("name", ["RuntimeError", "Exception", "BaseException", "object"])
def test_an_unwritten_function_refuses_nothing(asked, name):
    with pytest.raises(Raised, match="not written yet"):
        asked.expect.raises(name, asked.student.unwritten, 1)
    asked.expect.raises("NotImplementedError", asked.student.unwritten, 1)


def test_a_property_with_its_mistakes(asked):
    asked.student.double(3)
    assert message(
        asked.expect.that, False, "an odd number", mistakes={"too small": False, "it is even": True}
    ) == ["called:    double(3)", "came back: 6", "expected:  an odd number", "It is even."]
    assert message(asked.expect.that, np.False_, "an odd number")[-1] == "expected:  an odd number"


@pytest.mark.parametrize("condition", [None, 1, np.array([True]), "yes"])
def test_a_property_is_true_or_false(asked, condition):
    with pytest.raises(TypeError, match="a condition must be True or False"):
        asked.expect.that(condition, "something")


def test_before_any_call_there_is_no_call_to_show():
    expect = Asked("").expect
    assert message(expect, 1, 2) == ["came back: 1", "expected:  2"]
    assert message(expect.that, False, "something")[-1] == "expected:  something"


def test_hostile_text_cannot_move_the_cursor_or_the_reading_direction(asked):
    shown = "\n".join(message(asked.expect, asked.student.text(), "x"))
    assert not set("\x1b\u202e\r") & set(shown)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (1, "1"),
        (0.1 + 0.2, "0.3"),
        (NAN, "nan"),
        (-INF, "-inf"),
        (np.float32(0.5), "0.5"),
        (np.int64(3), "3"),
        (1 + 2j, "(1+2j)"),
        ("a'b", '"a\'b"'),
        ("a\n", r"'a\n'"),
        (b"\0", r"b'\x00'"),
        ([], "[]"),
        ([1.0, "a"], "[1, 'a']"),
        ((), "()"),
        ((1,), "(1,)"),
        ((1, 2), "(1, 2)"),
        ({}, "{}"),
        ({"a": [1]}, "{'a': [1]}"),
        ({1}, "{1}"),
        (np.array(1.5), "array(1.5)"),
        (np.array([True, False]), "array([True, False])"),
        (np.array([1, 2]), "array([1, 2])"),
        (np.eye(2), "array([[1., 0.], [0., 1.]])"),
        (np.zeros((0, 3)), "array of shape (0, 3), empty"),
        (np.arange(50), "array of shape (50,) that begins 0, 1, 2, 3, ..."),
        (
            np.zeros((6, 9), bool),
            "array of shape (6, 9) that begins False, False, False, False, ...",
        ),
        (Tensor(np.arange(2)), "tensor(array([0, 1]))"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_values_are_shown_as_one_would_type_them(value, text):
    assert show(value) == text


def test_what_is_long_is_outlined():
    assert show([0] * 41).endswith("0, ...]")
    assert show(tuple([0] * 41)).endswith("0, ...)")
    assert show(dict.fromkeys(range(41))).endswith("39: None, ...}")
    assert len(show("a" * 10_000)) == MAX_TEXT
    assert len(show([["a" * 1000] * 50] * 50)) == MAX_TEXT
    assert show({"a" * 1000}).endswith(" ...")


@given(
    st.recursive(
        st.one_of(st.text(), st.binary(), st.floats(), st.integers(), numbers),
        lambda inner: st.one_of(
            st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(), inner)
        ),
    )
)
def test_whatever_came_back_is_shown_on_few_printable_characters(value):
    text = show(value)
    assert len(text) <= MAX_TEXT
    assert plain(text) == text
    assert "\n" not in text
