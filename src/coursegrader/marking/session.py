"""One pytest session over the tests of an assignment, deaf to everything that lies around them."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook

from ..authoring.assignment import AssignmentError, files_of_tests, is_hidden
from .plugin import GraderPlugin

CONFIGURATION = Path(__file__).with_name("pytest.ini")
# Nothing here is printed, cached or captured; a failure's frames are not wanted.
HEEDED = ("CI", "BUILD_NUMBER", "PY_COLORS", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
PLUGINS_OFF = """
    cacheprovider capture doctest faulthandler junitxml logging pastebin recwarn setuponly
    setupplan skipping stepwise subtests terminal terminalprogress threadexception unittest
    unraisableexception warnings
"""


def run_session(
    plugin: GraderPlugin,
    tests: Path,
    *,
    hidden: bool = True,
    compiled: bool = False,
    limited: bool = False,
) -> None:
    """Run the tests of a folder with the plugin, which holds the results.

    Args:
        hidden: run the hidden tests, too.
        compiled: leave compiled files in the folder, for the next session.
        limited: let no answer grow this process, which Linux can.

    Raises:
        SandboxError: the sandbox broke.
        AssignmentError: the tests themselves are broken.
    """
    if sys.flags.optimize:
        raise AssignmentError(
            "Python leaves out every assert (by -O or PYTHONOPTIMIZE), and tests need theirs: run "
            "it without"
        )
    files = [
        str(path)
        for name, path in files_of_tests(tests).items()
        if path.match("test_*.py") and (hidden or not is_hidden(name))
    ]
    if not files:  # pytest would look for some
        return
    arguments = ["-c", str(CONFIGURATION), "--rootdir", str(tests)]
    # Plain asserts: what pytest makes of them takes seconds for a long list, and shows addresses.
    arguments += ["--noconftest", "--strict-markers", "--assert=plain"]
    arguments += [*(f"-pno:{name}" for name in PLUGINS_OFF.split()), *files]
    plugins: list[object] = [plugin]
    if limited:
        from .trusted import LimitedMemory

        plugins.append(LimitedMemory())
    with _undisturbed(tests, compiled), warnings.catch_warnings(action="ignore"):
        code = pytest.main(arguments, plugins=plugins)
    if plugin.broken:
        raise AssignmentError("the tests cannot be run:\n" + "\n".join(plugin.broken))
    if plugin.sandbox_error is not None:
        raise plugin.sandbox_error
    nothing = pytest.ExitCode.NO_TESTS_COLLECTED
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, nothing):
        raise AssignmentError(f"the tests cannot be run: pytest ended with {code!r}")


@contextlib.contextmanager
def _undisturbed(tests: Path, compiled: bool) -> Iterator[None]:
    """Leave the process as it was: no other plugin, no test module kept."""
    before = _variables(), sys.dont_write_bytecode, [*sys.path], {*sys.modules}
    prefix, sys.pycache_prefix = sys.pycache_prefix, None  # compiled tests stay with the tests
    sys.dont_write_bytecode = not compiled
    finders = [*sys.meta_path]  # where our caller is pytest, its own would rewrite these tests
    sys.meta_path[:] = [one for one in finders if not isinstance(one, AssertionRewritingHook)]
    for name in before[0]:
        del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        sys.pycache_prefix, sys.meta_path[:] = prefix, finders
        for name in _variables():
            del os.environ[name]
        os.environ.update(before[0])
        sys.dont_write_bytecode, sys.path[:] = before[1], before[2]
        for name in {*sys.modules} - before[3]:
            # Another assignment may have a helper of the same name.
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and Path(origin).is_relative_to(tests):
                del sys.modules[name]


def _variables() -> dict[str, str]:
    """Variables of the environment that pytest would heed."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PYTEST_") or name in HEEDED
    }
