"""A memory cgroup is made where one may be made, in both kinds of hierarchy, and left nowhere."""

import os

import pytest

from coursegrader.sandbox import memory
from coursegrader.sandbox.memory import MemoryGroup, make_group

NAME = f"coursegrader-{os.getpid()}-7"


@pytest.fixture
def version_2(tmp_path):
    """A tree of the second kind, whose group may limit the memory of its children."""
    group = tmp_path / "user.slice" / "me"
    group.mkdir(parents=True)
    (group / "cgroup.subtree_control").write_text("cpu memory pids\n")
    return group


@pytest.fixture
def version_1(tmp_path):
    """A tree of the first kind."""
    group = tmp_path / "memory" / "docker" / "1"
    group.mkdir(parents=True)
    return group


def empty(folder) -> None:
    """What the kernel does: the files of a group are no hindrance to its removal."""
    for path in folder.iterdir():
        path.unlink()


def test_a_group_of_the_second_kind(version_2, tmp_path):
    group = make_group(123, 7, "0::/user.slice/me\n", tmp_path)
    assert group.folder == version_2 / NAME
    assert (group.folder / "memory.max").read_text() == "123"
    group.add(42)
    assert (group.folder / "cgroup.procs").read_text() == "42"
    empty(group.folder)
    group.remove()
    assert group.folder is None
    assert not (version_2 / NAME).exists()
    group.remove()


@pytest.mark.parametrize("controllers", ["memory", "cpu,memory", "memory,blkio"])
def test_a_group_of_the_first_kind(version_1, tmp_path, controllers):
    membership = f"12:cpuset:/docker/1\n4:{controllers}:/docker/1\n0::/docker/1\n"
    group = make_group(123, 7, membership, tmp_path)
    assert group.folder == version_1 / NAME
    assert (group.folder / "memory.limit_in_bytes").read_text() == "123"


def test_the_first_kind_serves_where_the_second_does_not(version_2, version_1, tmp_path):
    (version_2 / "cgroup.subtree_control").write_text("pids\n")
    group = make_group(1, 7, "0::/user.slice/me\n4:memory:/docker/1\n", tmp_path)
    assert group.folder == version_1 / NAME


def test_a_group_at_the_root(tmp_path):
    (tmp_path / "cgroup.subtree_control").write_text("memory")
    assert make_group(1, 7, "0::/\n", tmp_path).folder == tmp_path / NAME


@pytest.mark.parametrize(
    "membership",
    [
        "",
        "0::/not/there\n",
        "4:memory:/not/there\n",
        "4:cpu,memory_pressure:/docker/1\n",
        "1:name=systemd:/a:b\n",
    ],
)
def test_where_no_group_may_be_made_there_is_no_limit(version_1, tmp_path, membership):
    group = make_group(1, 7, membership, tmp_path)
    assert group.folder is None
    group.add(1)
    group.remove()


@pytest.mark.parametrize("control", ["", "cpu pids", "memory_pressure"])
def test_memory_that_is_not_delegated(version_2, tmp_path, control):
    (version_2 / "cgroup.subtree_control").write_text(control)
    assert make_group(1, 7, "0::/user.slice/me\n", tmp_path).folder is None


def test_a_group_that_takes_no_limit_is_no_group(version_2, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(type(version_2), "write_text", refuse)
    assert make_group(1, 7, "0::/user.slice/me\n", tmp_path).folder is None
    assert not (version_2 / NAME).exists()


def test_groups_of_processes_that_are_gone_are_removed(version_2, tmp_path):
    gone, here, other = (
        version_2 / name
        for name in (f"coursegrader-{2**22 + 1}-0", f"coursegrader-{os.getpid()}-0", "other-1-0")
    )
    for folder in (gone, here, other):
        folder.mkdir()
    make_group(1, 7, "0::/user.slice/me\n", tmp_path)
    assert not gone.exists()
    assert here.exists() and other.exists()


def test_a_group_whose_processes_do_not_go_is_left(tmp_path, monkeypatch):
    tries = []
    monkeypatch.setattr(memory.time, "sleep", tries.append)
    (tmp_path / "group").mkdir()
    group = MemoryGroup(tmp_path / "group", "memory.max", 5)
    group.remove()
    assert len(tries) == memory.REMOVAL_TRIES
    assert group.folder.exists()


def test_a_group_is_removed_as_soon_as_its_processes_are_gone(tmp_path, monkeypatch):
    (tmp_path / "group").mkdir()
    group = MemoryGroup(tmp_path / "group", "memory.max", 5)
    monkeypatch.setattr(memory.time, "sleep", lambda _: empty(tmp_path / "group"))
    group.remove()
    assert group.folder is None
    assert not (tmp_path / "group").exists()
