"""For all tests: Hypothesis reproducible and blind to the clock, and a mark for the sandbox."""

import os
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

from coursegrader.sandbox.box import Sandbox
from coursegrader.sandbox.errors import SandboxError

settings.register_profile(
    "course",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("course")


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
