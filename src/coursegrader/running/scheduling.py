"""Batches over processes: through `concurrent.futures.Executor`, here or on a Dask cluster."""

import contextlib
import ipaddress
import multiprocessing
import signal
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import dataclass
from typing import NamedTuple

from ..common.parent import die_with_parent
from ..common.scratch import scratch_folder
from .batch import FATAL, grade_batch

MAX_TRIES = 3
IN_FLIGHT = 2  # batches for each worker, so that none waits for the next
ExecutorMaker = Callable[[], contextlib.AbstractContextManager[Executor]]


@dataclass
class Job:
    """A batch, and how often its worker died."""

    ids: list[str]
    tries: int = 0


class Done(NamedTuple):
    """A batch that ended: its results as JSON, or None and why."""

    ids: list[str]
    results: str | None
    reason: str = ""


def run_batches(
    make_executor: ExecutorMaker, batches: list[list[str]], make: Callable[[list[str]], str]
) -> Iterator[Done]:
    """Grade batches in any order.

    A batch whose worker died is tried again, alone, then cut in two, down to the single
    submission: one that kills its worker again and again costs nobody else a grade.

    Args:
        make: the JSON of a batch, from its ids; called when the batch is sent.

    Raises:
        SandboxError, AssignmentError: nothing can be graded.
    """
    fresh, suspects = [Job(ids) for ids in reversed(batches)], []
    while fresh or suspects:
        with make_executor() as executor:
            yield from _drain(executor, fresh, suspects, make)


def _drain(
    executor: Executor, fresh: list[Job], suspects: list[Job], make: Callable[[list[str]], str]
) -> Iterator[Done]:
    """Run jobs until they are done or the executor breaks; what is left stays in the lists."""
    running: dict[Future[str], Job] = {}
    most = IN_FLIGHT * getattr(executor, "_max_workers", 4)
    broken = False
    while running or ((fresh or suspects) and not broken):
        # Suspects run alone, or an innocent batch would share the blame.
        while not broken and ((fresh and len(running) < most) or (suspects and not running)):
            job = fresh.pop() if fresh else suspects.pop()
            try:
                running[executor.submit(grade_batch, make(job.ids))] = job
            except BrokenExecutor:
                suspects.append(job)
                broken = True
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            job = running.pop(future)
            try:
                yield Done(job.ids, future.result())
            except FATAL:
                raise
            except (Exception, CancelledError) as error:
                broken = broken or isinstance(error, BrokenExecutor | CancelledError)
                yield from _try_again(job, error, suspects)


def _try_again(job: Job, error: BaseException, suspects: list[Job]) -> Iterator[Done]:
    job.tries += 1
    if len(job.ids) == 1 and job.tries >= MAX_TRIES:
        yield Done(job.ids, None, f"grading it failed {MAX_TRIES} times: {error}")
    elif len(job.ids) == 1 or job.tries == 1:
        suspects.append(job)
    else:
        middle = len(job.ids) // 2
        suspects += [Job(job.ids[:middle], 1), Job(job.ids[middle:], 1)]


def local_executor(workers: int) -> ExecutorMaker:
    """A pool of processes on this machine."""
    # Fresh interpreters: a fork would copy whatever threads and locks this process has.
    context = multiprocessing.get_context("spawn")

    @contextlib.contextmanager
    def start() -> Iterator[Executor]:
        # A worker of a pool has no chance to tidy up, so its temporary files lie in our folder.
        with (
            scratch_folder() as folder,
            ProcessPoolExecutor(workers, context, _begin_worker, (str(folder),)) as pool,
        ):
            yield pool

    return start


def _begin_worker(folder: str) -> None:
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us
    tempfile.tempdir = folder


def cluster_executor(
    address: str, *, ca: str | None = None, cert: str | None = None, key: str | None = None
) -> ExecutorMaker:
    """The workers of a Dask cluster, by its scheduler's address.

    Raises:
        ValueError: the address leads elsewhere without TLS; Dask is not installed.
    """
    check_address(address, has_certificates=bool(ca and cert and key))
    try:
        from distributed import Client
        from distributed.security import Security
    except ImportError:
        raise ValueError(
            "--scheduler needs Dask: pip install 'pixels-to-tracks[cluster]'"
        ) from None

    @contextlib.contextmanager
    def connect() -> Iterator[Executor]:
        security = None
        if address.startswith("tls"):
            security = Security(
                tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key, require_encryption=True
            )
        with Client(address, security=security, set_as_default=False) as client:
            # Grading twice gives the same marks, so Dask may move a batch from a dead worker.
            yield client.get_executor(pure=False, retries=MAX_TRIES)

    return connect


def check_address(address: str, *, has_certificates: bool) -> None:
    """Refuse an address where submissions and marks would travel readable.

    Raises:
        ValueError: it is no address, or neither loopback nor TLS with certificates.
    """
    parts = urllib.parse.urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme not in ("tcp", "tls") or not parts.hostname:
        raise ValueError(f"--scheduler must be like tls://host:8786, got {address!r}")
    if parts.scheme == "tls":
        if not has_certificates:
            raise ValueError("--scheduler tls://... needs --tls-ca, --tls-cert and --tls-key")
        return
    loopback = parts.hostname == "localhost"
    with contextlib.suppress(ValueError):
        loopback = loopback or ipaddress.ip_address(parts.hostname).is_loopback
    if not loopback:
        raise ValueError(
            f"{address} is another machine and the connection is not encrypted: use tls://, or an "
            "address of this machine"
        )
