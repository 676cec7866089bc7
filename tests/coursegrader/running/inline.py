"""An executor without processes, for tests of what is around it."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any


class InlineExecutor(Executor):
    """Runs at once; `before` may raise what a worker's end would raise."""

    def __init__(self, before: Callable[[str], None] = lambda batch: None) -> None:
        self.before = before
        self.batches: list[str] = []

    def submit(self, function: Callable[[str], str], batch: str) -> Future[Any]:
        self.batches.append(batch)
        future: Future[Any] = Future()
        try:
            self.before(batch)
            future.set_result(function(batch))
        except Exception as error:
            future.set_exception(error)
        return future


def inline(
    executor: InlineExecutor | None = None,
) -> Callable[[], contextlib.AbstractContextManager]:
    """What `run_batches` wants: makes an executor."""
    executor = executor or InlineExecutor()

    @contextlib.contextmanager
    def make() -> Iterator[InlineExecutor]:
        yield executor

    return make
