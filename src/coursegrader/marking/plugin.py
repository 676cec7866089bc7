"""The pytest plugin: marks, fixtures, and one result for each test and submission.

Tests run in this process, where no student's code ever runs; the fixture `student` reaches it.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from _pytest.runner import runtestprotocol  # what every plugin that repeats tests uses

from ..authoring.assignment import Settings
from ..common.records import Result, TestResult
from ..common.text import plain
from ..handin.data_files import HandedIn
from ..sandbox.errors import SandboxError, SandboxLostError
from .deadline import EndlessError, PatientLine, clock_stopped, deadline
from .errors import Died, UsedUp
from .expectations import Expect
from .fault import fault_by_solution, fault_of
from .items import entry_id, in_hidden_file, problem, test_name, title
from .lines import Line
from .messages import answer_text, error_text, readable
from .student import Student

MARKS = {
    "points(n)": "what the test is worth",
    "see(path, text)": "where in the book to read: a path below the book's address, and its name",
}
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
        solution: the instructor's own, on which a test is tried when an answer may be at fault.
        seconds: that a test may take itself; None is for ever.
    """

    def __init__(
        self,
        settings: Settings,
        entries: list[Entry],
        secret: bytes,
        *,
        keyword: str = "",
        solution: Entry | None = None,
        seconds: float | None = None,
    ) -> None:
        self.settings, self.secret, self.keyword = settings, secret, keyword.lower()
        self.solution, self.seconds = solution, seconds
        self.entries = {entry.id: entry for entry in entries}
        self.results = {entry.id: Result(entry.id, "graded") for entry in entries}
        self.broken: list[str] = []  # what is wrong with the test files: the instructor's to mend
        self.sandbox_error: SandboxError | None = None
        self._open: tuple[Entry, Line, float] | None = None
        self._facts: dict[str, TestResult] = {}  # of each test, the same for all submissions
        self._endless: set[str] = set()  # tests that did not even end on the solution
        self._on_solution: Line | None = None  # open while a test is tried on it
        self._asked: set[str] = set()  # submissions that were asked for anything
        self._student: Student | None = None  # that the running test has got
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
        self.broken += [f"{item.nodeid} {what}" for item in items if (what := problem(item))]
        if not self.broken:
            items[:] = [item for item in items if self._is_wanted(item)]
            items.sort(key=lambda item: (order[entry_id(item)], in_hidden_file(item)))

    def _is_wanted(self, item: pytest.Item) -> bool:
        return self.keyword in test_name(item).partition("::")[2].lower()

    @pytest.fixture
    def student(self, request: pytest.FixtureRequest) -> Student:
        """The submission's code, over one line for all its tests, which run in a row."""
        if self._on_solution is not None:
            self._student = Student(PatientLine(self._on_solution), self.solution.files)
            return self._student
        entry = self.entries[request.param]
        if self._open is None or self._open[0] is not entry:
            self._close()
            start = time.monotonic()  # the cells are run while the line is opened
            with clock_stopped():
                self._open = entry, entry.open_line(), start
        self._student = Student(PatientLine(self._open[1]), entry.files)
        return self._student

    def pytest_unconfigure(self) -> None:
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            entry, line, start = self._open
            line.close()
            problems = [*line.problems, *entry.files.problems]
            self.results[entry.id].problems = [plain(text) for text in problems]
            self.results[entry.id].seconds = time.monotonic() - start
            self._open = None

    @pytest.fixture
    def expect(self, student: Student) -> Expect:
        """Comparisons whose messages teach."""
        return Expect(student)

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> np.random.Generator:
        """Random numbers that depend on the secret, the submission and the test alone."""
        what = f"{entry_id(request.node)}\0{test_name(request.node)}"
        seed = hmac.digest(self.secret, what.encode(), hashlib.sha256)
        return np.random.default_rng(int.from_bytes(seed, "little"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Function, nextitem: pytest.Item | None) -> bool:
        """Run a test; again, from its beginning, when its end may have been an accident.

        A process can be killed from outside, for want of memory or by hand. A student's code that
        ends its own process does so in the second run, too.
        """
        for attempt in range(MAX_TRIES):
            self._run(item, nextitem)
            accidents = (SandboxLostError, Died) if attempt == 0 else SandboxLostError
            if not isinstance(self._error, accidents):
                break
        student = self._student
        if self._error is not None:
            self._blame(item, nextitem, self._error)
        if student is not None and student._asked:
            self._asked.add(entry_id(item))
        return True

    def _run(self, item: pytest.Function, nextitem: pytest.Item | None) -> None:
        self._error = self._student = None
        item._initrequest()  # fresh fixtures: `rng` draws the same inputs again
        runtestprotocol(item, log=False, nextitem=nextitem)

    def _blame(
        self, item: pytest.Function, nextitem: pytest.Item | None, error: BaseException
    ) -> None:
        """A test that failed by itself costs nobody a point; else the student is told why."""
        result, student = self.results[entry_id(item)].tests[-1], self._student
        # A test may have kept what an earlier one was answered.
        asked = entry_id(item) in self._asked or (student is not None and student._asked)
        fault = fault_of(error, asked=asked)
        if fault is None:
            on_solution = self._tried_on_solution(item, nextitem)
            fault = fault_by_solution(error, on_solution)
            if isinstance(error, EndlessError) and isinstance(on_solution, EndlessError):
                self._endless.add(result.name)
        if fault == "test" and isinstance(error, UsedUp):
            self._close()  # for the other tests the submission has all its time again
        if fault != "answer":
            result.outcome = "error"
            result.earned = result.points if fault == "test" else 0.0
            result.message = readable(lambda: error_text(item, error))
        elif not result.hidden:
            result.message = readable(lambda: answer_text(student, error))

    def _tried_on_solution(
        self, item: pytest.Function, nextitem: pytest.Item | None
    ) -> BaseException | None:
        """What the test raises on the instructor's solution, by the draws of this submission."""
        if self.solution is None:
            return None
        if self._open is not None:
            self._open[1].close()  # the sandbox holds one at a time; it starts again when asked
        self._on_solution = self.solution.open_line()
        try:
            self._run(item, nextitem)
        finally:
            self._on_solution.close()
            self._on_solution = None
        return self._error

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        with deadline(self.seconds):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        if test_name(item) in self._endless:
            raise EndlessError("the test did not end by itself", pytrace=False)
        with deadline(self.seconds):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        with deadline(self.seconds):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        """One result for each test; pytest's own report, with sources and frames, is not needed."""
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, SandboxError):
            self.sandbox_error = error
            pytest.exit(str(error))
        is_first = self._error is None
        self._error = self._error or error
        if self._on_solution is None and ((error is not None and is_first) or call.when == "call"):
            self._record(item, error)
        outcome = "failed" if error else "passed"
        return pytest.TestReport(
            item.nodeid, item.location, {}, outcome, None, call.when, duration=call.duration
        )

    def _record(self, item: pytest.Item, error: BaseException | None) -> None:
        name = test_name(item)
        if name not in self._facts:
            self._facts[name] = self._failed(item, name)
        result = replace(self._facts[name])
        if error is None:
            result.earned, result.outcome = result.points, "passed"
        tests = self.results[entry_id(item)].tests
        if tests and tests[-1].name == name:  # its teardown failed, or it was run again
            tests.pop()
        tests.append(result)

    def _failed(self, item: pytest.Item, name: str) -> TestResult:
        """The result of a test that earns nothing and says nothing."""
        points = float(item.get_closest_marker("points").args[0])
        see = item.get_closest_marker("see")
        if see is not None:
            path, text = see.args
            see = {"text": text, "url": self.settings.book + path}
        return TestResult(name, title(item), in_hidden_file(item), points, 0.0, "failed", see=see)
