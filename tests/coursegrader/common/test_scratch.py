"""Hidden tests do not outlive the grader, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coursegrader.common.scratch import PREFIX, scratch_folder, tidy

START = """
import os, signal, time
from coursegrader.common.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "test_hidden.py").write_text("secret")
    print(folder, flush=True)
    {end}
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_a_folder_of_a_killed_process_goes_at_the_next_start(place: Path) -> None:
    program = START.format(end="os.kill(os.getpid(), signal.SIGKILL)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    left = Path(done.stdout.strip())
    assert done.returncode == -signal.SIGKILL
    assert (left / "test_hidden.py").is_file()
    with scratch_folder() as folder:
        assert [*place.iterdir()] == [folder]
        assert folder.stat().st_mode & 0o077 == 0
    assert [*place.iterdir()] == []


def test_a_folder_in_use_and_what_is_not_ours_stay(place: Path) -> None:
    (place / "other").mkdir()
    (place / f"{PREFIX}file").write_text("")
    (place / f"{PREFIX}link").symlink_to(place / "other")
    program = START.format(end="time.sleep(100)")
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        used = Path(process.stdout.readline().strip())
        tidy(place)
        assert (used / "test_hidden.py").is_file()
        assert len([*place.iterdir()]) == 4
        process.kill()
    tidy(place)
    assert not used.exists()
    assert os.path.lexists(place / f"{PREFIX}link")
