"""Show the package's own code in a page, so that a page never holds a copy that could differ."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.display import Markdown


def show_source(function: Callable[..., Any], *, docstring: bool = False) -> Markdown:
    """Return the source of a function as highlighted Markdown.

    The docstring is left out by default: beside the derivation of a page it says everything twice.
    Comments stay, they give reasons that the page may not.

    Raises:
        TypeError: `function` is not a function or method written in Python.
        ValueError: its source cannot be found, or it is a lambda.
    """
    # Only notebooks have IPython: `import visioncourse` must not need it.
    from IPython.display import Markdown

    written = inspect.unwrap(function)  # what a decorator such as functools.cache wraps
    if not (inspect.isfunction(written) or inspect.ismethod(written)):
        raise TypeError(
            f"function: got {function!r}, expected a function or method written in Python"
        )
    if written.__name__ == "<lambda>":
        raise ValueError("function: got a lambda, expected a function with a name")
    try:
        source = textwrap.dedent(inspect.getsource(written))
    except OSError as error:
        raise ValueError(f"function: the source of {written.__name__} cannot be found") from error
    if not docstring:
        source = _without_docstring(source)
    return Markdown(f"```python\n{source.rstrip()}\n```")


def _without_docstring(source: str) -> str:
    (definition,) = ast.parse(source).body
    if ast.get_docstring(definition) is None:
        return source
    first, *rest = definition.body
    lines = source.splitlines()
    before, after = lines[: first.lineno - 1], lines[first.end_lineno :]
    if rest:
        while not after[0].strip():
            del after[0]
    else:
        before.append(" " * first.col_offset + "...")
    return "\n".join(before + after)
