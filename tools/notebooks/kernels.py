"""The kernel that the test and `make notebooks` run a notebook in: alike, and alike everywhere."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import matplotlib
from jupyter_client import KernelManager


@contextmanager
def reproducible(ipython_dir: str) -> Iterator[None]:
    """Start kernels inside this: no setting of one's own machine reaches an output.

    `ipython_dir` is an empty folder that outlives the kernels, in place of the user's profile.
    """
    settings = {
        "IPYTHONDIR": ipython_dir,
        "MATPLOTLIBRC": f"{matplotlib.get_data_path()}/matplotlibrc",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",  # the order of a parallel sum changes its last digits
        "PYTHONHASHSEED": "0",
    }
    with mock.patch.dict(os.environ, settings):
        yield


def peak_memory(manager: KernelManager) -> float:
    """The most memory the kernel has held so far, in MiB; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{manager.provisioner.pid}/status").read_text()
    except OSError:
        return 0.0
    return sum(int(kib) for kib in re.findall(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)) / 1024
