"""The cells of a submission, run one by one: one that hangs or ends the process costs itself alone.

Such a cell is left out, and the others are run again in a new process. Its functions, classes and
imports are kept, unless they are what it hangs on.
"""

import math
import time
from enum import Enum, auto

from ..common.notebook import Cell
from ..inside.wire import WireError, pack
from ..sandbox.box import Sandbox
from ..sandbox.child import Child, ChildDied, ChildTimeout
from ..sandbox.errors import SandboxLostError
from .answers import read_answer, refuse
from .errors import TimedOut

CELL_PATIENCE = 5  # times a call's deadline, for a cell
SHORTEST = 0.25  # times a call's deadline, when the time for cells that hang is nearly used up
MAX_PROBLEMS, MAX_PROBLEM = 50, 700  # lines, and characters of one
KEPT = "of this cell only functions, classes and imports count"
LOST = "nothing of this cell counts"
SLOW = (
    "stopped after {:.3g} seconds: does a loop never end, or a training take too long? Tag the "
    "cell not-graded"
)
ENDED = "it ended the Python process, by a call such as exit(), a crash, or for want of memory"


class Part(Enum):
    """What is run of a cell."""

    ALL = auto()
    DEFINITIONS = auto()
    NOTHING = auto()


class Loader:
    """Makes processes that have run the cells, and remembers which cells to leave out.

    Args:
        packages: that can be imported, for a message.
    """

    def __init__(self, sandbox: Sandbox, cells: list[Cell]) -> None:
        self._sandbox, self._cells = sandbox, cells
        self._parts = [Part.ALL] * len(cells)
        self._deaths = [0] * len(cells)
        self._why: dict[int, str] = {}
        self._said: dict[int, list[str]] = {}
        # A time of its own: what hangs does not use up the time for calls.
        self._left_for_hanging = sandbox.limits.submission_seconds
        self._longest = math.inf  # to be taken from it at a time: a busy machine is not to blame

    @property
    def problems(self) -> list[str]:
        """What went wrong, cell by cell."""
        lines = []
        for place, cell in enumerate(self._cells):
            if place in self._why:
                rest = KEPT if self._parts[place] is Part.DEFINITIONS else LOST
                lines.append(f"{cell.name}: {self._why[place]}; {rest}")
            lines += self._said.get(place, [])
        return [line[:MAX_PROBLEM] for line in lines[:MAX_PROBLEMS]]

    def child(self, seconds: float) -> tuple[Child, float]:
        """A process that has run all cells but those to be left out, and how long they took.

        Args:
            seconds: for the cells that are run to their end.

        Raises:
            TimedOut: the cells take longer, or too many of them hang.
        """
        while True:
            start, self._longest = time.monotonic(), math.inf
            child = self._sandbox.spawn()
            try:
                if self._run(child, start + seconds):
                    return child, time.monotonic() - start
            except BaseException:
                child.kill()
                raise
            child.kill()
            self._left_for_hanging -= min(self._longest, time.monotonic() - start)
            if self._left_for_hanging <= 0:
                limit = self._sandbox.limits.submission_seconds
                raise TimedOut(f"cells that hang or end the process took {limit:g} seconds")

    def _run(self, child: Child, end: float) -> bool:
        """Run the cells; False where one had to be given up."""
        for place, cell in enumerate(self._cells):
            if self._parts[place] is Part.NOTHING:
                continue
            if not self._run_cell(child, place, cell, end - time.monotonic()):
                return False
        return True

    def _run_cell(self, child: Child, place: int, cell: Cell, left: float) -> bool:
        limits = self._sandbox.limits
        patience = min(CELL_PATIENCE * limits.call_seconds, self._left_for_hanging / 2)
        patience = max(patience, SHORTEST * limits.call_seconds)
        try:
            request = ["load", [list(cell)], self._parts[place] is Part.DEFINITIONS]
            parts = child.ask(pack(request, refuse), max(0.0, min(patience, left)))
        except WireError as error:
            self._parts[place], self._why[place] = Part.NOTHING, f"there is too much code: {error}"
            return True
        except ChildTimeout:
            if left < patience:
                limit = limits.submission_seconds
                raise TimedOut(f"the cells take more than {limit:g} seconds together") from None
            self._longest = patience
            self._give_up(place, SLOW.format(patience))
            return False
        except ChildDied:
            if self._sandbox.lost():
                raise SandboxLostError from None
            self._deaths[place] += 1
            if self._deaths[place] > 1:  # once may be an accident
                self._give_up(place, ENDED)
            return False
        match read_answer(parts, lambda handle: None):
            case ["ok", list(problems), str()]:
                self._said[place] = [self._explained(str(text)) for text in problems]
        return True

    def _give_up(self, place: int, why: str) -> None:
        """Run less of a cell from now on."""
        whole = self._parts[place] is Part.ALL
        self._parts[place] = Part.DEFINITIONS if whole else Part.NOTHING
        self._why.setdefault(place, why)
        self._said.pop(place, None)

    def _explained(self, problem: str) -> str:
        text = problem[:MAX_PROBLEM]
        if "ModuleNotFoundError: " in text:
            text += f"; {there_is(self._sandbox.packages)}"
        return text


def there_is(packages: tuple[str, ...]) -> str:
    """What a student's code may import."""
    named = ", ".join(("Python's standard library", *packages))
    return f"while grading there is {named}, with what these need, and nothing else"
