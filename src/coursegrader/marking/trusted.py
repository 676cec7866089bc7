"""The process that runs the tests has limits of its own: no answer can grow it.

An answer has at most 64 MiB, but a test that broadcasts it against another array may ask for any
amount of memory. Beyond the limit that is a MemoryError in this one test.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

HEADROOM = 2 << 30  # bytes beyond what there is before the first test


@contextmanager
def limited_memory(headroom: int = HEADROOM) -> Iterator[None]:
    """Let this process grow by so many bytes at most."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as statm:
        most = int(statm.read().split()[0]) * resource.getpagesize() + headroom
    limits = [limit for limit in (most, *before) if limit != resource.RLIM_INFINITY]
    # The soft limit alone: the sandbox, which this process starts, takes the hard one for itself.
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


class LimitedMemory:
    """A pytest plugin: the limit holds while tests run; what they import comes before."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Iterator[None]:
        with limited_memory():
            return (yield)
