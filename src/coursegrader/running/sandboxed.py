"""Grades in this process, where no student's code ever runs: that is in the sandbox."""

import atexit
import contextlib
from functools import partial
from pathlib import Path

from ..authoring.assignment import Assignment, Settings
from ..common.limits import Limits
from ..common.notebook import UnreadableError, read_cells
from ..common.records import Result
from ..common.scratch import scratch_folder
from ..handin.data_files import HandedIn, attached
from ..marking.deadline import TEST_SECONDS
from ..marking.lines import SandboxLine
from ..marking.plugin import Entry, GraderPlugin
from ..marking.session import run_session
from ..sandbox.box import Sandbox
from ..sandbox.errors import SandboxError
from ..sandbox.plain import PlainSandbox
from ..sandbox.selftest import require_sandbox


def grade(
    assignment: Assignment,
    secret: bytes,
    files: dict[str, tuple[str, bytes]],
    *,
    solution: bytes = b"",
    unsafe: bool = False,
) -> list[Result]:
    """Grade submissions, given as file name and content by their ids, in one pytest session.

    Args:
        solution: the instructor's own notebook, if there is one.

    Raises:
        SandboxError: there is no sandbox, or it does not hold.
        AssignmentError: the tests themselves are broken.
    """
    settings = assignment.settings
    box = sandbox(settings.packages, settings.preload, settings.limits, unsafe)
    entries, results = [], {}
    for name, (filename, content) in files.items():
        try:
            entries.append(_entry(name, box, settings, filename, content))
        except UnreadableError as error:
            results[name] = Result(name, "not_graded", str(error))
    if entries:
        own = None
        with contextlib.suppress(UnreadableError):
            own = _entry("the solution", box, settings, settings.notebook, solution)
        plugin = GraderPlugin(settings, entries, secret, solution=own, seconds=TEST_SECONDS)
        run_session(plugin, _tests(assignment), compiled=True, limited=True)
        results |= plugin.results
    return [results[name] for name in files]


def _entry(
    name: str, box: Sandbox | PlainSandbox, settings: Settings, filename: str, content: bytes
) -> Entry:
    cells = read_cells(filename, content)
    data = HandedIn(settings.data, attached(filename, content, settings.data))
    return Entry(name, partial(SandboxLine, box, cells), data)


def sandbox(
    packages: tuple[str, ...], preload: tuple[str, ...], limits: Limits, unsafe: bool
) -> Sandbox | PlainSandbox:
    """The sandbox of this process, attacked once before it is trusted, kept for the next batch.

    Raises:
        SandboxError: it does not hold.
    """
    wanted = (packages, preload, limits, unsafe)
    if wanted not in _sandboxes:
        _close_sandboxes()
        made = (
            PlainSandbox(preload, limits, packages=packages)
            if unsafe
            else Sandbox(packages, preload, limits)
        )
        try:
            if isinstance(made, Sandbox):
                require_sandbox(made)
        except SandboxError:
            made.close()
            raise
        _sandboxes[wanted] = made
    return _sandboxes[wanted]


_sandboxes: dict[object, Sandbox | PlainSandbox] = {}  # one at a time


@atexit.register
def _close_sandboxes() -> None:
    while _sandboxes:
        _sandboxes.popitem()[1].close()


def _tests(assignment: Assignment) -> Path:
    """A folder with the tests, kept for the next batch: there they are compiled already."""
    if assignment.fingerprint not in _folders:
        folder = _scratch.enter_context(scratch_folder())
        for name, content in assignment.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _folders[assignment.fingerprint] = folder
    return _folders[assignment.fingerprint]


_folders: dict[str, Path] = {}
_scratch = contextlib.ExitStack()
atexit.register(_scratch.close)
