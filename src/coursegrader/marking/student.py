"""The student's code as a test sees it: calls cross to it, copies of the results come back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from ..handin.data_files import DataFileError, HandedIn
from ..inside.wire import Handle as WireHandle
from ..inside.wire import pack
from .answers import read_answer, refuse
from .errors import BadFile, Died, Missing, Raised, StudentError, TimedOut
from .lines import Line
from .loading import there_is
from .showing import show

# With the errors that a call may raise.
__all__ = [
    "BadFile",
    "Call",
    "Died",
    "Handle",
    "Missing",
    "Raised",
    "Remote",
    "Student",
    "StudentError",
    "TimedOut",
    "call_text",
]


# What arrives as one of these may have been a number, an array or a tensor of one of those.
_KINDS = {
    "bool": "bool_?",
    "int": r"u?(int|long|longlong|short|byte|intp|intc)\d*",
    "float": r"float\d*|longdouble|bfloat16",
    "complex": r"complex\d*|clongdouble",
    "str": "str_?",
    "bytes": "bytes_?",
    "set": "(frozen)?set",
    "ndarray": "ndarray|Tensor|Parameter",
}


@dataclass
class Call:
    """The last thing a test asked, for messages: how it reads, what came back."""

    describe: Callable[[], str]
    result: Any = None
    kind: str = ""

    @property
    def text(self) -> str:
        """Made when a message needs it: most tests pass."""
        return self.describe()


class Student:
    """Every attribute is a function or class of the student's; but for the methods listed here.

    Values cross as copies: None, bool, int, float, complex, str, bytes, list, tuple, set, dict,
    arrays; a Torch tensor comes back as an array. Anything else stays with the student, and a
    :py:class:`Handle` stands for it. To hand over a tensor, wrap an array: `Tensor(array)`.

    Raises:
        StudentError: from each call, when no value comes back.
    """

    def __init__(self, line: Line, files: HandedIn | None = None) -> None:
        self._line, self._files = line, files or HandedIn()
        self._last: Call | None = None
        self._asked = False  # whether anything here may depend on the student

    def __repr__(self) -> str:  # pytest shows it where a test's own `assert` fails
        return "student"

    def __getattr__(self, name: str) -> "Remote":
        if name.startswith("_"):
            raise AttributeError(name)
        return Remote(self, name)

    def get(self, name: str) -> Any:
        """The value of a module-level variable."""
        return self._ask(["get", name], lambda: name)

    def has(self, name: str) -> bool:
        """Whether the submission defines a name."""
        return self._ask(["has", name], lambda: f"is {name} defined?") is True

    def gradient(self, name: str, *args: Any, wrt: int = 0, **kwargs: Any) -> Any:
        """d(sum of name(*args))/d(args[wrt]) by Torch's autograd, in float64, as an array."""
        return self._ask(
            ["gradient", name, list(args), kwargs, wrt],
            lambda: f"the gradient of {call_text(name, args, kwargs)} by argument {wrt + 1}",
        )

    def arrays(self, name: str) -> dict[str, Any]:
        """The arrays of a data file that the assignment declares, by their names.

        They are read here, never by the student's code: hand them to it as an argument.

        Raises:
            BadFile: it was not handed in, is too large, or holds something else than numbers.
        """
        self._last, self._asked = None, True
        try:
            return self._files.arrays(name)
        except DataFileError as error:
            raise BadFile(str(error)) from None

    def _ask(self, request: list[Any], describe: Callable[[], str]) -> Any:
        self._last = Call(describe)
        frame = pack(_unwrap(request), refuse)
        self._asked = True
        what = str(request[2] if request[0] in ("method", "attribute") else request[1])
        reply = read_answer(self._line.ask(frame, what), lambda handle: Handle(self, handle))
        if not isinstance(reply, list) or not reply or type(reply[0]) is not str:
            raise Died("what came back is no answer")
        match reply:
            case ["ok", value, str(kind)]:
                self._last.result, self._last.kind = value, _believable(kind, value)
                return value
            case ["missing", str(problem)]:
                raise Missing(f"{problem[:200]}: run the cell that defines it, and keep its name")
            case ["raised", str(name), list(bases), str(problem), int(line), str(shown)]:
                bases = [base for base in bases if isinstance(base, str)]
                if "ModuleNotFoundError" in bases and self._line.packages:
                    problem = f"{problem[:200]}; {there_is(self._line.packages)}"
                raise Raised(name[:100], bases[:30], problem[:2000], line, shown[:200])
        raise Died("what came back is no answer")


@dataclass(frozen=True, repr=False)
class Remote:
    """A function or class of the student's."""

    _student: Student
    _name: str

    def __repr__(self) -> str:
        return self._name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        request = ["call", self._name, list(args), kwargs]
        return self._student._ask(request, lambda: call_text(self._name, args, kwargs))


class Handle:
    """An object that stayed with the student: its attributes are its methods; `get` reads one."""

    def __init__(self, student: Student, handle: WireHandle) -> None:
        self._student, self._handle = student, handle

    def __repr__(self) -> str:
        return f"<an object of the class {self._handle.type_name}>"

    def __bool__(self) -> NoReturn:
        """Or `assert student.f(x)` would hold for any object."""
        raise TypeError(f"{self!r} is neither true nor false")

    def __eq__(self, other: object) -> NoReturn:
        """Or `student.f(x) != 3` would hold for any object."""
        raise TypeError(f"{self!r} cannot be compared")

    __ne__, __hash__ = __eq__, object.__hash__

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        """Or NumPy would ask the object itself: np.sum(handle) is handle.sum()."""
        raise TypeError(f"{self!r} is no array")

    __array_function__ = __array__

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def method(*args: Any, **kwargs: Any) -> Any:
            request = ["method", self, name, list(args), kwargs]
            text = f"{self._handle.type_name}.{name}"
            return self._student._ask(request, lambda: call_text(text, args, kwargs))

        return method

    def get(self, name: str) -> Any:
        """The value of an attribute."""
        text = f"{self._handle.type_name}.{name}"
        return self._student._ask(["attribute", self, name], lambda: text)


def class_of(handle: Handle) -> str:
    """The name of the class of the object that a handle stands for."""
    return handle._handle.type_name


def _believable(kind: str, value: Any) -> str:
    """The type that a value had on the student's side, if the value may have had it."""
    if isinstance(value, Handle):
        return class_of(value)
    plain = type(value).__name__
    return kind if re.fullmatch(_KINDS.get(plain, plain), kind) else plain


def call_text(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """A call as one would write it."""
    parts = [show(value) for value in args]
    parts += [f"{key}={show(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _unwrap(value: Any) -> Any:
    """Handles inside a request in the form in which they cross."""
    if isinstance(value, Handle):
        return value._handle
    if type(value) in (list, tuple):
        return type(value)(map(_unwrap, value))
    if type(value) is dict:
        return {key: _unwrap(item) for key, item in value.items()}
    return value
