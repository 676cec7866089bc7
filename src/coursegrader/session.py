"""One pytest session over the tests of an assignment, deaf to everything that lies around them."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .assignment import AssignmentError, is_hidden
from .plugin import GraderPlugin

CONFIGURATION = Path(__file__).with_name("pytest.ini")
# Nothing here is printed, cached or captured; a failure's frames are not wanted.
PLUGINS_OFF = """
    cacheprovider doctest faulthandler junitxml logging pastebin recwarn setuponly setupplan
    stepwise subtests terminal terminalprogress threadexception unittest unraisableexception
    warnings
"""


def run_session(
    plugin: GraderPlugin, tests: Path, keyword: str = "", *, hidden: bool = True
) -> None:
    """Run the tests of a folder with the plugin, which holds the results.

    Args:
        keyword: run only the tests whose name contains it.
        hidden: run the hidden tests, too.

    Raises:
        SandboxError: the sandbox broke.
        AssignmentError: the tests themselves are broken.
    """
    files = sorted(str(p) for p in tests.rglob("test_*.py") if hidden or not is_hidden(p.name))
    arguments = [
        "-c",
        str(CONFIGURATION),
        "--rootdir",
        str(tests),
        "--noconftest",
        "--strict-markers",
    ]
    arguments += ["-k", keyword] if keyword else []
    arguments += ["--capture=no", *(f"-pno:{name}" for name in PLUGINS_OFF.split()), *files]
    with _undisturbed(tests):
        code = pytest.main(arguments, plugins=[plugin])
    if plugin.broken:
        raise AssignmentError("the tests cannot be run:\n" + "\n".join(plugin.broken))
    if plugin.sandbox_error is not None:
        raise plugin.sandbox_error
    nothing = pytest.ExitCode.NO_TESTS_COLLECTED
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, nothing):
        raise AssignmentError(f"the tests cannot be run: pytest ended with {code!r}")


@contextlib.contextmanager
def _undisturbed(tests: Path) -> Iterator[None]:
    """Leave the process as it was: no other plugin, no compiled files, no test module kept."""
    variable = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
    before = os.environ.get(variable), sys.dont_write_bytecode, [*sys.path], {*sys.modules}
    os.environ[variable], sys.dont_write_bytecode = "1", True
    current = os.environ.pop("PYTEST_CURRENT_TEST", None)
    addopts = os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        yield
    finally:
        os.environ.pop(variable)
        values = {variable: before[0], "PYTEST_CURRENT_TEST": current, "PYTEST_ADDOPTS": addopts}
        os.environ.update({name: value for name, value in values.items() if value is not None})
        sys.dont_write_bytecode, sys.path[:] = before[1], before[2]
        for name in {*sys.modules} - before[3]:
            # Another assignment may have a helper of the same name.
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and Path(origin).is_relative_to(tests):
                del sys.modules[name]
