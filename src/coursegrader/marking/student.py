"""The student's code as a test sees it: calls cross to it, copies of the results come back."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from ..common.notebook import Cell
from ..handin.data_files import DataFileError, HandedIn
from ..inside.runner import Runner
from ..inside.wire import LENGTHS, WireError, pack, unpack
from ..inside.wire import Handle as WireHandle
from ..sandbox.box import Sandbox
from ..sandbox.child import Child, ChildDied, ChildTimeout
from ..sandbox.errors import SandboxLostError
from .showing import show

ALONE = (
    "While grading there is no network, no other process and no file: a function gets all it needs "
    "as arguments (and a DataLoader has num_workers=0)."
)
LOAD_PATIENCE = 5  # times a call's deadline, for running all cells


class StudentError(Exception):
    """The student's code did not give a value; the text is for the student."""


class Missing(StudentError):
    """A name that is not defined."""


class Raised(StudentError):
    """An exception in the student's code: its type, the names of its bases, its text and place."""

    def __init__(self, type_name: str, bases: list[str], text: str, line: int, shown: str) -> None:
        self.type_name, self.bases, self.text, self.line = type_name, bases, text, line
        if type_name == "NotImplementedError":
            message = "not written yet: it raises NotImplementedError"
        else:
            message = f"it raised {type_name}: {text}" if text else f"it raised {type_name}"
            message += f"\nin line {line} of its cell: {shown}" if line else ""
            message += f"\n{ALONE}" if "OSError" in bases else ""
        super().__init__(message)


class TimedOut(StudentError):
    """No answer in time."""


class Died(StudentError):
    """The student's process ended."""


class BadFile(StudentError):
    """A data file that was not handed in, or cannot be taken."""


class Line(Protocol):
    """Carries a frame to the student's side and the answer's two parts back."""

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]: ...

    def close(self) -> None: ...


class LocalLine:
    """The student's code in this very process: for `check`, on the student's own machine."""

    def __init__(self, runner: Runner, cells: list[Cell]) -> None:
        self._runner = runner
        self.problems: list[str] = runner.do_load([list(cell) for cell in cells])

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]:
        header, arrays = _parts(frame)
        request = unpack(header, arrays, self._runner.open, _as_tensor)
        try:
            reply = pack(self._runner.answer(request), self._runner.keep)
        except WireError as error:
            reply = pack(["raised", "WireError", ["WireError"], str(error), 0, ""], _refuse)
        return _parts(reply)

    def close(self) -> None:
        """Nothing to end."""


class SandboxLine:
    """The student's code in a child of the sandbox; a child that hung or died is replaced."""

    def __init__(self, sandbox: Sandbox, cells: list[Cell]) -> None:
        self._sandbox, self._cells = sandbox, cells
        self._limits = sandbox.limits
        self._left = self._limits.submission_seconds
        self._timeouts: dict[str, int] = {}
        self._child: Child | None = None
        self.problems: list[str] = []
        self._failed_load = self._load()
        if self._failed_load is not None:
            self.problems.append(f"the cells could not be run: {self._failed_load}")

    def ask(self, frame: bytes, what: str) -> tuple[bytes, bytes]:
        if self._failed_load is not None:
            raise self._failed_load
        if self._timeouts.get(what, 0) > 1:
            raise TimedOut(f"it ran out of time twice before and was not called again ({what})")
        if self._child is None or not self._child.alive:
            self._start()
        return self._ask(frame, what, self._limits.call_seconds)

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()

    def _load(self) -> StudentError | None:
        """Start a child; return what went wrong twice, for once may be an accident."""
        try:
            self._start()
        except TimedOut as error:
            return error
        except Died:
            try:
                self._start()
            except StudentError as error:
                return error
        return None

    def _start(self) -> None:
        try:
            frame = pack(["load", [list(cell) for cell in self._cells]], _refuse)
        except WireError as error:
            raise Died(f"there is too much code: {error}") from None
        self.close()
        self._child = self._sandbox.spawn()
        seconds = LOAD_PATIENCE * self._limits.call_seconds
        match _value(self._ask(frame, "the cells", seconds), lambda handle: None):
            case ["ok", list(problems), str()]:
                self.problems = [str(problem)[:500] for problem in problems[:50]]

    def _ask(self, frame: bytes, what: str, seconds: float) -> tuple[bytes, bytes]:
        if self._left <= 0:
            raise TimedOut(
                f"all {self._limits.submission_seconds:g} seconds of this submission were used up "
                "before this call"
            )
        start = time.monotonic()
        try:
            return self._child.ask(frame, min(seconds, self._left))
        except ChildTimeout:
            self._timeouts[what] = self._timeouts.get(what, 0) + 1
            raise TimedOut(
                f"it had not finished after {min(seconds, self._left):.3g} seconds and was "
                "stopped: is there a loop that never ends?"
            ) from None
        except ChildDied as error:
            if self._sandbox.lost():
                raise SandboxLostError from None
            raise Died(
                f"the Python process that ran it ended ({error}): out of memory, or a call such as "
                "exit()?"
            ) from None
        finally:
            self._left -= time.monotonic() - start


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
        self._last = None
        try:
            return self._files.arrays(name)
        except DataFileError as error:
            raise BadFile(str(error)) from None

    def _ask(self, request: list[Any], describe: Callable[[], str]) -> Any:
        self._last = Call(describe)
        frame = pack(_unwrap(request), _refuse)
        what = str(request[2] if request[0] in ("method", "attribute") else request[1])
        reply = _value(self._line.ask(frame, what), lambda handle: Handle(self, handle))
        if not isinstance(reply, list) or not reply:
            raise Died("what came back is no answer")
        match reply:
            case ["ok", value, str(kind)]:
                self._last.result, self._last.kind = value, kind[:100]
                return value
            case ["missing", str(problem)]:
                raise Missing(f"{problem[:200]}: run the cell that defines it, and keep its name")
            case ["raised", str(name), list(bases), str(problem), int(line), str(shown)]:
                bases = [base for base in bases if isinstance(base, str)]
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


def _refuse(value: Any) -> WireHandle:
    raise TypeError(f"a {type(value).__name__} cannot be handed to the student's code")


def _as_tensor(array: Any) -> Any:
    import torch

    return torch.from_numpy(array)


def _parts(frame: bytes) -> tuple[bytes, bytes]:
    header, _ = LENGTHS.unpack(frame[: LENGTHS.size])
    start = LENGTHS.size
    return frame[start : start + header], frame[start + header :]


def _value(parts: tuple[bytes, bytes], open_handle: Callable[[WireHandle], Any]) -> Any:
    try:
        return unpack(*parts, open_handle)
    except WireError as error:
        raise Died(f"what came back is no answer: {error}") from None
