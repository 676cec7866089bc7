"""Cells run as in Jupyter, no definition gets lost, and every failure is an answer."""

import numpy as np
import pytest
import torch

from coursegrader.inside.runner import MAX_TEXT, Runner, describe, fresh_namespace
from coursegrader.inside.wire import Handle, Tensor


def load(*sources: str) -> tuple[Runner, list[str]]:
    """A runner that has run cells, and what went wrong."""
    runner = Runner(fresh_namespace())
    cells = [[f"cell {number}", source] for number, source in enumerate(sources, start=1)]
    status, problems, kind = runner.answer(["load", cells])
    assert (status, kind) == ("ok", "list")
    return runner, problems


def call(runner: Runner, name: str, *args, **kwargs):
    return runner.answer(["call", name, list(args), kwargs])


def test_cells_share_their_names():
    runner, problems = load("a = 1", "def f(x, *, y=0): return x + y + a")
    assert problems == []
    assert call(runner, "f", 2, y=3) == ["ok", 6, "int"]
    assert runner.answer(["get", "a"]) == ["ok", 1, "int"]
    assert runner.answer(["has", "a"]) == ["ok", True, "bool"]
    assert runner.answer(["has", "b"]) == ["ok", False, "bool"]


def test_no_cells_define_nothing():
    runner, problems = load()
    assert problems == []
    assert call(runner, "f") == ["missing", "f is not defined"]
    assert runner.answer(["get", "f"]) == ["missing", "f is not defined"]


def test_a_failing_cell_does_not_lose_the_functions_of_others():
    runner, problems = load("def f(): return 1", "def g(: return 2", "1 / 0", "def h(): return 3")
    assert problems == [
        "cell 2: SyntaxError: invalid syntax (line 1)",
        "cell 3: ZeroDivisionError: division by zero (line 1)",
    ]
    assert call(runner, "f")[1] == 1
    assert call(runner, "h")[1] == 3


def test_a_cell_stops_at_an_error_but_keeps_its_definitions():
    runner, problems = load(
        "a = 1\nraise ValueError('no')\na = 2\nprint(never)\nimport math\n"
        "def f(): return math.pi\nclass C: pass\n@unknown\ndef g(): pass\nasync def h(): pass"
    )
    assert problems == [
        "cell 1: ValueError: no (line 2)",
        "cell 1: NameError: name 'unknown' is not defined (line 8)",
    ]
    assert runner.answer(["get", "a"])[1] == 1
    assert call(runner, "f")[1] == np.pi
    assert runner.answer(["has", "C"])[1] and runner.answer(["has", "h"])[1]


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\ndef f(): return 1",
        "!pip install something\ndef f(): return 1",
        "files = !ls\ndef f(): return 1",
        "x = %timeit -o 1\ndef f(): return 1",
        "def f():\n    %time pass\n    return 1",
        "?f\ndef f(): return 1",
        "  def f():\n      return 1",
        ">>> def f(): return 1",
        "get_ipython().run_line_magic('time', 'f()')\ndisplay(3)\ndef f(): return 1",
    ],
)
def test_what_ipython_adds_to_python(source):
    runner, problems = load(source)
    assert problems == []
    assert call(runner, "f") == ["ok", 1, "int"]


@pytest.mark.parametrize("magic", ["%%time", "%%capture out", "\n%%time"])
def test_a_timed_cell_keeps_its_functions(magic):
    runner, problems = load(f"{magic}\ndef f(): return 1\n1 / 0")
    line = 3 + magic.count("\n")
    assert problems == [f"cell 1: ZeroDivisionError: division by zero (line {line})"]
    assert call(runner, "f") == ["ok", 1, "int"]


def test_a_cell_magic_that_is_none_of_pythons_runs_nothing():
    runner, problems = load("%%bash\nrm -r /", "%%html\n<b>", "x = 1")
    assert problems == []
    assert runner.answer(["get", "x"])[1] == 1


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import sys\nsys.exit(3)", "cell 1: SystemExit: 3 (line 2)"),
        ("exit()", None),
        ("raise KeyboardInterrupt", "cell 1: KeyboardInterrupt:  (line 1)"),
        ("raise GeneratorExit('x')", "cell 1: GeneratorExit: x (line 1)"),
        ("def r(): r()\nr()", "cell 1: RecursionError: maximum recursion depth exceeded (line 1)"),
        ("x = 1\n\0", "cell 1: "),
        ("x = (", "cell 1: SyntaxError: '(' was never closed (line 1)"),
        ("def f():\nreturn 1", "cell 1: IndentationError: "),
        ("x = 1\nreturn x", "cell 1: SyntaxError: 'return' outside function (line 2)"),
        ("await f()", "cell 1: NameError: name 'f' is not defined (line 1)"),
        ("(" * 2000 + ")" * 2000, "cell 1: SyntaxError: too many nested parentheses"),
        ("-" * 200_000 + "1", "cell 1: "),
        ("x = 1" + "0" * 5000, "cell 1: SyntaxError: "),
        ("raise BaseExceptionGroup('many', [SystemExit()])", "cell 1: BaseExceptionGroup: many"),
    ],
)
def test_nothing_a_cell_does_ends_the_runner(source, problem):
    runner, problems = load(source, "def f(): return 1")
    assert len(problems) == 1
    assert problems[0].startswith(problem or "cell 1: ")
    assert call(runner, "f") == ["ok", 1, "int"]


def test_a_future_import_holds_for_the_cells_that_follow():
    runner, problems = load(
        "from __future__ import annotations\nclass Box:\n    def join(self, o: Box) -> Box: pass",
        "def f(x: Unknown) -> Unknown: return x",
    )
    assert problems == []
    assert call(runner, "f", 1)[1] == 1
    assert load("def f(x: Unknown): pass")[1] == [
        "cell 1: NameError: name 'Unknown' is not defined (line 1)"
    ]


def test_a_future_that_never_comes():
    runner, problems = load("from __future__ import braces, nothing\ndef f(): return 1")
    assert problems == ["cell 1: SyntaxError: not a chance (line 1)"]
    assert call(runner, "f")[1] == 1


def test_the_names_are_those_of_a_main_module():
    runner, problems = load(
        "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: float\n"
        "name = __name__\nif __name__ == '__main__': ran = True"
    )
    assert problems == []
    assert runner.answer(["get", "name"])[1] == "__main__"
    assert runner.answer(["get", "ran"])[1] is True


def test_two_runners_share_no_names():
    load("secret = 1")
    assert load()[0].answer(["has", "secret"])[1] is False


def test_objects_stay_and_answer_by_their_handle():
    runner, _ = load(
        "class Counter:\n"
        "    def __init__(self, start): self.value = start\n"
        "    def add(self, n=1): self.value += n; return self\n"
    )
    status, counter, kind = call(runner, "Counter", 5)
    assert (status, kind) == ("ok", "Counter")
    handle = runner.keep(counter)
    assert handle == Handle(0, "Counter")
    target = runner.open(handle)
    assert runner.answer(["method", target, "add", [], {"n": 2}]) == ["ok", counter, "Counter"]
    assert runner.answer(["attribute", target, "value"]) == ["ok", 7, "int"]
    missing = ["missing", "Counter has no attribute nothing"]
    assert runner.answer(["attribute", target, "nothing"]) == missing
    assert runner.answer(["method", target, "nothing", [], {}]) == missing


def test_an_exception_is_an_answer_that_names_the_line():
    runner, _ = load("def f(x):\n    y = x\n    return 1 / y   # here\n")
    assert call(runner, "f", 0) == [
        "raised",
        "ZeroDivisionError",
        ["ZeroDivisionError", "ArithmeticError", "Exception", "BaseException", "object"],
        "division by zero",
        3,
        "return 1 / y   # here",
    ]
    status, name, _, text, line, _ = call(runner, "f")
    assert (status, name, line) == ("raised", "TypeError", 0)
    assert "missing 1 required positional argument" in text


def test_the_line_is_the_students_last_not_the_librarys():
    runner, _ = load("import json\ndef f():\n    g()\ndef g():\n    json.loads('{')")
    _, name, _, _, line, shown = call(runner, "f")
    assert (name, line, shown) == ("JSONDecodeError", 5, "json.loads('{')")


@pytest.mark.parametrize(
    "body", ["import sys; sys.exit()", "raise KeyboardInterrupt", "raise SystemExit", "f()"]
)
def test_a_call_that_wants_to_end_the_process(body):
    runner, _ = load(f"def f(): {body}")
    assert call(runner, "f")[0] == "raised"


def test_calling_what_is_not_a_function():
    runner, _ = load("f = 3")
    assert call(runner, "f")[1:4:2] == ["TypeError", "'int' object is not callable"]


class Meta(type):
    __name__ = property(lambda cls: 1 / 0)
    __mro__ = property(lambda cls: 1 / 0)

    def mro(cls):
        return type.mro(cls)


class Sly(str):
    def __getitem__(self, key):
        raise SystemExit

    strip = __len__ = __getitem__


def failing(self):
    raise SystemExit


HOSTILE = {
    "str raises": type("E", (Exception,), {"__str__": failing}),
    "str returns a number": type("E", (Exception,), {"__str__": lambda self: 5}),
    "str returns a subclass": type("E", (Exception,), {"__str__": lambda self: Sly("x")}),
    "no end": type("E", (Exception,), {"__str__": lambda self: "x" * 10**6}),
    "a metaclass": Meta("E", (Exception,), {}),
    "class is a lie": type("E", (Exception,), {"__class__": property(failing)}),
}


@pytest.mark.parametrize("kind", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_exception_is_described_in_plain_values(kind):
    name, bases, text, line, shown = describe(kind())
    assert (name, bases[0], line, shown) == ("E", "E", 0, "")
    assert bases[-3:] == ["Exception", "BaseException", "object"]
    assert all(type(part) is str for part in [name, *bases, text, shown])
    assert len(text) <= MAX_TEXT


def test_a_syntax_error_names_its_own_place():
    assert describe(SyntaxError("bad", ("file", 2, 1, "  x = \n")))[2:] == ("bad", 2, "x =")
    assert describe(SyntaxError())[2:] == ("None", 0, "")


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("lineno", "2"), ("lineno", True), ("text", 5), ("text", Sly("x")), ("msg", [1])],
    ids=lambda value: repr(value)[:9],
)
def test_a_hostile_syntax_error_is_described_in_plain_values(attribute, value):
    error = SyntaxError("bad", ("file", 2, 1, "x"))
    setattr(error, attribute, value)
    _, _, text, line, shown = describe(error)
    assert [type(text), type(line), type(shown)] == [str, int, str]


def test_a_hostile_name_stays_a_text():
    name = "<script>\n=HYPERLINK()\u202e"
    assert describe(type(name, (ValueError,), {})())[:2] == (
        name,
        [name, "ValueError", "Exception", "BaseException", "object"],
    )
    runner, _ = load("class M(type):\n    __name__ = 5\nclass C(metaclass=M): pass")
    assert call(runner, "C")[2] == "C"


def test_the_gradient_is_torchs():
    runner, _ = load(
        "import torch\n"
        "def square(x, scale=1): return scale * x ** 2\n"
        "def leaves(x): return torch.tensor(x.detach().numpy())\n"
        "def number(x): return 3.0\n"
        "def constant(x, y): return (y * 2).sum()\n"
    )
    x = torch.tensor([1.0, -2.0], dtype=torch.float32)
    status, gradient, _ = runner.answer(["gradient", "square", [x], {"scale": 3}, 0])
    assert status == "ok" and type(gradient) is Tensor
    assert gradient.array.dtype == np.float64
    assert gradient.array.tolist() == [6, -12]
    y = torch.ones(2, requires_grad=True)
    assert runner.answer(["gradient", "constant", [x, y], {}, 0])[1].array.tolist() == [0, 0]
    _, name, _, text, *_ = runner.answer(["gradient", "leaves", [x], {}, 0])
    assert name == "ValueError" and "a step left Torch" in text
    _, name, _, text, *_ = runner.answer(["gradient", "number", [x], {}, 0])
    assert (name, text) == ("TypeError", "number returned float, not a torch.Tensor")
    assert runner.answer(["gradient", "nothing", [x], {}, 0])[0] == "missing"
