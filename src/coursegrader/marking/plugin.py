"""The pytest plugin: marks, fixtures, and one result for each test and submission.

Tests run in this process, where no student's code ever runs; the fixture `student` reaches it.
"""

import hashlib
import hmac
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from _pytest.runner import runtestprotocol  # what every plugin that repeats tests uses

from ..authoring.assignment import Settings, is_hidden
from ..common.records import Result, TestResult
from ..common.text import plain
from ..handin.data_files import HandedIn
from ..sandbox.errors import SandboxError, SandboxLostError
from .errors import Died, Missing, StudentError
from .expectations import Expect, Mismatch
from .lines import Line
from .showing import show
from .student import Student

MARKS = {
    "points(n)": "what the test is worth",
    "see(path, text)": "where in the book to read: a path below the book's address, and its name",
}
MAX_MESSAGE = 4000
MAX_TRIES = 3
PARAMETER = "submission"  # pytest's names of the tests begin their parameters with it


@dataclass
class Entry:
    """One submission: who it is for the secret seed, how to reach its code, its data files."""

    id: str
    open_line: Callable[[], Line]
    files: HandedIn = field(default_factory=HandedIn)


class GraderPlugin:
    """Grades every entry by every test; `results` holds what came out.

    Args:
        settings: of the assignment.
        entries: the submissions.
        secret: what the drawn inputs depend on, beside submission and test.
        keyword: run only the tests whose name contains it.
    """

    def __init__(
        self, settings: Settings, entries: list[Entry], secret: bytes, keyword: str = ""
    ) -> None:
        self.settings, self.secret, self.keyword = settings, secret, keyword.lower()
        self.entries = {entry.id: entry for entry in entries}
        self.results = {entry.id: Result(entry.id, "graded") for entry in entries}
        self.broken: list[str] = []  # what is wrong with the test files: the instructor's to mend
        self.sandbox_error: SandboxError | None = None
        self._open: tuple[Entry, Line, float] | None = None
        self._facts: dict[str, TestResult] = {}  # of each test, the same for all submissions
        self._error: BaseException | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        for mark, meaning in MARKS.items():
            config.addinivalue_line("markers", f"{mark}: {meaning}")

    @pytest.hookimpl(tryfirst=True)  # a test's own parameters follow
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "student" in metafunc.fixturenames:
            ids = [f"{PARAMETER}{number}" for number in range(len(self.entries))]
            metafunc.parametrize("student", [*self.entries], indirect=True, ids=ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(f"{report.nodeid}: {report.longrepr}")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Submission by submission, hidden tests last: no visible message can tell of them."""
        order = {name: place for place, name in enumerate(self.entries)}
        self.broken += [f"{item.nodeid} {what}" for item in items if (what := _problem(item))]
        if not self.broken:
            items[:] = [item for item in items if self._is_wanted(item)]
            items.sort(key=lambda item: (order[_entry_id(item)], _is_hidden(item)))

    def _is_wanted(self, item: pytest.Item) -> bool:
        return self.keyword in _test_name(item).partition("::")[2].lower()

    @pytest.fixture
    def student(self, request: pytest.FixtureRequest) -> Student:
        """The submission's code, over one line for all its tests, which run in a row."""
        entry = self.entries[request.param]
        if self._open is None or self._open[0] is not entry:
            self._close()
            self._open = entry, entry.open_line(), time.monotonic()
            problems = [*self._open[1].problems, *entry.files.problems]
            self.results[entry.id].problems = [plain(text) for text in problems]
        return Student(self._open[1], entry.files)

    def pytest_unconfigure(self) -> None:
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            entry, line, start = self._open
            line.close()
            self.results[entry.id].seconds = time.monotonic() - start
            self._open = None

    @pytest.fixture
    def expect(self, student: Student) -> Expect:
        """Comparisons whose messages teach."""
        return Expect(student)

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> np.random.Generator:
        """Random numbers that depend on the secret, the submission and the test alone."""
        what = f"{_entry_id(request.node)}\0{_test_name(request.node)}"
        seed = hmac.digest(self.secret, what.encode(), hashlib.sha256)
        return np.random.default_rng(int.from_bytes(seed, "little"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Function, nextitem: pytest.Item | None) -> bool:
        """Run a test; again, from its beginning, when its end may have been an accident.

        A process can be killed from outside, for want of memory or by hand. A student's code that
        ends its own process does so in the second run, too.
        """
        for attempt in range(MAX_TRIES):
            self._error = None
            runtestprotocol(item, log=False, nextitem=nextitem)
            accidents = (SandboxLostError, Died) if attempt == 0 else SandboxLostError
            if not isinstance(self._error, accidents):
                break
            item._initrequest()  # fresh fixtures: `rng` draws the same inputs again
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        """One result for each test; pytest's own report, with sources and frames, is not needed."""
        error = call.excinfo.value if call.excinfo else None
        self._error = self._error or error
        if isinstance(error, SandboxError):
            self.sandbox_error = error
            pytest.exit(str(error))
        if call.when == "call" or error is not None:
            self._record(item, error, call.when)
        outcome = "failed" if error else "passed"
        return pytest.TestReport(
            item.nodeid, item.location, {}, outcome, None, call.when, duration=call.duration
        )

    def _record(self, item: pytest.Item, error: BaseException | None, when: str) -> None:
        name = _test_name(item)
        if name not in self._facts:
            self._facts[name] = self._failed(item, name)
        result = replace(self._facts[name])
        if error is None:
            result.earned, result.outcome = result.points, "passed"
        elif when != "call" and not isinstance(error, StudentError):
            result.outcome = "error"
            result.message = _readable(lambda: f"in the {when} of the test: {error!r}")
        elif not result.hidden:
            result.message = _readable(lambda: _message(item, error))
        tests = self.results[_entry_id(item)].tests
        if tests and tests[-1].name == name:  # its teardown failed, too, or it was run again
            tests.pop()
        tests.append(result)

    def _failed(self, item: pytest.Item, name: str) -> TestResult:
        """The result of a test that earns nothing and says nothing."""
        points = float(item.get_closest_marker("points").args[0])
        see = item.get_closest_marker("see")
        if see is not None:
            path, text = see.args
            see = {"text": text, "url": self.settings.book + path}
        return TestResult(name, _title(item), _is_hidden(item), points, 0.0, "failed", see=see)


def _readable(make: Callable[[], str]) -> str:
    """A message of limited length, whatever the values do that it shows."""
    try:
        return plain(make())[:MAX_MESSAGE]
    except Exception as error:  # Python refuses to write an integer of 4,300 digits or more
        return f"The values of this test cannot be shown ({type(error).__name__})."


def _message(item: pytest.Item, error: BaseException) -> str:
    student = getattr(item, "funcargs", {}).get("student")
    call = student._last if student is not None else None
    called = f"called:    {call.text}\n" if call is not None else ""
    if isinstance(error, Mismatch):
        return str(error)
    if isinstance(error, StudentError):
        text = str(error)
        # A name keeps its small letter.
        return called + (text if isinstance(error, Missing) else text[0].upper() + text[1:])
    returned = f"came back: {show(call.result)}\n" if call is not None else ""
    if isinstance(error, AssertionError):
        return f"{called}{returned}{error}"
    return (
        f"{called}{returned}The test could not use what came back: {type(error).__name__}: {error}"
    )


def _problem(item: pytest.Item) -> str:
    """What keeps a test from being one of an assignment's, or nothing."""
    if "student" not in getattr(item, "fixturenames", ()):
        return "does not use the fixture `student`"
    points, see = item.get_closest_marker("points"), item.get_closest_marker("see")
    if points is None:
        return "has no mark `points`"
    match points.args:
        case [int() | float() as worth] if not points.kwargs and 0 <= worth < math.inf:
            pass
        case _:
            return "must say `points(n)` with one number that is not negative"
    if see is not None and (see.kwargs or [*map(type, see.args)] != [str, str]):
        return "must say `see(path, text)` with two texts"
    return ""


def _is_hidden(item: pytest.Item) -> bool:
    return is_hidden(item.nodeid.partition("::")[0])


def _entry_id(item: Any) -> str:
    return item.callspec.params["student"]


def _test_name(item: Any) -> str:
    """The test's file and name, with its own parameters but without the submission."""
    own = item.callspec.id.partition("-")[2]
    return item.nodeid.removesuffix(f"[{item.callspec.id}]") + (f"[{own}]" if own else "")


def _title(item: Any) -> str:
    text = (item.function.__doc__ or item.originalname.replace("_", " ")).strip()
    return text.splitlines()[0]
