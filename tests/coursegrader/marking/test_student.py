"""What comes back over a line is a value, a handle or a student's failure, whatever was sent."""

import os
import socket
import threading

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import SOLUTION, local_line

from coursegrader import Died, Handle, Missing, Raised, StudentError, Tensor
from coursegrader.inside import wire
from coursegrader.inside.runner import Runner, fresh_namespace
from coursegrader.inside.serve import NONCE, serve
from coursegrader.marking.student import Student, call_text


class Forger:
    """A line on which the student's side answers as it likes."""

    problems = ()

    def __init__(self, reply=None, parts: tuple[bytes, bytes] | None = None) -> None:
        self.parts = parts
        if parts is None:
            frame = wire.pack(reply, lambda _: wire.Handle(0, "Kept"))
            header, _ = wire.lengths(frame[: wire.LENGTHS.size])
            body = frame[wire.LENGTHS.size :]
            self.parts = body[:header], body[header:]

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]:
        return self.parts

    def close(self) -> None:
        pass


def test_an_answer_that_is_right():
    assert Student(Forger(["ok", 3, "int"])).f() == 3
    assert isinstance(Student(Forger(["ok", wire.Handle(1, "K"), "K"])).f(), Handle)
    with pytest.raises(Missing, match="f is not defined: run the cell that defines it"):
        Student(Forger(["missing", "f is not defined"])).f()


@pytest.mark.parametrize("function", [np.sum, np.all, np.mean, np.exp, np.isfinite, np.shape])
def test_numpy_does_not_ask_the_students_object(function):
    """An object with a method `all` or `exp` would say what the test wants to hear."""
    source = "class Yes:\n    def __getattr__(self, name): return lambda *_, **__: True"
    yes = Student(local_line(source)).Yes()
    for value in (yes, [yes]):
        with pytest.raises(TypeError, match="an object of the class Yes> is no array"):
            function(value)
    with pytest.raises(TypeError, match="cannot be compared"):
        yes == np.ones(3)  # noqa: B015


@pytest.mark.parametrize(
    "use",
    [
        lambda it: bool(it),
        lambda it: it == 3,
        lambda it: it != 3,
        lambda it: it == 3,
        lambda it: it is None or not it,
        lambda it: it > 3,
        lambda it: 3 in [it],
        lambda it: [it] == [3],
        lambda it: len(it),
        lambda it: float(it),
        lambda it: it + 1,
        lambda it: [*it],
        lambda it: 3 in it,
    ],
)
def test_an_object_passes_no_plain_assertion(use):
    """Neither as true, nor as equal or unequal to anything, nor as a number or a collection."""
    it = Student(local_line("class It: pass")).It()
    with pytest.raises(TypeError):
        use(it)


@pytest.mark.parametrize(
    ("claimed", "value", "believed"),
    [
        ("Tensor", [1.0], "list"),
        ("Tensor", 1.0, "float"),
        ("Tensor", np.ones(2), "Tensor"),
        ("ndarray", 3, "int"),
        ("float64", 3.0, "float64"),
        ("int64", 3, "int64"),
        ("int", True, "bool"),
        ("list", (1,), "tuple"),
        ("frozenset", {1}, "frozenset"),
        ("float", wire.Handle(0, "Fraction"), "Fraction"),
        ("NoneType", None, "NoneType"),
        ("int", None, "NoneType"),
    ],
)
def test_a_type_is_believed_only_if_the_value_may_have_it(claimed, value, believed):
    student = Student(Forger(["ok", value, claimed]))
    student.f()
    assert student._last.kind == believed


def test_long_doubles_arrive_as_floats():
    """Not all of their bits are numbers: some are near to everything."""
    student = Student(local_line("import numpy\ndef f(): return numpy.ones(2, numpy.longdouble)"))
    assert student.f().dtype == np.float64
    with pytest.raises(wire.WireError, match="numbers of 16 bytes"):
        wire.unpack(msgpack.packb(["a", "<f16", [1], False]), b"\0" * 16, lambda handle: handle)


def test_an_exception_that_came_back():
    reply = ["raised", "ValueError", ["ValueError", "Exception", 3], "no", 4, "raise x"]
    with pytest.raises(
        Raised, match="it raised ValueError: no\nin line 4 of its cell: raise x"
    ) as caught:
        Student(Forger(reply)).f()
    error = caught.value
    assert (error.type_name, error.text, error.line) == ("ValueError", "no", 4)
    assert error.bases == ["ValueError", "Exception"]


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        "ok",
        ["ok"],
        ["ok", 1],
        ["ok", 1, 2],
        ["ok", 1, "int", 4],
        ("ok", 1, "int"),
        {"ok": 1},
        ["missing"],
        ["missing", None],
        ["raised", "E"],
        ["raised", "E", "bases", "text", 1, ""],
        ["raised", "E", [], "text", "1", ""],
        ["raised", "E", [], b"text", 1, ""],
        ["raised", wire.Handle(0, "E"), [], "text", 1, ""],
        ["else", 1, "int"],
        [wire.Handle(0, "ok"), 1, "int"],
        np.zeros(3),
    ],
    ids=repr,
)
def test_an_answer_that_is_none(reply):
    with pytest.raises(Died, match="what came back is no answer"):
        Student(Forger(reply)).f()


anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(1 << 99), 1 << 99),
        st.floats(),
        st.sampled_from(["ok", "missing", "raised", "int", "é\x1b"]),
        st.binary(max_size=3),
        st.builds(wire.Handle, st.integers(-9, 9), st.text(max_size=5)),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.lists(inner, max_size=6).map(tuple)),
)
answers = st.one_of(
    anything,
    st.tuples(st.sampled_from(["ok", "missing"]), anything, st.just("int")).map(list),
    st.tuples(st.just("raised"), *[anything] * 5).map(list),
)


@given(answers)
def test_no_answer_breaks_the_tests_side(reply):
    try:
        Student(Forger(reply)).f()
    except StudentError as error:
        assert str(error)


@given(st.binary(max_size=60), st.binary(max_size=9))
def test_no_bytes_break_the_tests_side(header, arrays):
    try:
        Student(Forger(parts=(header, arrays))).f()
    except StudentError as error:
        assert "no answer" in str(error)


def test_long_texts_are_cut():
    with pytest.raises(Raised) as caught:
        Student(Forger(["raised", "E" * 9999, ["E"] * 99, "t" * 9999, 1, "s" * 9999])).f()
    assert len(str(caught.value)) < 2500
    assert len(caught.value.bases) == 30
    with pytest.raises(Missing) as caught:
        Student(Forger(["missing", "x" * 9999])).f()
    assert len(str(caught.value)) < 300
    handle = Student(Forger(["ok", wire.Handle(1, "K" * 999), "K"])).f()
    assert len(repr(handle)) < 200


def test_what_a_student_defines():
    student = Student(local_line(SOLUTION + "zero = 0\nnothing = None\n"))
    assert student.has("double") and student.has("nothing")
    assert not student.has("triple")
    assert student.get("zero") == 0
    assert student.get("nothing") is None
    with pytest.raises(Missing, match="triple is not defined"):
        student.get("triple")
    assert isinstance(student.get("double"), Handle)


def test_private_names_are_python_s_own():
    student = Student(local_line("_f = 1"))
    handle = Student(local_line(SOLUTION)).Counter(1)
    for thing in (student, handle):
        assert not hasattr(thing, "_f")
        assert not hasattr(thing, "__array_interface__")


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((), {}, "f()"),
        ((1, 0.5, "a"), {}, "f(1, 0.5, 'a')"),
        ((np.zeros(2),), {"axis": None}, "f(array([0., 0.]), axis=None)"),
        ((Tensor(np.arange(2)), [1.0]), {}, "f(tensor(array([0, 1])), [1])"),
    ],
)
def test_a_call_as_one_would_write_it(args, kwargs, text):
    assert call_text("f", args, kwargs) == text


@pytest.fixture
def ask():
    """Ask the student's end of a line, which answers in another thread."""
    ours, theirs = socket.socketpair()
    runner = Runner(fresh_namespace())
    thread = threading.Thread(target=serve, args=(theirs.fileno(), runner))
    thread.start()
    numbers = iter(range(1, 100))

    def request(*parts):
        nonce = NONCE.pack(next(numbers))
        ours.sendall(nonce + wire.pack(list(parts), lambda value: value))
        with os.fdopen(os.dup(ours.fileno()), "rb") as stream:
            assert stream.read(NONCE.size) == nonce
            header, arrays = wire.lengths(stream.read(wire.LENGTHS.size))
            return wire.unpack(stream.read(header), stream.read(arrays), lambda handle: handle)

    yield request
    ours.close()
    thread.join()
    theirs.close()


def test_the_other_end_of_a_line(ask):
    source = (
        SOLUTION + "def me(): return me\ndef loop():\n    a = []\n    a.append(a)\n    return a\n"
    )
    assert ask("load", [["cell 1", source], ["cell 2", "1 / 0"]]) == [
        "ok",
        ["cell 2: ZeroDivisionError: division by zero (line 1)"],
        "list",
    ]
    assert ask("call", "double", [4], {}) == ["ok", 8, "int"]
    large = np.arange(300_000.0)
    assert np.array_equal(ask("call", "double", [large], {})[1], 2 * large)
    _, counter, _ = ask("call", "Counter", [1], {})
    assert counter == wire.Handle(0, "Counter")
    assert ask("method", counter, "add", [2], {}) == ["ok", None, "NoneType"]
    assert ask("attribute", counter, "value") == ["ok", 3, "int"]
    assert ask("call", "me", [], {})[1] == wire.Handle(1, "function")
    status, name, _, text, line, _ = ask("call", "loop", [], {})
    assert (status, name, line) == ("raised", "WireError", 0)
    assert "contains itself" in text
    assert ask("call", "double", [1], {}) == ["ok", 2, "int"]
