"""The student's end of the line without a sandbox: see `sandbox/plain.py`."""

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from typing import Any

from ..common.parent import die_with_parent
from ..inside.alone import settle
from ..inside.runner import Runner, fresh_namespace
from ..inside.serve import serve


def main(settings: dict[str, Any]) -> None:
    """Import, say so, answer."""
    die_with_parent()
    _limit_memory(None)
    for name in settings["preload"]:
        importlib.import_module(name)
    settle()
    sys.meta_path.insert(0, _Absent(settings["absent"]))
    for name in settings["absent"]:
        sys.modules.pop(name, None)
    _limit_memory(settings["memory_bytes"])
    os.write(settings["line"], b"r")
    serve(settings["line"], Runner(fresh_namespace()))
    os._exit(0)


class _Absent(MetaPathFinder):
    """Refuses modules that are installed here, but not where the grader looks."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = {*names}

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in self._names:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def _limit_memory(most: int | None) -> None:
    """As the sandbox does, where the system can tell how much there is before; None is no limit."""
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if most is not None:
            with open("/proc/self/statm") as statm:
                most += int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (hard if most is None else most, hard))
    except (ImportError, OSError, ValueError):
        pass
