"""Tests that need the grader's sandbox say so by a mark, and are skipped where there is none."""

import os
from functools import cache

import pytest

from coursegrader.sandbox.box import Sandbox
from coursegrader.sandbox.errors import SandboxError


@cache
def missing_sandbox() -> str:
    """Why this machine has no sandbox, or nothing."""
    try:
        with Sandbox() as box:
            box.spawn().kill()
    except (ImportError, SandboxError) as error:
        return str(error)
    return ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """In CI nothing may go unchecked."""
    if item.get_closest_marker("sandbox") and (reason := missing_sandbox()):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no sandbox: {reason}")
