"""The cells as the grader runs them: in a process of their own, by the grader's limits.

It protects from nothing: the student's own code runs on the student's own machine.
"""

import os

from ..authoring.assignment import Settings
from ..common.notebook import Cell
from ..inside.runner import Runner, fresh_namespace
from ..marking.lines import Line, LocalLine, SandboxLine
from ..sandbox.plain import PlainSandbox
from .imports import absent_modules


def trial_line(settings: Settings, cells: list[Cell]) -> Line:
    """A line to the cells, which have been run.

    Raises:
        SandboxError: a module that the assignment needs is not installed.
    """
    if os.name != "posix":  # Windows can hand no socket to another process this way
        return LocalLine(Runner(fresh_namespace()), cells)
    box = PlainSandbox(
        settings.preload,
        settings.limits,
        packages=settings.packages,
        absent=tuple(absent_modules(cells, settings.packages)),
    )
    return SandboxLine(box, cells)
