"""Runs a student's cells and answers calls to what they define.

It holds no test and no answer: whatever the student's code does to it, it can only change what the
student's own functions seem to return.
"""

import __future__

import ast
import builtins
import inspect
import linecache
import sys
import types
from collections.abc import Callable
from typing import Any

from .magics import python_of
from .wire import Handle, Tensor

MAX_TEXT = 2000  # characters of a message
KEPT_AFTER_ERROR = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
)


class Runner:
    """The student's names, and the objects that stay on this side.

    Args:
        namespace: where the cells run; for a check in a live notebook, the notebook's own names.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self._objects: list[Any] = []
        self._future = 0  # the flags of `from __future__ import ...`, which hold in later cells

    def keep(self, value: Any) -> Handle:
        self._objects.append(value)
        return Handle(len(self._objects) - 1, _described_class(value))

    def open(self, handle: Handle) -> Any:
        return self._objects[handle.number]

    def answer(self, request: list[Any]) -> list[Any]:
        """Do what is asked: ["ok", value, type], ["missing", text] or ["raised", ...].

        Exceptions of the student's code, SystemExit included, are answers.
        """
        operation, *arguments = request
        try:
            value = getattr(self, f"do_{operation}")(*arguments)
        except _MissingName as error:
            return ["missing", str(error)]
        except BaseException as error:
            return ["raised", *describe(error)]
        return ["ok", value, _class_name(type(value))]

    def do_load(self, cells: list[list[Any]], only_definitions: bool = False) -> list[str]:
        """Run the cells, pairs of a name and a source; return what went wrong."""
        problems = []
        for name, source in cells:
            problems += self._run_cell(name, source, only_definitions)
        return problems

    def do_call(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self._named(name)(*args, **kwargs)

    def do_get(self, name: str) -> Any:
        return self._named(name)

    def do_has(self, name: str) -> bool:
        return name in self.namespace

    def do_method(self, target: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self._attribute(target, name)(*args, **kwargs)

    def do_attribute(self, target: Any, name: str) -> Any:
        return self._attribute(target, name)

    def do_gradient(self, name: str, args: list[Any], kwargs: dict[str, Any], wrt: int) -> Any:
        """d(sum of the result)/d(args[wrt]), by Torch."""
        import torch

        leaf = torch.as_tensor(args[wrt]).detach().clone().double().requires_grad_()
        args = [leaf if place == wrt else value for place, value in enumerate(args)]
        result = self._named(name)(*args, **kwargs)
        if not isinstance(result, torch.Tensor):
            raise TypeError(f"{name} returned {type(result).__name__}, not a torch.Tensor")
        if not result.requires_grad:
            raise ValueError(
                f"the result of {name} does not depend on its argument for autograd: a step left "
                "Torch (a NumPy function, .item(), .detach(), float(...))"
            )
        (gradient,) = torch.autograd.grad(result.sum(), leaf, allow_unused=True)
        return Tensor((torch.zeros_like(leaf) if gradient is None else gradient).numpy())

    def _named(self, name: str) -> Any:
        if name not in self.namespace:
            raise _MissingName(f"{name} is not defined")
        return self.namespace[name]

    def _attribute(self, target: Any, name: str) -> Any:
        if not hasattr(target, name):
            raise _MissingName(f"{type(target).__name__} has no attribute {name}")
        return getattr(target, name)

    def _run_cell(self, name: str, source: str, only_definitions: bool) -> list[str]:
        try:
            tree = self._parse(source, name)
        except BaseException as error:
            return [_problem(name, error)]
        linecache.cache[f"<{name}>"] = (len(source), None, source.splitlines(True), f"<{name}>")
        problems: list[str] = []
        for statement in tree.body:
            # A cell stops at an error, as in Jupyter; but no definition in it gets lost.
            if only_definitions and not isinstance(statement, KEPT_AFTER_ERROR):
                continue
            try:
                self._run_statement(statement, name)
            except BaseException as error:
                problems.append(_problem(name, error))
                # What does not need a module that is missing goes on without it.
                is_import = isinstance(statement, ast.Import | ast.ImportFrom)
                only_definitions |= not (is_import and isinstance(error, ImportError))
        return problems

    def _run_statement(self, statement: ast.stmt, name: str) -> None:
        self._future |= _future_flags(statement)
        flags = self._future | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        module = ast.Module([statement], [])
        code = compile(module, f"<{name}>", "exec", flags, dont_inherit=True)
        result = eval(code, self.namespace)
        if code.co_flags & inspect.CO_COROUTINE:
            # Imported late: hardly any cell awaits.
            from .awaiting import finished

            finished(result)

    def _parse(self, source: str, name: str) -> ast.Module:
        try:
            return ast.parse(source, f"<{name}>")
        except SyntaxError:
            return ast.parse(python_of(source), f"<{name}>")


class _MissingName(Exception):
    pass


def describe(error: BaseException) -> tuple[str, list[str], str, int, str]:
    """An exception in plain words: type, its bases, message, line and that line's text."""
    kinds = type.mro(type(error))
    bases = [_exception_name(kind) for kind in kinds]
    line, shown = _place(error)
    try:
        text = str(error)
        if SyntaxError in kinds:
            line, shown, text = error.lineno or 0, (error.text or "").strip(), error.msg or text
    except BaseException:
        text = "(its message cannot be shown)"
    if [type(line), type(shown), type(text)] != [int, str, str]:
        line, shown, text = 0, "", "(its message is no text)"
    return bases[0], bases, text[:MAX_TEXT], line, shown[:200]


def _place(error: BaseException) -> tuple[int, str]:
    """The last line of the student's that led to an exception."""
    line, shown = 0, ""
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename.startswith("<cell") or "ipykernel" in code.co_filename:
            line = traceback.tb_lineno
            shown = linecache.getline(code.co_filename, line).strip()
        traceback = traceback.tb_next
    return line, shown


def _class_name(kind: type) -> str:
    """The name of a class, even where its metaclass answers something else."""
    return type.__dict__["__name__"].__get__(kind)


def _exception_name(kind: type) -> str:
    """The name of a class; one's own that is called like one of Python's does not pass for it."""
    name = _class_name(kind)
    builtin = getattr(builtins, name, kind)
    return name if builtin is kind else f"{name} (not Python's own)"


def _described_class(value: Any) -> str:
    """The class of an object that cannot cross; an array that cannot says what it holds."""
    name = _class_name(type(value))
    if "numpy" in sys.modules and type(value) is sys.modules["numpy"].ndarray:
        return f"array of {value.dtype}"
    return name


def _future_flags(statement: ast.stmt) -> int:
    if not isinstance(statement, ast.ImportFrom) or statement.module != "__future__":
        return 0
    features = [getattr(__future__, alias.name, None) for alias in statement.names]
    return sum(getattr(feature, "compiler_flag", 0) for feature in features)


def _problem(cell: str, error: BaseException) -> str:
    type_name, _, text, line, _ = describe(error)
    return f"{cell}: {type_name}: {text}" + (f" (line {line})" if line else "")


def fresh_namespace() -> dict[str, Any]:
    """The names of a new module, with those that every notebook finds ready."""
    module = types.ModuleType("__main__")
    module.get_ipython = _Shell  # type: ignore[attr-defined]
    module.display = lambda *_, **__: None  # type: ignore[attr-defined]
    return vars(module)


class _Shell:
    """Stands for IPython: a magic or a shell command does nothing while grading."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None
