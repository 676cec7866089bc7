"""`show_source` shows the code that runs, and nothing that the page says already."""

import ast
import functools
import inspect
import subprocess
import sys
from collections.abc import Callable

import pytest

from visioncourse import notebook
from visioncourse.listing import show_source


def documented(x: float, *, slope: float = 2.0) -> float:
    """Return a line.

    The equation is in the page.
    """

    # The slope comes first, as in the page.
    text = """not a docstring"""
    return slope * x + len(text)


def bare(x: float) -> float:
    return x  # as it is


def empty() -> None:
    """Only a docstring."""


@functools.cache
def decorated() -> int:
    """Return a number."""
    return 1


class Line:
    def value(self, x: float) -> float:
        "One line."
        if x:
            return x
        return 0.0


def code(function: Callable, **options: bool) -> str:
    """The code between the fences."""
    first, *lines, last = show_source(function, **options).data.split("\n")
    assert (first, last) == ("```python", "```")
    return "\n".join(lines)


def test_the_docstring_goes_and_the_comments_stay() -> None:
    assert code(documented) == (
        "def documented(x: float, *, slope: float = 2.0) -> float:\n"
        "    # The slope comes first, as in the page.\n"
        '    text = """not a docstring"""\n'
        "    return slope * x + len(text)"
    )


def test_the_docstring_stays_on_request() -> None:
    assert code(documented, docstring=True) == inspect.getsource(documented).rstrip()


def test_a_function_without_docstring_is_shown_as_it_is() -> None:
    assert code(bare) == "def bare(x: float) -> float:\n    return x  # as it is"


def test_a_method_moves_to_the_left() -> None:
    expected = "def value(self, x: float) -> float:\n    if x:\n        return x\n    return 0.0"
    assert code(Line.value) == code(Line().value) == expected


def test_a_decorator_is_shown() -> None:
    assert code(decorated) == "@functools.cache\ndef decorated() -> int:\n    return 1"


def test_what_is_shown_is_a_whole_function() -> None:
    assert code(empty) == "def empty() -> None:\n    ..."
    for function in (documented, bare, empty, Line.value):
        namespace: dict = {}
        exec(compile(ast.parse(code(function)), "page", "exec"), namespace)
        assert callable(namespace[function.__name__])


def test_a_notebook_renders_it_as_markdown() -> None:
    from IPython.core.formatters import DisplayFormatter

    data, _ = DisplayFormatter().format(show_source(bare))
    assert data["text/markdown"].startswith("```python\ndef bare")


@pytest.mark.parametrize("value", [len, Line, 3, None, "sigmoid"], ids=str)
def test_what_is_not_a_function_is_named(value: object) -> None:
    with pytest.raises(TypeError, match=r"function: got .* expected a function"):
        show_source(value)


def test_a_function_without_source_is_named() -> None:
    namespace: dict = {}
    exec("def made(): return 1", namespace)
    with pytest.raises(ValueError, match="made cannot be found"):
        show_source(namespace["made"])
    with pytest.raises(ValueError, match="lambda"):
        show_source(lambda x: x)


def test_importing_the_module_needs_no_ipython() -> None:
    script = "import sys, visioncourse.listing; sys.exit('IPython' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_first_name_of_the_module_works() -> None:
    assert notebook.show_source is show_source
