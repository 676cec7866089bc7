"""Batches whose workers die are tried again, alone, then cut in two; nobody else loses a grade."""

import json
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from itertools import count

import pytest
from inline import InlineExecutor, inline

from coursegrader.authoring.assignment import AssignmentError
from coursegrader.running import scheduling
from coursegrader.running.scheduling import MAX_TRIES, check_address, cluster_executor, run_batches
from coursegrader.sandbox.errors import SandboxError

BATCHES = [["a", "b", "c", "d"], ["e", "f"], ["g"]]
EVERYONE = sorted("abcdefg")


@pytest.fixture(autouse=True)
def no_grading(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch's JSON is its ids, and so is its result."""
    monkeypatch.setattr(scheduling, "grade_batch", lambda batch: batch)


def run(before: Callable[[str], None] = lambda batch: None) -> tuple[dict[str, bool], list[str]]:
    """For each id whether it was graded, and what was sent."""
    executor = InlineExecutor(before)
    graded: dict[str, bool] = {}
    for done in run_batches(inline(executor), BATCHES, json.dumps):
        assert done.results is None or json.loads(done.results) == done.ids
        assert (done.results is None) == bool(done.reason)
        for name in done.ids:
            assert name not in graded, "graded twice"
            graded[name] = done.results is not None
    return graded, executor.batches


def test_each_batch_is_graded_once() -> None:
    graded, sent = run()
    assert graded == dict.fromkeys(EVERYONE, True)
    assert sorted(map(json.loads, sent)) == sorted(BATCHES)


def test_no_batch_is_no_work() -> None:
    assert list(run_batches(inline(), [], json.dumps)) == []


@pytest.mark.parametrize("error", [BrokenExecutor, RuntimeError, OSError, MemoryError])
@pytest.mark.parametrize("poison", EVERYONE)
def test_one_that_kills_its_worker_costs_nobody_else(poison: str, error: type[Exception]) -> None:
    def before(batch: str) -> None:
        if poison in json.loads(batch):
            raise error("the worker died")

    graded, _ = run(before)
    assert graded == {name: name != poison for name in EVERYONE}


def test_a_worker_that_dies_once_costs_nothing() -> None:
    deaths = count()

    def before(batch: str) -> None:
        if next(deaths) == 0:
            raise BrokenExecutor("killed")

    graded, sent = run(before)
    assert graded == dict.fromkeys(EVERYONE, True)
    assert len(sent) == len(BATCHES) + 1


def test_a_suspect_runs_alone() -> None:
    """Were another batch in flight when it dies, that one would be suspected, too."""
    tried: list[list[str]] = []

    def before(batch: str) -> None:
        tried.append(json.loads(batch))
        if "a" in tried[-1]:
            raise BrokenExecutor("killed")

    run(before)
    first = tried.index(["a", "b", "c", "d"])
    again = tried.index(["a", "b", "c", "d"], first + 1)
    assert tried[again:].count(["e", "f"]) == 0
    assert tried.count(["a"]) <= MAX_TRIES


@pytest.mark.parametrize("error", [SandboxError, AssignmentError])
def test_what_no_batch_would_survive_ends_the_run(error: type[Exception]) -> None:
    def before(batch: str) -> None:
        raise error("nothing can be graded")

    with pytest.raises(error, match="nothing can be graded"):
        run(before)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "localhost:8786", "tcp://[::1]:8786"]
)
def test_this_machine_needs_no_encryption(address: str) -> None:
    check_address(address, has_certificates=False)


@pytest.mark.parametrize(
    ("address", "certificates", "message"),
    [
        ("tcp://192.0.2.1:8786", True, "not encrypted: use tls"),
        ("tcp://grading.example:8786", False, "not encrypted: use tls"),
        ("tcp://0.0.0.0:8786", False, "not encrypted: use tls"),
        ("tls://grading.example:8786", False, "needs --tls-ca"),
        ("http://127.0.0.1:8786", False, "must be like tls://"),
        ("", False, "must be like tls://"),
    ],
)
def test_another_machine_needs_tls(address: str, certificates: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_address(address, has_certificates=certificates)
    if certificates is False:
        with pytest.raises(ValueError, match=message):
            cluster_executor(address)


def test_tls_with_certificates_is_taken() -> None:
    check_address("tls://grading.example:8786", has_certificates=True)
