"""What is no number is called by its own name, with what to do about it."""

import pytest
from samples import local_line

from coursegrader.marking.expectations import Expect, Mismatch
from coursegrader.marking.student import Student

NUMBER = "this should be a number or an array, not "


def said(source: str, want: object = 1.0) -> str:
    line = local_line(source)
    student = Student(line)
    with pytest.raises(Mismatch) as caught:
        Expect(student)(student.f(), want)
    for kept in line._runner._objects:
        getattr(kept, "close", lambda: None)()  # a coroutine that nobody awaits would complain
    return str(caught.value).splitlines()[-1]


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("async def f(): return 1.0", "coroutine: write `def` in place of `async def`"),
        ("def f(): yield 1.0", "generator: `yield` makes one: collect the values"),
        ("import fractions\ndef f(): return fractions.Fraction(1)", "Fraction: return float(...)"),
        ("import decimal\ndef f(): return decimal.Decimal(1)", "Decimal: return float(...) of it"),
        ("def f(): return f", "function: are the parentheses of a call missing?"),
        ("def f(): return range(3)", "range: return list(...) of it"),
        ("def f(): return {}.items()", "dict_items: return list(...) of it"),
        ("def f(): return iter([1])", "list_iterator: return list(...) of it"),
        (
            "import numpy\ndef f(): return numpy.array([1, [2]], dtype=object)",
            "array of object: are its rows of different lengths? Make it with dtype=float",
        ),
        ("import numpy\ndef f(): return numpy.array(['1'])", "array of <U1: its entries are no"),
        ("import numpy\ndef f(): return numpy.ma.ones(2)", "MaskedArray: return np.asarray(...)"),
        ("def f(): return ...", "ellipsis: `...` still stands where your code belongs"),
        ("class Mine: pass\ndef f(): return Mine()", "an object of the class Mine"),
        ("def f(): pass", "None: is there a `return` at the end of the function?"),
        ("def f(): return 'x'", "str"),
    ],
)
def test_the_class_and_a_hint(source: str, words: str) -> None:
    assert said(source).lower().startswith((NUMBER + words).lower())


def test_where_another_type_is_expected() -> None:
    assert said("def f(): return map(abs, [1])", [1]) == (
        "The type should be list, not map: return list(...) of it"
    )


@pytest.mark.parametrize("source", ["{True: 5}", "{(True,): 5}", "{True}", "{(1, (True,))}"])
def test_true_is_not_one_as_a_key_either(source: str) -> None:
    want = eval(source.replace("True", "1"))
    assert said(f"def f(): return {source}", want)


def test_the_same_keys_are_the_same() -> None:
    student = Student(local_line("def f(): return {True: 1, (1, 'a'): {2}}, {True, 2.0}"))
    Expect(student)(student.f(), ({True: 1, (1, "a"): {2}}, {True, 2.0}))
