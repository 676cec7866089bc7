"""Modules that moved keep the names under which they were documented first.

`from coursegrader.policy import Policy` gives what `coursegrader.gradebook.policy` holds, so that
programs which were written before the move still run.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "assignment": "authoring.assignment",
    "checking": "students.checking",
    "data_files": "handin.data_files",
    "database": "gradebook.database",
    "expectations": "marking.expectations",
    "grading": "running.grading",
    "intake": "handin.intake",
    "limits": "common.limits",
    "pack": "students.pack",
    "policy": "gradebook.policy",
    "records": "common.records",
    "release": "authoring.release",
    "student": "marking.student",
}


class _Moved(MetaPathFinder, Loader):
    """Finds a module by its first name and loads the one that it is now."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, name = fullname.rpartition(".")
        known = package == __package__ and name in MOVED
        return ModuleSpec(fullname, self) if known else None

    def create_module(self, spec: ModuleSpec) -> None:
        """The usual empty one, which the next step replaces."""

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__.rpartition(".")[2]
        # The import system hands out what stands in this table afterwards.
        sys.modules[module.__name__] = import_module(f"{__package__}.{MOVED[name]}")


def install() -> None:
    """Look a name up here where no file of the package has it."""
    sys.meta_path.append(_Moved())
